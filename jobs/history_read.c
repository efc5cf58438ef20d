/* SPDX-License-Identifier: MIT */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

#include "jobs/history_read.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "crashes/file.h"
#include "crashes/grow.h"
#include "crashes/utc.h"

/* A file being read: the first error counts. */
struct source {
	char path[PATH_MAX];
	char *text;
	struct json_object *root;
	int error;
	char *message;
	size_t size;
};

static void __attribute__((format(printf, 3, 4))) fail(struct source *s, size_t at, const char *fmt, ...)
{
	u32 line = 1, column = 1;
	va_list args;
	int len;

	if (s->error)
		return;
	s->error = -EINVAL;
	for (size_t i = 0; i < at && s->text[i]; i++) {
		column = s->text[i] == '\n' ? 1 : column + 1;
		line += s->text[i] == '\n';
	}
	len = snprintf(s->message, s->size, "%s:%u:%u: ", s->path, line, column);
	va_start(args, fmt);
	if (len > 0 && (size_t)len < s->size)
		vsnprintf(s->message + len, s->size - (size_t)len, fmt, args);
	va_end(args);
}

/* Where the first key of this name stands. */
static size_t place(const struct source *s, const char *key)
{
	char quoted[64];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	at = strstr(s->text, quoted);
	return at ? (size_t)(at - s->text) : 0;
}

static const char *type_of(struct json_object *o)
{
	return o ? json_type_to_name(json_object_get_type(o)) : "null";
}

static bool load(struct source *s, char *message, size_t size)
{
	struct json_tokener *tokener;
	size_t length;

	s->message = message;
	s->size = size;
	s->text = file_read(s->path, &length);
	if (!s->text) {
		s->error = -errno;
		snprintf(message, size, "%s: %s", s->path, strerror(errno));
		return false;
	}
	tokener = json_tokener_new();
	if (!tokener)
		abort();
	s->root = json_tokener_parse_ex(tokener, s->text, (int)min(length, (size_t)INT_MAX));
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		fail(s, length, "found the end of the file, expected the rest of a JSON object");
	else if (!s->root || !json_object_is_type(s->root, json_type_object))
		fail(s, json_tokener_get_parse_end(tokener), "found %s, expected a JSON object",
		     s->root ? type_of(s->root) : json_tokener_error_desc(json_tokener_get_error(tokener)));
	json_tokener_free(tokener);
	return !s->error;
}

static int finish(struct source *s)
{
	json_object_put(s->root);
	free(s->text);
	return s->error;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static struct json_object *get(struct json_object *o, const char *key)
{
	return json_object_object_get(o, key);
}

static void read_text(struct source *s, struct json_object *o, const char *key, bool required, char *buf, size_t size)
{
	struct json_object *value = get(o, key);

	buf[0] = '\0';
	if (!value && !required)
		return;
	if (!json_object_is_type(value, json_type_string)) {
		fail(s, place(s, key), "found %s as '%s', expected a string", type_of(value), key);
		return;
	}
	snprintf(buf, size, "%s", json_object_get_string(value));
}

/* NAN: there is none, or null. */
static double read_number(struct source *s, struct json_object *o, const char *key)
{
	struct json_object *value = get(o, key);
	double number;

	if (!value)
		return NAN;
	number = json_object_get_double(value);
	if ((json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double)) &&
	    isfinite(number) && fabs(number) < 1e18)
		return number;
	fail(s, place(s, key), "found %s as '%s', expected a number", type_of(value), key);
	return NAN;
}

static u64 read_count(struct source *s, struct json_object *o, const char *key, u64 otherwise)
{
	double n = read_number(s, o, key);

	if (!history_is(n))
		return otherwise;
	if (n < 0)
		fail(s, place(s, key), "found %g as '%s', expected a count", n, key);
	return n < 0 ? otherwise : (u64)n;
}

static int read_status(struct source *s, struct json_object *o, const char *key)
{
	double n = read_number(s, o, key);

	return history_is(n) ? (int)clamp(n, -1.0, 255.0) : -1;
}

static u64 read_time(struct source *s, struct json_object *o, const char *key, bool required)
{
	char text[64];
	u64 time;

	if (!get(o, key) && !required)
		return 0;
	read_text(s, o, key, true, text, sizeof(text));
	time = utc_parse(text);
	if (!time)
		fail(s, place(s, key), "found '%s' as '%s', expected a time like 2026-11-28T01:02:03Z", text, key);
	return time;
}

