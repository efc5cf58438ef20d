/* SPDX-License-Identifier: MIT */
/*
 * Harness of the tests in core/mm/: a tiny machine, tasks on fibers, and a verdict. Tasks check with CHECK(), since
 * cmocka's assertions work in the test function only.
 *
 * The machine: 2 CPUs, 1 node, 8 blocks of one section, 8 pageblocks, 64 pages; blocks 0 to 3 are early and online.
 */
#ifndef PFNSTORM_MM_TESTING_H
#define PFNSTORM_MM_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/rt/report.h"
#include "core/rt/run.h"

#define CHECK(cond)                                                                                                    \
	do {                                                                                                           \
		if (!(cond))                                                                                           \
			rt_fail(VERDICT_bug, "test", "%s:%d: %s does not hold", __FILE__, __LINE__, #cond);            \
	} while (0)
#define CHECK_EQUAL(a, b)                                                                                              \
	do {                                                                                                           \
		s64 _left = (s64)(a), _right = (s64)(b);                                                               \
		if (_left != _right)                                                                                   \
			rt_fail(VERDICT_bug, "test", "%s:%d: %s is %lld, not %lld", __FILE__, __LINE__, #a,            \
				(long long)_left, (long long)_right);                                                  \
	} while (0)

/* A request of type @mt from kernel zones that may wait; compound if it is movable and of several pages. */
static inline gfp_t test_gfp(enum migratetype mt)
{
	if (mt == MIGRATE_MOVABLE)
		return GFP_KERNEL | __GFP_MOVABLE | __GFP_COMP;
	return mt == MIGRATE_RECLAIMABLE ? GFP_KERNEL | __GFP_RECLAIMABLE : GFP_KERNEL;
}

struct machine_config test_config(void);
/*
 * Boot's last step: per-CPU lists and LRU batches keep nothing, so that pages are where the last call put them. Tests
 * of those have machines of their own.
 */
void test_plain_allocator(void *arg);
/* NR_FREE_PAGES with what the CPUs keep to themselves. */
u64 test_free_pages(const struct zone *zone);
void test_boot(void);
/* Runs the functions as tasks on CPUs 0, 1, 0, … and resets. @seed 0: each until it blocks, else a random walk. */
struct rt_result test_run(u64 seed, u32 nr_tasks, void (*const *tasks)(void *arg), void *arg);
/* One task on a fresh machine; must end well. */
void test_alone(void (*task)(void *arg), void *arg);
/* The same with another geometry. */
void test_alone_on(enum geometry_id id, void (*task)(void *arg), void *arg);
/* One task on a fresh machine; must end in @kind with a signature that contains @text. */
void test_fails(void (*task)(void *arg), enum verdict_kind kind, const char *text);
/* One task; injects failure number @n (from 0) of kind @fault. False: it met fewer chances to fail. */
bool test_with_fault(void (*task)(void *arg), enum rt_fault fault, u32 n);

/* Task context: what hotplug would do to memory of absent block 4 to 7, with mem_hotplug_lock held around each. */
void test_add(u64 pfn, u64 nr);
void test_online(u64 pfn, u64 nr);
void test_offline(u64 pfn, u64 nr);
void test_remove(u64 pfn, u64 nr);

#endif
