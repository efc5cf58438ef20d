/* SPDX-License-Identifier: MIT */
/* The contract with strategies: when they are asked, about whom, and what they are told. */
#include "core/rt/fiber/testing.h"

#define ASKS_MAX 512

static struct {
	struct rt_strategy strategy;
	u64 after;
	u32 kinds;
	const u64 *conflicts;
	u32 nr;
	struct rt_place place[ASKS_MAX];
	u64 runnable[ASKS_MAX];
	bool switching; /* go to another task at each ask */
	struct rt_result result;
} probe;

static u32 probe_begin(struct rt_strategy *s, u64 runnable)
{
	(void)s;
	probe.nr = 0;
	rt_ask_after(probe.after);
	rt_ask_kinds(probe.kinds);
	rt_ask_conflicts(probe.conflicts);
	return (u32)__builtin_ctzll(runnable);
}

static u32 probe_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	u64 rest = runnable & ~BIT(place->task);

	(void)s;
	if (probe.nr < ASKS_MAX) {
		probe.place[probe.nr] = *place;
		probe.runnable[probe.nr++] = runnable;
	}
	if (runnable >> place->task & 1 && !(probe.switching && rest))
		return place->task;
	return (u32)__builtin_ctzll(rest);
}

static void probe_end(struct rt_strategy *s, const struct rt_result *result)
{
	(void)s;
	probe.result = *result;
}

static const struct rt_strategy_ops probe_ops = {
	.name = "probe", .begin = probe_begin, .next = probe_next, .end = probe_end};

static void probe_with(u64 after, u32 kinds, const u64 *conflicts, bool switching)
{
	probe.strategy.ops = &probe_ops;
	probe.after = after;
	probe.kinds = kinds;
	probe.conflicts = conflicts;
	probe.switching = switching;
	rt_set_strategy(&probe.strategy);
}

static void steps(void *arg)
{
	u64 *mine = &shared.array[(u64)arg * 8];

	for (u32 i = 0; i < 4; i++)
		WRITE_ONCE(mine[i], i);
	point(op, begin, 7);
	(void)READ_ONCE(shared.x);
	spin_lock(&shared.a);
	((volatile u64 *)mine)[5] = 1;
	spin_unlock(&shared.a);
}

static void test_ask_after(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	probe_with(0, 0, NULL, false);
	testing_expect(RUN({steps, 0, (void *)0}), VERDICT_ok, "");
	assert_int_equal(probe.nr, 9);
	assert_int_equal(probe.result.steps, 9);
	for (u32 i = 0; i < 9; i++) {
		assert_int_equal(probe.place[i].step, i);
		assert_int_equal(probe.place[i].since, i < 4 ? i + 1 : i - 4);
		assert_int_equal(probe.place[i].semantic, i < 4 ? POINT_task_start : POINT_op_begin);
		assert_int_equal(probe.place[i].occurrence, 1);
		assert_int_equal(probe.runnable[i], 1);
	}
	assert_int_equal(probe.place[1].addr, RT_HEAP_BASE + offsetof(typeof(shared), array) + 8);
	assert_int_equal(probe.place[1].size, 8);
	assert_int_equal(probe.place[4].addr, 7);
	assert_int_equal(probe.place[4].kind, RT_SEMANTIC);
	assert_int_equal(probe.place[5].kind, RT_READ_ONCE);
	assert_int_equal(probe.place[6].kind, RT_LOCK);
	assert_int_equal(probe.place[7].kind, RT_STORE);
	assert_int_equal(probe.place[8].kind, RT_UNLOCK);
	for (u64 n = 1; n <= 12; n++) {
		probe_with(n, 0, NULL, false);
		testing_expect(RUN({steps, 0, (void *)0}), VERDICT_ok, "");
		assert_int_equal(probe.nr, n <= 9);
		if (n <= 9)
			assert_int_equal(probe.place[0].step, n - 1);
	}
}

static void test_ask_kinds(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	probe_with(UINT64_MAX, RT_LOCK | RT_SEMANTIC, NULL, false);
	testing_expect(RUN({steps, 0, (void *)0}), VERDICT_ok, "");
	assert_int_equal(probe.nr, 2);
	probe_with(UINT64_MAX, RT_STORE, NULL, false);
	testing_expect(RUN({steps, 0, (void *)0}), VERDICT_ok, "");
	assert_int_equal(probe.nr, 1);
	assert_int_equal(probe.place[0].kind, RT_STORE);
}