static void check_schema(struct source *s)
{
	double schema = read_number(s, s->root, "schema");

	if (!history_is(schema) || schema < 1)
		fail(s, place(s, "schema"), "found no schema, expected 1");
	else if (schema > 1)
		fail(s, place(s, "schema"), "found schema %g, expected 1: a newer pfnstorm wrote it", schema);
}

/* ---- night.json -------------------------------------------------------------------------------------------------- */

static int set_path(struct source *s, const char *dir, const char *id, const char *rest, char *message, size_t size)
{
	memset(s, 0, sizeof(*s));
	if ((size_t)snprintf(s->path, sizeof(s->path), "%s/nights/%s/%s", dir, id, rest) < sizeof(s->path))
		return 0;
	snprintf(message, size, "%.64s…: path too long", dir);
	return -ENAMETOOLONG;
}

int history_read_night(const char *dir, const char *id, struct history_night *n, char *message, size_t size)
{
	struct source s;
	int ret = set_path(&s, dir, id, "night.json", message, size);

	if (ret)
		return ret;
	memset(n, 0, sizeof(*n));
	if (!load(&s, message, size))
		return finish(&s);
	check_schema(&s);
	snprintf(n->id, sizeof(n->id), "%s", id);
	read_text(&s, s.root, "job", true, n->job, sizeof(n->job));
	read_text(&s, s.root, "revision", false, n->revision, sizeof(n->revision));
	read_text(&s, s.root, "host", false, n->host, sizeof(n->host));
	read_text(&s, s.root, "seed", false, n->seed, sizeof(n->seed));
	read_text(&s, s.root, "outcome", true, n->outcome, sizeof(n->outcome));
	n->started = read_time(&s, s.root, "started", true);
	n->ended = read_time(&s, s.root, "ended", false);
	n->budget = read_number(&s, s.root, "budget_s");
	n->shards = (u32)read_count(&s, s.root, "shards", 1);
	n->exit = read_status(&s, s.root, "exit");
	n->folder = true;
	return finish(&s);
}

/* ---- units ------------------------------------------------------------------------------------------------------- */

static char *read_command(struct json_object *o)
{
	struct json_object *words = get(o, "command");
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (!json_object_is_type(words, json_type_array))
		return json_object_is_type(words, json_type_string) ? strdup(json_object_get_string(words)) : NULL;
	out = open_memstream(&text, &size);
	if (!out)
		abort();
	for (size_t i = 0; i < json_object_array_length(words); i++)
		fprintf(out, "%s%s", i ? " " : "", json_object_get_string(json_object_array_get_idx(words, i)));
	fclose(out);
	return text;
}

static void read_crashes(struct source *s, struct history_unit *u)
{
	struct json_object *crashes = get(s->root, "crashes");

	if (!crashes)
		return;
	if (!json_object_is_type(crashes, json_type_array)) {
		fail(s, place(s, "crashes"), "found %s as 'crashes', expected an array", type_of(crashes));
		return;
	}
	for (size_t i = 0; i < json_object_array_length(crashes); i++) {
		struct json_object *o = json_object_array_get_idx(crashes, i);
		struct history_crash *c;

		if (!json_object_is_type(o, json_type_object)) {
			fail(s, place(s, "crashes"), "found %s in 'crashes', expected an object", type_of(o));
			return;
		}
		u->crash = grow_array(u->crash, u->nr_crashes, sizeof(*u->crash));
		c = &u->crash[u->nr_crashes++];
		read_text(s, o, "record", false, c->record, sizeof(c->record));
		read_text(s, o, "signature", false, c->signature, sizeof(c->signature));
		read_text(s, o, "news", true, c->news, sizeof(c->news));
		c->quarantined = json_object_get_boolean(get(o, "quarantined"));
	}
}

static void read_operation(struct source *s, struct json_object *from, struct history_operation *o)
{
	struct json_object *refusals = get(from, "errno");

	o->attempts = read_count(s, from, "attempts", 0);
	o->ok = read_count(s, from, "ok", 0);
	o->p50 = read_number(s, from, "p50_us");
	o->p99 = read_number(s, from, "p99_us");
	o->max = read_number(s, from, "max_us");
	if (!json_object_is_type(refusals, json_type_object))
		return;
	json_object_object_foreach(refusals, name, count)
	{
		(void)count;
		history_add_refusal(o, name, read_count(s, refusals, name, 0));
	}
}

