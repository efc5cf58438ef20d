/* SPDX-License-Identifier: MIT */
#include "jobs/object.h"

#include <stdlib.h>

#include "crashes/file.h"

struct json_object *object_read(const char *path)
{
	char *text = file_read(path, NULL);
	struct json_object *o = text ? json_tokener_parse(text) : NULL;

	free(text);
	if (json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	return NULL;
}

static struct json_object *value_of(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	if (o)
		json_object_object_get_ex(o, key, &value);
	return value;
}

const char *object_text(struct json_object *o, const char *key)
{
	const char *text = json_object_get_string(value_of(o, key));

	return text ? text : "";
}

double object_number(struct json_object *o, const char *key, double otherwise)
{
	struct json_object *value = value_of(o, key);

	return value ? json_object_get_double(value) : otherwise;
}
