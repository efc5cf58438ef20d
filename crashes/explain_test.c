/* SPDX-License-Identifier: MIT */
#include "crashes/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crashes/symbol.h"
#include "crashes/testing.h"
#include "crashes/verdict_json.h"

static struct scenario s;

/* Do the texts occur in this order? */
static void assert_in_order(const char *text, const char *const *parts)
{
	for (const char *at = text; *parts; parts++) {
		at = strstr(at, *parts);
		if (!at)
			fail_msg("'%s' does not follow in:\n%s", *parts, text);
	}
}

static void draws_who_did_what_when(void **state)
{
	static const char *const expected[] = {"walker (CPU 0)",
					       "remover (CPU 1)",
					       "\ncompact zone=Normal",
					       "\n  compaction.freepage_checked",
					       "~ preempted ~",
					       ">\n",
					       "  offline block=4\n",
					       "offline.sections_offline",
					       "= 0\n",
					       "  remove block=4\n",
					       "remove.memmap_gone",
					       "(ends)\n",
					       "page[312].flags",
					       "\n*** oops ***\n",
					       NULL};
	struct explanation e;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(explain(&s, false, &e, error, sizeof(error)), 0);
	assert_in_order(e.diagram, expected);
	assert_int_equal(e.result.kind, VERDICT_oops);
	explanation_free(&e);
}

static void lines_fit_a_mail_unless_all_is_wanted(void **state)
{
	struct explanation brief, full;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(explain(&s, false, &brief, error, sizeof(error)), 0);
	assert_int_equal(explain(&s, true, &full, error, sizeof(error)), 0);
	for (const char *line = brief.diagram; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 110);
	assert_true(strlen(full.diagram) > 10 * strlen(brief.diagram));
	explanation_free(&brief);
	explanation_free(&full);
}

static void decodes_what_was_hit(void **state)
{
	static const char *const expected[] = {"oops: oops use-after-free memmap",
					       "what happened",
					       "touched by walker",
					       "taken away by remover",
					       "what was touched",
					       "pfn 312",
					       "operations",
					       "walker: compact zone=Normal: under way",
					       "remover: remove block=4 -> 0",
					       "schedule",
					       "switch walker -> remover at compaction.freepage_checked #1",
					       "machine at the end",
					       "block 0 online",
					       "hash ",
					       NULL};
	struct explanation e;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(explain(&s, false, &e, error, sizeof(error)), 0);
	assert_in_order(e.verdict, expected);
	explanation_free(&e);
}

static void explains_a_run_that_held(void **state)
{
	struct explanation e;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	schedule_init(&s.schedule);
	assert_int_equal(explain(&s, false, &e, error, sizeof(error)), 0);
	assert_int_equal(e.result.kind, VERDICT_ok);
	assert_null(strstr(e.diagram, "***"));
	assert_null(strstr(e.diagram, "preempted"));
	assert_non_null(strstr(e.verdict, "ok: every law held"));
	explanation_free(&e);
}

static void a_trace_does_not_change_the_run(void **state)
{
	struct explanation e;
	static struct runner_result run;
	static struct replay replay;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(runner_replay(&s, &replay, 0, &run), 0);
	assert_int_equal(explain(&s, false, &e, error, sizeof(error)), 0);
	assert_true(e.hash == run.rt.hash);
	assert_int_equal(e.steps, run.rt.steps);
	explanation_free(&e);
}

static void drift_is_an_error(void **state)
{
	struct explanation e;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	s.schedule.entry[0].occurrence = 100000;
	assert_int_equal(explain(&s, false, &e, error, sizeof(error)), -ESTALE);
	assert_non_null(strstr(error, "drifts"));
}

static const void *__attribute__((noinline)) here(void)
{
	return __builtin_return_address(0);
}

static void symbols_have_a_function(void **state)
{
	char text[256];

	(void)state;
	symbol_describe(NULL, text, sizeof(text));
	assert_string_equal(text, "");
	symbol_describe(here(), text, sizeof(text));
	if (verdict_json_supported()) /* a build with parts: libdw is there too */
		assert_non_null(strstr(text, " at crashes/explain_test.c:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_who_did_what_when),
		cmocka_unit_test(lines_fit_a_mail_unless_all_is_wanted),
		cmocka_unit_test(decodes_what_was_hit),
		cmocka_unit_test(explains_a_run_that_held),
		cmocka_unit_test(a_trace_does_not_change_the_run),
		cmocka_unit_test(drift_is_an_error),
		cmocka_unit_test(symbols_have_a_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
