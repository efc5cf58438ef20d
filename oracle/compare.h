/* SPDX-License-Identifier: MIT */
/*
 * What the recording has against what the machine shows, field by field. Both are compared as text, so that a report
 * can print either.
 */
#ifndef PFNSTORM_ORACLE_COMPARE_H
#define PFNSTORM_ORACLE_COMPARE_H

#include "core/core.h"
#include "oracle/recording.h"

#define DIFFERENCES_MAX 256

struct difference {
	u32 step;        /* number in the recording */
	char field[64];  /* "zones.1:Movable.min" */
	char kernel[96]; /* what the recording has */
	char model[96];
	const char *reason; /* why a model cannot have it; NULL: it should be equal */
};

struct comparison {
	const char *recording; /* its name */
	u32 step;
	u64 compared, equal, explained; /* fields; what is left is different */
	u32 nr_differences;             /* kept: the first of them */
	struct difference difference[DIFFERENCES_MAX];
};

/* @done of @all that a step did over and over. */
struct share {
	s64 done, all;
};
#define SHARE_WHOLE ((struct share){1, 1})
/* So much of a number is to be expected, rounded. */
s64 share_of(struct share share, s64 number);

/* One field. */
void compare_text(struct comparison *c, const char *field, const char *kernel, const char *model);
void compare_number(struct comparison *c, const char *field, s64 kernel, s64 model);
/* All fields of a snapshot that repeat from boot to boot. */
void compare_snapshot(struct comparison *c, struct json_object *snapshot);

#endif
