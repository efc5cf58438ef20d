/* SPDX-License-Identifier: MIT */
/* With the default design and no bug, every random scenario under every random schedule ends with verdict ok. */
#include "core/check/test_schedule.h"

#define BLOCKS 5
#define SCHEDULES 25 /* of each scenario */

static u64 runs, points;

static void random_scenario(struct test_scenario *s, struct rt_random *r, u32 faults)
{
	*s = test_scenario(BLOCKS, 2 + rt_random_below(r, 2));
	s->config.nodes = 1 + rt_random_below(r, 2);
	s->config.cpus = 1 + rt_random_below(r, 3);
	if (rt_random_below(r, 2))
		s->config.topology = rt_random_below(r, NR_TOPOLOGIES);
	s->config.boot_params = rt_random_below(r, 4) ? 0 : rt_random_below(r, BIT(NR_BOOT_PARAMS));
	if (rt_random_below(r, 4) == 0)
		s->config.geometry = GEOMETRY_small;
	if (rt_random_below(r, 2)) {
		s->config.movable.count = 1;
		s->config.movable.range[0].first = s->config.movable.range[0].last = BLOCKS - 1;
	}
	if (rt_random_below(r, 2)) {
		s->config.offline.count = 1;
		s->config.offline.range[0].first = s->config.offline.range[0].last = BLOCKS - 2;
	}
	s->faults = faults;
	test_add_op(&s->boot, "alloc", 1, 0, 10 + (s32)rt_random_below(r, 40), 0);
	test_add_op(&s->boot, "alloc", 1, 2, 3, 1);
	if (rt_random_below(r, 4) == 0)
		test_add_op(&s->boot, "hugepages", 0, 1 + (s32)rt_random_below(r, 3), 0, 0);
	/* Where it finds room. */
	for (u32 i = 0; i < 2; i++)
		test_add_op(&s->boot, "memremap", (s32)rt_random_below(r, BLOCKS), (s32)rt_random_below(r, 8),
			    (s32)rt_random_below(r, 4), (s32)rt_random_below(r, 2));
	s->nr_tasks = 2 + rt_random_below(r, 2);
	for (u32 i = 0; i < s->nr_tasks; i++) {
		u32 nr_ops = 2 + rt_random_below(r, 4);

		s->task[i].cpu = i % s->config.cpus;
		while (s->task[i].nr_ops < nr_ops)
			test_add_random_op(&s->task[i], r, BLOCKS, s->nr_tasks);
	}
}

/* @design: an assignment besides the default, or NULL. */
static void run_scenarios(u64 first_seed, u32 scenarios, u32 faults, const char *design)
{
	struct rt_random r;

	rt_random_seed(&r, first_seed);
	for (u32 i = 0; i < scenarios; i++) {
		struct test_scenario s;
		struct rt_result result;
		u64 scenario_seed = r.state;

		random_scenario(&s, &r, faults);
		if (design)
			test_set(&s, design);
		test_boot(&s);
		for (u64 seed = 0; seed < SCHEDULES; seed++) {
			test_run(&s, scenario_seed + seed, &result);
			runs++;
			points += result.steps;
			if (result.verdict.kind == VERDICT_ok)
				continue;
			test_print_scenario(&s);
			fail_msg("%s scenario %#llx schedule %llu: %s [%s] %s", design ? design : "",
				 (unsigned long long)scenario_seed, (unsigned long long)seed,
				 verdict_name(result.verdict.kind), result.verdict.signature, result.verdict.detail);
		}
	}
}

static u64 seed_from_environment(u64 otherwise)
{
	const char *text = getenv("PFNSTORM_TEST_SEED");

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void without_faults(void **state)
{
	(void)state;
	run_scenarios(seed_from_environment(1), 200, 0, NULL);
}

static void with_faults(void **state)
{
	(void)state;
	run_scenarios(seed_from_environment(2), 200, BIT(NR_FAULTS) - 1, NULL);
}

/* The laws marked OP hold whenever no operation is under way, not only in the end. */
static void after_each_operation(void **state)
{
	(void)state;
	core_check_after_each_op(true);
	run_scenarios(seed_from_environment(3), 80, BIT(NR_FAULTS) - 1, NULL);
	core_check_after_each_op(false);
}

/* Those that hold whenever their locks are free hold in the middle of operations. */
static void at_each_step(void **state)
{
	struct law_set laws = {{0}};

	(void)state;
	for (u32 law = 0; core_law_name(law); law++)
		laws.word[law / 64] |= (u64)core_law_at_steps(law) << law % 64;
	core_check_at_each_step(&laws);
	run_scenarios(seed_from_environment(7), 30, BIT(NR_FAULTS) - 1, NULL);
	core_check_at_each_step(NULL);
}

/* Alternatives that nothing is known to break; corpus/planted/ has a scenario for each of the others. */
static void other_designs_hold(void **state)
{
	static const char *const designs[] = {
		"pfn_walk=notifier_pause",
		"pcp_isolation=redrain",
		"pcp_isolation=disable_in_isolation",
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(designs); i++)
		run_scenarios(seed_from_environment(4 + i), 40, BIT(NR_FAULTS) - 1, designs[i]);
}

/* Of a few operations that need others before them none may succeed. */
static void enough_was_run(void **state)
{
	u32 never = 0;

	(void)state;
	printf("%llu runs, %llu points\n", (unsigned long long)runs, (unsigned long long)points);
	for (u32 i = 0; i < nr_op_infos; i++) {
		const struct op_stats *stats = core_op_stats(op_infos[i].id);

		printf("%-12s %8llu attempts %8llu successes\n", op_infos[i].name, (unsigned long long)stats->attempts,
		       (unsigned long long)stats->successes);
		never += stats->successes == 0;
	}
	assert_true(never <= nr_op_infos / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_faults),       cmocka_unit_test(with_faults),
		cmocka_unit_test(after_each_operation), cmocka_unit_test(at_each_step),
		cmocka_unit_test(other_designs_hold),   cmocka_unit_test(enough_was_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
