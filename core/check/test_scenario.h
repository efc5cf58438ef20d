/* SPDX-License-Identifier: MIT */
/*
 * Scenarios for tests of core: tasks as tables of operations, run under random schedules of two kinds.
 *
 * Header only: tests of core may not use what lies above it.
 */
#ifndef PFNSTORM_CHECK_TEST_SCENARIO_H
#define PFNSTORM_CHECK_TEST_SCENARIO_H

#include "core/core.h"
#include "core/rt/random.h"
#include "core/rt/sched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEST_TASKS_MAX 6
#define TEST_OPS_MAX 12

struct test_task {
	u32 cpu;
	u32 nr_ops;
	struct op op[TEST_OPS_MAX];
};

struct test_scenario {
	struct machine_config config;
	struct test_task boot; /* operations at the end of boot */
	u32 nr_tasks;
	struct test_task task[TEST_TASKS_MAX];
	u32 faults; /* bit per enum rt_fault that the schedule may inject */
};

static inline struct op test_op(const char *name, s32 a, s32 b, s32 c, s32 d)
{
	const struct op_info *info = op_info_by_name(name);
	struct op op = {.arg = {a, b, c, d}};

	assert_non_null(info);
	op.id = info->id;
	return op;
}

static inline void test_add_op(struct test_task *task, const char *name, s32 a, s32 b, s32 c, s32 d)
{
	assert_true(task->nr_ops < TEST_OPS_MAX);
	task->op[task->nr_ops++] = test_op(name, a, b, c, d);
}

/* Tiny geometry, two CPUs, one node, @blocks blocks of which 0 .. @online-1 are there at boot, default switches. */
static inline struct test_scenario test_scenario(u32 blocks, u32 online)
{
	struct test_scenario s = {.config = {.geometry = GEOMETRY_tiny, .cpus = 2, .nodes = 1, .blocks = blocks}};

	s.config.online.count = 1;
	s.config.online.range[0].last = (u16)(online - 1);
	switches_default(&s.config.sw);
	return s;
}

static inline void test_set(struct test_scenario *s, const char *assignment)
{
	char error[256];

	if (switches_set(&s->config.sw, assignment, error, sizeof(error)))
		fail_msg("%s: %s", assignment, error);
}

/* ---- random schedules ------------------------------------------------------------------------------------------ */

/*
 * Even seeds: a random walk that switches every 1 .. stride points. Odd seeds: priorities that change at a few random
 * points of a run of about `length` points (Burckhardt et al., ASPLOS 2010).
 */
struct test_strategy {
	struct rt_strategy base;
	struct rt_random random;
	u32 stride;
	bool priorities;
	u32 priority[64];
	u32 changes;
	u64 length;
	u32 faults;
};

static u32 test_pick(struct test_strategy *t, u64 runnable)
{
	u32 best = 64, nth;

	if (t->priorities) {
		for (u32 id = 0; id < 64; id++)
			if (runnable & BIT(id) && (best == 64 || t->priority[id] > t->priority[best]))
				best = id;
		return best;
	}
	nth = rt_random_below(&t->random, (u32)__builtin_popcountll(runnable));
	for (best = 0;; best++)
		if (runnable & BIT(best) && nth-- == 0)
			return best;
}

static void test_ask_again(struct test_strategy *t)
{
	if (!t->priorities)
		rt_ask_after(1 + rt_random_below(&t->random, t->stride));
	else if (t->changes)
		rt_ask_after(1 + rt_random_below(&t->random, (u32)t->length));
	else
		rt_ask_after(UINT64_MAX);
}

static u32 test_begin(struct rt_strategy *s, u64 runnable)
{
	struct test_strategy *t = (struct test_strategy *)s;

	test_ask_again(t);
	return test_pick(t, runnable);
}

static u32 test_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	struct test_strategy *t = (struct test_strategy *)s;

	if (t->priorities && t->changes && !(place->kind & (RT_BLOCK | RT_EXIT))) {
		t->priority[place->task] = --t->changes;
		test_ask_again(t);
	} else if (!t->priorities) {
		test_ask_again(t);
	}
	return test_pick(t, runnable);
}

static u32 test_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	struct test_strategy *t = (struct test_strategy *)s;

	if (kind == RT_CHOOSE_FAULT)
		return t->faults >> what & 1 ? rt_random_below(&t->random, 8) == 0 : 0;
	return rt_random_below(&t->random, n);
}

static inline void test_strategy_init(struct test_strategy *t, u64 seed, u32 faults)
{
	static const struct rt_strategy_ops ops = {
		.name = "test", .begin = test_begin, .next = test_next, .choose = test_choose};

	memset(t, 0, sizeof(*t));
	t->base.ops = &ops;
	rt_random_seed(&t->random, seed);
	t->stride = 1u << (1 + rt_random_below(&t->random, 9));
	t->priorities = seed & 1;
	t->changes = 1 + rt_random_below(&t->random, 4);
	t->length = 4000;
	t->faults = faults;
	for (u32 id = 0; id < 64; id++)
		t->priority[id] = 16 + rt_random_below(&t->random, 1u << 20);
}

/* ---- runs ------------------------------------------------------------------------------------------------------ */

static void test_run_ops(void *arg)
{
	const struct test_task *task = arg;

	for (u32 i = 0; i < task->nr_ops; i++)
		core_run_op(&task->op[i]);
}

static inline void test_boot(struct test_scenario *s)
{
	const struct rt_config rt = {.cpus = s->config.cpus, .race_detector = true};
	const char *error = machine_config_error(&s->config);

	if (error)
		fail_msg("%s", error);
	core_boot(&s->config, &rt, test_run_ops, &s->boot);
}

/* One run from the boot image, which is there again afterwards. */
static inline void test_run(struct test_scenario *s, u64 seed, struct rt_result *result)
{
	static const char *const names[TEST_TASKS_MAX] = {"a", "b", "c", "d", "e", "f"};
	struct test_strategy strategy;

	for (u32 i = 0; i < s->nr_tasks; i++)
		rt_task_create(names[i], s->task[i].cpu, test_run_ops, &s->task[i]);
	test_strategy_init(&strategy, seed, s->faults);
	rt_set_strategy(&strategy.base);
	rt_run(result);
	rt_set_strategy(NULL);
	rt_reset();
}

static inline void test_print_scenario(const struct test_scenario *s)
{
	for (u32 i = 0; i < s->nr_tasks; i++) {
		printf("task %c on cpu%u\n", 'a' + (int)i, s->task[i].cpu);
		for (u32 j = 0; j < s->task[i].nr_ops; j++) {
			const struct op *op = &s->task[i].op[j];

			printf("\t%s %d %d %d %d\n", op_info_by_id(op->id)->name, op->arg[0], op->arg[1], op->arg[2],
			       op->arg[3]);
		}
	}
}

#endif
