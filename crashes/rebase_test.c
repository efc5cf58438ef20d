/* SPDX-License-Identifier: MIT */
#include "crashes/rebase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crashes/file.h"
#include "crashes/save.h"
#include "crashes/testing.h"
#include "fuzz/runner.h"

/* Two preemptions that need each other. */
static const char torn[] = "pfnstorm 1\n"
			   "name     a pageblock is isolated while the zone loses its first block\n"
			   "machine  geometry=tiny cpus=2 nodes=1 blocks=2 online=0-1\n"
			   "bug      zone_span_torn_read=on\n"
			   "task a on cpu0\n"
			   "         offline block=0\n"
			   "task b on cpu1\n"
			   "         isolate block=1\n"
			   "expect   invariant law free\n";
#define TORN_A "schedule switch a -> b at lock zone[Movable].lock #1 after offline.counted #1\n"
#define TORN_B "schedule switch b -> a at read_once zone[Normal].spanned_pages #2 after walk.section_checked #5\n"

static struct scenario s;
static struct rebase_result result;
static char error[256];

static void load(const char *text, const char *schedule)
{
	static char whole[8192];

	snprintf(whole, sizeof(whole), "%s%s", text, schedule);
	testing_parse(whole, &s);
}

static int rebase_with(u64 runs)
{
	struct rebase_options options = {.runs_max = runs};

	return rebase(&s, &options, &result, error, sizeof(error));
}

static void assert_found(const char *moved)
{
	static struct replay replay;
	static struct runner_result run;

	if (rebase_with(0))
		fail_msg("%s", error);
	if (strcmp(result.what, moved) != 0)
		fail_msg("expected:\n%sfound in %llu runs:\n%s", moved, (unsigned long long)result.runs, result.what);
	assert_int_equal(result.exact, moved[0] == '\0');
	assert_int_equal(runner_replay(&s, &replay, 0, &run), 0);
	assert_true(scenario_expected(&s, &run.rt.verdict));
	assert_true(run.rt.hash == result.hash);
}

static void what_fits_stays_as_it_is(void **state)
{
	static struct scenario before;

	(void)state;
	testing_parse(testing_small, &s);
	scenario_copy(&before, &s);
	assert_found("");
	assert_int_equal(result.runs, 1);
	assert_true(scenario_equal(&s, &before));
	load(torn, TORN_A TORN_B);
	assert_found("");
}

static void a_place_that_is_gone_becomes_the_nearest(void **state)
{
	(void)state;
	load(torn, "schedule switch a -> b at lock zone[Movable].lock #1 after offline.counted #4\n" TORN_B);
	assert_found("preemption 1: lock zone[Movable].lock #1 after offline.counted #4 -> #1\n");
	/* No place has the name any more: the same access, after another point. */
	load(torn, "schedule switch a -> b at lock zone[Movable].lock #1 after remove.memmap_gone #1\n" TORN_B);
	assert_found("preemption 1: lock zone[Movable].lock #1 after remove.memmap_gone #1 -> "
		     "lock zone[Movable].lock #1 after offline.counted #1\n");
}

/* Its place is there, but means something else now. */
#define TORN_ELSEWHERE                                                                                                 \
	"schedule switch a -> b at offline.counted #1\n"                                                               \
	"schedule switch b -> a at read_once zone[Normal].spanned_pages #1 after walk.section_checked #5\n"

/* Its place is there, but means something else now. */
static void an_entry_that_fits_is_displaced_if_it_must(void **state)
{
	(void)state;
	load(torn, TORN_A "schedule switch b -> a at read_once zone[Normal].spanned_pages #1 after "
			  "walk.section_checked #5\n");
	assert_found("preemption 2: read_once zone[Normal].spanned_pages #1 after walk.section_checked #5 -> "
		     "read_once zone[Normal].spanned_pages #2 after walk.section_checked #5\n");
	assert_int_equal(result.radius, 1);
	load(torn, TORN_ELSEWHERE);
	assert_int_equal(rebase_with(0), 0);
	assert_int_equal(result.radius, 2);
	assert_int_equal(result.moved, 2);
}

static void what_is_not_needed_is_left_out(void **state)
{
	(void)state;
	load(torn, TORN_A TORN_B "schedule choose fault kmalloc #4000 = 1\n");
	assert_found("choice 1: choose fault kmalloc #4000 = 1 -> not needed\n");
}

/* The number of a kernel thread depends on how many there are. */
static void another_kernel_thread_will_do(void **state)
{
	static const char text[] = "pfnstorm 1\n"
				   "machine  geometry=tiny cpus=2 nodes=2 blocks=6 online=0-2 offline=5\n"
				   "design   node_offline=walk_span\n"
				   "boot     memremap block=3 first=4 count=1\n"
				   "boot     memremap block=4 first=5 count=1\n"
				   "task remover on cpu0\n"
				   "         remove block=5\n"
				   "task driver on cpu1\n"
				   "         memunmap block=3 first=4\n"
				   "expect   oops uninitialised page.flags remove.memmap_gone\n"
				   "schedule start driver\n";

	(void)state;
	load(text, "schedule switch task/29 -> driver at unlock #1 after task.start #1\n");
	assert_found("preemption 1: switch task/29 -> driver at unlock #1 after task.start #1 -> "
		     "switch task/31 -> driver at unlock #1 after task.start #1\n");
}

