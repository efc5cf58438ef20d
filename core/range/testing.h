/* SPDX-License-Identifier: MIT */
/*
 * Harness of the tests in core/range/: a tiny machine, tasks on fibers, and a verdict. Tasks check with CHECK(), since
 * cmocka's assertions work in the test function only; all laws of core/check/ run when the tasks are done.
 *
 * The machine: 2 CPUs, 1 node, 8 blocks of 64 pages; 0-3 early and online, 4 onlined to Movable, 5 onlined to Normal,
 * 6 added and offline, 7 absent.
 */
#ifndef PFNSTORM_RANGE_TESTING_H
#define PFNSTORM_RANGE_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/core.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/rt/point.h"
#include "core/rt/sched.h"

/* A request of type @mt that may wait, from kernel zones or (@movable_zone) from all; compound if it is movable. */
static inline gfp_t test_gfp(enum migratetype mt, bool movable_zone)
{
	gfp_t gfp = GFP_KERNEL | (movable_zone ? __GFP_HIGHMEM : 0);

	if (mt == MIGRATE_MOVABLE)
		return gfp | __GFP_MOVABLE | __GFP_COMP;
	return mt == MIGRATE_RECLAIMABLE ? gfp | __GFP_RECLAIMABLE : gfp;
}
/* NR_FREE_PAGES, or a counter of node 0, with what the CPUs keep to themselves. */
u64 test_free_pages(const struct zone *zone);
s64 test_node_stat(enum node_stat_item item);

#define BLOCK_PFN(block) ((u64)(block)*geometry.pages_per_block)

struct test_task {
	const char *name;
	void (*fn)(void *arg);
	void *arg;
};

#define CHECK(cond)                                                                                                    \
	do {                                                                                                           \
		if (!(cond))                                                                                           \
			rt_fail(VERDICT_bug, "test", "%s:%d: %s does not hold", __FILE__, __LINE__, #cond);            \
	} while (0)

/* Boots the machine; @switches: assignments separated by blanks, "" for the default. */
void test_boot(const char *switches, bool race_detector);
/* The same with boot parameters (bits of enum boot_param_id), default switches and the race detector. */
void test_boot_params(u32 boot_params);
/* Runs tasks 0 … on CPUs 0, 1, 0, …, then resets. @seed 0: each until it blocks, else a random walk. */
struct rt_result test_run(u64 seed, u32 nr_tasks, const struct test_task *tasks);
/* As above, the first task running alone until it is at @semantic with argument @arg; then the others, then the rest.
 */
struct rt_result test_run_preempted(enum point_id semantic, u64 arg, u32 nr_tasks, const struct test_task *tasks);
/* One task; @fault happens wherever it can. */
struct rt_result test_run_failing(enum rt_fault fault, void (*fn)(void *arg), void *arg);
/* One task, default schedule, verdict must be ok. */
void test_run_alone(void (*fn)(void *arg), void *arg);

void assert_ok(const struct rt_result *result);
/* The verdict is of @kind and its signature contains @text. */
void assert_verdict(const struct rt_result *result, enum verdict_kind kind, const char *text);

/* core_run_op() by name, with up to four arguments. */
s64 test_op(const char *name, s32 a, s32 b, s32 c, s32 d);

#endif
