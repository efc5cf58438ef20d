/* SPDX-License-Identifier: MIT */
#if PFNSTORM_PARTS
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>
#endif

#include "crashes/verdict_json.h"

#if PFNSTORM_PARTS
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool verdict_json_supported(void)
{
	return true;
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text ? json_object_new_string(text) : NULL);
}

char *verdict_json(const struct crash *c, const char *token)
{
	struct json_object *o = json_object_new_object();
	char hash[20], *text;

	if (!o)
		return NULL;
	snprintf(hash, sizeof(hash), "%016" PRIx64, c->hash);
	add_text(o, "verdict", verdict_name(c->verdict->kind));
	add_text(o, "signature", c->verdict->signature);
	add_text(o, "detail", c->verdict->detail);
	add_text(o, "where", c->where);
	add_text(o, "found_by", c->found_by);
	json_object_object_add(o, "exact", json_object_new_boolean(c->exact));
	json_object_object_add(o, "steps", json_object_new_int64((int64_t)c->steps));
	add_text(o, "hash", hash);
	if (c->cause)
		add_text(o, "cause", c->cause);
	if (c->runs) {
		json_object_object_add(o, "hits", json_object_new_int64((int64_t)c->hits));
		json_object_object_add(o, "runs", json_object_new_int64((int64_t)c->runs));
	}
	add_text(o, "token", token);
	text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return text;
}
#else
bool verdict_json_supported(void)
{
	return false;
}

char *verdict_json(const struct crash *c, const char *token)
{
	(void)c;
	(void)token;
	return NULL;
}
#endif
