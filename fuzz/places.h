/* SPDX-License-Identifier: MIT */
/*
 * Semantic places that recent runs really came to: where mutators put preemptions.
 *
 * A ring: new places push out the oldest. Filled by guided runs in the same process; empty elsewhere, where mutators
 * fall back to the table of points.
 */
#ifndef PFNSTORM_FUZZ_PLACES_H
#define PFNSTORM_FUZZ_PLACES_H

#include "core/rt/types.h"

#define PLACES_MAX 1024

struct fuzz_place {
	u8 task;
	u8 others; /* bits of other tasks that could have gone on there */
	u16 anchor;
	u16 occurrence;
	u16 length; /* points until the task's next semantic point, if it was not interrupted; else 0 */
};

struct places {
	u32 count, next;
	struct fuzz_place place[PLACES_MAX];
};

extern struct places places_seen;

static inline struct fuzz_place *places_add(struct places *p, u32 task, u64 runnable, u32 anchor, u32 occurrence)
{
	struct fuzz_place *place = &p->place[p->next];

	*place = (struct fuzz_place){
		.task = (u8)task,
		.others = (u8)(runnable & ~BIT(task)),
		.anchor = (u16)anchor,
		.occurrence = (u16)min(occurrence, 65535u),
	};
	p->next = (p->next + 1) % PLACES_MAX;
	p->count += p->count < PLACES_MAX;
	return place;
}

#endif
