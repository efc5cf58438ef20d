/* SPDX-License-Identifier: MIT */
#include "fuzz/exhaustive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/litmus.h"

static struct explore_result result;

/* Everything @litmus can do under a search to @bound. */
static struct litmus_run search(const struct litmus *litmus, u32 bound, bool prune)
{
	struct explore_options options = {.strategy = strategy_by_name("exhaustive"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .keep_going = true};
	struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus, &run);

	options.strategy_options.bound = bound;
	options.strategy_options.prune = prune;
	assert_int_equal(explore(&subject, &options, &result), 0);
	assert_true(result.status.report.complete);
	assert_int_equal(run.runs, result.status.runs);
	return run;
}

static void finds_all_that_is_reachable(void **state)
{
	(void)state;
	for (u32 i = 0; i < nr_litmuses; i++) {
		struct litmus_run run = search(&litmuses[i], 3, true);

		print_message("%-18s %6llu runs, %5llu skipped, %3llu conflicts\n", litmuses[i].name,
			      (unsigned long long)run.runs, (unsigned long long)result.status.report.skipped,
			      (unsigned long long)result.status.report.conflicts);
		if (run.values != litmuses[i].values || run.verdicts != litmuses[i].verdicts)
			fail_msg("%s: values %#llx, expected %#llx; verdicts %#x, expected %#x", litmuses[i].name,
				 (unsigned long long)run.values, (unsigned long long)litmuses[i].values, run.verdicts,
				 litmuses[i].verdicts);
	}
}

static void pruned_agrees_with_unpruned(void **state)
{
	(void)state;
	for (u32 i = 0; i < nr_litmuses; i++) {
		for (u32 bound = 0; bound <= 2; bound++) {
			struct litmus_run pruned = search(&litmuses[i], bound, true);
			struct litmus_run full = search(&litmuses[i], bound, false);

			if (pruned.values != full.values || pruned.verdicts != full.verdicts)
				fail_msg("%s, bound %u: values %#llx pruned, %#llx unpruned; verdicts %#x, %#x",
					 litmuses[i].name, bound, (unsigned long long)pruned.values,
					 (unsigned long long)full.values, pruned.verdicts, full.verdicts);
			if (pruned.runs > full.runs && full.runs > 40)
				fail_msg("%s, bound %u: pruning costs: %llu runs, %llu without", litmuses[i].name,
					 bound, (unsigned long long)pruned.runs, (unsigned long long)full.runs);
		}
	}
}

static void bound_counts_preemptions(void **state)
{
	const struct litmus *litmus = litmus_by_name("lost-update");

	(void)state;
	assert_int_equal(search(litmus, 0, true).values, BIT(2));
	assert_int_equal(search(litmus, 1, true).values, BIT(1) | BIT(2));
}

static void reopens_for_late_conflicts(void **state)
{
	const struct litmus *litmus = litmus_by_name("late-conflict");

	(void)state;
	assert_int_equal(search(litmus, 1, true).values, BIT(0));
	assert_int_equal(search(litmus, 2, true).values, BIT(0) | BIT(1));
}

static void pruning_pays(void **state)
{
	const struct litmus *litmus = litmus_by_name("busy-lost-update");
	struct litmus_run pruned = search(litmus, 2, true);
	struct litmus_run full = search(litmus, 2, false);

	(void)state;
	assert_true(pruned.runs * 20 < full.runs);
}

static void says_when_there_is_one_interleaving(void **state)
{
	(void)state;
	search(litmus_by_name("alone"), 2, true);
	assert_true(result.status.report.single);
	search(litmus_by_name("lost-update"), 2, true);
	assert_false(result.status.report.single);
}

static void is_honest_about_a_budget(void **state)
{
	struct explore_options options = {.strategy = strategy_by_name("exhaustive"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .runs_max = 10,
					  .keep_going = true};
	struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus_by_name("three-writers"), &run);

	(void)state;
	options.strategy_options.bound = 3;
	assert_int_equal(explore(&subject, &options, &result), 0);
	assert_false(result.status.report.complete);
	assert_int_equal(result.status.runs, 10);
	assert_true(result.status.report.planned > 10);
	assert_true(strncmp(result.status.report.text, "stopped at about", 16) == 0);
}

#define PLANS_MAX 20000

/* What the search expects to do in all, after each of its runs; returns how many there were. */
static u32 follow_plan(const struct litmus *litmus, u32 bound, u64 *planned)
{
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;
	struct strategy_report report;
	struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus, &run);
	struct strategy *s;
	char error[160];
	u32 runs = 0;

	options.bound = bound;
	s = strategy_by_name("exhaustive")->construct(&options, error, sizeof(error));
	assert_non_null(s);
	while (s->ops->prepare(s)) {
		struct rt_result rt = {0};

		subject.run(subject.arg, &s->rt, &rt);
		s->ops->finish(s, &rt);
		s->ops->report(s, &report);
		assert_true(runs < PLANS_MAX);
		assert_true(report.planned > report.done);
		planned[runs++] = report.planned;
	}
	s->ops->report(s, &report);
	assert_true(report.complete);
	assert_int_equal(report.planned, report.done);
	planned[runs] = report.done;
	s->ops->destroy(s);
	rt_set_strategy(NULL);
	return runs;
}

/* It is off by so much at worst, from run @from on: 1.25 means a quarter too much or a fifth too little. */
static double worst_ratio(const u64 *planned, u32 from, u32 runs)
{
	double worst = 1, total = (double)planned[runs];

	for (u32 i = from; i < runs; i++) {
		double ratio = (double)planned[i] / total;

		worst = max(worst, ratio < 1 ? 1 / ratio : ratio);
	}
	return worst;
}

static void the_estimate_comes_near(void **state)
{
	static const char *const names[] = {"three-writers", "locked-counter", "free-with-rcu"};
	static u64 planned[PLANS_MAX + 1];

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		u32 runs = follow_plan(litmus_by_name(names[i]), 3, planned);
		double fourth = worst_ratio(planned, runs / 4, runs), half = worst_ratio(planned, runs / 2, runs),
		       most = worst_ratio(planned, runs - runs / 4, runs), end = worst_ratio(planned, runs - 1, runs);

		print_message("%-18s %5u runs: off by at most %.2f after a quarter, %.2f after half, %.2f after three, "
			      "%.3f at the end\n",
			      names[i], runs, fourth, half, most, end);
		assert_true(half < 1.6 && most < 1.3 && most <= half && end < 1.02);
	}
}

static void refuses_a_bound_out_of_range(void **state)
{
	struct explore_options options = {.strategy = strategy_by_name("exhaustive"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT};
	struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus_by_name("alone"), &run);

	(void)state;
	options.strategy_options.bound = EXHAUSTIVE_BOUND_MAX + 1;
	assert_int_equal(explore(&subject, &options, &result), -EINVAL);
	assert_non_null(strstr(result.error, "expected 0 to 6"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_all_that_is_reachable),
		cmocka_unit_test(pruned_agrees_with_unpruned),
		cmocka_unit_test(bound_counts_preemptions),
		cmocka_unit_test(reopens_for_late_conflicts),
		cmocka_unit_test(pruning_pays),
		cmocka_unit_test(says_when_there_is_one_interleaving),
		cmocka_unit_test(is_honest_about_a_budget),
		cmocka_unit_test(the_estimate_comes_near),
		cmocka_unit_test(refuses_a_bound_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
