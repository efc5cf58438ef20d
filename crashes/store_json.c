/* SPDX-License-Identifier: MIT */
#if PFNSTORM_PARTS
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>
#endif

#include "crashes/store_json.h"

#if PFNSTORM_PARTS
#include <stdio.h>
#include <string.h>

#include "crashes/utc.h"

static void add(struct json_object *o, const char *key, struct json_object *value)
{
	json_object_object_add(o, key, value);
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	add(o, key, json_object_new_string(text));
}

static void add_number(struct json_object *o, const char *key, u64 n)
{
	add(o, key, json_object_new_int64((int64_t)n));
}

static void add_time(struct json_object *o, const char *key, u64 seconds)
{
	char text[UTC_LEN];

	utc_print(seconds, text);
	add_text(o, key, text);
}

static struct json_object *rate(const struct record *r)
{
	struct json_object *o = json_object_new_object();
	double low, high;

	record_rate_interval(r->hits, r->runs, &low, &high);
	add_number(o, "hits", r->hits);
	add_number(o, "runs", r->runs);
	add(o, "low", json_object_new_double(low));
	add(o, "high", json_object_new_double(high));
	return o;
}

/* "a=b,c=d" as an array; NULL (JSON's null) if nobody knows the cause. */
static struct json_object *switches(const char *cause)
{
	struct json_object *a = json_object_new_array();

	if (!cause[0]) {
		json_object_put(a);
		return NULL;
	}
	if (strcmp(cause, "none") == 0)
		return a;
	while (*cause) {
		int len = (int)strcspn(cause, ",");

		json_object_array_add(a, json_object_new_string_len(cause, len));
		cause += len + (cause[len] == ',');
	}
	return a;
}

static struct json_object *signatures(const struct record *r)
{
	struct json_object *a = json_object_new_array();

	for (u32 i = 0; i < r->nr_signatures; i++) {
		struct json_object *o = json_object_new_object();

		add_text(o, "verdict", r->signature[i].kind);
		add_text(o, "signature", r->signature[i].text);
		add_number(o, "count", r->signature[i].count);
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *folders(const struct store *s, const struct record *r)
{
	struct json_object *a = json_object_new_array();

	for (u32 i = 0; i < r->nr_folders; i++) {
		char path[2 * PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", s->dir, r->folder[i]);
		json_object_array_add(a, json_object_new_string(path));
	}
	return a;
}

static struct json_object *smallest(const struct store *s, const struct record *r)
{
	const struct crash_facts *f = store_smallest(s, r);
	struct json_object *o;
	char path[2 * PATH_MAX];

	if (!f)
		return NULL;
	o = json_object_new_object();
	snprintf(path, sizeof(path), "%s/%s", s->dir, f->folder);
	add_text(o, "folder", path);
	add_text(o, "signature", f->signature);
	add_number(o, "operations", f->ops);
	add_number(o, "preemptions", f->preemptions);
	add_number(o, "token_length", f->token);
	add(o, "exact", json_object_new_boolean(f->exact));
	return o;
}

static struct json_object *record_object(const struct store *s, const struct record *r)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "id", r->id);
	add_text(o, "status", record_status_text(r->status));
	add_text(o, "verdict", r->nr_signatures ? r->signature[0].kind : "");
	add_text(o, "signature", r->nr_signatures ? r->signature[0].text : "");
	add(o, "switches", switches(r->key[0].cause));
	add_time(o, "first", r->first);
	add_time(o, "last", r->last);
	add_number(o, "count", r->count);
	add(o, "rate", rate(r));
	add_text(o, "note", r->note);
	add(o, "signatures", signatures(r));
	add(o, "smallest", smallest(s, r));
	add(o, "folders", folders(s, r));
	return o;
}

static char *text_and_free(struct json_object *o)
{
	char *text =
		strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));

	json_object_put(o);
	return text;
}

static bool wanted(const struct record *r, enum record_status status)
{
	return !r->gone && (status == NR_RECORD_STATUSES || r->status == status);
}

char *store_json(const struct store *s, enum record_status status)
{
	struct json_object *a = json_object_new_array();

	for (u32 i = 0; i < s->nr_records; i++)
		if (wanted(s->record[i], status))
			json_object_array_add(a, record_object(s, s->record[i]));
	return text_and_free(a);
}

char *store_json_record(const struct store *s, const struct record *r)
{
	return text_and_free(record_object(s, r));
}

/* ---- SARIF ------------------------------------------------------------------------------------------------------ */

static struct json_object *text_object(const char *text)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "text", text);
	return o;
}

