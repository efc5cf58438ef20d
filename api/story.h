/* SPDX-License-Identifier: MIT */
/* Who ran when in one run, as pfnstorm.h tells it: made of the trace, kept until the next run. */
#ifndef PFNSTORM_API_STORY_H
#define PFNSTORM_API_STORY_H

#include "api/pfnstorm.h"
#include "core/rt/sched.h"
#include "fuzz/scenario.h"

struct story {
	const struct scenario *scenario;
	struct pfnstorm_switch *entry;
	size_t count, capacity;
	struct rt_trace_entry last;  /* the latest point */
	u32 begun[SCENARIO_TASKS];   /* operations each task has begun */
	bool inside[SCENARIO_TASKS]; /* and not ended */
	bool started, out_of_memory;
};

/* Traces the runs until story_end(); forgets what was told before. @s must outlive it. */
void story_begin(struct story *story, const struct scenario *s);
/* 0 or -ENOMEM. */
int story_end(struct story *story);
void story_free(struct story *story);

#endif
