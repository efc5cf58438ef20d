/* SPDX-License-Identifier: MIT */
/* The child of a round: boots the scenario's machine and lets its tasks repeat their operations until the time is up.
 */
#ifndef PFNSTORM_STRESS_LOAD_H
#define PFNSTORM_STRESS_LOAD_H

#include "fuzz/scenario.h"
#include "stress/latency.h"

#define LOAD_OP_IDS LATENCY_OPS
#define LOAD_RECENT 64 /* operations remembered of each thread, power of two */

/* What a thread did last, for the scenario that a crash is searched in again (crashes/lift.h). */
struct load_task {
	u32 scenario_task; /* whose operations it repeats */
	u32 cpu;
	char name[RT_TASK_NAME_MAX];
	u64 begun; /* operations; operation i is at i % LOAD_RECENT */
	struct {
		struct op op;
		u64 pass;
		u64 ns; /* rt_now_ns() when it began */
	} recent[LOAD_RECENT];
};

/* Shared with the parent, written by the child a few times a second and at the end. */
struct load_state {
	u32 booted;         /* 1 once the tasks start */
	u32 failed_boot_op; /* number, from 1, of a boot operation that failed; 0: none */
	s64 failed_boot_value;
	u64 boot_ns;
	u32 calm;                  /* 1 once the tasks are done and calm begins */
	struct core_calm progress; /* at its end */
	u64 load_ns;               /* from then until the tasks were done; 0 before */
	u64 cpu_ns;                /* of all threads meanwhile */
	u64 passes;
	u64 points;
	u64 files_read, files_failed; /* by readers; failed: not there, or not to be read now */
	struct op_stats op[LOAD_OP_IDS];
	u32 nr_tasks;
	struct load_task task[THREADS_MAX]; /* each written by its thread only */
};

/*
 * Two phases. Chaos: runs the scenario for @seconds after boot, until every task has finished its pass and undone it,
 * and all laws hold, or only after the other phase. Calm, unless @o says never: no more perturbation, faults, vetoes
 * and pins, and every block that can go offline has to, and come back. Returns after that. A verdict ends the process
 * instead (core/rt/thread.h).
 */
void load_run(const struct scenario *s, const struct options *o, u64 seed, double seconds, struct load_state *state,
	      struct latencies *latencies);

/*
 * @s with a task for each thread, the failing one @failing and up to SCENARIO_TASKS in all: the operations it began in
 * its last @passes, what led back to where they began included, as far as they are remembered and fit. For the parent.
 */
void load_recent(const struct scenario *s, const struct load_state *state, const char *failing, u32 passes,
		 struct scenario *recent);

#endif
