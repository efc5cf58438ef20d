/* SPDX-License-Identifier: MIT */
/* Semantic scheduling points and trace events. */
#ifndef PFNSTORM_RT_POINT_H
#define PFNSTORM_RT_POINT_H

#include "core/rt/types.h"

enum point_id {
#define POINT(family, name, mirrors) POINT_##family##_##name,
#include "core/points.def"
#undef POINT
	NR_POINTS
};

const char *point_name(enum point_id id);    /* "family.name" */
const char *point_mirrors(enum point_id id); /* kernel function */

/*
 * A place where the schedule may switch and that traces show. @arg is what it is about: a pfn, a block id, an errno.
 * Fiber: a scheduling point. Thread: a flight-recorder entry and a place for perturbation.
 */
void rt_point(enum point_id id, u64 arg);
#define point(family, name, arg) rt_point(POINT_##family##_##name, (u64)(arg))

#endif
