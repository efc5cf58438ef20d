/* SPDX-License-Identifier: MIT */
/* Somebody has edited the core: known bugs replay where nothing that they name has changed, and are found again else.
 */
#include "crashes/edited_core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crashes/known.h"
#include "crashes/rebase.h"
#include "fuzz/runner.h"
#include "fuzz/token.h"

enum edited_core edited_core;

static struct scenario s;
static struct runner_result run;
static struct replay replay;
static struct rebase_result result;

static void edit(enum edited_core how)
{
	edited_core = how;
	runner_forget();
}

/* Does it depend on nothing but names? */
static bool is_named(const struct schedule *schedule)
{
	for (u32 i = 0; i < schedule->count; i++) {
		const struct schedule_entry *e = &schedule->entry[i];

		if (e->form == SCHEDULE_RAW || (e->form == SCHEDULE_OBJECT && e->object == SCHEDULE_NO_OBJECT))
			return false;
	}
	return true;
}

static void load(u32 bug)
{
	struct text_error error;

	assert_int_equal(token_decode(known_bugs[bug].token, &s, &error), 0);
}

static bool fails_as_it_did(void)
{
	return runner_replay(&s, &replay, 0, &run) == 0 && scenario_expected(&s, &run.rt.verdict);
}

static void the_same_source_is_the_same_core(void **state)
{
	(void)state;
	edit(EDITED_NOT);
	for (u32 bug = 0; bug < nr_known_bugs; bug++) {
		load(bug);
		if (!fails_as_it_did())
			fail_msg("%s does not replay", known_bugs[bug].name);
	}
}

static void names_survive_code_that_they_do_not_name(void **state)
{
	u32 named = 0, raw = 0;

	(void)state;
	edit(EDITED_STEPS);
	for (u32 bug = 0; bug < nr_known_bugs; bug++) {
		load(bug);
		/* Steps on a CPU are ordered with those before them on it, which may hide a race. */
		if (!is_named(&s.schedule) || s.expect.kind == VERDICT_race) {
			raw++;
		} else if (!fails_as_it_did()) {
			fail_msg("%s: %s %s", known_bugs[bug].name, replay.drift.text, run.rt.verdict.signature);
		} else {
			named += s.schedule.count != 0;
		}
	}
	print_message("%u schedules of names, %u others\n", named, raw);
	assert_true(named >= 10);
}

/* Every known bug is found again, and then replays; how many schedules had to change. */
static u32 rebase_all(enum edited_core how)
{
	struct rebase_options options = {0};
	char error[256];
	u32 changed = 0;
	u64 runs = 0;

	edit(how);
	for (u32 bug = 0; bug < nr_known_bugs; bug++) {
		load(bug);
		if (rebase(&s, &options, &result, error, sizeof(error)))
			fail_msg("%s: %s in %llu runs", known_bugs[bug].name, error, (unsigned long long)result.runs);
		if (!result.exact)
			print_message("%s, %llu runs\n%s", known_bugs[bug].name, (unsigned long long)result.runs,
				      result.what);
		assert_true(fails_as_it_did());
		assert_true(run.rt.hash == result.hash);
		changed += !result.exact;
		runs += result.runs;
	}
	print_message("%u of %u schedules changed, %llu runs\n", changed, nr_known_bugs, (unsigned long long)runs);
	return changed;
}

/* Only what counts steps: most schedules do not. */
static void counts_are_found_again(void **state)
{
	(void)state;
	assert_int_equal(rebase_all(EDITED_NOT), 0);
	assert_in_range(rebase_all(EDITED_STEPS), 1, nr_known_bugs / 4);
}

static void new_points_and_shifted_counts_are_found_again(void **state)
{
	(void)state;
	rebase_all(EDITED_POINTS);
	assert_in_range(rebase_all(EDITED_COUNTS), 3, nr_known_bugs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_source_is_the_same_core),
		cmocka_unit_test(names_survive_code_that_they_do_not_name),
		cmocka_unit_test(counts_are_found_again),
		cmocka_unit_test(new_points_and_shifted_counts_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
