/* SPDX-License-Identifier: MIT */
/*
 * The conflict set of a search: granules that two tasks touch in some run so far, at least one of them writing.
 *
 * The runtime finds conflicts while runs go on (rt_set_footprint()); here they get their order of discovery, so that a
 * search can tell what is new since it last looked. Of several, the one set by rt_set_footprint() grows.
 */
#ifndef PFNSTORM_FUZZ_CONFLICTS_H
#define PFNSTORM_FUZZ_CONFLICTS_H

#include "core/rt/sched.h"

struct conflicts {
	struct rt_footprint footprint;
	u32 *order; /* per granule: 1 + index in the log, 0: no conflict; filled up to @known */
	u32 known;
};

/* Conflicts of a place; orders are 1 and up, 0 if it touches none. */
struct conflict_span {
	u32 first_granule, granules;
	u32 order_min, order_max;
};

/* 0 or -ENOMEM. The footprint is on from now until conflicts_exit(). */
int conflicts_init(struct conflicts *c);
void conflicts_exit(struct conflicts *c);
/* Takes in what others have found, a bitmap of RT_GRANULES bits. Was any of it new? */
bool conflicts_add(struct conflicts *c, const u64 *bitmap);
/* Takes in what the last run found. Returns the number of conflicts. */
u32 conflicts_update(struct conflicts *c);
/* What @place touches, of the conflicts with order ≤ @limit. */
void conflicts_of_place(const struct conflicts *c, const struct rt_place *place, u32 limit, struct conflict_span *span);
/*
 * Tables over all granules are large and sparse: zeroed anonymous memory that costs only the pages that are touched.
 * NULL when it is short; unmapping NULL does nothing.
 */
void *conflicts_map(size_t size);
void conflicts_unmap(void *table, size_t size);
/* Does the action at a place of this kind write (locks included)? */
bool conflicts_kind_writes(u32 kind);

#endif