/* Two tasks: ids in order; at a block and at the end the old one is not among the runnable. */
static void test_forced(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	probe_with(UINT64_MAX, 0, NULL, false);
	testing_expect(RUN({steps, 0, (void *)0}, {steps, 1, (void *)1}, {steps, 1, (void *)2}), VERDICT_ok, "");
	assert_int_equal(probe.nr, 1); /* at the end of the second only one is left: nobody is asked */
	assert_int_equal(probe.place[0].kind, RT_EXIT);
	assert_int_equal(probe.runnable[0], 6);
	assert_int_equal(probe.result.switches, 2);
	assert_int_equal(probe.result.preemptions, 0);
	probe_with(0, 0, NULL, true);
	testing_expect(RUN({steps, 0, (void *)0}, {steps, 1, (void *)1}), VERDICT_ok, "");
	assert_true(probe.result.preemptions > 5);
	assert_true(probe.result.preemptions <= probe.result.switches);
}

static void conflicting(void *arg)
{
	shared.array[(u64)arg] = 1;
	WRITE_ONCE(shared.x, 1);
	(void)READ_ONCE(shared.y);
	mutex_lock(&shared.m);
	mutex_unlock(&shared.m);
}

static void test_conflicts_and_footprint(void **state)
{
	struct rt_footprint footprint = {.log_capacity = 64};
	u64 x = rt_granule(RT_HEAP_BASE), y = x + 2, m = rt_granule((u64)&shared.m);

	(void)state;
	testing_boot(2, true, NULL);
	footprint.granules = calloc(RT_GRANULES, sizeof(*footprint.granules));
	footprint.conflicts = calloc(RT_GRANULES / 64, 8);
	footprint.log = calloc(footprint.log_capacity, 4);
	rt_set_strategy(NULL);
	rt_set_footprint(&footprint);
	testing_expect(RUN({conflicting, 0, (void *)1}, {conflicting, 1, (void *)2}), VERDICT_ok, "");
	rt_set_footprint(NULL);
	assert_int_equal(footprint.granules[x].writers, 3);
	assert_int_equal(footprint.granules[y].writers, 0);
	assert_int_equal(footprint.granules[y].readers, 3);
	assert_int_equal(footprint.granules[rt_granule((u64)&shared.array[1])].writers, 1);
	assert_int_equal(footprint.granules[rt_granule((u64)&shared.array[2])].writers, 2);
	assert_true(footprint.conflicts[x / 64] >> (x % 64) & 1);
	assert_true(footprint.conflicts[m / 64] >> (m % 64) & 1);
	assert_false(footprint.conflicts[y / 64] >> (y % 64) & 1);
	/* x is 8 bytes, the mutex 88 */
	assert_int_equal(footprint.log_count, 2 + sizeof(struct mutex) / 4);
	assert_int_equal(footprint.log[0], x);

	probe_with(UINT64_MAX, 0, footprint.conflicts, false);
	testing_expect(RUN({conflicting, 0, (void *)1}, {conflicting, 1, (void *)2}), VERDICT_ok, "");
	assert_int_equal(probe.nr, 6); /* x, lock, unlock; twice. At the only end with a choice nobody is left */
	assert_int_equal(probe.place[0].addr, RT_HEAP_BASE);
	assert_int_equal(probe.place[1].kind, RT_LOCK);
	free(footprint.granules);
	free(footprint.conflicts);
	free(footprint.log);
}

static void holds_cpu(void *arg)
{
	(void)arg;
	preempt_disable();
	point(op, begin, 1);
	preempt_enable();
	point(op, end, 1);
}

static void idle(void *arg)
{
	(void)arg;
	(void)READ_ONCE(shared.x);
}

/* Preemption off, and an RCU read section, keep tasks of the same CPU away and no others. */
static void test_cpu_ownership(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	probe_with(UINT64_MAX, RT_SEMANTIC, NULL, false);
	testing_expect(RUN({holds_cpu, 0, NULL}, {idle, 0, NULL}, {idle, 1, NULL}), VERDICT_ok, "");
	assert_int_equal(probe.place[0].semantic, POINT_op_begin);
	assert_int_equal(probe.runnable[0], 5);
	assert_int_equal(probe.runnable[1], 7);
}

