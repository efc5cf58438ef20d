/* SPDX-License-Identifier: MIT */
/* Adversarial RCU: the order of callbacks and the end of a grace period are the schedule's, and nothing else moves
 * them. */
#include "core/rt/fiber/testing.h"

struct node {
	struct rcu_head rcu;
	u64 id;
};

static void note(struct rcu_head *head)
{
	struct node *node = container_of(head, struct node, rcu);

	BUG_ON(!in_atomic());
	shared.x = shared.x * 10 + node->id;
	kfree(node);
}

static u64 observed;

static void queues_three(void *arg)
{
	(void)arg;
	for (u64 id = 1; id <= 3; id++) {
		struct node *node = kzalloc_obj(struct node, OBJ_test);

		node->id = id;
		call_rcu(&node->rcu, note);
	}
	rcu_barrier();
	observed = shared.x;
}

static void test_callback_order(void **state)
{
	static const struct {
		const char *answers;
		u64 order;
	} rows[] = {{"000", 123}, {"00010", 132}, {"00001", 123}, {"0001", 132}, {"00011", 132}};
	u64 seen[1000] = {0};

	(void)state;
	testing_boot(1, true, NULL);
	/* each kzalloc asks about a fault before: three answers go there */
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		testing_choices(rows[i].answers);
		testing_expect(RUN({queues_three, 0, NULL}), VERDICT_ok, "");
		seen[observed] = 1;
	}
	testing_choices("000");
	testing_expect(RUN({queues_three, 0, NULL}), VERDICT_ok, "");
	assert_int_equal(observed, 123);
	testing_choices("0002");
	testing_expect(RUN({queues_three, 0, NULL}), VERDICT_ok, "");
	assert_int_equal(observed, 312);
	testing_choices("00011");
	testing_expect(RUN({queues_three, 0, NULL}), VERDICT_ok, "");
	assert_int_equal(observed, 231);
	testing_choices("00021");
	testing_expect(RUN({queues_three, 0, NULL}), VERDICT_ok, "");
	assert_int_equal(observed, 321);
}

static void reads(void *arg)
{
	(void)arg;
	rcu_read_lock();
	WRITE_ONCE(shared.y, 1);
	WRITE_ONCE(shared.z, 1);
	rcu_read_unlock();
}

static void synchronizes(void *arg)
{
	bool inside;

	(void)arg;
	inside = READ_ONCE(shared.y) && !READ_ONCE(shared.z);
	synchronize_rcu();
	BUG_ON(inside && !READ_ONCE(shared.z));
	WRITE_ONCE(shared.flag, READ_ONCE(shared.z) ? 1 : 2);
}

/* A reader that was there is waited for in all interleavings; one that came later is not, in some. */
static void test_grace_period(void **state)
{
	struct testing_tally tally;

	(void)state;
	testing_boot(2, true, NULL);
	tally = ALL(100000, {reads, 0, NULL}, {synchronizes, 1, NULL});
	assert_true(tally.complete);
	assert_int_equal(tally.verdicts[VERDICT_ok], tally.runs);
}

static void long_reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
	point(op, begin, 1);
	while (!READ_ONCE(shared.flag))
		cpu_relax();
	rcu_read_unlock();
}

static void not_waited_for(void *arg)
{
	(void)arg;
	synchronize_rcu();
	WRITE_ONCE(shared.flag, 1);
}

/* The reader ends only after the grace period: fine if it began later, a deadlock (of polling) if it was there. */
static void test_later_reader(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	testing_script("b");
	testing_expect(RUN({long_reader, 0, NULL}, {not_waited_for, 1, NULL}), VERDICT_ok, "");
	testing_script("aaab");
	testing_expect(RUN({long_reader, 0, NULL}, {not_waited_for, 1, NULL}), VERDICT_livelock, "livelock");
}

static u64 *old_object;

static void boot_object(void)
{
	shared.pointer = rt_kzalloc(32, OBJ_pageset);
}

static void derefs(void *arg)
{
	u64 *p;

	(void)arg;
	rcu_read_lock();
	p = rcu_dereference(shared.pointer);
	point(op, begin, 1);
	if (p)
		(void)*(volatile u64 *)p;
	rcu_read_unlock();
}

static void replaces(void *arg)
{
	old_object = shared.pointer;
	rcu_assign_pointer(shared.pointer, NULL);
	point(op, end, 1);
	if (arg)
		synchronize_rcu();
	kfree(old_object);
}

static void test_use_after_grace_period(void **state)
{
	struct testing_tally tally;

	(void)state;
	testing_boot(2, true, boot_object);
	tally = ALL(100000, {derefs, 0, NULL}, {replaces, 1, (void *)1});
	assert_true(tally.complete);
	assert_int_equal(tally.verdicts[VERDICT_ok], tally.runs);
	tally = ALL(100000, {derefs, 0, NULL}, {replaces, 1, NULL});
	assert_true(tally.complete);
	assert_true(tally.verdicts[VERDICT_oops] > 0 && tally.verdicts[VERDICT_ok] > 0);
	assert_string_equal(tally.signature, "oops use-after-free pageset {op.begin, op.end}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_callback_order),
		cmocka_unit_test(test_grace_period),
		cmocka_unit_test(test_later_reader),
		cmocka_unit_test(test_use_after_grace_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
