/* SPDX-License-Identifier: MIT */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

#include "jobs/merge.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/facts.h"
#include "crashes/file.h"
#include "crashes/store.h"
#include "jobs/object.h"

static void set_text(struct json_object *o, const char *key, const char *text)
{
	if (strcmp(object_text(o, key), text) != 0)
		json_object_object_add(o, key, json_object_new_string(text));
}

static int write_object(struct merge *m, const char *path, struct json_object *o)
{
	int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	int ret = file_replace(path, json_object_to_json_string_ext(o, flags));

	return ret ? merge_fail(m, path, -ret) : 0;
}

/* Its crashes, one after the other; NULL at the end. */
static struct json_object *crash_of(struct json_object *unit, size_t index)
{
	struct json_object *list;

	if (!json_object_object_get_ex(unit, "crashes", &list) || !json_object_is_type(list, json_type_array) ||
	    index >= json_object_array_length(list))
		return NULL;
	return json_object_array_get_idx(list, index);
}

static bool has_ended(const char *path)
{
	struct json_object *o = object_read(path);
	enum unit_outcome outcome = o ? unit_outcome_by_text(object_text(o, "outcome")) : NR_UNIT_OUTCOMES;

	json_object_put(o);
	return outcome != NR_UNIT_OUTCOMES && unit_outcome_ended(outcome);
}

/* ---- news -------------------------------------------------------------------------------------------------------- */

/* The record that the store has of what the shard took for new. */
static const struct record *known_as(struct merge *m, const char *source, struct json_object *crash)
{
	char dir[PATH_MAX], message[512];
	struct crash_facts facts;

	if ((size_t)snprintf(dir, sizeof(dir), "%s/crashes", source) < sizeof(dir) && object_text(crash, "folder")[0] &&
	    facts_read(dir, object_text(crash, "folder"), &facts, message, sizeof(message)) == 0)
		return store_record_of(m->store, &facts);
	return store_find(m->store, object_text(crash, "signature"), message, sizeof(message));
}

static void renew_news(struct merge *m, const char *source, struct json_object *unit)
{
	struct json_object *crash;

	for (size_t i = 0; (crash = crash_of(unit, i)); i++) {
		const struct record *r;

		if (strcmp(object_text(crash, "news"), "new") != 0)
			continue;
		r = known_as(m, source, crash);
		if (r)
			set_text(crash, "news", r->status == RECORD_fixed ? "regressed" : "known");
	}
}

/* A unit that found nothing but what is known holds; of outcomes only this one depends on news. */
static void renew_outcome(struct json_object *unit)
{
	struct json_object *crash;
	size_t i;

	for (i = 0; (crash = crash_of(unit, i)); i++)
		if (strcmp(object_text(crash, "news"), "known") != 0)
			return;
	if (i && strcmp(object_text(unit, "outcome"), "found") == 0)
		set_text(unit, "outcome", "held");
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* "nights/ID/REST" of a folder. */
static bool night_path(char path[PATH_MAX], const char *dir, const char *id, const char *rest)
{
	return (size_t)snprintf(path, PATH_MAX, "%s/nights/%s/%s", dir, id, rest) < PATH_MAX;
}

/* If the folder of all nights does not have it. */
static int copy_text(struct merge *m, const char *source, const char *id, const char *rest)
{
	char from[PATH_MAX], to[PATH_MAX], *text;
	int ret;

	if (!night_path(from, source, id, rest) || !night_path(to, m->night.dir, id, rest))
		return merge_fail(m, source, ENAMETOOLONG);
	if (access(to, F_OK) == 0)
		return 0;
	text = file_read(from, NULL);
	if (!text)
		return errno == ENOENT ? 0 : merge_fail(m, from, errno);
	ret = file_replace(to, text);
	free(text);
	return ret ? merge_fail(m, to, -ret) : 0;
}

/* "NAME.json" of units, once; its log comes first. */
static int merge_unit(struct merge *m, const char *source, const char *id, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX], rest[NAME_MAX + 8], text[PATH_MAX + 64];
	struct json_object *unit;
	int ret;

	snprintf(rest, sizeof(rest), "units/%s", name);
	if (!night_path(from, source, id, rest) || !night_path(to, m->night.dir, id, rest))
		return merge_fail(m, source, ENAMETOOLONG);
	if (has_ended(to))
		return 0;
	unit = object_read(from);
	if (!unit) {
		snprintf(text, sizeof(text), "%s cannot be read: the unit is left out", from);
		m->o->say(text, m->o->arg);
		return 0;
	}
	snprintf(rest, sizeof(rest), "units/%.*s.log", (int)strlen(name) - 5, name);
	ret = copy_text(m, source, id, rest);
	renew_news(m, source, unit);
	renew_outcome(unit);
	if (!ret)
		ret = write_object(m, to, unit);
	json_object_put(unit);
	m->result->units += !ret;
	return ret;
}

static int is_unit(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

/* Calls @fn for each file of a unit in @source. */
static int for_each_unit(struct merge *m, const char *source, const char *id,
			 int (*fn)(struct merge *m, const char *source, const char *id, const char *name))
{
	char path[PATH_MAX];
	struct dirent **entries;
	int n = night_path(path, source, id, "units") ? scandir(path, &entries, is_unit, alphasort) : -1;
	int ret = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : merge_fail(m, path, errno);
	for (int i = 0; i < n; i++) {
		if (!ret)
			ret = fn(m, source, id, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int merge_units(struct merge *m, const char *source, const char *id)
{
	char path[PATH_MAX];
	int ret = night_path(path, m->night.dir, id, "units") ? file_make_dirs(path) : -ENAMETOOLONG;

	if (ret)
		return merge_fail(m, path, -ret);
	ret = copy_text(m, source, id, "job.ini");
	return ret ? ret : for_each_unit(m, source, id, merge_unit);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static struct record *record_of(struct merge *m, struct json_object *crash)
{
	const char *const names[] = {object_text(crash, "folder"), object_text(crash, "record"),
				     object_text(crash, "signature")};
	char message[512];

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		struct record *r = names[i][0] ? store_find(m->store, names[i], message, sizeof(message)) : NULL;

		if (r)
			return r;
	}
	return NULL;
}

/* What the verification of a shard has found out is true of the store that it was made of. */
static void move_status(struct record *r, const char *news)
{
	if (strcmp(news, "fixed") == 0 && r->status != RECORD_wontfix)
		record_set_status(r, RECORD_fixed);
	else if (strcmp(news, "regressed") == 0)
		record_set_status(r, RECORD_regressed);
}

static int name_records(struct merge *m, const char *source, const char *id, const char *name)
{
	char path[PATH_MAX], rest[NAME_MAX + 8], before[RECORD_ID_LEN + 1];
	struct json_object *unit, *crash;
	bool changed = false;
	int ret = 0;

	(void)source;
	snprintf(rest, sizeof(rest), "units/%s", name);
	unit = night_path(path, m->night.dir, id, rest) ? object_read(path) : NULL;
	for (size_t i = 0; unit && (crash = crash_of(unit, i)); i++) {
		struct record *r = record_of(m, crash);

		if (!r)
			continue;
		snprintf(before, sizeof(before), "%s", object_text(crash, "record"));
		set_text(crash, "record", r->id);
		changed |= strcmp(before, r->id) != 0;
		if (strcmp(object_text(unit, "kind"), "verify") == 0)
			move_status(r, object_text(crash, "news"));
	}
	if (changed)
		ret = write_object(m, path, unit);
	json_object_put(unit);
	return ret;
}

int merge_records(struct merge *m, const char *source, const char *id)
{
	return for_each_unit(m, source, id, name_records);
}
