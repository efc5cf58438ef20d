/* SPDX-License-Identifier: MIT */
/* What came of a unit, from what its program printed or left behind. */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

#include "jobs/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/file.h"
#include "jobs/object.h"

#define LOG_TAIL 4096

static u64 count_of(struct json_object *o, const char *key)
{
	double n = object_number(o, key, NAN);

	return isnan(n) || n < 0 ? 0 : (u64)n;
}

/* "NAME" or, of tools that say it differently, the other. */
static struct json_object *member(struct json_object *o, const char *key, const char *other)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(o, key, &value))
		json_object_object_get_ex(o, other, &value);
	return value;
}

/* The last line that says something: of standard error, which the log begins with, and standard output. */
static void last_line(const char *log, char *buf, size_t size)
{
	size_t len = 0;
	char *text = log ? file_read(log, &len) : NULL;
	const char *at = text ? text + (len > LOG_TAIL ? len - LOG_TAIL : 0) : "", *line = at;

	for (size_t n; *at; at += n + (at[n] == '\n')) {
		n = strcspn(at, "\n");
		if (strspn(at, " \r\t{}[]") < n)
			line = at;
	}
	snprintf(buf, size, "%.*s", (int)min(strcspn(line, "\n"), size - 1), line);
	free(text);
}

/* ---- explore, canary -------------------------------------------------------------------------------------------- */

static void take_explore(struct unit *u, struct json_object *o)
{
	struct unit_result *r = &u->result;
	struct json_object *findings = NULL, *first = NULL, *text = NULL;
	char verdict[256] = "";

	r->executions = object_number(o, "runs", NAN);
	r->rate = object_number(o, "runs_per_second", NAN);
	if (json_object_object_get_ex(o, "findings", &findings) && json_object_array_length(findings))
		first = json_object_array_get_idx(findings, json_object_array_length(findings) - 1);
	if (first && json_object_object_get_ex(first, "signature", &text))
		snprintf(verdict, sizeof(verdict), "%s", json_object_get_string(text));
	if (u->kind == JOB_canary && r->exit == 0)
		r->found_after = r->executions;
	if (!first && r->executions > 0 && strcmp(job_text(u->section, JOB_KEY_explore_strategy), "exhaustive") != 0)
		r->upper_bound = 3 / r->executions;
	if (u->kind == JOB_canary)
		snprintf(r->message, sizeof(r->message), "%s in %.0f runs%s%s",
			 r->exit ? "did not fire as expected" : "fired", r->executions, *verdict ? ": " : "", verdict);
	else
		snprintf(r->message, sizeof(r->message), "%.0f runs%s%s", r->executions, *verdict ? ": " : "", verdict);
}

/* ---- stress, fuzz ----------------------------------------------------------------------------------------------- */

static void copy_number(struct json_object *to, const char *key, struct json_object *from)
{
	double n = object_number(from, key, NAN);
	char text[32];

	snprintf(text, sizeof(text), "%.6g", n);
	if (isfinite(n))
		json_object_object_add(to, key, json_object_new_double_s(n, text));
}

/* The operations of stress and fuzz in the words of a night; the caller frees it. */
static char *operations(struct json_object *from)
{
	struct json_object *to = json_object_new_object();
	char *text;

	json_object_object_foreach(from, name, op)
	{
		struct json_object *one, *errors = member(op, "errno", "errors");
		u64 ok = count_of(op, "ok") + count_of(op, "successes");

		if (!json_object_is_type(op, json_type_object))
			continue;
		one = json_object_new_object();
		json_object_object_add(one, "attempts", json_object_new_int64((int64_t)count_of(op, "attempts")));
		json_object_object_add(one, "ok", json_object_new_int64((int64_t)ok));
		json_object_object_add(one, "errno", json_object_get(errors));
		copy_number(one, "p50_us", op);
		copy_number(one, "p99_us", op);
		copy_number(one, "max_us", op);
		json_object_object_add(to, name, one);
	}
	text = strdup(json_object_to_json_string_ext(to, JSON_C_TO_STRING_PLAIN));
	json_object_put(to);
	return text;
}

static u64 attempts_of(struct json_object *ops)
{
	u64 sum = 0;

	json_object_object_foreach(ops, name, op)
	{
		(void)name;
		sum += count_of(op, "attempts");
	}
	return sum;
}

static void take_stress(struct unit *u, struct json_object *o)
{
	struct unit_result *r = &u->result;
	struct json_object *ops = member(o, "operations", "ops");
	double seconds = object_number(o, "seconds", NAN);

	if (json_object_is_type(ops, json_type_object)) {
		r->ops = operations(ops);
		r->executions = (double)attempts_of(ops);
		r->rate = seconds > 0 ? r->executions / seconds : NAN;
		snprintf(r->message, sizeof(r->message), "%.0f operations", r->executions);
	}
}

