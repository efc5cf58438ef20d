/* SPDX-License-Identifier: MIT */
/* JSON objects of files: what is not there, or is something else, reads as nothing. */
#ifndef PFNSTORM_JOBS_OBJECT_H
#define PFNSTORM_JOBS_OBJECT_H

#include <json-c/json.h>

/* The object that is the whole of a file. NULL: it cannot be read, or holds something else. json_object_put() ends it.
 */
struct json_object *object_read(const char *path);
/* "" if @o is NULL or has no such key. Lives as long as the value. */
const char *object_text(struct json_object *o, const char *key);
double object_number(struct json_object *o, const char *key, double otherwise);

#endif
