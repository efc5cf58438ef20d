/* SPDX-License-Identifier: MIT */
/*
 * Progress: whatever happened before, once faults stop, nobody else runs and nothing is pinned, every block without
 * unmovable pages goes offline, and within a bound.
 *
 * Random runs with faults, as in clean_test.c; then one task that waits for the others, and tries block after block.
 */
#include "core/check/test_schedule.h"
#include "core/hotplug/memory_block.h"
#include "core/rt/task.h"

#define BLOCKS 6
#define SCENARIOS 300
#define SCHEDULES 10
#define KEPT_SLOT 0

/* Marked: TSan takes fibers for threads. */
static u32 tasks_left;
static bool calm;
static u64 blocks_tried, runs, longest_ns;

static bool is_calm(void)
{
	return __atomic_load_n(&calm, __ATOMIC_ACQUIRE);
}

/* ---- the calm phase --------------------------------------------------------------------------------------------- */

static void calm_phase(void *arg)
{
	struct core_calm result;

	(void)arg;
	while (__atomic_load_n(&tasks_left, __ATOMIC_ACQUIRE))
		msleep(1);
	__atomic_store_n(&calm, true, __ATOMIC_RELEASE);
	core_calm(1, &result);
	blocks_tried += result.blocks;
	longest_ns = max(longest_ns, result.longest_ns);
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static void run_ops(void *arg)
{
	test_run_ops(arg);
	__atomic_fetch_sub(&tasks_left, 1, __ATOMIC_ACQ_REL);
}

static u32 calm_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	if (is_calm())
		rt_ask_after(UINT64_MAX);
	if (is_calm() && runnable & BIT(place->task))
		return place->task;
	return test_next(s, place, runnable);
}

static u32 calm_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	return is_calm() ? 0 : test_choose(s, kind, what, n);
}

static void run(struct test_scenario *s, u64 seed, struct rt_result *result)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	static const struct rt_strategy_ops ops = {
		.name = "calm", .begin = test_begin, .next = calm_next, .choose = calm_choose};
	struct test_strategy strategy;

	__atomic_store_n(&calm, false, __ATOMIC_RELEASE);
	__atomic_store_n(&tasks_left, s->nr_tasks, __ATOMIC_RELEASE);
	for (u32 i = 0; i < s->nr_tasks; i++)
		rt_task_create(names[i], s->task[i].cpu, run_ops, &s->task[i]);
	rt_task_create("calm", 0, calm_phase, NULL);
	test_strategy_init(&strategy, seed, s->faults);
	strategy.base.ops = &ops;
	rt_set_strategy(&strategy.base);
	rt_run(result);
	rt_set_strategy(NULL);
	rt_reset();
	runs++;
}

static void random_scenario(struct test_scenario *s, struct rt_random *r)
{
	*s = test_scenario(BLOCKS, 3);
	s->config.cpus = 1 + rt_random_below(r, 3);
	s->config.movable.count = 1;
	s->config.movable.range[0].first = 4;
	s->config.movable.range[0].last = 5;
	s->faults = BIT(NR_FAULTS) - 1;
	test_add_op(&s->boot, "alloc", 1, 0, 10 + (s32)rt_random_below(r, 30), KEPT_SLOT);
	s->nr_tasks = 2 + rt_random_below(r, 2);
	for (u32 i = 0; i < s->nr_tasks; i++) {
		s->task[i].cpu = i % s->config.cpus;
		while (s->task[i].nr_ops < 4)
			test_add_random_op(&s->task[i], r, BLOCKS, s->nr_tasks);
	}
}

static void movable_blocks_go_offline(void **state)
{
	struct rt_random r;

	(void)state;
	rt_random_seed(&r, 1);
	for (u32 i = 0; i < SCENARIOS; i++) {
		struct test_scenario s;
		struct rt_result result;

		random_scenario(&s, &r);
		test_boot(&s);
		for (u64 seed = 0; seed < SCHEDULES; seed++) {
			run(&s, seed, &result);
			if (result.verdict.kind == VERDICT_ok)
				continue;
			test_print_scenario(&s);
			fail_msg("schedule %llu: %s [%s] %s", (unsigned long long)seed,
				 verdict_name(result.verdict.kind), result.verdict.signature, result.verdict.detail);
		}
	}
	printf("%llu runs, %llu blocks went offline, the slowest in %llu us\n", (unsigned long long)runs,
	       (unsigned long long)blocks_tried, (unsigned long long)longest_ns / 1000);
	assert_true(blocks_tried >= SCENARIOS);
	assert_true(longest_ns < state_write_timeout_ns());
}

/* A page that waits in the batch of a CPU that is gone is held for ever: its block never goes offline. */
static void a_page_held_for_ever_is_seen(void **state)
{
	struct test_scenario s = test_scenario(BLOCKS, 3);
	struct rt_result result;

	(void)state;
	test_set(&s, "planted_dead_cpu_batch=on");
	s.nr_tasks = 1;
	s.task[0].cpu = 1;
	test_add_op(&s.task[0], "alloc", 1, 0, 1, KEPT_SLOT);
	test_add_op(&s.task[0], "cpu_down", 1, 1, 0, 0);
	test_boot(&s);
	run(&s, 0, &result);
	assert_string_equal(verdict_name(result.verdict.kind), "invariant");
	assert_string_equal(result.verdict.signature, "progress");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_held_for_ever_is_seen),
		cmocka_unit_test(movable_blocks_go_offline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
