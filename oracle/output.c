/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void output_add(struct output *o, const char *fmt, ...)
{
	va_list args;
	int more;

	va_start(args, fmt);
	more = vsnprintf(o->text + o->len, sizeof(o->text) - o->len, fmt, args);
	va_end(args);
	if (more > 0)
		o->len = min(o->len + (size_t)more, sizeof(o->text) - 1);
}

void output_compare(struct oracle_state *s, const struct output *o)
{
	struct json_object *result = json_at(s->recording->step, "result", NULL);

	compare_text(s->comparison, "result.output", json_text(result, "output", ""), o->text);
}
