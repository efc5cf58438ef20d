/* SPDX-License-Identifier: MIT */
/*
 * One machine, many runs: boot once, then run tasks from the boot image again and again. Both runtimes implement it.
 *
 *   rt_boot(&config, boot, arg)      arena empty -> boot() -> image
 *   rt_task_create(...) ...          the tasks of the next run
 *   rt_run(&result)                  until all non-daemon tasks returned, or a verdict
 *   rt_reset()                       back to the image, whatever happened (fiber only, microseconds)
 *
 * One machine at a time per process. Not for use from tasks unless said so.
 */
#ifndef PFNSTORM_RT_RUN_H
#define PFNSTORM_RT_RUN_H

#include "core/rt/report.h"
#include "core/rt/types.h"

#define RT_MAX_TASKS 32 /* fiber: alive at once, kthreads, workers and interrupt contexts included */

enum rt_memory_model {
#define MEMORY_MODEL(id, text, help) RT_MEMORY_##id,
#include "core/memory_models.def"
#undef MEMORY_MODEL
	NR_MEMORY_MODELS
};

struct rt_config {
	u32 cpus;           /* 1 .. RT_MAX_CPUS */
	u64 step_limit;     /* fiber: livelock after so many points; 0: default 1,000,000 */
	bool race_detector; /* fiber: on unless measuring */
	bool warn_continue; /* WARN_ON logs instead of ending the run (conformance runs) */
	u32 memory;         /* enum rt_memory_model; thread: what the processor does, whatever this says */
	bool no_lock_order; /* fiber: deadlocks are found when they happen, not by the order of locks before */
	u64 seed;           /* thread: perturbation; fiber: nothing uses it but the strategy */
};

struct rt_result {
	struct rt_verdict verdict;
	u64 steps;       /* scheduling points */
	u64 switches;    /* changes of the running task */
	u64 preemptions; /* of them, while the old task could have gone on */
	u64 hash;        /* of the run: equal hashes, equal runs. 0 under thread */
};

void rt_boot(const struct rt_config *config, void (*boot)(void *arg), void *arg);
/* The task runs @fn(@arg) on @cpu. Its name is copied. Returns its id, 0, 1, 2 … in order of creation. */
unsigned int rt_task_create(const char *name, unsigned int cpu, void (*fn)(void *arg), void *arg);
void rt_run(struct rt_result *result);
void rt_reset(void);

/*
 * Called with no task running: when all non-daemon tasks have returned, every daemon waits for work (one in msleep()
 * goes on first), and every grace period and callback is done (quiescence). May rt_fail(). NULL: none.
 */
void rt_set_quiescence_check(void (*check)(void));
/*
 * Called at the beginning of each run, before any task: what a check remembers outside the arena ends with the run,
 * also with one that a verdict cut short. NULL: none.
 */
void rt_set_start_check(void (*check)(void));
/*
 * True if no other task runs until the caller reaches a point or waits: then laws may look at the whole machine in the
 * middle of a run. Always so under fiber, never under thread.
 */
bool rt_holds_still(void);
/*
 * Called on the running task at each semantic point, before anybody is asked who goes on, and after each release of a
 * lock. It is no part of the run: it must not reach a point, access shared memory observed, or change it; it may
 * rt_fail(). NULL: none. Fiber only: nothing holds still under thread, where it is never called.
 */
void rt_set_step_check(void (*check)(void));
/*
 * Classes of locks that tasks hold exclusively now, a bit per enum lock_class. For a step check; under thread all of
 * them, since nobody knows.
 */
u64 rt_locks_held(void);
/* The kernel log of the last run, NUL-terminated, owned by the runtime. */
const char *rt_log(void);
/* Objects alive in the heap now, permanent ones excluded: @fn for each, with its allocation step. */
void rt_for_each_object(void (*fn)(void *ptr, size_t size, int obj_type, void *arg), void *arg);

/* Fault injection: true if the schedule injects fault @id here. A choice point. Callable from core. */
enum rt_fault {
#define FAULT(id, text, what) FAULT_##id,
#include "core/faults.def"
#undef FAULT
	NR_FAULTS
};
bool rt_fault(enum rt_fault id);
/* Has the schedule injected such a failure in this run? (thread: or any failure in an earlier one.) For laws. */
bool rt_fault_injected(enum rt_fault id);
/* How many it has injected in this run (thread: 0). */
u32 rt_faults_injected(void);
#define should_fail(id) rt_fault(FAULT_##id)

#endif
