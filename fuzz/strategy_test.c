/* SPDX-License-Identifier: MIT */
#include "fuzz/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/litmus.h"
#include "fuzz/replay.h"

static struct explore_result result;

struct hashes {
	struct explore_subject inner;
	u64 sum, runs, distinct;
	u64 seen[64];
};

static void run_hashed(void *arg, struct rt_strategy *strategy, struct rt_result *rt)
{
	struct hashes *h = arg;
	u32 i = 0;

	h->inner.run(h->inner.arg, strategy, rt);
	h->sum = (h->sum ^ rt->hash) * 0x9e3779b97f4a7c15ULL;
	h->runs++;
	while (i < h->distinct && h->seen[i] != rt->hash)
		i++;
	if (i == h->distinct && h->distinct < ARRAY_SIZE(h->seen))
		h->seen[h->distinct++] = rt->hash;
}

static struct hashes search(const char *litmus, const char *strategy, u64 seed, u64 runs)
{
	struct explore_options options = {.strategy = strategy_by_name(strategy),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .runs_max = runs,
					  .keep_going = true};
	static struct litmus_run run;
	struct hashes h = {.inner = litmus_subject(litmus_by_name(litmus), &run)};
	struct explore_subject subject = {.run = run_hashed, .arg = &h};

	options.strategy_options.seed = seed;
	assert_int_equal(explore(&subject, &options, &result), 0);
	assert_int_equal(h.runs, runs);
	return h;
}

static void a_seed_fixes_all_runs(void **state)
{
	static const char *const names[] = {"random", "pct", "pos", "surw", "portfolio"};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		struct hashes a = search("three-writers", names[i], 7, 200),
			      b = search("three-writers", names[i], 7, 200);
		struct hashes c = search("three-writers", names[i], 8, 200);

		assert_true(a.sum == b.sum);
		assert_true(a.sum != c.sum);
		assert_true(a.distinct > 5);
	}
}

static void random_strategies_find_what_there_is(void **state)
{
	static const char *const names[] = {"random", "pct", "pos", "surw", "portfolio"};

	(void)state;
	for (u32 s = 0; s < ARRAY_SIZE(names); s++) {
		for (u32 i = 0; i < nr_litmuses; i++) {
			struct explore_options options = {.strategy = strategy_by_name(names[s]),
							  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
							  .runs_max = 5000,
							  .keep_going = true};
			struct litmus_run run;
			struct explore_subject subject = litmus_subject(&litmuses[i], &run);

			options.strategy_options.depth = 4;
			assert_int_equal(explore(&subject, &options, &result), 0);
			if (run.values != litmuses[i].values || run.verdicts != litmuses[i].verdicts)
				fail_msg("%s on %s: values %#llx, expected %#llx; verdicts %#x, expected %#x", names[s],
					 litmuses[i].name, (unsigned long long)run.values,
					 (unsigned long long)litmuses[i].values, run.verdicts, litmuses[i].verdicts);
		}
	}
}

static void kinds_restrict_where_random_switches(void **state)
{
	struct explore_options options = {.strategy = strategy_by_name("random"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .runs_max = 500,
					  .keep_going = true};
	struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus_by_name("lost-update"), &run);

	(void)state;
	/* There is no lock in it: without switches at accesses nothing is lost. */
	options.strategy_options.kinds = RT_LOCK;
	assert_int_equal(explore(&subject, &options, &result), 0);
	assert_int_equal(run.values, BIT(2));
	subject = litmus_subject(litmus_by_name("lost-update"), &run);
	options.strategy_options.kinds = RT_WRITE_ONCE;
	assert_int_equal(explore(&subject, &options, &result), 0);
	assert_int_equal(run.values, BIT(1) | BIT(2));
}

/* Two tasks, k points: 1 / (2 * k^(depth-1)), k as printed. */
static void pct_states_its_bound(void **state)
{
	(void)state;
	for (u32 depth = 1; depth <= 5; depth++) {
		struct explore_options options = {.strategy = strategy_by_name("pct"),
						  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
						  .runs_max = 100,
						  .keep_going = true};
		struct litmus_run run;
		struct explore_subject subject = litmus_subject(litmus_by_name("lost-update"), &run);
		u32 printed_depth, tasks, points;
		double bound, expected = 0.5;

		options.strategy_options.depth = depth;
		assert_int_equal(explore(&subject, &options, &result), 0);
		assert_int_equal(sscanf(result.status.report.text,
					"PCT depth %u, seed 1: each run finds a bug of that depth with probability >= "
					"%lf (n=%u, k=%u)",
					&printed_depth, &bound, &tasks, &points),
				 4);
		assert_int_equal(printed_depth, depth);
		assert_int_equal(tasks, 2);
		assert_int_equal(points, result.status.report.points);
		for (u32 i = 1; i < depth; i++)
			expected /= points;
		assert_true(bound > expected * 0.995 && bound < expected * 1.005);
	}
}

