/* SPDX-License-Identifier: MIT */
/* The default design on real threads: random operations, and every law at the end. */
#include "core/check/test_scenario.h"

#define BLOCKS 8
#define TASKS 4
#define OPS 2000

static void random_ops(void *arg)
{
	struct rt_random r;

	rt_random_seed(&r, (u64)(size_t)arg);
	for (u32 i = 0; i < OPS; i++) {
		struct op op = test_random_op(&r, BLOCKS, TASKS);

		core_run_op(&op);
	}
}

static void random_operations_leave_a_lawful_machine(void **state)
{
	struct test_scenario s = test_scenario(BLOCKS, 4);
	struct rt_result result;
	u64 attempts = 0;

	(void)state;
	s.config.nodes = 2;
	s.config.cpus = TASKS;
	test_boot(&s);
	for (u64 i = 0; i < TASKS; i++)
		rt_task_create("random", (u32)i, random_ops, (void *)(size_t)(i + 1));
	rt_run(&result);
	if (result.verdict.kind != VERDICT_ok)
		fail_msg("%s [%s] %s", verdict_name(result.verdict.kind), result.verdict.signature,
			 result.verdict.detail);
	for (u32 i = 0; i < nr_op_infos; i++)
		attempts += core_op_stats(op_infos[i].id)->attempts;
	assert_int_equal(attempts, TASKS * OPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_leave_a_lawful_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
