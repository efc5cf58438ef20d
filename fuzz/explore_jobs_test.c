/* SPDX-License-Identifier: MIT */
/* Several processes give the answer of one: what is reachable, and that it is all. */
#include "fuzz/explore_jobs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuzz/litmus.h"
#include "fuzz/runner.h"

static struct explore_result one, many;

/* What all processes met together. */
static struct met {
	u64 values;
	u32 verdicts;
} * met;

struct shared_litmus {
	struct explore_subject inner;
	struct litmus_run run;
};

static void run_shared(void *arg, struct rt_strategy *strategy, struct rt_result *result)
{
	struct shared_litmus *l = arg;

	l->inner.run(l->inner.arg, strategy, result);
	__atomic_or_fetch(&met->values, l->run.values, __ATOMIC_RELAXED);
	__atomic_or_fetch(&met->verdicts, l->run.verdicts, __ATOMIC_RELAXED);
}

static struct explore_options options_of(u32 bound)
{
	struct explore_options options = {.strategy = strategy_by_name("exhaustive"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .keep_going = true};

	options.strategy_options.bound = bound;
	return options;
}

static void litmuses_end_alike(void **state)
{
	(void)state;
	for (u32 i = 0; i < nr_litmuses; i++) {
		for (u32 jobs = 2; jobs <= 4; jobs++) {
			struct explore_options options = options_of(3);
			struct shared_litmus l;
			struct explore_subject subject = {.run = run_shared, .arg = &l};

			memset(met, 0, sizeof(*met));
			l.inner = litmus_subject(&litmuses[i], &l.run);
			assert_int_equal(explore_jobs(&subject, &options, jobs, &many), 0);
			assert_true(many.status.report.complete);
			assert_string_equal(many.status.report.text, "complete to bound 3");
			if (met->values != litmuses[i].values || met->verdicts != litmuses[i].verdicts)
				fail_msg("%s, %u jobs: values %#llx, expected %#llx; verdicts %#x, expected %#x",
					 litmuses[i].name, jobs, (unsigned long long)met->values,
					 (unsigned long long)litmuses[i].values, met->verdicts, litmuses[i].verdicts);
		}
	}
}

/*
 * The first preemption must be between the two loads of z. That others store to it shows only after a preemption
 * elsewhere, which is another one's share: it has to be told.
 */
static void processes_tell_each_other(void **state)
{
	const struct litmus *litmus = litmus_by_name("later-conflict");

	(void)state;
	for (u32 jobs = 1; jobs <= 12; jobs++) {
		struct explore_options options = options_of(2);
		struct shared_litmus l;
		struct explore_subject subject = {.run = run_shared, .arg = &l};

		memset(met, 0, sizeof(*met));
		l.inner = litmus_subject(litmus, &l.run);
		assert_int_equal(explore_jobs(&subject, &options, jobs, &many), 0);
		assert_true(many.status.report.complete);
		assert_int_equal(met->values, litmus->values);
	}
}

/* The failure without the places of those that are not to blame: equivalent schedules may differ in them. */
static bool has_failure(const struct explore_result *r, const struct rt_verdict *v)
{
	size_t len = strcspn(v->signature, "{");

	for (u32 i = 0; i < r->status.findings; i++)
		if (r->finding[i].verdict.kind == v->kind &&
		    strncmp(r->finding[i].verdict.signature, v->signature, len) == 0)
			return true;
	return false;
}

static struct scenario scenario;

static void scenarios_end_alike(void **state)
{
	static const char *const names[] = {"cma_mutex_removed", "lowmem_reserve_unlocked",
					    "memmap_on_memory_unlocked"};
	const char *root = getenv("PFNSTORM_SOURCE_DIR");

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		struct explore_options options = options_of(1);
		struct explore_scenario s = {.scenario = &scenario};
		struct explore_subject subject = explore_subject_of(&s);
		char path[512], message[512];

		snprintf(path, sizeof(path), "%s/corpus/planted/%s.pfn", root, names[i]);
		if (scenario_load(path, &scenario, message, sizeof(message)))
			fail_msg("%s", message);
		assert_int_equal(explore(&subject, &options, &one), 0);
		assert_int_equal(explore_jobs(&subject, &options, 3, &many), 0);
		assert_true(one.status.report.complete);
		assert_true(many.status.report.complete);
		assert_true(one.wanted);
		assert_true(many.wanted);
		assert_int_equal(many.status.report.conflicts, one.status.report.conflicts);
		for (u32 f = 0; f < one.status.findings; f++)
			if (!has_failure(&many, &one.finding[f].verdict))
				fail_msg("%s: three processes miss %s", names[i], one.finding[f].verdict.signature);
		for (u32 f = 0; f < many.status.findings; f++)
			if (!has_failure(&one, &many.finding[f].verdict))
				fail_msg("%s: one process misses %s", names[i], many.finding[f].verdict.signature);
	}
}

