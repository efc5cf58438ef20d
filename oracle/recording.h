/* SPDX-License-Identifier: MIT */
/*
 * A recording of a real kernel: a first snapshot, then steps, each with what it returned and what of the snapshot it
 * changed. The format is told in corpus/kernel-6.1/README.md.
 */
#ifndef PFNSTORM_ORACLE_RECORDING_H
#define PFNSTORM_ORACLE_RECORDING_H

#include "core/rt/types.h"

struct json_object;

struct recording {
	struct json_object *root;
	struct json_object *snapshot; /* as of the step that was entered last */
	struct json_object *step;
	u32 steps, next;
};

/* Reads a file, plain or compressed: 0, or -1 and what is wrong in @error. */
int recording_load(const char *path, struct recording *r, char *error, size_t size);
void recording_free(struct recording *r);
/* The next step, its changes in the snapshot; false at the end. */
bool recording_next(struct recording *r);
/* Has the step that was entered a snapshot of its own? */
bool recording_has_snapshot(const struct recording *r);
/* "d1.0" resolved to a block: what is to be done, one line. */
const char *recording_step_text(const struct recording *r);

/* By keys, NULL-terminated; NULL: there is nothing. */
struct json_object *json_at(struct json_object *o, ...) __attribute__((sentinel));
/* Of a member: its text, or @otherwise. */
const char *json_text(struct json_object *o, const char *key, const char *otherwise);
s64 json_number(struct json_object *o, const char *key, s64 otherwise);

#endif
