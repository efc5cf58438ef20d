/* SPDX-License-Identifier: MIT */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

#include "jobs/report_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/utc.h"
#include "jobs/markup.h"

static void add(struct json_object *o, const char *key, struct json_object *value)
{
	json_object_object_add(o, key, value);
}

/* NULL: null. */
static void add_text(struct json_object *o, const char *key, const char *text)
{
	char *clean = text ? markup_clean(text) : NULL;

	add(o, key, clean ? json_object_new_string(clean) : NULL);
	free(clean);
}

static void add_number(struct json_object *o, const char *key, s64 n)
{
	add(o, key, json_object_new_int64(n));
}

/* Whole ones as such; NAN: nothing is added. */
static void add_real(struct json_object *o, const char *key, double n)
{
	char text[32];

	if (!history_is(n))
		return;
	if (n == floor(n) && fabs(n) < 9e15) {
		add_number(o, key, (s64)n);
		return;
	}
	snprintf(text, sizeof(text), "%.10g", n);
	add(o, key, json_object_new_double_s(n, text));
}

static void add_time(struct json_object *o, const char *key, u64 seconds)
{
	char text[UTC_LEN];

	utc_print(seconds, text);
	add_text(o, key, seconds ? text : NULL);
}

static struct json_object *night_object(const struct history_night *n)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "night", n->id);
	add_text(o, "job", n->job);
	add_text(o, "revision", n->revision);
	add_text(o, "host", n->host);
	add_text(o, "seed", n->seed);
	add_number(o, "shards", n->shards);
	add_time(o, "started", n->started);
	add_time(o, "ended", n->ended);
	add_real(o, "budget_s", n->budget);
	add_text(o, "outcome", n->outcome);
	add_number(o, "exit", n->exit);
	return o;
}

static void add_values(struct json_object *o, const struct history_unit *u)
{
	for (u32 v = 0; v < NR_HISTORY_VALUES; v++)
		add_real(o, history_values[v].key, u->value[v]);
}

static struct json_object *crash_object(const struct report_crash *c)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "record", c->crash.record);
	add_text(o, "signature", c->crash.signature);
	add_text(o, "news", c->crash.news);
	add_text(o, "units", c->units);
	add_number(o, "nights_met", c->before);
	add_number(o, "nights_before", c->nights);
	if (!c->status[0])
		return o;
	add_text(o, "status", c->status);
	add_text(o, "cause", c->cause);
	add_number(o, "count", (s64)c->count);
	add_text(o, "folder", c->folder[0] ? c->folder : NULL);
	add_text(o, "token", c->token);
	return o;
}

static struct json_object *operations_object(const struct history_unit *u)
{
	struct json_object *all = json_object_new_object();

	for (u32 i = 0; i < u->nr_operations; i++) {
		const struct history_operation *from = &u->operation[i];
		struct json_object *o = json_object_new_object(), *refusals = json_object_new_object();
		char *name = markup_clean(from->name);

		add_number(o, "attempts", (s64)from->attempts);
		add_number(o, "ok", (s64)from->ok);
		for (u32 k = 0; k < from->nr_refusals; k++)
			add_number(refusals, from->refusal[k].name, (s64)from->refusal[k].count);
		add(o, "errno", refusals);
		add_real(o, "p50_us", from->p50);
		add_real(o, "p99_us", from->p99);
		add_real(o, "max_us", from->max);
		add(all, name, o);
		free(name);
	}
	return all;
}

static struct json_object *unit_object(const struct history_unit *u)
{
	struct json_object *o = json_object_new_object(), *crashes = json_object_new_array();

