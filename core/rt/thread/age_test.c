/* SPDX-License-Identifier: MIT */
/* What readers see of objects that go away: legal ages are counted, others are a verdict though nothing is touched. */
#include "core/rt/rt_test.h"

#include "core/rt/rcu.h"
#include "core/rt/task.h"
#include "core/rt/thread/age.h"

struct object {
	struct rcu_head rcu;
	u64 value;
};

struct shared {
	struct object *object;
	u64 reached, gone;
};
#define shared RT_TEST_SHARED(struct shared)

static void boot(void)
{
	shared.object = rt_kzalloc(sizeof(*shared.object), OBJ_content);
}

static void wait_for(u64 *flag)
{
	while (!smp_load_acquire(flag))
		point(op, begin, 0);
}

/* Holds on to what it has reached until the other has let go of it, and does not look at it. */
static void reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
	BUG_ON(!rcu_dereference(shared.object));
	smp_store_release(&shared.reached, 1);
	wait_for(&shared.gone);
	rcu_read_unlock();
}

static void frees(void *arg)
{
	wait_for(&shared.reached);
	point(op, end, 0);
	if (arg)
		kfree(shared.object);
	else
		kfree_rcu(shared.object, rcu);
	smp_store_release(&shared.gone, 1);
}

static struct rt_test freeing(void *at_once)
{
	return (struct rt_test){.cpus = 2,
				.rounds = 1,
				.boot = boot,
				.task = {{"reader", 0, reader, NULL}, {"freer", 1, frees, at_once}}};
}

static void test_free_amid_a_section(void **state)
{
	struct rt_test test = freeing((void *)1);
	u64 age[RT_AGES], section[RT_SECTION_GRACES];

	(void)state;
	rt_test_expect(&test, VERDICT_oops, "oops use-after-free page content {op.begin, op.end}");
	rt_thread_ages(rt_thread_postmortem(), age, section);
	assert_int_equal(age[AGE_FREED], 1);
}

static void test_removed_amid_a_section(void **state)
{
	struct rt_test test = freeing(NULL);
	u64 age[RT_AGES], section[RT_SECTION_GRACES];

	(void)state;
	rt_test_expect_ok(&test);
	rt_thread_ages(rt_thread_postmortem(), age, section);
	assert_int_equal(age[AGE_REMOVED], 1);
	assert_int_equal(age[AGE_IN_USE] + age[AGE_GRACE] + age[AGE_LATE] + age[AGE_FREED], 0);
	assert_int_equal(section[0], 1);
}

/* ---- updates as the kernel makes them ---------------------------------------------------------------------------- */

static void reads(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 300; i++) {
		const struct object *object;

		rcu_read_lock();
		object = rcu_dereference(shared.object);
		point(op, begin, object->value);
		rcu_read_unlock();
	}
}

static void replaces(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 100; i++) {
		struct object *old = shared.object;

		rcu_assign_pointer(shared.object, rt_kzalloc(sizeof(*old), OBJ_content));
		if (i % 2) {
			kfree_rcu(old, rcu);
		} else {
			synchronize_rcu();
			kfree(old);
		}
	}
}

static void test_updates_with_grace_periods(void **state)
{
	struct rt_test test = {
		.cpus = 3,
		.rounds = 2,
		.boot = boot,
		.task = {{"reader", 0, reads, NULL}, {"other", 1, reads, NULL}, {"updater", 2, replaces, NULL}}};
	u64 age[RT_AGES], section[RT_SECTION_GRACES];

	(void)state;
	rt_test_expect_ok(&test);
	rt_thread_ages(rt_thread_postmortem(), age, section);
	assert_int_equal(age[AGE_IN_USE] + age[AGE_REMOVED] + age[AGE_GRACE], 600);
	assert_int_equal(age[AGE_LATE] + age[AGE_FREED], 0);
	assert_int_equal(section[2], 0);
}

/* ---- an RCU that does not wait ------------------------------------------------------------------------------------
 */

static void outlasts(void *arg)
{
	rcu_read_lock();
	for (u64 i = 0; i < (u64)arg; i++)
		age_grace_ended(age_grace_begins());
	rcu_read_unlock();
}

static void test_two_grace_periods_in_a_section(void **state)
{
	struct rt_test test = {.cpus = 1, .rounds = 1, .task = {{"reader", 0, outlasts, (void *)2}}};

	(void)state;
	rt_test_expect(&test, VERDICT_context, "rcu-reader-too-old");
	test.task[0].arg = (void *)1;
	rt_test_expect_ok(&test);
}

/* One of grace periods that overlap ends nothing that the other has not ended. */
static void test_overlapping_grace_periods(void **state)
{
	u64 one = age_grace_begins(), two = age_grace_begins();

	(void)state;
	age_grace_ended(one);
	age_grace_ended(two);
	assert_int_equal(age_grace_begins(), one + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_amid_a_section),
		cmocka_unit_test(test_removed_amid_a_section),
		cmocka_unit_test(test_updates_with_grace_periods),
		cmocka_unit_test(test_two_grace_periods_in_a_section),
		cmocka_unit_test(test_overlapping_grace_periods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
