/* SPDX-License-Identifier: MIT */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

#include "jobs/unit.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/file.h"
#include "crashes/utc.h"
#include "jobs/object.h"

static const struct {
	const char *key;
	size_t offset;
} numbers[] = {
	{"executions", offsetof(struct unit_result, executions)},
	{"rate_s", offsetof(struct unit_result, rate)},
	{"edges", offsetof(struct unit_result, edges)},
	{"interleavings", offsetof(struct unit_result, interleavings)},
	{"corpus", offsetof(struct unit_result, corpus)},
	{"found_after", offsetof(struct unit_result, found_after)},
	{"upper_bound", offsetof(struct unit_result, upper_bound)},
};

static double *number(struct unit_result *r, size_t i)
{
	return (double *)((char *)r + numbers[i].offset);
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void add_int(struct json_object *o, const char *key, int64_t n)
{
	json_object_object_add(o, key, json_object_new_int64(n));
}

/* Counts without a point; times and rates with as much behind it as somebody reads. */
static void add_double(struct json_object *o, const char *key, double n)
{
	char text[64];

	snprintf(text, sizeof(text), "%.6g", n);
	if (n == floor(n) && fabs(n) < 1e15)
		add_int(o, key, (int64_t)n);
	else
		json_object_object_add(o, key, json_object_new_double_s(n, text));
}

static struct json_object *crashes_json(const struct unit_result *r)
{
	struct json_object *list = json_object_new_array();

	for (u32 i = 0; i < r->nr_crashes; i++) {
		const struct unit_crash *c = &r->crash[i];
		struct json_object *o = json_object_new_object();

		add_text(o, "record", c->record);
		add_text(o, "signature", c->signature);
		add_text(o, "news", c->news);
		add_text(o, "folder", c->folder);
		if (c->quarantined)
			json_object_object_add(o, "quarantined", json_object_new_boolean(1));
		json_object_array_add(list, o);
	}
	return list;
}

static void add_result(struct json_object *o, const struct unit *u, const char *stem)
{
	struct unit_result *r = (struct unit_result *)&u->result;
	struct json_object *list, *ops = r->ops ? json_tokener_parse(r->ops) : NULL;
	char log[UNIT_NAME_MAX + 32];

	add_int(o, "exit", r->exit);
	add_int(o, "signal", r->signal);
	add_text(o, "outcome", unit_outcome_text(r->outcome));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!isnan(*number(r, i)))
			add_double(o, numbers[i].key, *number(r, i));
	json_object_object_add(o, "crashes", crashes_json(r));
	if (u->kind == JOB_verify) {
		list = json_object_new_array();
		for (u32 i = 0; i < r->nr_fixed; i++)
			json_object_array_add(list, json_object_new_string(r->fixed[i]));
		json_object_object_add(o, "fixed", list);
	}
	if (ops)
		json_object_object_add(o, "ops", ops);
	snprintf(log, sizeof(log), "units/%s.log", stem);
	add_text(o, "log", log);
	add_text(o, "message", r->message);
}