static struct json_object *sarif_rule(const struct record *r)
{
	struct json_object *o = json_object_new_object(), *properties = json_object_new_object();
	const char *cause = r->key[0].cause;
	char text[FOLDER_CAUSE_MAX + 64];

	add_text(o, "id", r->id);
	add(o, "shortDescription", text_object(r->nr_signatures ? r->signature[0].text : "no crash"));
	snprintf(text, sizeof(text), "%s%s",
		 !cause[0]                    ? "The cause is not known."
		 : strcmp(cause, "none") == 0 ? "It needs no switch."
					      : "It needs ",
		 cause[0] && strcmp(cause, "none") != 0 ? cause : "");
	add(o, "fullDescription", text_object(text));
	add(properties, "switches", switches(cause));
	add(o, "properties", properties);
	return o;
}

static struct json_object *sarif_location(const struct store *s, const struct record *r)
{
	struct json_object *a = json_object_new_array(), *location, *physical, *artifact;
	const struct crash_facts *f = store_smallest(s, r);
	char uri[2 * PATH_MAX];

	if (!f)
		return a;
	location = json_object_new_object();
	physical = json_object_new_object();
	artifact = json_object_new_object();
	snprintf(uri, sizeof(uri), "%s/scenario.pfn", f->folder);
	add_text(artifact, "uri", uri);
	add_text(artifact, "uriBaseId", "STORE");
	add(physical, "artifactLocation", artifact);
	add(location, "physicalLocation", physical);
	json_object_array_add(a, location);
	return a;
}

static const char *baseline(enum record_status status)
{
	return status == RECORD_new ? "new" : status == RECORD_fixed ? "absent" : "unchanged";
}

static void add_suppression(struct json_object *result, const struct record *r)
{
	struct json_object *a, *o;

	if (r->status != RECORD_wontfix)
		return;
	a = json_object_new_array();
	o = json_object_new_object();
	add_text(o, "kind", "external");
	add_text(o, "justification", r->note);
	json_object_array_add(a, o);
	add(result, "suppressions", a);
}

static struct json_object *sarif_result(const struct store *s, const struct record *r, u64 rule)
{
	struct json_object *o = json_object_new_object(), *prints = json_object_new_object();
	char text[512];

	snprintf(text, sizeof(text), "%s: %s", r->nr_signatures ? r->signature[0].kind : "",
		 r->nr_signatures ? r->signature[0].text : "");
	add_text(o, "ruleId", r->id);
	add_number(o, "ruleIndex", rule);
	add_text(o, "level", "error");
	add(o, "message", text_object(text));
	add(o, "locations", sarif_location(s, r));
	add_number(o, "occurrenceCount", max(r->count, (u64)1));
	add_text(prints, "pfnstormBug/v1", r->id);
	for (u32 i = 0; i < min(r->nr_signatures, 1u); i++)
		add_text(prints, "pfnstormSignature/v1", r->signature[i].text);
	add(o, "partialFingerprints", prints);
	add_text(o, "baselineState", baseline(r->status));
	add_suppression(o, r);
	return o;
}

static struct json_object *sarif_run(const struct store *s, enum record_status status, const char *version)
{
	struct json_object *run = json_object_new_object(), *tool = json_object_new_object(),
			   *driver = json_object_new_object(), *rules = json_object_new_array(),
			   *results = json_object_new_array();
	u64 rule = 0;

	for (u32 i = 0; i < s->nr_records; i++) {
		if (!wanted(s->record[i], status))
			continue;
		json_object_array_add(rules, sarif_rule(s->record[i]));
		json_object_array_add(results, sarif_result(s, s->record[i], rule++));
	}
	add_text(driver, "name", "pfnstorm");
	add_text(driver, "version", version);
	add(driver, "rules", rules);
	add(tool, "driver", driver);
	add(run, "tool", tool);
	add(run, "results", results);
	return run;
}

char *store_sarif(const struct store *s, enum record_status status, const char *version)
{
	struct json_object *log = json_object_new_object(), *runs = json_object_new_array();

	add_text(log, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	add_text(log, "version", "2.1.0");
	json_object_array_add(runs, sarif_run(s, status, version));
	add(log, "runs", runs);
	return text_and_free(log);
}
#else
char *store_json(const struct store *s, enum record_status status)
{
	(void)s;
	(void)status;
	return NULL;
}

char *store_json_record(const struct store *s, const struct record *r)
{
	(void)s;
	(void)r;
	return NULL;
}

char *store_sarif(const struct store *s, enum record_status status, const char *version)
{
	(void)s;
	(void)status;
	(void)version;
	return NULL;
}
#endif
