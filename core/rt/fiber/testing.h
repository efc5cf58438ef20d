/* SPDX-License-Identifier: MIT */
/*
 * Helpers of the fiber runtime's tests: boot a small machine, run tasks under a script, a random walk, or through all
 * interleavings. Tests of what both runtimes promise are in core/rt/.
 */
#ifndef PFNSTORM_FIBER_TESTING_H
#define PFNSTORM_FIBER_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rt/access.h"
#include "core/rt/atomic.h"
#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/random.h"
#include "core/rt/rcu.h"
#include "core/rt/run.h"
#include "core/rt/sched.h"
#include "core/rt/task.h"
#include "core/rt/wait.h"

/* The first object of the heap, so that tests need no pointer to it. */
struct shared {
	u64 x, y, z;
	u32 half[2];
	u64 array[32];
	atomic_t count;
	u32 flag;
	u64 word;
	u64 *pointer;
	spinlock_t a, b;
	struct mutex m, n;
	struct rw_semaphore rw;
	struct percpu_rw_semaphore percpu;
	seqcount_t seq;
	wait_queue_head_t wq;
	struct completion done;
	struct work_struct work;
};
#define shared (*(struct shared *)RT_HEAP_BASE)

/* Boots @cpus CPUs, everything in `shared` initialised but the work item; then @more. */
void testing_boot(u32 cpus, bool race_detector, void (*more)(void));

struct testing_task {
	void (*fn)(void *arg);
	u32 cpu;
	void *arg;
};

/* One run of tasks "a", "b", … under the current strategy, then a reset. Up to four tasks; fn NULL: fewer. */
const struct rt_result *testing_run(const struct testing_task tasks[4]);
#define RUN(...) testing_run((const struct testing_task[4]){__VA_ARGS__})

/* @script: one letter per point, who goes on there ('a': task 0); after its end, whoever runs goes on. */
void testing_script(const char *script);
/* A random walk that asks at about every fourth point. */
void testing_walk(u64 seed);
/* The n-th choice (enum rt_choice) of each run gets the answer in @answers, 0 after its end. */
void testing_choices(const char *answers);

/* All interleavings of the tasks (every point asked, at most @limit runs): how many ended with each verdict. */
struct testing_tally {
	u64 runs, verdicts[NR_VERDICTS];
	char signature[192]; /* of the last verdict that was not ok */
	bool complete;
};
struct testing_tally testing_all(const struct testing_task tasks[4], u64 limit);
#define ALL(limit, ...) testing_all((const struct testing_task[4]){__VA_ARGS__}, limit)

/* Fail the test unless so. */
void testing_expect(const struct rt_result *result, enum verdict_kind kind, const char *signature);

#endif