static void the_same_twice(void **state)
{
	static struct scenario first;

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		load(torn, TORN_A "schedule switch b -> a at walk.section_checked #5\n");
		assert_int_equal(rebase_with(0), 0);
		if (i == 0)
			scenario_copy(&first, &s);
	}
	assert_true(scenario_equal(&s, &first));
	print_message("%llu runs: %s", (unsigned long long)result.runs, result.what);
}

static void a_budget_ends_it(void **state)
{
	static struct scenario before;

	(void)state;
	load(torn, TORN_ELSEWHERE);
	scenario_copy(&before, &s);
	assert_int_equal(rebase_with(5), -ENOENT);
	assert_in_range(result.runs, 5, 6);
	assert_true(scenario_equal(&s, &before));
	/* Repaired: there is nothing to find. */
	load(torn, TORN_A TORN_B);
	switches_default(&s.machine.sw);
	assert_int_equal(rebase_with(300), -ENOENT);
}

static void somebody_must_say_what_failed(void **state)
{
	struct rebase_options options = {.signature = "oops use-after-free memmap {compaction.freepage_checked, "
						      "sparse.mem_map_cleared}"};

	(void)state;
	testing_parse(testing_small, &s);
	s.expect.set = 0;
	assert_int_equal(rebase_with(0), -EINVAL);
	assert_non_null(strstr(error, "expect"));
	assert_int_equal(rebase(&s, &options, &result, error, sizeof(error)), 0);
	options.signature = "another one";
	options.runs_max = 100;
	assert_int_equal(rebase(&s, &options, &result, error, sizeof(error)), -ENOENT);
}

static void a_file_keeps_all_but_its_schedule(void **state)
{
	static const char head[] = "pfnstorm 1\n# bound: 2\nmachine geometry=tiny cpus=2 nodes=1 blocks=2 online=0-1\n"
				   "bug zone_span_torn_read=on\ntask a on cpu0\n   offline block=0\n"
				   "task b on cpu1\n   isolate block=1\nexpect invariant law free\n";
	static const char old[] =
		"schedule switch a -> b at lock zone[Movable].lock #1 after offline.counted #7\n" TORN_B;
	char dir[256], path[512], *text, wanted[2048];

	(void)state;
	testing_make_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/one.pfn", dir);
	snprintf(wanted, sizeof(wanted), "%s%s# the end", head, old);
	assert_int_equal(file_write_synced(dir, "one.pfn", wanted), 0);
	load(head, old);
	assert_int_equal(rebase_with(0), 0);
	assert_int_equal(save_schedule(&s, path, error, sizeof(error)), 0);
	text = file_read(path, NULL);
	snprintf(wanted, sizeof(wanted), "%s" TORN_A TORN_B "# the end\n", head);
	assert_string_equal(text, wanted);
	free(text);
	testing_remove(dir);
}

static void a_folder_follows(void **state)
{
	static const char *const parts[] = {"scenario.pfn", "token", "verdict.txt", "diagram.txt", "trace.txt"};
	static char *before[ARRAY_SIZE(parts)];
	char dir[256], path[512], file[640];

	(void)state;
	testing_make_dir(dir, sizeof(dir));
	load(torn, TORN_A TORN_B);
	assert_int_equal(save_crash(&s, dir, "a test", path, sizeof(path), error, sizeof(error)), 0);
	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, parts[i]);
		before[i] = file_read(file, NULL);
	}
	/* As if it had been found in another build: brought up to date it is what it was, by the same finder. */
	for (u32 i = 1; i < ARRAY_SIZE(parts); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, parts[i]);
		if (i != 2)
			assert_int_equal(file_replace(file, "old"), 0);
	}
	assert_int_equal(save_schedule(&s, path, error, sizeof(error)), 0);
	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		char *now;

		snprintf(file, sizeof(file), "%s/%s", path, parts[i]);
		now = file_read(file, NULL);
		assert_string_equal(now, before[i]);
		free(now);
		free(before[i]);
	}
	testing_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_stays_as_it_is),
		cmocka_unit_test(a_place_that_is_gone_becomes_the_nearest),
		cmocka_unit_test(an_entry_that_fits_is_displaced_if_it_must),
		cmocka_unit_test(what_is_not_needed_is_left_out),
		cmocka_unit_test(another_kernel_thread_will_do),
		cmocka_unit_test(the_same_twice),
		cmocka_unit_test(a_budget_ends_it),
		cmocka_unit_test(somebody_must_say_what_failed),
		cmocka_unit_test(a_file_keeps_all_but_its_schedule),
		cmocka_unit_test(a_folder_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
