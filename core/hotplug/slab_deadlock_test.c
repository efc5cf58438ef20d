/* SPDX-License-Identifier: MIT */
/*
 * The lock cycle of /sys/kernel/slab as a hang, not as a report about the order of locks: it takes three tasks, since a
 * reader of mem_hotplug_lock waits for another only if a writer waits in between.
 */
#include "core/check/test_schedule.h"

#define SEEDS 3000

static const char *const switches_of_5_3[] = {"slab_show_mem_lock=on", "slab_directory_locked=on"};

/* Number of seeds that deadlock; every other run ends well. */
static u32 deadlocks(bool with_writer, u32 nr_switches)
{
	struct test_scenario s = test_scenario(4, 3);
	const struct rt_config rt = {.cpus = 3, .race_detector = true, .no_lock_order = true};
	u32 count = 0;

	s.config.cpus = 3;
	for (u32 i = 0; i < nr_switches; i++)
		test_set(&s, switches_of_5_3[i]);
	test_add_op(&s.boot, "cache_create", 0, 0, 0, 0);
	s.nr_tasks = with_writer ? 3 : 2;
	for (u32 i = 0; i < s.nr_tasks; i++)
		s.task[i].cpu = i;
	test_add_op(&s.task[0], "cache_show", 0, 0, 0, 0);
	test_add_op(&s.task[1], "cache_destroy", 0, 0, 0, 0);
	if (with_writer)
		test_add_op(&s.task[2], "offline", 2, 0, 0, 0);
	core_boot(&s.config, &rt, test_run_ops, &s.boot);
	for (u64 seed = 0; seed < SEEDS; seed++) {
		struct rt_result result;

		test_run(&s, seed, &result);
		if (result.verdict.kind == VERDICT_deadlock)
			count++;
		else if (result.verdict.kind != VERDICT_ok)
			fail_msg("%s %s", result.verdict.signature, result.verdict.detail);
	}
	return count;
}

static void a_hang_takes_a_writer(void **state)
{
	(void)state;
	assert_true(deadlocks(true, 2) > 0);
	assert_int_equal(deadlocks(false, 2), 0);
}

static void fixed_nothing_hangs(void **state)
{
	(void)state;
	assert_int_equal(deadlocks(true, 0), 0);
	assert_int_equal(deadlocks(true, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hang_takes_a_writer),
		cmocka_unit_test(fixed_nothing_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