static void handler(void *info)
{
	BUG_ON(!in_interrupt() || !irqs_disabled() || !in_atomic());
	point(op, end, (u64)info);
}

static void sender(void *arg)
{
	(void)arg;
	BUG_ON(smp_call_function_single(0, handler, (void *)1, false));
	BUG_ON(smp_call_function_single(9, handler, (void *)1, false) != -ENXIO);
	point(op, begin, 99);
}

static void irqs_off(void *arg)
{
	unsigned long flags;

	(void)arg;
	local_irq_save(flags);
	point(op, begin, 1);
	cpu_relax(); /* the sender goes on */
	point(op, begin, 2);
	local_irq_restore(flags);
	preempt_disable();
	point(op, begin, 3);
	preempt_enable();
}

/* An interrupt context is a task that can run exactly while interrupts are on there; meanwhile its CPU does nothing
 * else. */
static void test_interrupts(void **state)
{
	u32 irq = RT_MAX_TASKS - 1;

	(void)state;
	testing_boot(2, true, NULL);
	probe_with(UINT64_MAX, RT_SEMANTIC, NULL, false);
	testing_expect(RUN({irqs_off, 0, NULL}, {sender, 1, NULL}, {idle, 0, NULL}), VERDICT_ok, "");
	assert_int_equal(probe.place[0].addr, 1);
	assert_int_equal(probe.runnable[0], 3);
	for (u32 i = 1; i < probe.nr; i++) {
		const struct rt_place *place = &probe.place[i];

		if (place->kind == RT_SEMANTIC && place->addr == 2)
			assert_false(probe.runnable[i] >> irq & 1);
		if (place->kind == RT_SEMANTIC && place->addr == 3)
			assert_true(probe.runnable[i] >> irq & 1);
		if (place->kind == RT_SEMANTIC && place->semantic == POINT_op_end) {
			assert_int_equal(place->task, irq);
			assert_int_equal(probe.runnable[i] & 5, 0);
		}
	}
	assert_string_equal(rt_task_name_of(0), "nobody"); /* after the reset nobody is there */
}

static void spins(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.flag))
		cpu_relax();
}

static void sets(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared.x, 1);
	WRITE_ONCE(shared.flag, 1);
}

/* A spinner that finds nothing new is out of the way until somebody stores, even under a strategy that prefers it. */
static void test_spinners(void **state)
{
	(void)state;
	testing_boot(4, true, NULL);
	probe_with(0, 0, NULL, false);
	testing_expect(RUN({spins, 0, NULL}, {spins, 1, NULL}, {sets, 2, NULL}), VERDICT_ok, "");
	probe_with(0, 0, NULL, true);
	testing_expect(RUN({spins, 0, NULL}, {spins, 1, NULL}, {sets, 2, NULL}), VERDICT_ok, "");
	probe_with(UINT64_MAX, 0, NULL, false);
	testing_expect(RUN({spins, 0, NULL}, {spins, 1, NULL}, {sets, 2, NULL}), VERDICT_ok, "");
	testing_expect(RUN({spins, 0, NULL}, {spins, 1, NULL}), VERDICT_livelock, "livelock");
}

static void faulty(void *arg)
{
	void *p = rt_kzalloc(16, OBJ_test), *q = rt_kzalloc(16, OBJ_test);

	BUG_ON(!p != !!((u64)arg & 1) || !q != !!((u64)arg & 2));
	BUG_ON((rt_memmap_map((void *)RT_MEMMAP_BASE, RT_MEMMAP_UNIT, 0) == -ENOMEM) != !!((u64)arg & 4));
	kfree(p);
	kfree(q);
}

static void test_faults(void **state)
{
	static const char *const answers[] = {"000", "100", "010", "110", "001", "101", "011", "111"};
	u64 hashes[8];

	(void)state;
	testing_boot(1, true, NULL);
	for (u64 i = 0; i < 8; i++) {
		const struct rt_result *result;

		testing_choices(answers[i]);
		result = RUN({faulty, 0, (void *)i});
		testing_expect(result, VERDICT_ok, "");
		hashes[i] = result->hash;
		for (u64 j = 0; j < i; j++)
			assert_int_not_equal(hashes[i], hashes[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask_after),     cmocka_unit_test(test_ask_kinds),
		cmocka_unit_test(test_forced),        cmocka_unit_test(test_conflicts_and_footprint),
		cmocka_unit_test(test_cpu_ownership), cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_spinners),      cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
