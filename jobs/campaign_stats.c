/* SPDX-License-Identifier: MIT */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/utc.h"
#include "jobs/campaign_state.h"
#include "jobs/object.h"

/* ---- writing --------------------------------------------------------------------------------------------------- */

static void put_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void put_number(struct json_object *o, const char *key, u64 n)
{
	json_object_object_add(o, key, json_object_new_int64((int64_t)n));
}

/* With one decimal: nobody reads more. */
static void put_real(struct json_object *o, const char *key, double n)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f", n);
	json_object_object_add(o, key, json_object_new_double_s(n, text));
}

static void put_time(struct json_object *o, const char *key, u64 utc)
{
	char text[UTC_LEN];

	utc_print(utc, text);
	put_text(o, key, text);
}

static void put_ops(struct json_object *o, const struct engine_tally *t)
{
	struct json_object *ops = json_object_new_object();

	for (u32 i = 0; i < nr_op_infos; i++) {
		const struct engine_op *op = &t->op[op_infos[i].id];
		struct json_object *row, *errors;

		if (!op->attempts)
			continue;
		row = json_object_new_object();
		errors = json_object_new_object();
		put_number(row, "attempts", op->attempts);
		put_number(row, "ok", op->successes);
		for (u32 j = 0; j < TALLY_ERRNOS && op->err[j].name[0]; j++)
			put_number(errors, op->err[j].name, op->err[j].count);
		json_object_object_add(row, "errno", errors);
		json_object_object_add(ops, op_infos[i].name, row);
	}
	json_object_object_add(o, "ops", ops);
	put_number(o, "pairs_overlapped", engine_tally_pairs(t));
	put_number(o, "pairs", engine_tally_all_pairs());
}

static void put_verdicts(struct json_object *o, const struct engine_tally *t)
{
	struct json_object *verdicts = json_object_new_object();

	for (u32 i = 0; i < NR_VERDICTS; i++)
		if (t->verdict[i])
			put_number(verdicts, verdict_name(i), t->verdict[i]);
	json_object_object_add(o, "verdicts", verdicts);
}

/* 3/n: what did not show in n runs comes in fewer, with a confidence of 95 %. Absent before the first. */
static void put_upper_bound(struct json_object *o, u64 executions)
{
	char text[32];

	if (!executions)
		return;
	snprintf(text, sizeof(text), "%.3g", 3.0 / (double)executions);
	json_object_object_add(o, "upper_bound", json_object_new_double_s(3.0 / (double)executions, text));
}

static struct json_object *targets_of(const struct campaign_status *s)
{
	struct json_object *all = json_object_new_array();

	for (u32 i = 0; i < s->nr_targets; i++) {
		const struct campaign_target *t = &s->target[i];
		struct json_object *o = json_object_new_object();

		put_text(o, "target", t->name);
		put_number(o, "executions", t->total.inputs);
		put_real(o, "rate_s", t->rate);
		put_number(o, "edges", t->edges);
		put_number(o, "interleavings", t->total.interleavings);
		put_number(o, "corpus", t->corpus);
		put_number(o, "artifacts", t->artifacts);
		if (t->stability >= 0)
			put_real(o, "stability", t->stability);
		put_real(o, "since_input_s", t->since);
		put_verdicts(o, &t->total);
		put_upper_bound(o, t->total.inputs);
		json_object_array_add(all, o);
	}
	return all;
}

static struct json_object *engines_of(const struct campaign_status *s)
{
	struct json_object *all = json_object_new_array();

	for (u32 i = 0; i < s->nr_engines; i++) {
		const struct engine *e = &s->engine[i];
		struct json_object *o = json_object_new_object();

		put_text(o, "engine", e->name);
		put_text(o, "target", e->target);
		put_text(o, "state", engine_state_name(e->state));
		put_number(o, "pid", (u64)e->pid);
		put_number(o, "starts", e->starts);
		put_number(o, "deaths", e->deaths);
		put_number(o, "kept", e->crashes);
		put_text(o, "log", e->log);
		if (e->last_words[0])
			put_text(o, "last_words", e->last_words);
		json_object_array_add(all, o);
	}
	return all;
}

static struct json_object *crashes_of(const struct campaign_status *s)
{
	struct json_object *all = json_object_new_array();

