/* SPDX-License-Identifier: MIT */
/* Some known bugs are found from random scenarios within moments; `pfnstorm hunt` looks for all, `./dev soak` too. */
#include "fuzz/hunt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fuzz/runner.h"

#define RUNS_MAX 12000

static struct hunt_result result;

static u32 verdict_of(const char *token, const struct switches *sw, bool lenient)
{
	static struct runner_result run;
	static struct scenario s;
	static struct replay replay;
	struct text_error error;

	assert_int_equal(token_decode(token, &s, &error), 0);
	s.machine.sw = *sw;
	replay_init(&replay, &s.schedule, lenient);
	runner_run(&s, &replay.strategy, 0, &run);
	return run.rt.verdict.kind;
}

static const char *const prey_names[] = {
	"pfn_walk.unsynchronised", "online_type_sticks",        "lru_disable_leak", "cancel_without_going",
	"planted_cancel_not_sent", "planted_device_lock_first", "add_locks_device",
};

static void finds(void **state)
{
	const char *name = *state;
	const struct hunt_options options = {.seed = 1, .runs_max = RUNS_MAX};
	struct hunt_prey prey;

	assert_true(hunt_prey_named(name, &prey));
	hunt(&prey, &options, &result);
	print_message("%s: %s after %llu runs\n", name, result.verdict.signature, (unsigned long long)result.runs);
	assert_true(result.found);
	assert_string_not_equal(result.member, "");
	assert_int_equal(verdict_of(result.token, &prey.on, false), result.verdict.kind);
	assert_int_equal(verdict_of(result.token, &prey.off, true), VERDICT_ok);
}

static void is_deterministic(void **state)
{
	static char token[TOKEN_MAX];
	const struct hunt_options options = {.seed = 3, .runs_max = RUNS_MAX};
	struct hunt_prey prey;
	u64 runs;

	(void)state;
	assert_true(hunt_prey_named("lru_disable_leak", &prey));
	hunt(&prey, &options, &result);
	assert_true(result.found);
	runs = result.runs;
	snprintf(token, sizeof(token), "%s", result.token);
	hunt(&prey, &options, &result);
	assert_int_equal(result.runs, runs);
	assert_string_equal(result.token, token);
}

/* Without a bug there is nothing to find: neither here nor in what it says of runs without the switch. */
static void finds_nothing_where_nothing_is(void **state)
{
	const struct hunt_options options = {.seed = 1, .runs_max = 1500};
	struct hunt_prey prey;

	(void)state;
	assert_true(hunt_prey_named("lru_disable_leak", &prey));
	prey.on = prey.off;
	hunt(&prey, &options, &result);
	assert_false(result.found);
	assert_int_equal(result.runs, 1500);
	if (result.other_token[0])
		fail_msg("%s %s", result.other.signature, result.other_token);
}

static void knows_all_switches(void **state)
{
	struct hunt_prey prey;
	u32 all = 0, known = 0, planted = 0;

	(void)state;
	while (hunt_prey_at(all, true, &prey))
		all++;
	while (hunt_prey_at(known, false, &prey))
		assert_null(strstr(known++ < NR_BUGS ? prey.name : "", "planted_"));
	for (u32 bug = 0; bug < NR_BUGS; bug++)
		planted += strcmp(bug_infos[bug].since, "planted") == 0;
	assert_int_equal(all, NR_BUGS + NR_ALTERNATIVES - NR_DESIGNS);
	assert_int_equal(known, all - planted);
	assert_false(hunt_prey_named("pfn_walk.rcu", &prey));
	assert_false(hunt_prey_named("nothing", &prey));
	assert_true(hunt_prey_named("usage_free_no_rcu", &prey));
	assert_int_equal(prey.off.design[DESIGN_pfn_walk], ALT_pfn_walk_unsynchronised);
}

/* What corpus/planted/ needs besides the switch itself, a hunt has too; and only that. */
static void bugs_have_their_company(void **state)
{
	const char *root = getenv("PFNSTORM_SOURCE_DIR");
	static struct scenario s;
	struct hunt_prey prey;

	(void)state;
	if (!root)
		skip();
	for (u32 i = 0; hunt_prey_at(i, true, &prey); i++) {
		char path[512], message[512];

		snprintf(path, sizeof(path), "%s/corpus/planted/%s.pfn", root, prey.name);
		if (access(path, R_OK) != 0)
			continue;
		if (scenario_load(path, &s, message, sizeof(message)))
			fail_msg("%s", message);
		if (memcmp(&s.machine.sw, &prey.on, sizeof(prey.on)) != 0)
			fail_msg("%s: its planted scenario has other switches than fuzz/hunt.c gives it company of",
				 prey.name);
	}
}

int main(void)
{
	static struct CMUnitTest tests[ARRAY_SIZE(prey_names) + 4];
	size_t nr = 0;

	for (u32 i = 0; i < ARRAY_SIZE(prey_names); i++)
		tests[nr++] = (struct CMUnitTest){
			.name = prey_names[i], .test_func = finds, .initial_state = (void *)prey_names[i]};
	tests[nr++] = (struct CMUnitTest)cmocka_unit_test(is_deterministic);
	tests[nr++] = (struct CMUnitTest)cmocka_unit_test(finds_nothing_where_nothing_is);
	tests[nr++] = (struct CMUnitTest)cmocka_unit_test(knows_all_switches);
	tests[nr++] = (struct CMUnitTest)cmocka_unit_test(bugs_have_their_company);
	return _cmocka_run_group_tests("hunt", tests, nr, NULL, NULL);
}
