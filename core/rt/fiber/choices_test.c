/* SPDX-License-Identifier: MIT */
/*
 * What surrounds the tasks is a choice of the schedule: who of those woken together goes first, when an interrupt is
 * served, which work item and deadline comes first. Each changes what a run ends with, and only if it is made.
 */
#include "core/rt/fiber/testing.h"

static struct work_struct *works;

/* Digits in the order in which things happened. */
static void happened(u64 digit)
{
	WRITE_ONCE(shared.x, READ_ONCE(shared.x) * 10 + digit);
}

/* Outside the arena, where TSan knows of no order between tasks. */
static u64 seen;

static void look(void)
{
	__atomic_store_n(&seen, READ_ONCE(shared.x), __ATOMIC_RELAXED);
}

static void first_work(struct work_struct *work)
{
	(void)work;
	happened(1);
}

static void second_work(struct work_struct *work)
{
	(void)work;
	happened(2);
}

static void third_work(struct work_struct *work)
{
	(void)work;
	happened(3);
}

static void make_works(void)
{
	works = rt_kzalloc(3 * sizeof(*works), OBJ_test);
	rt_mark_permanent(works);
	init_work(&works[0], first_work);
	init_work(&works[1], second_work);
	init_work(&works[2], third_work);
}

static void queue_works(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 3; i++)
		BUG_ON(!schedule_work_on(1, &works[i]));
	for (u32 i = 0; i < 3; i++)
		flush_work(&works[i]);
	__atomic_store_n(&seen, READ_ONCE(shared.x), __ATOMIC_RELAXED);
}

static void test_works(void **state)
{
	static const struct {
		const char *answers;
		u64 order;
	} cases[] = {{"", 123}, {"01", 132}, {"10", 213}, {"11", 231}, {"20", 312}, {"21", 321}};
	u64 hash = 0;

	(void)state;
	testing_boot(2, true, make_works);
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct rt_result *result;

		testing_choices(cases[i].answers);
		result = RUN({queue_works, 0, NULL});
		testing_expect(result, VERDICT_ok, "");
		assert_int_equal(__atomic_load_n(&seen, __ATOMIC_RELAXED), cases[i].order);
		assert_int_not_equal(result->hash, hash);
		hash = result->hash;
	}
}

/* What the last choice leaves in the queue is whole: it can be filled again, behind what is there. */
static void queue_again(void *arg)
{
	(void)arg;
	schedule_work_on(1, &works[0]);
	schedule_work_on(1, &works[1]);
	flush_work(&works[1]);
	schedule_work_on(1, &works[2]);
	schedule_work_on(1, &works[1]);
	for (u32 i = 0; i < 3; i++)
		flush_work(&works[i]);
	__atomic_store_n(&seen, READ_ONCE(shared.x), __ATOMIC_RELAXED);
}

static void test_queue_stays_whole(void **state)
{
	(void)state;
	testing_boot(2, true, make_works);
	testing_choices("");
	testing_expect(RUN({queue_again, 0, NULL}), VERDICT_ok, "");
	assert_int_equal(__atomic_load_n(&seen, __ATOMIC_RELAXED), 1232);
	testing_choices("1"); /* the second is taken first; the first is done before the flush is over or after it */
	testing_expect(RUN({queue_again, 0, NULL}), VERDICT_ok, "");
	assert_int_equal(__atomic_load_n(&seen, __ATOMIC_RELAXED), 2132);
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

static void sleeps(void *arg)
{
	msleep((u32)(u64)arg);
	happened((u64)arg);
	look();
}

static void test_timers(void **state)
{
	static const struct testing_task tasks[4] = {
		{sleeps, 0, (void *)2}, {sleeps, 1, (void *)1}, {sleeps, 2, (void *)3}};
	u64 hash;

	(void)state;
	testing_boot(3, true, NULL);
	testing_choices("");
	hash = testing_run(tasks)->hash;
	assert_int_equal(__atomic_load_n(&seen, __ATOMIC_RELAXED), 123);
	testing_choices("1"); /* two are due: this strategy lets the lower id go first */
	assert_int_not_equal(testing_run(tasks)->hash, hash);
	assert_int_equal(__atomic_load_n(&seen, __ATOMIC_RELAXED), 213);
	testing_choices("2"); /* all are, and the one that waits last is the running one */
	testing_expect(testing_run(tasks), VERDICT_ok, "");
	assert_int_equal(__atomic_load_n(&seen, __ATOMIC_RELAXED), 321);
}

/* Those due at the same time: one question less, and who goes first is a decision about tasks. */
static void test_due_together(void **state)
{
	static const struct testing_task tasks[4] = {{sleeps, 0, (void *)2}, {sleeps, 1, (void *)2}};

	(void)state;
	testing_boot(2, true, NULL);
	assert_true(testing_all(tasks, 20000).complete);
	testing_choices("");
	testing_expect(testing_run(tasks), VERDICT_ok, "");
	assert_int_equal(__atomic_load_n(&seen, __ATOMIC_RELAXED), 22);
}

/* ---- all orders ------------------------------------------------------------------------------------------------- */

static u64 orders[16];
static u32 nr_orders;

static void note_order(u64 order)
{
	for (u32 i = 0; i < nr_orders; i++)
		if (orders[i] == order)
			return;
	assert_true(nr_orders < ARRAY_SIZE(orders));
	orders[nr_orders++] = order;
}

static void finish_one(u64 digit, u64 all)
{
	u64 order = READ_ONCE(shared.word) * 10 + digit;

	WRITE_ONCE(shared.word, order);
	if ((u64)atomic_inc_return(&shared.count) == all)
		note_order(order);
}

static void woken(void *arg)
{
	wait_event(&shared.wq, READ_ONCE(shared.flag));
	mutex_lock(&shared.m);
	finish_one((u64)arg, 2);
	mutex_unlock(&shared.m);
}

static void wakes(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared.flag, 1);
	wake_up_all(&shared.wq);
}

/* Both waiters of a queue can be first, whoever began to wait first. */
static void test_wake_order(void **state)
{
	struct testing_tally tally;

	(void)state;
	testing_boot(3, true, NULL);
	nr_orders = 0;
	tally = ALL(20000, {woken, 0, (void *)1}, {woken, 1, (void *)2}, {wakes, 2, NULL});
	assert_int_equal(tally.verdicts[VERDICT_ok], tally.runs);
	assert_int_equal(nr_orders, 2);
}

static void handler(void *info)
{
	finish_one((u64)info, 2);
}

static void interrupts(void *arg)
{
	(void)arg;
	BUG_ON(smp_call_function_single(1, handler, (void *)1, false));
}

static void interrupted(void *arg)
{
	(void)arg;
	BUG_ON(smp_call_function_single(0, handler, (void *)2, false));
}

/* Two CPUs interrupt each other: either handler can be first. */
static void test_interrupt_order(void **state)
{
	(void)state;
	testing_boot(2, false, NULL);
	nr_orders = 0;
	ALL(20000, {interrupts, 0, NULL}, {interrupted, 1, NULL});
	assert_true(nr_orders >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_works),      cmocka_unit_test(test_queue_stays_whole),
		cmocka_unit_test(test_timers),     cmocka_unit_test(test_due_together),
		cmocka_unit_test(test_wake_order), cmocka_unit_test(test_interrupt_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
