/* SPDX-License-Identifier: MIT */
#include "crashes/minimize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crashes/known.h"
#include "crashes/reductions.h"
#include "crashes/testing.h"
#include "fuzz/explore.h"
#include "fuzz/runner.h"
#include "fuzz/token.h"

static struct scenario large, small;
static struct explore_result found;

/* The large scenario with a schedule that a random walk found. */
static void find_large(u64 seed)
{
	struct explore_scenario scenario = {.scenario = &large};
	struct explore_subject subject = explore_subject_of(&scenario);
	struct explore_options options = {.strategy = strategy_by_name("random"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .runs_max = 200000};

	testing_parse(testing_large, &large);
	options.strategy_options.seed = seed;
	assert_int_equal(explore(&subject, &options, &found), 0);
	assert_true(found.wanted);
	for (u32 i = 0; i < found.status.findings; i++)
		if (scenario_expected(&large, &found.finding[i].verdict))
			schedule_copy(&large.schedule, &found.finding[i].schedule);
	assert_true(large.schedule.count > 0);
}

static struct minimize_options few_runs = {.search_runs = 120};
static struct minimize_result result;
static char error[256];

/* What every test of a small result looks at: the large one with seed 1, minimised. */
static int minimize_large(void **state)
{
	(void)state;
	find_large(1);
	scenario_copy(&small, &large);
	return minimize(&small, &few_runs, &result, error, sizeof(error));
}

static void finds_the_three_operations_that_matter(void **state)
{
	static struct replay replay;
	static struct runner_result run;

	(void)state;
	print_message("%llu runs, %u operations, %u entries, %u blocks\n", (unsigned long long)result.status.runs,
		      result.status.ops, result.status.entries, result.status.blocks);
	assert_true(result.minimal);
	assert_int_equal(result.status.ops, 3);
	assert_int_equal(result.status.tasks, 2);
	assert_true(result.status.entries <= 2);
	assert_true(result.status.tried >= 5);
	assert_int_equal(small.schedule.entry[0].form, SCHEDULE_SEMANTIC);
	assert_int_equal(schedule_raw_entries(&small.schedule), 0);
	assert_int_equal(runner_replay(&small, &replay, 0, &run), 0);
	assert_string_equal(run.rt.verdict.signature, result.verdict.signature);
}

static void gives_the_same_result_twice(void **state)
{
	static struct scenario again;
	static char first[SCENARIO_TEXT_MAX], second[SCENARIO_TEXT_MAX];
	struct minimize_result other;

	(void)state;
	scenario_copy(&again, &large);
	assert_int_equal(minimize(&again, &few_runs, &other, error, sizeof(error)), 0);
	scenario_print(&small, first, sizeof(first));
	scenario_print(&again, second, sizeof(second));
	assert_string_equal(first, second);
	assert_int_equal(other.status.runs, result.status.runs);
}

static void a_part_that_is_not_needed_is_named(void **state)
{
	struct minimize_result check;

	(void)state;
	testing_parse(testing_small, &large);
	assert_int_equal(minimize_check(&large, &few_runs, &check, error, sizeof(error)), 0);
	assert_true(check.minimal);
	assert_string_equal(check.less, "");
	assert_in_range(check.status.tried, 5, 100);
	large.task[0].op[1] = large.task[0].op[0];
	large.task[0].nr_ops = 2;
	assert_int_equal(minimize_check(&large, &few_runs, &check, error, sizeof(error)), 0);
	assert_false(check.minimal);
	assert_non_null(strstr(check.less, "operations: number 2"));
	assert_int_equal(large.task[0].nr_ops, 2);
}

/* Does any schedule with at most @bound deviations, of those looked at, end with this signature? */
static bool still_fails(const struct scenario *s, const char *signature, u32 bound)
{
	struct explore_scenario scenario = {.scenario = s};
	struct explore_subject subject = explore_subject_of(&scenario);
	struct explore_options options = {.strategy = strategy_by_name("exhaustive"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .keep_going = true,
					  .runs_max = 800};

	options.strategy_options.bound = bound;
	assert_int_equal(explore(&subject, &options, &found), 0);
	for (u32 i = 0; i < found.status.findings; i++)
		if (strcmp(found.finding[i].verdict.signature, signature) == 0)
			return true;
	return false;
}

static void remove_op(struct op *op, u32 *count, u32 at)
{
	memmove(&op[at], &op[at + 1], (--*count - at) * sizeof(*op));
}

/* By other means than the minimiser's own: each operation, and each deviation, is needed. */
static void nothing_can_be_left_out(void **state)
{
	static struct scenario less;

	(void)state;
	assert_true(still_fails(&small, result.verdict.signature, small.schedule.count));
	assert_false(still_fails(&small, result.verdict.signature, small.schedule.count - 1));
	for (u32 t = 0; t < small.nr_tasks; t++) {
		for (u32 i = 0; i < small.task[t].nr_ops; i++) {
			scenario_copy(&less, &small);
			remove_op(less.task[t].op, &less.task[t].nr_ops, i);
			assert_false(still_fails(&less, result.verdict.signature, small.schedule.count));
		}
	}
	for (u32 i = 0; i < small.nr_boot_ops; i++) {
		scenario_copy(&less, &small);
		remove_op(less.boot_op, &less.nr_boot_ops, i);
		assert_false(still_fails(&less, result.verdict.signature, small.schedule.count));
	}
}

/* Several known bugs, as they were found: made smaller with few runs, and then no part of the result can go. */
static void known_bugs_become_minimal(void **state)
{
	static const char *const names[] = {"cma-mutex-removed", "contig-zone-unchecked", "cpu-hotplug-unlocked",
					    "pcp-teardown-reorder", "thp-mapcount-before-reference"};
	struct minimize_options options = {.search_runs = 25};
	struct minimize_result made, check;
	struct text_error where;
	u64 runs = 0;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		u32 bug = 0;

		while (strcmp(known_bugs[bug].name, names[i]) != 0)
			bug++;
		assert_int_equal(token_decode(known_bugs[bug].token, &large, &where), 0);
		if (minimize(&large, &options, &made, error, sizeof(error)))
			fail_msg("%s: %s", names[i], error);
		assert_int_equal(minimize_check(&large, &options, &check, error, sizeof(error)), 0);
		if (!made.minimal || !check.minimal || check.status.tried != made.status.tried)
			fail_msg("%s: %u parts tried, then %u; without %s", names[i], made.status.tried,
				 check.status.tried, check.less);
		assert_string_equal(check.verdict.signature, made.verdict.signature);
		assert_true(check.hash == made.hash);
		runs += made.status.runs + check.status.runs;
	}
	print_message("%llu runs\n", (unsigned long long)runs);
}

static void refuses_what_does_not_fail(void **state)
{
	struct minimize_options options = {0};
	struct minimize_result none;
	static struct scenario before;

	(void)state;
	testing_parse(testing_small, &large);
	schedule_init(&large.schedule);
	scenario_copy(&before, &large);
	assert_int_equal(minimize(&large, &options, &none, error, sizeof(error)), -ENOENT);
	assert_true(scenario_equal(&large, &before));
}

static void reports_drift(void **state)
{
	struct minimize_options options = {0};
	struct minimize_result none;

	(void)state;
	testing_parse(testing_small, &large);
	large.schedule.entry[0].occurrence = 100000;
	assert_int_equal(minimize(&large, &options, &none, error, sizeof(error)), -ESTALE);
	assert_non_null(strstr(error, "drifts"));
}

static void reductions_end_and_shrink(void **state)
{
	static struct scenario s;

	(void)state;
	for (u32 r = 0; r < nr_reductions; r++) {
		for (u32 at = 0;; at++) {
			testing_parse(testing_large, &s);
			if (!reductions[r].apply(&s, at))
				break;
			assert_true(scenario_nr_ops(&s) <= 9);
			assert_true(at < 200);
		}
	}
}

static void taking_a_task_moves_the_others(void **state)
{
	static struct scenario s;
	u32 r = 0;

	(void)state;
	testing_parse(testing_small, &s);
	while (strcmp(reductions[r].name, "tasks") != 0)
		r++;
	assert_true(reductions[r].apply(&s, 0));
	assert_int_equal(s.nr_tasks, 1);
	assert_string_equal(s.task[0].name, "remover");
	assert_int_equal(s.schedule.count, 0);
	assert_false(reductions[r].apply(&s, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_three_operations_that_matter),
		cmocka_unit_test(gives_the_same_result_twice),
		cmocka_unit_test(nothing_can_be_left_out),
		cmocka_unit_test(a_part_that_is_not_needed_is_named),
		cmocka_unit_test(known_bugs_become_minimal),
		cmocka_unit_test(refuses_what_does_not_fail),
		cmocka_unit_test(reports_drift),
		cmocka_unit_test(reductions_end_and_shrink),
		cmocka_unit_test(taking_a_task_moves_the_others),
	};

	return cmocka_run_group_tests(tests, minimize_large, NULL);
}
