/* SPDX-License-Identifier: MIT */
/*
 * The strategy that executes a schedule: nothing more, nothing less.
 *
 * Exact: switches happen in the order of the schedule. An entry whose place is never reached, or whose target cannot
 * run there, is drift; the run then goes on by default and the drift is reported, with the nearest place that was seen.
 * Lenient (fuzz bytes): entries are independent of each other; what is not reached or cannot run is ignored.
 */
#ifndef PFNSTORM_FUZZ_REPLAY_H
#define PFNSTORM_FUZZ_REPLAY_H

#include "core/rt/sched.h"
#include "fuzz/schedule.h"

struct replay_task {
	u32 semantic, occurrence; /* anchor the counters below belong to */
	u32 forced;               /* decisions since the anchor at places where the task could not go on */
	u32 since;                /* points since the anchor when last seen */
	u64 pending;              /* lenient: switches of this task not used yet, a bit per entry */
	u64 anchors;              /* of all of them, a bit per semantic point modulo 64 */
};

struct replay {
	struct rt_strategy strategy;
	const struct schedule *schedule;
	bool lenient;
	u32 next;      /* exact: the switch looked for now; schedule->count: none left */
	u32 used;      /* switches and choices that happened */
	u32 kinds;     /* asked for during the run */
	bool counting; /* lenient: asked for a point that a raw entry counts to */
	u32 choice_count[NR_RT_CHOICES][RT_CHOICE_SUBJECTS]; /* choices so far by kind and what */
	bool has_choices;
	u16 choices[NR_RT_CHOICES]; /* those in the schedule, a bit per what: to skip look-ups */
	u8 done[SCHEDULE_MAX];      /* 1: this entry happened */
	u16 matched[SCHEDULE_MAX];  /* exact: points of its kind and object since its anchor */
	struct replay_task task[RT_MAX_TASKS];
	struct {
		bool set;
		u32 entry;
		char text[320];
	} drift;
	struct {
		u32 occurrence, since; /* nearest to the entry looked for that was seen; 0: its anchor never was */
	} nearest;
};

/* @schedule must outlive the runs. */
void replay_init(struct replay *r, const struct schedule *schedule, bool lenient);
/*
 * Lenient: must replay decide where @task passes this semantic point? For strategies on top that take RT_SEMANTIC out
 * of r->kinds and have passes() instead.
 */
bool replay_wants_pending(const struct replay *r, u32 task, u32 semantic, u32 occurrence);
static inline bool replay_wants(const struct replay *r, u32 task, u32 semantic, u32 occurrence)
{
	/* Where it is about to count, it must see that the anchor is left behind. */
	return r->counting ||
	       (r->task[task].anchors >> (semantic % 64) & 1 && replay_wants_pending(r, task, semantic, occurrence));
}
/* After the run, exact: 0, or -ESTALE with r->drift filled; @names as for printing the schedule. */
int replay_finish(struct replay *r, const struct schedule_names *names);
/* The default decision of schedule.h at a place where @task cannot go on: the next bit of @runnable, cyclically. */
u32 replay_default(u32 task, u64 runnable);
/*
 * Can the task not go on here? It waits (RT_BLOCK; it may have become runnable again meanwhile, and is then one of
 * those that may go on), has ended (RT_EXIT), or spins until somebody stores (another kind, and it is not runnable).
 */
static inline bool replay_forced(const struct rt_place *place, u64 runnable)
{
	return (place->kind & (RT_BLOCK | RT_EXIT)) || !(runnable & BIT(place->task));
}

/* The kind by which schedules name such a place. */
static inline u32 replay_forced_kind(const struct rt_place *place)
{
	return place->kind == RT_EXIT ? RT_EXIT : RT_BLOCK;
}

/* The default decision at any place. */
static inline u32 replay_usual(const struct rt_place *place, u64 runnable)
{
	return replay_forced(place, runnable) ? replay_default(place->task, runnable) : place->task;
}

#endif
