/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>
#include <zlib.h>

#include "oracle/recording.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDING_MAX (64U << 20)

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

struct json_object *json_at(struct json_object *o, ...)
{
	const char *key;
	va_list keys;

	va_start(keys, o);
	while (o && (key = va_arg(keys, const char *)) != NULL)
		o = json_object_is_type(o, json_type_object) ? json_object_object_get(o, key) : NULL;
	va_end(keys);
	return o;
}

const char *json_text(struct json_object *o, const char *key, const char *otherwise)
{
	struct json_object *member = json_at(o, key, NULL);

	return member ? json_object_get_string(member) : otherwise;
}

s64 json_number(struct json_object *o, const char *key, s64 otherwise)
{
	struct json_object *member = json_at(o, key, NULL);

	return member ? json_object_get_int64(member) : otherwise;
}

/* ---- changes of a snapshot ------------------------------------------------------------------------------------- */

static void remove_keys(struct json_object *to, struct json_object *keys)
{
	for (size_t i = 0; i < json_object_array_length(keys); i++)
		json_object_object_del(to, json_object_get_string(json_object_array_get_idx(keys, i)));
}

/* Dictionaries member by member, "-" names those that are gone; all else is replaced. */
static void apply(struct json_object *to, struct json_object *changes)
{
	json_object_object_foreach(changes, key, value)
	{
		struct json_object *old = json_object_object_get(to, key);

		if (strcmp(key, "-") == 0)
			remove_keys(to, value);
		else if (json_object_is_type(value, json_type_object) && json_object_is_type(old, json_type_object))
			apply(old, value);
		else
			json_object_object_add(to, key, json_object_get(value));
	}
}

static struct json_object *deep_copy(struct json_object *o)
{
	struct json_object *copy = NULL;

	json_object_deep_copy(o, &copy, NULL);
	return copy;
}

/* ---- steps ----------------------------------------------------------------------------------------------------- */

bool recording_next(struct recording *r)
{
	struct json_object *changes;

	if (r->next == r->steps)
		return false;
	r->step = json_object_array_get_idx(json_at(r->root, "steps", NULL), r->next++);
	changes = json_at(r->step, "delta", NULL);
	if (changes) {
		/* Of a copy: the recording itself must stay what it is. */
		struct json_object *own = deep_copy(changes);

		apply(r->snapshot, own);
		json_object_put(own);
	}
	return true;
}

bool recording_has_snapshot(const struct recording *r)
{
	return json_at(r->step, "delta", NULL) != NULL;
}

const char *recording_step_text(const struct recording *r)
{
	return json_text(r->step, "resolved", json_text(r->step, "step", ""));
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

/* All of a file, decompressed and terminated; NULL with a message. */
static char *read_all(const char *path, char *error, size_t size)
{
	gzFile file = gzopen(path, "rbe");
	char *text;
	int len;

	if (!file) {
		snprintf(error, size, "%s: %s", path, strerror(errno));
		return NULL;
	}
	text = malloc(RECORDING_MAX);
	len = text ? gzread(file, text, RECORDING_MAX - 1) : -1;
	gzclose(file);
	if (len < 0 || len == RECORDING_MAX - 1) {
		snprintf(error, size, "%s: cannot be read, or has more than 64 MiB", path);
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

int recording_load(const char *path, struct recording *r, char *error, size_t size)
{
	char *text = read_all(path, error, size);
	enum json_tokener_error wrong;
	struct json_object *steps;

	if (!text)
		return -1;
	*r = (struct recording){.next = 0};
	r->root = json_tokener_parse_verbose(text, &wrong);
	free(text);
	if (!r->root) {
		snprintf(error, size, "%s: expected a recording as JSON, found: %s", path,
			 json_tokener_error_desc(wrong));
		return -1;
	}
	steps = json_at(r->root, "steps", NULL);
	if (json_number(r->root, "format", 0) != 1 || !json_object_is_type(steps, json_type_array) ||
	    !json_at(r->root, "initial", "zones", NULL)) {
		snprintf(error, size, "%s: expected a recording of format 1 with 'initial' and 'steps'", path);
		json_object_put(r->root);
		return -1;
	}
	r->steps = (u32)json_object_array_length(steps);
	r->snapshot = deep_copy(json_at(r->root, "initial", NULL));
	return 0;
}

void recording_free(struct recording *r)
{
	json_object_put(r->snapshot);
	json_object_put(r->root);
}
