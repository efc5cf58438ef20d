/* SPDX-License-Identifier: MIT */
#if PFNSTORM_PARTS
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>
#endif

#include "cli/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/token.h"

#if PFNSTORM_PARTS
static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void add_number(struct json_object *o, const char *key, u64 n)
{
	json_object_object_add(o, key, json_object_new_int64((int64_t)n));
}

static void add_hash(struct json_object *o, u64 hash)
{
	char text[20];

	snprintf(text, sizeof(text), "%016" PRIx64, hash);
	add_text(o, "hash", text);
}

static void add_token(struct json_object *o, const struct scenario *s)
{
	static char token[TOKEN_MAX];

	if (token_encode(s, token, sizeof(token)) > 0)
		add_text(o, "token", token);
}

static void add_verdict(struct json_object *o, const struct rt_verdict *v)
{
	add_text(o, "verdict", verdict_name(v->kind));
	add_text(o, "signature", v->signature);
	add_text(o, "detail", v->detail);
}

static void print_and_free(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

void json_print_run(const struct scenario *s, const struct rt_result *result, u64 times, u64 identical)
{
	struct json_object *o = json_object_new_object();

	add_token(o, s);
	add_verdict(o, &result->verdict);
	add_hash(o, result->hash);
	add_number(o, "steps", result->steps);
	add_number(o, "switches", result->switches);
	add_number(o, "preemptions", result->preemptions);
	add_number(o, "runs", times);
	add_number(o, "identical", identical);
	print_and_free(o);
}

void json_print_explore(const struct scenario *s, const char *strategy, const struct explore_result *result,
			const char (*folders)[4096])
{
	const struct explore_status *status = &result->status;
	struct json_object *o = json_object_new_object(), *findings = json_object_new_array();

	add_token(o, s);
	add_text(o, "strategy", strategy);
	add_number(o, "runs", status->runs);
	json_object_object_add(o, "seconds", json_object_new_double(status->seconds));
	json_object_object_add(o, "runs_per_second", json_object_new_double(status->rate));
	add_number(o, "steps", status->steps);
	add_number(o, "points", status->report.points);
	add_number(o, "candidates", status->report.candidates);
	add_number(o, "conflicts", status->report.conflicts);
	add_number(o, "skipped", status->report.skipped);
	json_object_object_add(o, "complete", json_object_new_boolean(status->report.complete));
	json_object_object_add(o, "single_interleaving",
			       json_object_new_boolean(status->report.single || status->same_hash));
	add_text(o, "result", status->report.text);
	for (u32 i = 0; i < status->findings; i++) {
		struct json_object *f = json_object_new_object();

		add_verdict(f, &result->finding[i].verdict);
		add_number(f, "run", result->finding[i].run);
		if (result->finding[i].member[0])
			add_text(f, "strategy", result->finding[i].member);
		add_number(f, "hits", result->finding[i].hits);
		add_hash(f, result->finding[i].hash);
		add_text(f, "folder", folders[i]);
		json_object_array_add(findings, f);
	}
	json_object_object_add(o, "findings", findings);
	print_and_free(o);
}

/* By enum alternative_id: those that were tried. */
static struct json_object *trials[NR_ALTERNATIVES];

void json_designs_begin(void)
{
	for (u32 a = 0; a < NR_ALTERNATIVES; a++)
		trials[a] = NULL;
}

void json_add_trial(u32 alternative, u32 bound, const struct trial *t)
{
	struct json_object *o = json_object_new_object(), *points = json_object_new_object();

	json_object_object_add(o, "holds", json_object_new_boolean(!t->by));
	if (t->by) {
		add_text(o, "broken_by", t->by->name);
		add_verdict(o, &t->verdict);
		add_text(o, "token", t->token);
	}
	add_number(o, "scenarios", t->scenarios);
	add_number(o, "runs", t->runs);
	add_number(o, "bound", bound);
	json_object_object_add(o, "complete", json_object_new_boolean(t->complete));
	for (u32 cost = 0; cost < NR_COSTS; cost++)
		add_number(points, trial_cost_text(cost), t->points[cost]);
	json_object_object_add(o, "points", points);
	trials[alternative] = o;
}

static struct json_object *design_object(const struct design_info *info)
{
	struct json_object *design = json_object_new_object(), *alternatives = json_object_new_object();

	add_text(design, "design", info->name);
	add_text(design, "question", info->question);
	add_text(design, "default", alternative_infos[info->default_alternative].name);
	add_text(design, "6.1", alternative_infos[info->in_6_1].name);
	for (u32 a = info->first; a < (u32)info->first + info->count; a++) {
		struct json_object *alternative = json_object_new_object();

		add_text(alternative, "text", alternative_infos[a].text);
		if (trials[a])
			json_object_object_add(alternative, "trial", trials[a]);
		json_object_object_add(alternatives, alternative_infos[a].name, alternative);
	}
	json_object_object_add(design, "alternatives", alternatives);
	return design;
}

void json_designs_end(const char *only)
{
	struct json_object *o = json_object_new_array();

	for (u32 d = 0; d < NR_DESIGNS; d++)
		if (!only || strcmp(design_infos[d].name, only) == 0)
			json_object_array_add(o, design_object(&design_infos[d]));
	print_and_free(o);
}

void json_print_bugs(void)
{
	struct json_object *o = json_object_new_array();

	for (u32 b = 0; b < NR_BUGS; b++) {
		struct json_object *bug = json_object_new_object();

		add_text(bug, "bug", bug_infos[b].name);
		add_text(bug, "since", bug_infos[b].since);
		add_text(bug, "fixed", bug_infos[b].fixed);
		add_text(bug, "summary", bug_infos[b].summary);
		json_object_array_add(o, bug);
	}
	print_and_free(o);
}
#else
void json_print_run(const struct scenario *s, const struct rt_result *result, u64 times, u64 identical)
{
	(void)s;
	(void)result;
	(void)times;
	(void)identical;
}

void json_print_explore(const struct scenario *s, const char *strategy, const struct explore_result *result,
			const char (*folders)[4096])
{
	(void)s;
	(void)strategy;
	(void)result;
	(void)folders;
}

void json_designs_begin(void)
{
}

void json_add_trial(u32 alternative, u32 bound, const struct trial *t)
{
	(void)alternative;
	(void)bound;
	(void)t;
}

void json_designs_end(const char *only)
{
	(void)only;
}

void json_print_bugs(void)
{
}
#endif
