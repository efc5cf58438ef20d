/* SPDX-License-Identifier: MIT */
/* Everything of core/range/ at once, in random interleavings, with all laws at the end of each run. */
#include "core/range/testing.h"

#define RUNS 2000

static void compactor(void *arg)
{
	(void)arg;
	test_op("compact", 0, 0, 0, 0);
	test_op("compact", 1, 0, 0, 0);
}

static void user(void *arg)
{
	s32 slot = *(const s32 *)arg;

	for (s32 order = 0; order < 3; order++) {
		test_op("alloc", MIGRATE_MOVABLE, order, 9, slot);
		test_op("alloc", order ? MIGRATE_UNMOVABLE : MIGRATE_MOVABLE, 0, 3, slot + 4);
		test_op("free", slot, 0, 0, 0);
	}
	test_op("verify", slot + 4, 0, 0, 0);
	test_op("free", slot + 4, 0, 0, 0);
}

static void isolator(void *arg)
{
	(void)arg;
	for (s32 block = 1; block < 6; block++)
		test_op("isolate", block, 0, 0, 0);
}

static void mover(void *arg)
{
	(void)arg;
	for (s32 i = 0; i < 3; i++)
		test_op("migrate", i % 2, 0, 0, 0);
}

static void hotplugger(void *arg)
{
	(void)arg;
	if (test_op("offline", 5, 0, 0, 0) == 0) {
		CHECK(test_op("remove", 5, 0, 0, 0) == 0);
		CHECK(test_op("add", 5, 0, 0, 0) == 0);
		CHECK(test_op("online", 5, 0, 0, 0) == 0);
	}
}

static void walker(void *arg)
{
	(void)arg;
	test_op("walk", 3, 4, 0, 0);
}

static s32 slots[] = {0, 1};

/* At least so many percent of the attempts must have succeeded, or the runs show little. */
static void assert_success(const char *name, u64 percent)
{
	const struct op_stats *stats = core_op_stats(op_info_by_name(name)->id);

	if (stats->attempts == 0 || stats->successes * 100 < stats->attempts * percent)
		fail_msg("%s: %llu of %llu", name, (unsigned long long)stats->successes,
			 (unsigned long long)stats->attempts);
}

static void run_all(const struct test_task *tasks, u32 nr_tasks)
{
	test_boot("", true);
	core_op_stats_reset();
	for (u64 seed = 1; seed <= RUNS; seed++) {
		struct rt_result result = test_run(seed, nr_tasks, tasks);

		if (result.verdict.kind != VERDICT_ok)
			print_error("seed %llu, %s\n", (unsigned long long)seed,
				    tasks[result.verdict.task % nr_tasks].name);
		assert_ok(&result);
	}
}

static void without_hotplug(void **state)
{
	const struct test_task tasks[] = {{"compactor", compactor, NULL},
					  {"user", user, &slots[0]},
					  {"isolator", isolator, NULL},
					  {"mover", mover, NULL}};

	(void)state;
	run_all(tasks, ARRAY_SIZE(tasks));
	assert_success("alloc", 90);
	assert_success("isolate", 20);
}

static void with_hotplug(void **state)
{
	const struct test_task tasks[] = {
		{"compactor", compactor, NULL}, {"hotplugger", hotplugger, NULL},      {"walker", walker, NULL},
		{"user", user, &slots[1]},      {"second compactor", compactor, NULL}, {"isolator", isolator, NULL}};

	(void)state;
	run_all(tasks, ARRAY_SIZE(tasks));
	assert_success("isolate", 20);
	assert_success("offline", 50);
	assert_success("online", 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_hotplug),
		cmocka_unit_test(with_hotplug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