static void take_fuzz(struct unit *u, const char *keep)
{
	struct unit_result *r = &u->result;
	char path[PATH_MAX];
	struct json_object *o, *ops;

	if ((size_t)snprintf(path, sizeof(path), "%s/stats.json", keep) >= sizeof(path))
		return;
	o = object_read(path);
	if (!o)
		return;
	r->executions = object_number(o, "executions", NAN);
	r->rate = object_number(o, "rate_s", NAN);
	r->edges = object_number(o, "edges", NAN);
	r->interleavings = object_number(o, "interleavings", NAN);
	r->corpus = object_number(o, "corpus", NAN);
	r->upper_bound = object_number(o, "upper_bound", NAN);
	ops = member(o, "ops", "operations");
	if (json_object_is_type(ops, json_type_object))
		r->ops = operations(ops);
	snprintf(r->message, sizeof(r->message), "%.0f executions", r->executions);
	json_object_put(o);
}

/* ---- what has only text ----------------------------------------------------------------------------------------- */

/* "SWITCH yes RUNS SECONDS …", in its second line. */
static void take_hunt(struct unit *u, const char *out)
{
	struct unit_result *r = &u->result;
	char name[80], answer[8];
	double runs, seconds;
	const char *line = strchr(out, '\n');

	if (!line || sscanf(line + 1, "%79s %7s %lf %lf", name, answer, &runs, &seconds) != 4)
		return;
	r->executions = runs;
	if (seconds > 0)
		r->rate = runs / seconds;
	if (strcmp(answer, "yes") == 0)
		r->found_after = runs;
	else if (runs > 0)
		r->upper_bound = 3 / runs;
	snprintf(r->message, sizeof(r->message), "%s in %.0f runs", strcmp(answer, "yes") ? "not found" : "found",
		 runs);
}

/* The line that begins with @start; false: there is none. */
static bool line_with(const char *out, const char *start, char *buf, size_t size)
{
	for (const char *at = out; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		if (strncmp(at, start, strlen(start)) != 0)
			continue;
		snprintf(buf, size, "%.*s", (int)min(strcspn(at, "\n"), size - 1), at);
		return true;
	}
	return false;
}

void unit_take_result(struct unit *u, const char *out, const char *log, const char *keep)
{
	struct unit_result *r = &u->result;
	bool json = u->kind == JOB_canary || u->kind == JOB_explore || u->kind == JOB_stress;
	struct json_object *o = json ? json_tokener_parse(out) : NULL;

	if (json_object_is_type(o, json_type_object)) {
		if (u->kind == JOB_stress)
			take_stress(u, o);
		else
			take_explore(u, o);
	} else if (u->kind == JOB_hunt) {
		take_hunt(u, out);
	} else if (u->kind == JOB_fuzz) {
		take_fuzz(u, keep);
	} else if (u->kind == JOB_bisect && !line_with(out, "first ", r->message, sizeof(r->message))) {
		line_with(out, "interrupted", r->message, sizeof(r->message));
	} else if (u->kind == JOB_verify) {
		double done, all;

		const char *end = strstr(out, " reproducers in"), *at = end ? end : out;

		while (at > out && at[-1] != '\n')
			at--;
		if (end && sscanf(at, "%lf of %lf", &done, &all) == 2)
			r->executions = done;
	}
	json_object_put(o);
	/* What the tool says of itself: the last line. */
	if (!r->message[0])
		last_line(log, r->message, sizeof(r->message));
}

/* ---- outcome ---------------------------------------------------------------------------------------------------- */

static u32 with_news(const struct unit_result *r, const char *news, bool quarantined)
{
	u32 n = 0;

	for (u32 i = 0; i < r->nr_crashes; i++)
		n += strcmp(r->crash[i].news, news) == 0 && r->crash[i].quarantined == quarantined;
	return n;
}

/* "; 2 new, 1 known" behind the message. */
static void count_crashes(struct unit_result *r)
{
	const struct {
		const char *news, *text;
		bool quarantined;
	} kinds[] = {{"new", "new", false},
		     {"regressed", "regressed", false},
		     {"known", "known", false},
		     {"fixed", "fixed", false},
		     {"new", "quarantined", true}};
	size_t len = strlen(r->message);
	const char *between = len ? "; " : "";

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		u32 n = with_news(r, kinds[i].news, kinds[i].quarantined);

		if (!n || len >= sizeof(r->message) - 1)
			continue;
		len += (size_t)snprintf(r->message + len, sizeof(r->message) - len, "%s%u %s", between, n,
					kinds[i].text);
		between = ", ";
	}
}

static enum unit_outcome judge(const struct unit *u)
{
	const struct unit_result *r = &u->result;
	bool news = with_news(r, "new", false) || with_news(r, "regressed", false);

	if (news)
		return UNIT_found;
	if (r->signal || r->exit > 1)
		return UNIT_broken;
	if (u->kind == JOB_canary)
		return r->exit ? UNIT_silent : UNIT_held;
	/* Known bugs are no news. What should have occurred and did not is, and leaves nothing that could be filed. */
	if ((u->kind == JOB_explore || u->kind == JOB_stress || u->kind == JOB_fuzz) && r->exit && !r->nr_crashes)
		return UNIT_found;
	return UNIT_held;
}

void unit_judge(struct unit *u, bool timed_out, bool interrupted)
{
	struct unit_result *r = &u->result;

	count_crashes(r);
	r->outcome = judge(u);
	if (r->outcome == UNIT_found)
		return;
	if (interrupted)
		r->outcome = UNIT_interrupted;
	else if (timed_out)
		r->outcome = UNIT_timeout;
	if (timed_out)
		snprintf(r->message, sizeof(r->message), "did not end within %.0f s, and was ended", r->seconds);
}