	add_text(o, "unit", u->name);
	add_text(o, "kind", u->kind);
	add_text(o, "outcome", u->outcome);
	add_number(o, "shards", u->shards);
	add_number(o, "attempt", u->attempt);
	add_number(o, "exit", u->exit);
	add_number(o, "signal", u->signal);
	add_text(o, "command", u->command);
	add_text(o, "message", u->message);
	add_text(o, "log", u->log);
	add_values(o, u);
	for (u32 i = 0; i < u->nr_crashes; i++) {
		struct json_object *crash = json_object_new_object();

		add_text(crash, "record", u->crash[i].record);
		add_text(crash, "signature", u->crash[i].signature);
		add_text(crash, "news", u->crash[i].news);
		json_object_array_add(crashes, crash);
	}
	add(o, "crashes", crashes);
	if (u->nr_operations)
		add(o, "ops", operations_object(u));
	return o;
}

static const char *verdict_text(enum report_verdict verdict)
{
	static const char *const texts[] = {"worse", "better", "unknown", "noise"};

	return texts[verdict];
}

static struct json_object *comparison(const struct report *r)
{
	struct json_object *o = night_object(&r->against.night), *turns = json_object_new_array(),
			   *changes = json_object_new_array(), *gone = json_object_new_array();

	for (u32 i = 0; i < r->turns; i++) {
		const struct report_turn *t = &r->turn[i];
		struct json_object *turn = json_object_new_object();

		add_text(turn, "unit", (t->now ? t->now : t->before)->name);
		add_text(turn, "before", t->before ? t->before->outcome : NULL);
		add_text(turn, "now", t->now ? t->now->outcome : NULL);
		add_text(turn, "verdict", verdict_text(t->verdict));
		json_object_array_add(turns, turn);
	}
	for (u32 i = 0; i < r->changes; i++) {
		const struct report_change *c = &r->change[i];
		struct json_object *change = json_object_new_object();

		add_text(change, "unit", c->unit);
		add_text(change, "value", c->operation ? "p99_us" : history_values[c->value].key);
		if (c->operation)
			add_text(change, "operation", c->operation);
		add_real(change, "before", c->before);
		add_real(change, "now", c->now);
		add_real(change, "ratio", c->now / c->before);
		add_real(change, "low", c->low);
		add_real(change, "high", c->high);
		add_text(change, "verdict", verdict_text(c->verdict));
		json_object_array_add(changes, change);
	}
	for (u32 i = 0; i < r->nr_gone; i++)
		json_object_array_add(gone, crash_object(&r->gone[i]));
	add(o, "outcomes", turns);
	add(o, "numbers", changes);
	add(o, "not_met", gone);
	return o;
}

/* Of the nights before, what trends are made of. */
static struct json_object *trend(const struct report_night *n)
{
	struct json_object *o = night_object(&n->night), *units = json_object_new_array();

	for (u32 i = 0; i < n->units; i++) {
		struct json_object *unit = json_object_new_object();

		add_text(unit, "unit", n->unit[i].name);
		add_text(unit, "outcome", n->unit[i].outcome);
		add_values(unit, &n->unit[i]);
		json_object_array_add(units, unit);
	}
	add(o, "units", units);
	return o;
}

char *report_to_json(const struct report *r)
{
	const struct report_night *n = report_last(r);
	struct json_object *o = night_object(&n->night), *units = json_object_new_array(),
			   *crashes = json_object_new_array(), *trends = json_object_new_array(),
			   *complaints = json_object_new_array();
	char *text;

	for (u32 i = 0; i < n->units; i++)
		json_object_array_add(units, unit_object(&n->unit[i]));
	for (u32 i = 0; i < r->crashes; i++)
		json_object_array_add(crashes, crash_object(&r->crash[i]));
	for (u32 i = 0; i + 1 < r->nights; i++)
		json_object_array_add(trends, trend(&r->night[i]));
	for (u32 i = 0; i < r->complaints; i++) {
		char *clean = markup_clean(r->complaint[i]);

		json_object_array_add(complaints, json_object_new_string(clean));
		free(clean);
	}
	add(o, "units", units);
	add(o, "crashes", crashes);
	add(o, "against", r->compared ? comparison(r) : NULL);
	add(o, "nights_before", trends);
	add(o, "complaints", complaints);
	text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return text;
}
