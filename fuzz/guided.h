/* SPDX-License-Identifier: MIT */
/*
 * The strategy of the race target: the schedule of the bytes, leniently, or the strategy that they name (search.h),
 * while it notes interleaving coverage and the places where the next mutation could preempt. Fair in the long run: a
 * task that goes on and on while others could run, such as an offline that waits for a page held by a task that was
 * preempted, is preempted in turn.
 */
#ifndef PFNSTORM_FUZZ_GUIDED_H
#define PFNSTORM_FUZZ_GUIDED_H

#include "fuzz/places.h"
#include "fuzz/replay.h"
#include "fuzz/scenario.h"

struct guided {
	struct rt_strategy strategy;
	struct replay replay;
	struct strategy *search; /* makes the schedule, instead of the replay; or NULL */
	u32 deviations;          /* of the search; after many it goes on by default: a token must hold the run */
	bool overdue;            /* at a point where nobody asked, because the slice is over */
	u32 nr_tasks;
	u32 last[SCENARIO_TASKS]; /* latest semantic point + 1 of each task; 0: not begun or over */
	u32 preempted; /* semantic point + 1 of the task preempted last, until the next task shows where it is */
	u64 seen[(NR_POINTS + 63) / 64]; /* semantic points that seen_by passed since another task passed one */
	u32 seen_by;
	u64 last_step;
	u64 slice_start; /* step at which the running task was switched to */
	u32 last_task;
	struct fuzz_place *last_place;
};

/*
 * Before each run, of zeroes at first: what the run before left is freed. @s must outlive the run; @lenient as in
 * replay_init(). Feedback of the last run is forgotten.
 */
void guided_init(struct guided *g, const struct scenario *s, bool lenient);

#endif
