/* SPDX-License-Identifier: MIT */
/*
 * Records what any strategy decides as a schedule that replays exactly.
 *
 * Wraps a strategy: hand &recorder.strategy to the runner instead. Preemptions at semantic points get their name at
 * once; others are recorded as raw counts, which record_name_places() turns into named places by one traced replay.
 */
#ifndef PFNSTORM_FUZZ_RECORD_H
#define PFNSTORM_FUZZ_RECORD_H

#include "core/rt/sched.h"
#include "fuzz/scenario.h"
#include "fuzz/schedule.h"

struct record_task {
	u32 semantic, occurrence, forced;
};

struct recorder {
	struct rt_strategy strategy;
	struct rt_strategy *inner;
	struct schedule *schedule;
	bool overflow; /* more than SCHEDULE_MAX decisions: the schedule is not the whole run */
	u32 choice_count[NR_RT_CHOICES][RT_CHOICE_SUBJECTS];
	struct record_task task[RT_MAX_TASKS];
};

/* @schedule is emptied at the start of each run. @inner NULL: the default schedule. */
void recorder_init(struct recorder *r, struct rt_strategy *inner, struct schedule *schedule);
/*
 * Replays @s exactly with a trace and renames raw entries of its schedule to "kind object #n after anchor", as far as
 * the object has a stable name. Returns how many stay raw, or -ESTALE if the replay drifted (then nothing is changed).
 */
int record_name_places(struct scenario *s, u32 runner_flags);

#endif
