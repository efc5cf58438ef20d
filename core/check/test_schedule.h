/* SPDX-License-Identifier: MIT */
/* Random schedules of two kinds for scenarios of tests, on fibers. */
#ifndef PFNSTORM_CHECK_TEST_SCHEDULE_H
#define PFNSTORM_CHECK_TEST_SCHEDULE_H

#include "core/check/test_scenario.h"
#include "core/rt/sched.h"

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

#endif
