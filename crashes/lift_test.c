/* SPDX-License-Identifier: MIT */
/* From what real threads left behind to a schedule that replays. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crashes/file.h"
#include "crashes/folder.h"
#include "crashes/lift.h"
#include "crashes/recording.h"
#include "crashes/save.h"
#include "crashes/testing.h"
#include "fuzz/runner.h"

static char dir[256];

static int make_dir(void **state)
{
	(void)state;
	testing_make_dir(dir, sizeof(dir));
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	testing_remove(dir);
	return 0;
}

/* The folder of a crash on fibers, with what threads leave beside it. */
static void make_folder(const char *recent, const char *trace, char *path, size_t size)
{
	static struct scenario s;
	char message[256], file[600];

	testing_parse(testing_small, &s);
	assert_int_equal(save_crash(&s, dir, "test", path, size, message, sizeof(message)), 0);
	if (recent)
		assert_int_equal(file_write_synced(path, "recent.pfn", recent), 0);
	snprintf(file, sizeof(file), "%s/trace.txt", path);
	assert_int_equal(file_replace(file, trace), 0);
}

static char *without_schedule(void)
{
	static struct scenario s;
	char *text = malloc(SCENARIO_TEXT_MAX);

	testing_parse(testing_small, &s);
	schedule_init(&s.schedule);
	scenario_print(&s, text, SCENARIO_TEXT_MAX);
	return text;
}

#define LINE(time, task, cpu, point) "    " time " us  " task "  " cpu "   " point "(4)\n"

static const char order[] = "# merged by time\n" LINE("-50.0", "walker", "cpu0", "op.begin")
	LINE("-45.0", "walker", "cpu0", "op.end") LINE("-40.0", "kswapd0", "cpu0", "compaction.page_checked")
		LINE("-30.0", "walker", "cpu0", "op.begin") LINE("-20.0", "walker", "cpu0", "compaction.page_checked")
			LINE("-19.0", "walker", "cpu0", "compaction.page_checked")
				LINE("-10.0", "remover", "cpu1", "op.begin") LINE("-9.0", "remover", "cpu1", "op.end")
					LINE("-8.0", "walker", "cpu0", "compaction.page_checked")
						LINE("-7.0", "remover", "cpu1", "op.begin");

/* The walker's first operation is older than what it did last; the kernel's own threads are not in the scenario. */
static void recorded_order_becomes_switches(void **state)
{
	static struct scenario s;
	static struct schedule hints;
	char path[512], message[256], place[128], *recent = without_schedule();

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(s.task[0].nr_ops, 1);
	assert_int_equal(s.task[1].nr_ops, 2);
	make_folder(recent, order, path, sizeof(path));
	assert_int_equal(recording_read(path, &s, &hints, message, sizeof(message)), 0);
	assert_int_equal(hints.count, 4);
	assert_int_equal(hints.entry[0].form, SCHEDULE_START);
	assert_int_equal(hints.entry[0].target, 0);
	schedule_print_place(&hints, 1, place, sizeof(place));
	assert_string_equal(place, "compaction.page_checked #2");
	assert_int_equal(hints.entry[1].target, 1);
	schedule_print_place(&hints, 2, place, sizeof(place));
	assert_string_equal(place, "op.end #1");
	schedule_print_place(&hints, 3, place, sizeof(place));
	assert_string_equal(place, "compaction.page_checked #3");
	free(recent);
}

static void a_short_recording_is_no_hint(void **state)
{
	static struct scenario s;
	static struct schedule hints;
	char path[512], message[256], *recent = without_schedule();

	(void)state;
	testing_parse(testing_small, &s);
	make_folder(recent, LINE("-7.0", "remover", "cpu1", "op.end"), path, sizeof(path));
	assert_int_equal(recording_read(path, &s, &hints, message, sizeof(message)), 0);
	assert_int_equal(hints.count, 0);
	free(recent);
}

static void the_same_failure_is_found_and_replays(void **state)
{
	const struct lift_options options = {.runs_max = 20000, .seed = 1};
	static struct scenario first, again;
	static struct replay replay;
	static struct runner_result run;
	struct lift_result result;
	char path[512], message[256], *recent = without_schedule();

	(void)state;
	make_folder(recent, order, path, sizeof(path));
	assert_int_equal(lift(path, &options, &first, &result, message, sizeof(message)), 0);
	assert_true(result.lifted);
	assert_int_equal(result.status.hints, 4);
	assert_string_equal(result.verdict.signature, result.wanted.signature);
	assert_int_equal(runner_replay(&first, &replay, 0, &run), 0);
	assert_string_equal(run.rt.verdict.signature, result.wanted.signature);
	/* Nothing but the seed decides. */
	assert_int_equal(lift(path, &options, &again, &result, message, sizeof(message)), 0);
	assert_true(scenario_equal(&first, &again));
	free(recent);
}

/* What did not happen is not found, and the budget is kept. */
static void another_failure_is_not_taken_for_it(void **state)
{
	const struct lift_options options = {.runs_max = 300, .seed = 1};
	static struct scenario s;
	struct lift_result result;
	char path[512], file[600], message[256], *recent = without_schedule(), *verdict, *place;

	(void)state;
	make_folder(recent, order, path, sizeof(path));
	snprintf(file, sizeof(file), "%s/verdict.txt", path);
	verdict = file_read(file, NULL);
	place = strstr(verdict, "{");
	assert_non_null(place);
	place[1] = 'x';
	assert_int_equal(file_replace(file, verdict), 0);
	assert_int_equal(lift(path, &options, &s, &result, message, sizeof(message)), 0);
	assert_false(result.lifted);
	assert_int_equal(result.status.runs, 300);
	free(verdict);
	free(recent);
}

static void bad_folders_are_located(void **state)
{
	const struct lift_options options = {.runs_max = 10, .seed = 1};
	static struct scenario s;
	struct lift_result result;
	char path[512], message[1024], *recent = without_schedule();

	(void)state;
	make_folder(NULL, order, path, sizeof(path));
	assert_int_equal(lift(path, &options, &s, &result, message, sizeof(message)), -ENOENT);
	assert_non_null(strstr(message, "none of recent.pfn"));
	assert_int_equal(file_write_synced(path, "recent.pfn", "pfnstorm 1\nnoise\n"), 0);
	assert_int_equal(lift(path, &options, &s, &result, message, sizeof(message)), -EINVAL);
	assert_non_null(strstr(message, "recent.pfn:2:1"));
	file_remove_dir(path);
	make_folder(recent, "# head\n  -1.0 us  walker  cpu0  compaction.page_checkd(4)\n", path, sizeof(path));
	assert_int_equal(lift(path, &options, &s, &result, message, sizeof(message)), -EINVAL);
	if (!strstr(message, "trace.txt:2:26: expected a semantic point"))
		fail_msg("%s", message);
	free(recent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(recorded_order_becomes_switches, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_short_recording_is_no_hint, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(the_same_failure_is_found_and_replays, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(another_failure_is_not_taken_for_it, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(bad_folders_are_located, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
