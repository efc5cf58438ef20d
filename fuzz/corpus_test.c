/* SPDX-License-Identifier: MIT */
/* What lies in corpus/: canonical text with provenance, within the fuzz limits, and harmless under the default design.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rt/point.h"
#include "fuzz/narrow.h"
#include "fuzz/runner.h"
#include "fuzz/scenario.h"

static struct scenario s;
static struct runner_result result;
static u64 reached[NR_POINTS];

static void count_points(const struct rt_trace_entry *entry, void *arg)
{
	(void)arg;
	if (!entry->switched_to && entry->place.kind == RT_SEMANTIC)
		reached[entry->place.semantic]++;
}

/* Calls @check for each scenario of the folder; returns how many there are. */
static u32 for_each(const char *folder, void (*check)(const char *path))
{
	const char *root = getenv("PFNSTORM_SOURCE_DIR");
	char path[512], file_path[1024], message[512];
	struct dirent *entry;
	u32 n = 0;
	DIR *dir;

	if (!root)
		skip();
	snprintf(path, sizeof(path), "%s/corpus/%s", root, folder);
	dir = opendir(path);
	if (!dir)
		fail_msg("%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".pfn") != 0)
			continue;
		snprintf(file_path, sizeof(file_path), "%s/%s", path, entry->d_name);
		if (scenario_load(file_path, &s, message, sizeof(message)))
			fail_msg("%s", message);
		check(file_path);
		n++;
	}
	closedir(dir);
	return n;
}

static void check_canonical(const char *path)
{
	static char printed[SCENARIO_TEXT_MAX], text[SCENARIO_TEXT_MAX];
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	scenario_print(&s, printed, sizeof(printed));
	assert_string_equal(printed, text);
	if (!s.from[0] || !s.name[0])
		fail_msg("%s: expected a line of provenance and a name", path);
}

static void check_text(const char *path)
{
	static u8 bytes[SCENARIO_BYTES_MAX];
	char why[128];

	check_canonical(path);
	if (scenario_encode(&s, bytes, sizeof(bytes), why, sizeof(why)) < 0)
		fail_msg("%s: outside the fuzz limits: %s", path, why);
}

static void seeds_are_canonical_and_have_provenance(void **state)
{
	(void)state;
	assert_true(for_each("race", check_text) >= 100);
	assert_true(for_each("sequence", check_text) >= 16);
	assert_int_equal(for_each("bench", check_text), 10);
	for (u32 i = 0; i < nr_narrow; i++)
		assert_true(for_each(narrow_infos[i].name, check_text) >= 3);
}

static void check_result(const char *path)
{
	if (result.rt.verdict.kind != VERDICT_ok)
		fail_msg("%s: %s: %s\n%s", path, verdict_name(result.rt.verdict.kind), result.rt.verdict.signature,
			 result.rt.verdict.detail);
	assert_int_equal(result.failed_boot_op, 0);
}

static void run_default(const char *path, u32 flags)
{
	switches_default(&s.machine.sw);
	runner_run(&s, NULL, flags | RUNNER_TWICE, &result);
	check_result(path);
}

static void check_race(const char *path)
{
	run_default(path, 0);
}

/* The order of a failure that was mended. Drift is no fault: what the order turned on may not be there any more. */
static void check_regression(const char *path)
{
	static struct replay replay;

	check_canonical(path);
	switches_default(&s.machine.sw);
	runner_replay(&s, &replay, 0, &result);
	assert_int_not_equal(replay.used, 0);
	check_result(path);
}

static void mended_failures_stay_mended(void **state)
{
	(void)state;
	assert_true(for_each("regression", check_regression) >= 3);
}

static void check_sequence(const char *path)
{
	run_default(path, RUNNER_SEQUENCE);
}

static void seeds_are_harmless_by_default(void **state)
{
	(void)state;
	for_each("race", check_race);
	for_each("sequence", check_sequence);
	for (u32 i = 0; i < nr_narrow; i++)
		for_each(narrow_infos[i].name, strcmp(narrow_infos[i].base, "sequence") ? check_race : check_sequence);
}

static u32 successes(const char *name)
{
	const struct op_info *info = op_info_by_name(name);
	u32 n = 0;

	for (u32 i = 0; i < s.nr_tasks; i++) {
		for (u32 j = 0; j < s.task[i].nr_ops; j++)
			n += s.task[i].op[j].id == info->id && result.op[i][j].state == RUNNER_OP_DONE &&
			     result.op[i][j].value >= 0;
	}
	return n;
}

static void check_bench(const char *path)
{
	u64 compacted;

	run_default(path, 0);
	memset(reached, 0, sizeof(reached));
	rt_set_trace(count_points, NULL);
	runner_run(&s, NULL, 0, &result);
	rt_set_trace(NULL, NULL);
	compacted = reached[POINT_compaction_page_checked] + reached[POINT_compaction_freepage_checked];
	if (!successes("online") || !successes("offline") || !successes("remove") || reached[POINT_migrate_done] < 8 ||
	    compacted < 64)
		fail_msg(
			"%s: %u online, %u offline, %u remove, %llu pages migrated, %llu pages looked at by compaction",
			path, successes("online"), successes("offline"), successes("remove"),
			(unsigned long long)reached[POINT_migrate_done], (unsigned long long)compacted);
}

static void bench_scenarios_do_the_work(void **state)
{
	(void)state;
	for_each("bench", check_bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_are_canonical_and_have_provenance),
		cmocka_unit_test(seeds_are_harmless_by_default),
		cmocka_unit_test(mended_failures_stay_mended),
		cmocka_unit_test(bench_scenarios_do_the_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