/* A finding of another process replays here. */
static void a_finding_replays(void **state)
{
	struct explore_options options = options_of(2);
	struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus_by_name("free-without-rcu"), &run);
	struct replay replay;
	struct rt_result rt;

	(void)state;
	options.keep_going = false;
	assert_int_equal(explore_jobs(&subject, &options, 2, &many), 0);
	assert_true(many.wanted);
	assert_false(many.status.report.complete);
	assert_true(many.status.findings >= 1);
	replay_init(&replay, &many.finding[0].schedule, false);
	subject.run(subject.arg, &replay.strategy, &rt);
	assert_string_equal(rt.verdict.signature, many.finding[0].verdict.signature);
}

static void a_budget_is_shared(void **state)
{
	struct explore_options options = options_of(3);
	struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus_by_name("three-writers"), &run);

	(void)state;
	options.runs_max = 11;
	assert_int_equal(explore_jobs(&subject, &options, 3, &many), 0);
	assert_int_equal(many.status.runs, 11);
	assert_false(many.status.report.complete);
	assert_true(strncmp(many.status.report.text, "stopped at about", 16) == 0);
}

static void only_exhaustive_is_shared(void **state)
{
	struct explore_options options = options_of(1);
	struct litmus_run run;
	struct explore_subject subject = litmus_subject(litmus_by_name("alone"), &run);

	(void)state;
	options.strategy = strategy_by_name("pos");
	options.runs_max = 10;
	assert_int_equal(explore_jobs(&subject, &options, 2, &many), -EINVAL);
	assert_non_null(strstr(many.error, "pos is not shared"));
	options = options_of(7);
	assert_int_equal(explore_jobs(&subject, &options, 2, &many), -EINVAL);
	assert_non_null(strstr(many.error, "expected 0 to 6"));
}

static void die(void *arg, struct rt_strategy *strategy, struct rt_result *result)
{
	(void)arg;
	(void)strategy;
	(void)result;
	_exit(7);
}

static void a_death_is_noticed(void **state)
{
	struct explore_options options = options_of(1);
	struct explore_subject subject = {.run = die};

	(void)state;
	assert_int_equal(explore_jobs(&subject, &options, 2, &many), -EIO);
	assert_non_null(strstr(many.error, "ended unexpectedly"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_tell_each_other), cmocka_unit_test(litmuses_end_alike),
		cmocka_unit_test(a_finding_replays),         cmocka_unit_test(a_budget_is_shared),
		cmocka_unit_test(only_exhaustive_is_shared), cmocka_unit_test(a_death_is_noticed),
		cmocka_unit_test(scenarios_end_alike),
	};

	if (!getenv("PFNSTORM_SOURCE_DIR"))
		return 77;
#if __has_feature(thread_sanitizer) /* which does not follow a process with fibers into its children */
	printf("left out: TSan\n");
	return 0;
#endif
	met = mmap(NULL, sizeof(*met), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
