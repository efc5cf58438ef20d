/* SPDX-License-Identifier: MIT */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

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
					       "\n  ...\n",
					       "\n  compaction.freepage_checked",
					       "~ preempted ~",
					       ">\n",
					       "  offline block=4\n",
					       "= 0\n",
					       "  remove block=4\n",
					       "sparse.mem_map_cleared",
					       "sparse.memmap_unmapped",
					       "  ...\n",
					       "(ends)\n",
					       "page[312].flags",
					       "\n*** oops ***\n",
					       NULL};
	struct explanation e;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(explain(&s, false, EXPLAIN_TEXT, &e, error, sizeof(error)), 0);
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
	assert_int_equal(explain(&s, false, EXPLAIN_TEXT, &brief, error, sizeof(error)), 0);
	assert_int_equal(explain(&s, true, EXPLAIN_TEXT, &full, error, sizeof(error)), 0);
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
					       "what orders the two accesses",
					       "in common: no lock",
					       "when the failure comes",
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
	assert_int_equal(explain(&s, false, EXPLAIN_TEXT, &e, error, sizeof(error)), 0);
	assert_in_order(e.verdict, expected);
	explanation_free(&e);
}

static bool oopses_with(const char *entry)
{
	static struct scenario trial;
	static struct runner_result run;
	static struct replay replay;
	char text[2048];

	snprintf(text, sizeof(text), "%sschedule %s\n", testing_small, entry);
	testing_parse(text, &trial);
	return runner_replay(&trial, &replay, 0, &run) == 0 && scenario_expected(&trial, &run.rt.verdict) &&
	       strstr(run.rt.verdict.signature, "freepage_checked, sparse.mem_map_cleared");
}

/* What the diagram leaves out does not matter, and where it says that an edge is, there is one. */
static void shows_the_points_that_matter(void **state)
{
	struct explanation e;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(explain(&s, false, EXPLAIN_TEXT, &e, error, sizeof(error)), 0);
	assert_non_null(strstr(e.verdict, "remover -> walker: not yet at sparse.mem_map_cleared #1, but from "
					  "sparse.memmap_unmapped #1\n"));
	assert_false(oopses_with("switch remover -> walker at sparse.mem_map_cleared #1"));
	assert_true(oopses_with("switch remover -> walker at sparse.memmap_unmapped #1"));
	assert_non_null(strstr(e.diagram, "sparse.memmap_unmapped"));
	assert_false(oopses_with("switch remover -> walker at offline.sections_offline #1"));
	assert_true(oopses_with("switch remover -> walker at remove.memmap_gone #1"));
	assert_null(strstr(e.diagram, "offline.sections_offline"));
	assert_null(strstr(e.diagram, "remove.memmap_gone"));
	explanation_free(&e);
}

static u32 count(const char *text, const char *part)
{
	u32 n = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

static void a_page_has_lanes_bars_and_arrows(void **state)
{
	static const char *const expected[] = {"<!doctype html>",
					       "<b>oops</b>",
					       ">walker</text>",
					       ">remover</text>",
					       ">preempted</text>",
					       ">remove block=4</text>",
					       ">oops</text>",
					       "</svg>",
					       "was touched",
					       "</html>\n",
					       NULL};
	struct explanation e;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	snprintf(s.name, sizeof(s.name), "a <b> & \"c\"");
	assert_int_equal(explain(&s, false, EXPLAIN_HTML, &e, error, sizeof(error)), 0);
	assert_in_order(e.page, expected);
	assert_non_null(strstr(e.page, "<h1>a &lt;b&gt; &amp; &quot;c&quot;</h1>"));
	/* A bar for each operation that began, and nothing from elsewhere. */
	assert_int_equal(count(e.page, "fill=\"var(--op)\""), 3);
	assert_null(strstr(e.page, "src="));
	assert_null(strstr(e.page, "href="));
	explanation_free(&e);
}

static void a_mail_is_72_columns_wide(void **state)
{
	struct explanation e;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(explain(&s, false, EXPLAIN_MAIL, &e, error, sizeof(error)), 0);
	for (const char *line = e.page; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, 72);
	assert_non_null(strstr(e.page, "\n\noops: oops use-after-free memmap"));
	assert_non_null(strstr(e.page, "touched by walker"));
	explanation_free(&e);
}

/* What Perfetto reads: each operation begins before it ends on its track, flows come in pairs. */
static void a_trace_is_what_viewers_read(void **state)
{
	struct json_object *root, *events, *value;
	struct explanation e;
	u32 open[RT_MAX_TASKS] = {0}, begins = 0, flows = 0, slices = 0;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(explain(&s, false, EXPLAIN_TRACE, &e, error, sizeof(error)), 0);
	root = json_tokener_parse(e.page);
	assert_true(json_object_object_get_ex(root, "traceEvents", &events));
	for (size_t i = 0; i < json_object_array_length(events); i++) {
		struct json_object *event = json_object_array_get_idx(events, i);
		const char *phase;
		int track;

		assert_true(json_object_object_get_ex(event, "tid", &value));
		track = json_object_get_int(value);
		assert_true(json_object_object_get_ex(event, "ts", &value));
		assert_in_range(json_object_get_int64(value), 0, e.steps);
		assert_true(json_object_object_get_ex(event, "ph", &value));
		phase = json_object_get_string(value);
		begins += *phase == 'B';
		flows += *phase == 's' ? 1 : *phase == 'f' ? -1u : 0;
		slices += *phase == 'X';
		if (*phase == 'B')
			open[track]++;
		else if (*phase == 'E')
			assert_int_not_equal(open[track]--, 0);
	}
	assert_int_equal(begins, 3);
	assert_int_equal(flows, 0);
	assert_true(slices >= 3);
	json_object_put(root);
	explanation_free(&e);
}

static void explains_a_run_that_held(void **state)
{
	struct explanation e;
	char error[256];

	(void)state;
	testing_parse(testing_small, &s);
	schedule_init(&s.schedule);
	assert_int_equal(explain(&s, false, EXPLAIN_TEXT, &e, error, sizeof(error)), 0);
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
	assert_int_equal(explain(&s, false, EXPLAIN_TEXT, &e, error, sizeof(error)), 0);
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
	assert_int_equal(explain(&s, false, EXPLAIN_TEXT, &e, error, sizeof(error)), -ESTALE);
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
		cmocka_unit_test(shows_the_points_that_matter),
		cmocka_unit_test(lines_fit_a_mail_unless_all_is_wanted),
		cmocka_unit_test(decodes_what_was_hit),
		cmocka_unit_test(a_page_has_lanes_bars_and_arrows),
		cmocka_unit_test(a_mail_is_72_columns_wide),
		cmocka_unit_test(a_trace_is_what_viewers_read),
		cmocka_unit_test(explains_a_run_that_held),
		cmocka_unit_test(a_trace_does_not_change_the_run),
		cmocka_unit_test(drift_is_an_error),
		cmocka_unit_test(symbols_have_a_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