static void pct_refuses_a_depth_out_of_range(void **state)
{
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;
	char error[128];

	(void)state;
	options.depth = 6;
	assert_null(strategy_by_name("pct")->construct(&options, error, sizeof(error)));
	assert_string_equal(error, "depth 6: expected 1 to 5");
}

static void says_when_there_is_one_interleaving(void **state)
{
	(void)state;
	search("alone", "random", 1, 20);
	assert_true(result.status.report.single);
	search("alone", "pct", 1, 20);
	assert_true(result.status.report.single);
	search("alone", "pos", 1, 20);
	assert_true(result.status.report.single);
	search("alone", "surw", 1, 20);
	assert_true(result.status.report.single);
	search("alone", "portfolio", 1, 20);
	assert_true(result.status.report.single);
	assert_true(result.status.same_hash);
	search("lost-update", "random", 1, 20);
	assert_false(result.status.report.single);
	assert_false(result.status.same_hash);
}

/* There are choices, but this strategy never takes another one: only the hashes tell. */
static void says_when_all_runs_are_the_same(void **state)
{
	struct explore_options options = {.strategy = strategy_by_name("pct"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .runs_max = EXPLORE_SAME_RUNS,
					  .keep_going = true};
	static struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus_by_name("lost-update"), &run);

	(void)state;
	options.strategy_options.depth = 1;
	for (options.strategy_options.seed = 1; options.strategy_options.seed < 3000; options.strategy_options.seed++) {
		assert_int_equal(explore(&subject, &options, &result), 0);
		if (result.status.same_hash)
			break;
	}
	/* Two tasks of equal rights start each in half of the runs. */
	assert_true(result.status.same_hash);
	assert_false(result.status.report.single);
	options.runs_max = EXPLORE_SAME_RUNS - 1;
	assert_int_equal(explore(&subject, &options, &result), 0);
	assert_false(result.status.same_hash);
}

static void portfolio_says_which_found_it(void **state)
{
	struct explore_options options = {.strategy = strategy_by_name("portfolio"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .runs_max = 5000};
	struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus_by_name("free-without-rcu"), &run);

	(void)state;
	assert_int_equal(explore(&subject, &options, &result), 0);
	assert_true(result.wanted);
	assert_string_not_equal(result.finding[0].member, "");
	assert_string_equal(result.finding[0].member, result.status.report.member);
}

static void a_finding_replays(void **state)
{
	static const char *const names[] = {"random", "pct", "pos", "surw", "portfolio", "exhaustive"};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		struct explore_options options = {.strategy = strategy_by_name(names[i]),
						  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
						  .runs_max = 5000};
		struct litmus_run run;
		struct explore_subject subject = litmus_subject(litmus_by_name("free-without-rcu"), &run);
		struct replay replay;
		struct rt_result rt;

		assert_int_equal(explore(&subject, &options, &result), 0);
		assert_true(result.wanted);
		assert_int_equal(result.status.findings, 1);
		assert_int_equal(result.finding[0].verdict.kind, VERDICT_oops);
		assert_int_equal(result.finding[0].run, result.status.runs);
		replay_init(&replay, &result.finding[0].schedule, false);
		subject.run(subject.arg, &replay.strategy, &rt);
		assert_string_equal(rt.verdict.signature, result.finding[0].verdict.signature);
		assert_true(rt.hash == result.finding[0].hash);
	}
}

static bool wants_deadlock(void *arg, const struct rt_verdict *verdict)
{
	(void)arg;
	return verdict->kind == VERDICT_deadlock;
}

static void an_unwanted_verdict_does_not_stop(void **state)
{
	struct explore_options options = {.strategy = strategy_by_name("exhaustive"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT};
	struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus_by_name("free-without-rcu"), &run);

	(void)state;
	subject.wanted = wants_deadlock;
	assert_int_equal(explore(&subject, &options, &result), 0);
	assert_false(result.wanted);
	assert_true(result.status.report.complete);
	assert_int_equal(result.status.findings, 1);
	assert_true(result.finding[0].hits > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_fixes_all_runs),
		cmocka_unit_test(random_strategies_find_what_there_is),
		cmocka_unit_test(kinds_restrict_where_random_switches),
		cmocka_unit_test(pct_states_its_bound),
		cmocka_unit_test(pct_refuses_a_depth_out_of_range),
		cmocka_unit_test(says_when_there_is_one_interleaving),
		cmocka_unit_test(says_when_all_runs_are_the_same),
		cmocka_unit_test(portfolio_says_which_found_it),
		cmocka_unit_test(a_finding_replays),
		cmocka_unit_test(an_unwanted_verdict_does_not_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