	for (u32 i = 0; i < s->nr_found; i++) {
		const struct campaign_found *f = &s->found[i];
		struct json_object *o = json_object_new_object();

		put_text(o, "record", f->record);
		put_text(o, "verdict", f->kind);
		put_text(o, "signature", f->signature);
		put_text(o, "news", f->news);
		put_text(o, "folder", f->folder);
		put_text(o, "target", f->target);
		put_number(o, "filed", f->filed);
		put_number(o, "executions", f->executions);
		put_real(o, "seconds", f->seconds);
		json_object_array_add(all, o);
	}
	return all;
}

static struct json_object *signatures_of(const struct engine_tally *t)
{
	struct json_object *all = json_object_new_array();

	for (u32 i = 0; i < t->nr_signatures; i++) {
		struct json_object *o = json_object_new_object();

		put_text(o, "signature", t->signature[i].text);
		put_number(o, "count", t->signature[i].count);
		json_object_array_add(all, o);
	}
	return all;
}

static void put_totals(struct json_object *o, const struct campaign *c)
{
	const struct campaign_status *s = c->status;
	static struct engine_tally all;

	memset(&all, 0, sizeof(all));
	for (u32 i = 0; i < s->nr_targets; i++)
		engine_tally_add(&all, &s->target[i].total);
	put_number(o, "executions", s->executions);
	put_real(o, "rate_s", s->rate);
	put_number(o, "edges", s->edges);
	put_number(o, "interleavings", s->interleavings);
	put_number(o, "corpus", s->corpus);
	if (s->nr_found)
		put_number(o, "found_after", s->found[0].executions);
	put_real(o, "since_input_s", s->since_input);
	put_real(o, "since_crash_s", s->since_found);
	put_number(o, "unfiled", s->filing);
	put_number(o, "refused", s->refused);
	put_upper_bound(o, s->executions);
	put_verdicts(o, &all);
	put_ops(o, &all);
	json_object_object_add(o, "signatures", signatures_of(&all));
}

static int write_json(const struct campaign *c, const char *name, struct json_object *o)
{
	char path[PATH_MAX];
	int ret = -ENAMETOOLONG;

	if (campaign_path(c, path, "%s", name))
		ret = file_replace(path, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
										   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return ret;
}

static void put_seed(struct json_object *o, u64 seed)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64, seed);
	put_text(o, "seed", text);
}

int campaign_write_stats(const struct campaign *c, const char *outcome)
{
	const struct campaign_status *s = c->status;
	struct json_object *o = json_object_new_object();

	put_number(o, "schema", 1);
	put_text(o, "phase", campaign_phase_name(s->phase));
	put_text(o, "outcome", outcome ? outcome : "running");
	put_text(o, "version", PFNSTORM_VERSION);
	put_number(o, "pid", (u64)getpid());
	put_seed(o, c->o->seed);
	put_time(o, "started", s->started);
	put_time(o, "updated", utc_now());
	put_real(o, "seconds", s->seconds);
	put_real(o, "cpu_s", s->cpu);
	put_real(o, "budget_s", c->o->seconds);
	put_totals(o, c);
	json_object_object_add(o, "crashes", crashes_of(s));
	json_object_object_add(o, "targets", targets_of(s));
	json_object_object_add(o, "engines", engines_of(s));
	put_number(o, "disk_free", s->disk_free);
	put_text(o, "message", s->complaint);
	return write_json(c, "stats.json", o);
}

int campaign_write_asked(const struct campaign *c)
{
	const struct campaign_options *a = c->o;
	struct json_object *o = json_object_new_object(), *targets = json_object_new_array(),
			   *known = json_object_new_array();
	char engines[PATH_MAX];

	put_number(o, "schema", 1);
	put_time(o, "started", c->status->started);
	for (u32 i = 0; i < a->nr_targets; i++)
		json_object_array_add(targets, json_object_new_string(a->target[i]));
	json_object_object_add(o, "targets", targets);
	put_number(o, "engines", a->engines);
	put_text(o, "set", a->set);
	put_text(o, "laws", a->laws);
	put_text(o, "tolerate", a->tolerate);
	put_seed(o, a->seed);
	/* Only what was chosen: a folder that has moved has its own with it. */
	if (a->corpus_dir)
		put_text(o, "corpus", c->corpus);
	if (a->crash_dir)
		put_text(o, "crashes", c->crashes);
	if (a->engines_dir && realpath(a->engines_dir, engines))
		put_text(o, "engines_dir", engines);
	for (u32 i = 0; i < c->nr_known; i++)
		json_object_array_add(known, json_object_new_string(c->known[i]));
	json_object_object_add(o, "known", known);
	return write_json(c, "campaign.json", o);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static struct json_object *read_json(const struct campaign *c, const char *name)
{
	char path[PATH_MAX];

	return campaign_path(c, path, "%s", name) ? object_read(path) : NULL;
}

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(o, key, &value);
	return value;
}

