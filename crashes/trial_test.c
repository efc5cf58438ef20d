/* SPDX-License-Identifier: MIT */
/* Trials of designs: what is known to break an alternative breaks it, and the default of each holds to bound 1. */
#include "crashes/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/runner.h"

static struct trial trial;

static void try_it(u32 alternative)
{
	char error[256];

	if (trial_run(alternative, 1, NULL, &trial, error, sizeof(error)))
		fail_msg("%s: %s", alternative_infos[alternative].name, error);
}

static void defaults_hold(void **state)
{
	(void)state;
	for (u32 d = 0; d < NR_DESIGNS; d++) {
		try_it(design_infos[d].default_alternative);
		printf("%s: %u scenarios, %llu runs\n", design_infos[d].name, trial.scenarios,
		       (unsigned long long)trial.runs);
		assert_null(trial.by);
		assert_true(trial.complete);
	}
}

/* Each known bug that blames an alternative and nothing else breaks it, and its token gives the same again. */
static void known_bugs_break(void **state)
{
	static struct scenario s;
	static struct runner_result result;
	static struct replay replay;
	struct text_error where;
	u32 broken = 0;

	(void)state;
	for (u32 a = 0; a < NR_ALTERNATIVES; a++) {
		try_it(a);
		if (!trial.by)
			continue;
		broken++;
		assert_int_equal(token_decode(trial.token, &s, &where), 0);
		assert_int_equal(runner_replay(&s, &replay, 0, &result), 0);
		assert_string_equal(result.rt.verdict.signature, trial.verdict.signature);
	}
	assert_true(broken >= 6);
}

/* To switch per-CPU lists off and on again is work that one drain is not. */
static void costs_tell_alternatives_apart(void **state)
{
	u64 none;

	(void)state;
	try_it(ALT_pcp_isolation_none);
	none = trial.points[COST_offline];
	try_it(ALT_pcp_isolation_disable_by_offline);
	assert_true(trial.points[COST_offline] > none);
	for (u32 cost = 0; cost < NR_COSTS; cost++)
		assert_true(trial.points[cost] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold),
		cmocka_unit_test(known_bugs_break),
		cmocka_unit_test(costs_tell_alternatives_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
