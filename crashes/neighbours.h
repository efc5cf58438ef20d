/* SPDX-License-Identifier: MIT */
/* The places near the one that an entry of a schedule names: where it could be instead, nearest first. */
#ifndef PFNSTORM_CRASHES_NEIGHBOURS_H
#define PFNSTORM_CRASHES_NEIGHBOURS_H

#include "fuzz/scenario.h"

/* From near to far; what is far in one kind of nearness may be near in another, so each has its own limit. */
enum nearness {
	NEAR_SAME,     /* the same point or object under the same anchor: another occurrence */
	NEAR_OBJECT,   /* the same kind of access to the same object, after another semantic point */
	NEAR_SEMANTIC, /* another semantic point of the task */
	NEAR_MARKED,   /* a lock or a marked access */
	NEAR_PLAIN,    /* any other point of the task */
	NR_NEARNESS,
};

struct neighbour {
	struct schedule_entry entry;
	u32 nearness;
	u64 distance; /* within its nearness: difference of occurrences, or points in between */
	u64 at;       /* points since the entry before */
};

struct neighbours {
	struct neighbour *list; /* sorted by nearness, distance, and the order of the run */
	u32 count, capacity;
};

/*
 * Runs @s once under the entries of its schedule before @index, and collects all later places at which @wanted could
 * happen: its task is there and its target can run. Of kernel threads, whose numbers may change from build to build,
 * any will do. @wanted may be of another schedule; @object is the name of its object. -ENOMEM if memory is short.
 * The caller frees with neighbours_free(); @n may be used again without.
 */
int neighbours_find(const struct scenario *s, u32 index, const struct schedule_entry *wanted, const char *object,
		    struct neighbours *n);
void neighbours_free(struct neighbours *n);

#endif