static void get_text(struct json_object *o, const char *key, char *buf, size_t size)
{
	const char *text = json_object_get_string(get(o, key));

	snprintf(buf, size, "%s", text ? text : "");
}

static void read_targets(struct campaign_options *a, struct json_object *o)
{
	struct json_object *targets = get(o, "targets");
	size_t n = json_object_is_type(targets, json_type_array) ? json_object_array_length(targets) : 0;

	for (size_t i = 0; i < n && a->nr_targets < CAMPAIGN_TARGETS; i++)
		snprintf(a->target[a->nr_targets++], sizeof(a->target[0]), "%s",
			 json_object_get_string(json_object_array_get_idx(targets, i)));
}

static void read_known(struct campaign *c, struct json_object *o)
{
	struct json_object *known = get(o, "known");
	size_t n = json_object_is_type(known, json_type_array) ? json_object_array_length(known) : 0;

	c->known = calloc(CAMPAIGN_KNOWN, sizeof(*c->known));
	for (size_t i = 0; c->known && i < min(n, (size_t)CAMPAIGN_KNOWN); i++)
		snprintf(c->known[c->nr_known++], sizeof(*c->known), "%s",
			 json_object_get_string(json_object_array_get_idx(known, i)));
}

/* A folder that was chosen when the campaign began, unless another one is now. */
static void read_place(struct json_object *o, const char *key, char buf[PATH_MAX], const char **place)
{
	get_text(o, key, buf, PATH_MAX);
	if (!*place && buf[0])
		*place = buf;
}

bool campaign_read_asked(struct campaign *c)
{
	struct json_object *o = read_json(c, "campaign.json");
	struct campaign_options *a = c->o;
	char text[UTC_LEN];

	if (!o)
		return false;
	if (!a->nr_targets)
		read_targets(a, o);
	if (!a->engines)
		a->engines = (u32)json_object_get_int(get(o, "engines"));
	if (!a->set[0])
		get_text(o, "set", a->set, sizeof(a->set));
	if (!a->laws[0])
		get_text(o, "laws", a->laws, sizeof(a->laws));
	if (!a->tolerate[0])
		get_text(o, "tolerate", a->tolerate, sizeof(a->tolerate));
	read_place(o, "corpus", c->asked.corpus, &a->corpus_dir);
	read_place(o, "crashes", c->asked.crashes, &a->crash_dir);
	read_place(o, "engines_dir", c->asked.engines, &a->engines_dir);
	get_text(o, "started", text, sizeof(text));
	c->status->started = utc_parse(text);
	read_known(c, o);
	json_object_put(o);
	return true;
}

static void read_found(struct campaign_found *f, struct json_object *o)
{
	get_text(o, "record", f->record, sizeof(f->record));
	get_text(o, "verdict", f->kind, sizeof(f->kind));
	get_text(o, "signature", f->signature, sizeof(f->signature));
	get_text(o, "news", f->news, sizeof(f->news));
	get_text(o, "folder", f->folder, sizeof(f->folder));
	get_text(o, "target", f->target, sizeof(f->target));
	f->filed = (u64)json_object_get_int64(get(o, "filed"));
	f->executions = (u64)json_object_get_int64(get(o, "executions"));
	f->seconds = json_object_get_double(get(o, "seconds"));
}

void campaign_read_stats(struct campaign *c)
{
	struct json_object *o = read_json(c, "stats.json"), *crashes;
	struct campaign_status *s = c->status;
	size_t n;

	if (!o)
		return;
	c->seconds_before = json_object_get_double(get(o, "seconds"));
	c->cpu_ended = json_object_get_double(get(o, "cpu_s"));
	s->refused = (u32)json_object_get_int(get(o, "refused"));
	crashes = get(o, "crashes");
	n = json_object_is_type(crashes, json_type_array) ? json_object_array_length(crashes) : 0;
	for (size_t i = 0; i < n && s->nr_found < CAMPAIGN_FOUND; i++)
		read_found(&s->found[s->nr_found++], json_object_array_get_idx(crashes, i));
	json_object_put(o);
}