int unit_write(const struct unit *u, const char *folder)
{
	struct json_object *o = json_object_new_object(), *words = json_object_new_array();
	char path[PATH_MAX], stem[UNIT_NAME_MAX + 16], text[UTC_LEN];
	int ret = -ENAMETOOLONG;

	unit_stem(u, stem);
	add_int(o, "schema", 1);
	add_text(o, "unit", u->name);
	add_text(o, "kind", job_kinds[u->kind].name);
	add_int(o, "shard", u->shard);
	add_int(o, "attempt", u->result.attempt);
	utc_print(u->result.started, text);
	add_text(o, "started", text);
	add_double(o, "seconds", u->result.seconds);
	add_double(o, "cpu_s", u->result.cpu);
	add_double(o, "budget_s", u->result.budget);
	for (u32 i = 0; i < u->nr_words; i++)
		json_object_array_add(words, json_object_new_string(u->word[i]));
	json_object_object_add(o, "command", words);
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)u->seed);
	add_text(o, "seed", text);
	add_result(o, u, stem);
	if ((size_t)snprintf(path, sizeof(path), "%s/units/%s.json", folder, stem) < sizeof(path))
		ret = file_replace(path, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
										   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return ret;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static void read_lists(struct json_object *o, struct unit_result *r)
{
	struct json_object *list, *value;

	for (size_t i = 0; json_object_object_get_ex(o, "crashes", &list) &&
			   json_object_is_type(list, json_type_array) && i < json_object_array_length(list);
	     i++) {
		struct json_object *from = json_object_array_get_idx(list, i);
		struct unit_crash *c = unit_add_crash(r);

		snprintf(c->record, sizeof(c->record), "%s", object_text(from, "record"));
		snprintf(c->signature, sizeof(c->signature), "%s", object_text(from, "signature"));
		snprintf(c->news, sizeof(c->news), "%s", object_text(from, "news"));
		snprintf(c->folder, sizeof(c->folder), "%s", object_text(from, "folder"));
		c->quarantined =
			json_object_object_get_ex(from, "quarantined", &value) && json_object_get_boolean(value);
	}
	for (size_t i = 0; json_object_object_get_ex(o, "fixed", &list) && json_object_is_type(list, json_type_array) &&
			   i < json_object_array_length(list);
	     i++) {
		const char *id = json_object_get_string(json_object_array_get_idx(list, i));

		unit_add_fixed(r, id ? id : "");
	}
}

/* Its kind, for those who do not have the plan. */
static enum job_kind kind_of(struct json_object *o)
{
	u32 kind = 0;

	while (kind < NR_JOB_KINDS && strcmp(job_kinds[kind].name, object_text(o, "kind")) != 0)
		kind++;
	return (enum job_kind)kind;
}

static void read_result(struct json_object *o, struct unit_result *r)
{
	struct json_object *ops;

	r->outcome = unit_outcome_by_text(object_text(o, "outcome"));
	r->attempt = (u32)object_number(o, "attempt", 1);
	r->started = utc_parse(object_text(o, "started"));
	r->seconds = object_number(o, "seconds", 0);
	r->cpu = object_number(o, "cpu_s", 0);
	r->budget = object_number(o, "budget_s", 0);
	r->exit = (int)object_number(o, "exit", 0);
	r->signal = (int)object_number(o, "signal", 0);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		*number(r, i) = object_number(o, numbers[i].key, NAN);
	read_lists(o, r);
	if (json_object_object_get_ex(o, "ops", &ops) && ops)
		r->ops = strdup(json_object_to_json_string_ext(ops, JSON_C_TO_STRING_PLAIN));
	snprintf(r->message, sizeof(r->message), "%s", object_text(o, "message"));
}

int unit_read(struct unit *u, const char *folder)
{
	char path[PATH_MAX], bad[PATH_MAX + 8], stem[UNIT_NAME_MAX + 16], *text;
	struct json_object *o;

	unit_stem(u, stem);
	unit_result_clear(&u->result);
	if ((size_t)snprintf(path, sizeof(path), "%s/units/%s.json", folder, stem) >= sizeof(path))
		return -ENAMETOOLONG;
	text = file_read(path, NULL);
	if (!text)
		return errno == ENOENT ? -ENOENT : -errno;
	o = json_tokener_parse(text);
	free(text);
	if (json_object_is_type(o, json_type_object)) {
		u->kind = kind_of(o);
		read_result(o, &u->result);
	}
	if (!json_object_is_type(o, json_type_object) || u->result.outcome == NR_UNIT_OUTCOMES) {
		json_object_put(o);
		unit_result_clear(&u->result);
		snprintf(bad, sizeof(bad), "%s.bad", path);
		return rename(path, bad) ? -errno : -EINVAL;
	}
	json_object_put(o);
	return 0;
}
