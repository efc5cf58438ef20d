/* SPDX-License-Identifier: MIT */
#include "crashes/cause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crashes/testing.h"
#include "fuzz/runner.h"

static struct scenario s;
static struct rt_verdict verdict;
static char cause[FOLDER_CAUSE_MAX];

/* The oops of the small scenario, with @switches set as well; it must still be that oops. */
static void fail_with(const char *switches)
{
	static struct replay replay;
	static struct runner_result result;
	char message[256];

	testing_parse(testing_small, &s);
	if (scenario_switches_from(switches, &s.machine.sw, message, sizeof(message)))
		fail_msg("%s", message);
	replay_init(&replay, &s.schedule, true);
	runner_run(&s, &replay.strategy, 0, &result);
	verdict = result.rt.verdict;
	assert_int_equal(verdict.kind, VERDICT_oops);
	assert_non_null(strstr(verdict.signature, "use-after-free memmap"));
}

static void the_only_switch_is_blamed(void **state)
{
	(void)state;
	fail_with("pfn_walk=unsynchronised");
	cause_search(&s, &verdict, CAUSE_DOUBT_RUNS, cause);
	assert_string_equal(cause, "pfn_walk=unsynchronised");
}

static void switches_that_do_not_matter_are_not_blamed(void **state)
{
	(void)state;
	fail_with("pfn_walk=unsynchronised,zonelist_no_retry=on,thp_mapcount_head_only=on,hotplug_locking=without");
	cause_search(&s, &verdict, CAUSE_DOUBT_RUNS, cause);
	assert_string_equal(cause, "pfn_walk=unsynchronised");
}

static void of_all_that_a_kernel_has_one_is_left(void **state)
{
	(void)state;
	fail_with("era=6.1");
	cause_find(&s, &verdict, cause);
	assert_string_equal(cause, "pfn_walk=unsynchronised");
}

static void what_does_not_fail_again_has_no_cause(void **state)
{
	(void)state;
	fail_with("pfn_walk=unsynchronised");
	verdict.kind = VERDICT_leak;
	cause_search(&s, &verdict, CAUSE_DOUBT_RUNS, cause);
	assert_string_equal(cause, "");
}

static void alike_is_alike_wherever_it_was_seen(void **state)
{
	struct rt_verdict a = {.kind = VERDICT_oops, .signature = "oops null-pointer (nowhere) {a.b, c.d}"};
	struct rt_verdict b = {.kind = VERDICT_oops, .signature = "oops null-pointer (nowhere) {e.f}"};

	(void)state;
	assert_true(cause_alike(&a, &b));
	b.kind = VERDICT_race;
	assert_false(cause_alike(&a, &b));
	b = (struct rt_verdict){.kind = VERDICT_oops, .signature = "oops null-pointer"};
	assert_false(cause_alike(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_only_switch_is_blamed),
		cmocka_unit_test(switches_that_do_not_matter_are_not_blamed),
		cmocka_unit_test(of_all_that_a_kernel_has_one_is_left),
		cmocka_unit_test(what_does_not_fail_again_has_no_cause),
		cmocka_unit_test(alike_is_alike_wherever_it_was_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
