/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/report.h"

#include <inttypes.h>
#include <stdio.h>

u64 result_different(const struct oracle_result *result)
{
	const struct comparison *c = &result->comparison;

	return c->compared - c->equal - c->explained;
}

/* ---- table ----------------------------------------------------------------------------------------------------- */

void report_heading(void)
{
	printf("%-24s %6s %8s %8s %8s %8s %9s %9s %9s %6s\n", "recording", "steps", "replayed", "changing", "replayed",
	       "fields", "equal", "explained", "different", "resync");
}

void report_row(const struct oracle_result *r)
{
	const struct comparison *c = &r->comparison;

	printf("%-24s %6u %8u %8u %8u %8" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %6u\n", r->recording,
	       r->steps, r->replayed, r->changing, r->changing_replayed, c->compared, c->equal, c->explained,
	       result_different(r), r->resynchronised);
	if (r->verdict.kind != VERDICT_ok)
		printf("  %s: %s\n  %s\n", verdict_name(r->verdict.kind), r->verdict.signature, r->verdict.detail);
}

void report_sum(const struct oracle_result *results, u32 nr)
{
	struct oracle_result sum = {.recording = "all"};

	for (u32 i = 0; i < nr; i++) {
		const struct oracle_result *r = &results[i];

		sum.steps += r->steps;
		sum.replayed += r->replayed;
		sum.changing += r->changing;
		sum.changing_replayed += r->changing_replayed;
		sum.resynchronised += r->resynchronised;
		sum.comparison.compared += r->comparison.compared;
		sum.comparison.equal += r->comparison.equal;
		sum.comparison.explained += r->comparison.explained;
	}
	report_row(&sum);
}

void report_differences(const struct oracle_result *result, u32 most, bool all)
{
	const struct comparison *c = &result->comparison;

	for (u32 i = 0, shown = 0; i < c->nr_differences && shown < most; i++) {
		const struct difference *d = &c->difference[i];

		if (d->reason && !all)
			continue;
		printf("  step %u %s: kernel '%s', model '%s'%s%s\n", d->step, d->field, d->kernel, d->model,
		       d->reason ? ": " : "", d->reason ? d->reason : "");
		shown++;
	}
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static void add_number(struct json_object *o, const char *key, u64 n)
{
	json_object_object_add(o, key, json_object_new_int64((int64_t)n));
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static struct json_object *differences_json(const struct comparison *c)
{
	struct json_object *list = json_object_new_array();

	for (u32 i = 0; i < c->nr_differences; i++) {
		const struct difference *d = &c->difference[i];
		struct json_object *o = json_object_new_object();

		add_number(o, "step", d->step);
		add_text(o, "field", d->field);
		add_text(o, "kernel", d->kernel);
		add_text(o, "model", d->model);
		if (d->reason)
			add_text(o, "reason", d->reason);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *result_json(const struct oracle_result *r)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "recording", r->recording);
	add_number(o, "steps", r->steps);
	add_number(o, "replayed", r->replayed);
	add_number(o, "changing", r->changing);
	add_number(o, "changing_replayed", r->changing_replayed);
	add_number(o, "fields", r->comparison.compared);
	add_number(o, "equal", r->comparison.equal);
	add_number(o, "explained", r->comparison.explained);
	add_number(o, "different", result_different(r));
	add_number(o, "resynchronised", r->resynchronised);
	add_text(o, "verdict", verdict_name(r->verdict.kind));
	add_text(o, "signature", r->verdict.signature);
	json_object_object_add(o, "differences", differences_json(&r->comparison));
	return o;
}

void report_json(const struct oracle_result *results, u32 nr)
{
	struct json_object *list = json_object_new_array();

	for (u32 i = 0; i < nr; i++)
		json_object_array_add(list, result_json(&results[i]));
	puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(list);
}