static void read_operations(struct source *s, struct history_unit *u)
{
	struct json_object *operations = get(s->root, "ops");

	if (!operations)
		return;
	if (!json_object_is_type(operations, json_type_object)) {
		fail(s, place(s, "ops"), "found %s as 'ops', expected an object", type_of(operations));
		return;
	}
	json_object_object_foreach(operations, name, from)
	{
		struct history_operation *o;

		if (!json_object_is_type(from, json_type_object)) {
			fail(s, place(s, name), "found %s as '%s', expected an object", type_of(from), name);
			return;
		}
		u->operation = grow_array(u->operation, u->nr_operations, sizeof(*u->operation));
		o = &u->operation[u->nr_operations++];
		memset(o, 0, sizeof(*o));
		snprintf(o->name, sizeof(o->name), "%s", name);
		read_operation(s, from, o);
	}
}

int history_read_unit(const char *dir, const char *id, const char *file, struct history_unit *u, char *message,
		      size_t size)
{
	char rest[NAME_MAX + 8];
	struct source s;
	int ret;

	history_unit_init(u);
	snprintf(rest, sizeof(rest), "units/%s", file);
	ret = set_path(&s, dir, id, rest, message, size);
	if (ret)
		return ret;
	if (!load(&s, message, size))
		return finish(&s);
	check_schema(&s);
	read_text(&s, s.root, "unit", true, u->name, sizeof(u->name));
	read_text(&s, s.root, "kind", true, u->kind, sizeof(u->kind));
	read_text(&s, s.root, "outcome", true, u->outcome, sizeof(u->outcome));
	read_text(&s, s.root, "seed", false, u->seed, sizeof(u->seed));
	read_text(&s, s.root, "log", false, u->log, sizeof(u->log));
	read_text(&s, s.root, "message", false, u->message, sizeof(u->message));
	u->command = read_command(s.root);
	u->shard = (u32)read_count(&s, s.root, "shard", 0);
	u->attempt = (u32)read_count(&s, s.root, "attempt", 1);
	u->started = read_time(&s, s.root, "started", false);
	for (u32 i = 0; i < NR_HISTORY_VALUES; i++)
		u->value[i] = read_number(&s, s.root, history_values[i].key);
	u->found = history_is(u->value[VALUE_found_after]);
	u->exit = read_status(&s, s.root, "exit");
	u->signal = (int)read_count(&s, s.root, "signal", 0);
	read_crashes(&s, u);
	read_operations(&s, u);
	return finish(&s);
}

/* ---- what is there ----------------------------------------------------------------------------------------------- */

static int is_unit_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* @stamp and what is to be seen of a file; false: there is none. */
static bool add_to_stamp(u64 *stamp, const char *path, const char *name)
{
	struct stat st;
	u64 seen[3];

	if (stat(path, &st))
		return false;
	seen[0] = (u64)st.st_mtim.tv_sec * 1000000000 + (u64)st.st_mtim.tv_nsec;
	seen[1] = (u64)st.st_size;
	seen[2] = st.st_ino;
	*stamp = XXH3_64bits_withSeed(name, strlen(name), XXH3_64bits_withSeed(seen, sizeof(seen), *stamp));
	return true;
}

u64 history_stamp(const char *dir, const char *id, char ***units, u32 *count)
{
	char path[PATH_MAX];
	struct dirent **entries;
	u64 stamp = 1;
	bool begun;
	int n;

	*units = NULL;
	*count = 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/nights/%s/night.json", dir, id) >= sizeof(path))
		return 0;
	begun = add_to_stamp(&stamp, path, "");
	snprintf(path, sizeof(path), "%s/nights/%s/units", dir, id);
	n = scandir(path, &entries, is_unit_file, compare_names);
	for (int i = 0; i < n; i++) {
		char file[PATH_MAX];

		if ((size_t)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name) < sizeof(file) &&
		    add_to_stamp(&stamp, file, entries[i]->d_name)) {
			*units = grow_array(*units, *count, sizeof(**units));
			(*units)[(*count)++] = strdup(entries[i]->d_name);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	/* As SQLite's numbers go. */
	return begun ? (stamp & INT64_MAX) | 1 : 0;
}
