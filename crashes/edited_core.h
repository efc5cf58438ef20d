/* SPDX-License-Identifier: MIT */
/*
 * The core as it might be after somebody has worked on it: included before everything else where a few files of core
 * are compiled once more, for edited_core_test.c. Each semantic point comes with something that no schedule knows.
 */
#ifndef PFNSTORM_CRASHES_EDITED_CORE_H
#define PFNSTORM_CRASHES_EDITED_CORE_H

#include "core/rt/cpu.h"
#include "core/rt/point.h"

enum edited_core {
	EDITED_NOT,
	EDITED_STEPS,  /* steps without a name come after each semantic point */
	EDITED_POINTS, /* another semantic point comes before each */
	EDITED_COUNTS, /* each semantic point is passed twice */
	NR_EDITED
};
extern enum edited_core edited_core;

/* Inline, so that it is compiled as core is. */
static inline void edited_point(enum point_id id, u64 arg)
{
	if (edited_core == EDITED_POINTS)
		rt_point(POINT_walk_readable, arg);
	if (edited_core == EDITED_COUNTS)
		rt_point(id, arg);
	rt_point(id, arg);
	if (edited_core == EDITED_STEPS) {
		preempt_disable();
		preempt_enable();
	}
}

#undef point
#define point(family, name, arg) edited_point(POINT_##family##_##name, (u64)(arg))

#endif
