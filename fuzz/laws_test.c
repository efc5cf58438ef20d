/* SPDX-License-Identifier: MIT */
/*
 * Laws at each step: they see what they see at rest, and sooner; they see nothing where nothing is wrong; and a run
 * does not know that they look.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/laws.h"
#include "fuzz/mixture.h"
#include "fuzz/token.h"

#define RUNS_MAX 100  /* until a planted bug must have shown itself; others are left to the planted test */
#define RUNS_SILENT 4 /* of each clean scenario: one of each strategy */
#define EVERY 11      /* of the clean scenarios one in so many */
#define SCENARIOS_MAX 512

static struct scenario s, decoded;
static struct runner_result result;
static char paths[SCENARIOS_MAX][640];
static u32 nr_paths;

static int by_path(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void find_scenarios(const char *folder)
{
	const char *root = getenv("PFNSTORM_SOURCE_DIR");
	char path[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/corpus/%s", root, folder);
	dir = opendir(path);
	nr_paths = 0;
	while (dir && nr_paths < SCENARIOS_MAX && (entry = readdir(dir)))
		if (strlen(entry->d_name) > 4 && !strcmp(entry->d_name + strlen(entry->d_name) - 4, ".pfn"))
			snprintf(paths[nr_paths++], sizeof(paths[0]), "%s/%s", path, entry->d_name);
	if (dir)
		closedir(dir);
	qsort(paths, nr_paths, sizeof(paths[0]), by_path);
	assert_true(nr_paths > 0);
}

static void load(const char *path)
{
	char message[512];

	if (scenario_load(path, &s, message, sizeof(message)))
		fail_msg("%s", message);
}

/* ---- sooner ---------------------------------------------------------------------------------------------------- */

/* Of what the scenario expects: the law that may be asked at steps, alone in @laws. */
static bool expects_law_of_steps(struct law_set *laws)
{
	struct rt_verdict expected = {.kind = s.expect.kind};
	char message[200];

	memset(laws, 0, sizeof(*laws));
	if (!s.expect.set)
		return false;
	snprintf(expected.signature, sizeof(expected.signature), "%s", s.expect.words);
	laws_from(LAWS_ALL, laws, message, sizeof(message));
	laws_keep_needed(laws, &expected);
	return laws_count(laws) == 1;
}

/* The schedule of a run that breaks the law at rest. */
static bool break_at_rest(struct schedule *schedule)
{
	struct mixture mixture;
	bool ok = true;

	assert_null(mixture_create(&mixture, 1));
	for (u32 run = 1; run <= RUNS_MAX && ok; run++)
		ok = mixture_run(&mixture, run, &s, schedule, &result);
	mixture_destroy(&mixture);
	return !ok && scenario_expected(&s, &result.rt.verdict);
}

/* The run again, with the law at each step: the same verdict, no later. And as a token. */
static u64 break_at_a_step(const struct law_set *laws, const char *path)
{
	static char token[TOKEN_MAX];
	static struct replay replay;
	struct text_error error;
	u64 step;

	s.laws = *laws;
	if (runner_replay(&s, &replay, 0, &result))
		fail_msg("%s: %s", path, replay.drift.text);
	if (!scenario_expected(&s, &result.rt.verdict))
		fail_msg("%s at steps: %s [%s] %s", path, verdict_name(result.rt.verdict.kind),
			 result.rt.verdict.signature, result.rt.verdict.detail);
	step = result.rt.steps;
	assert_true(token_encode(&s, token, sizeof(token)) > 0);
	assert_int_equal(token_decode(token, &decoded, &error), 0);
	assert_true(scenario_equal(&s, &decoded));
	assert_int_equal(runner_replay(&decoded, &replay, 0, &result), 0);
	assert_true(scenario_expected(&s, &result.rt.verdict));
	assert_int_equal(result.rt.steps, step);
	return step;
}

static void planted_bugs_are_seen_sooner(void **state)
{
	u32 seen = 0, sooner = 0;

	(void)state;
	find_scenarios("planted");
	for (u32 i = 0; i < nr_paths; i++) {
		struct law_set laws;
		u64 at_rest, step;

		load(paths[i]);
		if (!expects_law_of_steps(&laws) || !break_at_rest(&s.schedule))
			continue;
		at_rest = result.rt.steps;
		step = break_at_a_step(&laws, paths[i]);
		printf("%s: step %llu, not %llu\n", strrchr(paths[i], '/') + 1, (unsigned long long)step,
		       (unsigned long long)at_rest);
		assert_true(step <= at_rest);
		seen++;
		sooner += step < at_rest;
	}
	printf("%u seen, %u sooner\n", seen, sooner);
	assert_true(seen >= 8);
	assert_true(sooner >= seen / 2);
}

/* ---- silent ---------------------------------------------------------------------------------------------------- */

/* With all laws and without: the same run, which ends ok. */
static void clean_runs_do_not_know(void **state)
{
	static const char *const folders[] = {"bench", "race", "sequence"};
	static struct runner_result watched;
	char message[200];
	struct law_set all = {{0}}, none = {{0}};
	u64 runs = 0;

	(void)state;
	assert_int_equal(laws_from(LAWS_ALL, &all, message, sizeof(message)), 0);
	for (u32 folder = 0; folder < ARRAY_SIZE(folders); folder++) {
		find_scenarios(folders[folder]);
		for (u32 i = 0; i < nr_paths; i += EVERY) {
			struct mixture plain, with_laws;

			load(paths[i]);
			assert_null(mixture_create(&plain, i));
			assert_null(mixture_create(&with_laws, i));
			for (u32 run = 0; run < RUNS_SILENT; run++, runs++) {
				s.laws = none;
				mixture_run(&plain, run, &s, NULL, &result);
				s.laws = all;
				if (!mixture_run(&with_laws, run, &s, NULL, &watched))
					fail_msg("%s: %s [%s] %s", paths[i], verdict_name(watched.rt.verdict.kind),
						 watched.rt.verdict.signature, watched.rt.verdict.detail);
				assert_int_equal(watched.rt.steps, result.rt.steps);
				assert_int_equal(watched.rt.hash, result.rt.hash);
			}
			mixture_destroy(&plain);
			mixture_destroy(&with_laws);
		}
	}
	printf("%llu runs\n", (unsigned long long)runs);
	assert_true(runs >= 150);
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static void refused(const char *names, const char *expected)
{
	struct law_set set = {{0}};
	char message[200];

	assert_int_equal(laws_from(names, &set, message, sizeof(message)), -EINVAL);
	assert_non_null(strstr(message, expected));
}

static void names_are_checked(void **state)
{
	struct law_set set = {{0}}, all = {{0}};
	char message[200];
	u32 count = 0;

	(void)state;
	refused("lru_enabled", "holds at rest only");
	refused("zone_counters,locks_free", "holds at rest only");
	refused("zone_counter", "did you mean 'zone_counters'?");
	refused("", "expected a law");
	refused("zone_counters,", "expected a law");
	assert_int_equal(laws_from("zone_counters,node_span", &set, message, sizeof(message)), 0);
	assert_int_equal(laws_count(&set), 2);
	assert_int_equal(laws_from("all", &all, message, sizeof(message)), 0);
	for (u32 law = 0; core_law_name(law); law++) {
		assert_int_equal(laws_have(&all, law), core_law_at_steps(law));
		count += core_law_at_steps(law);
	}
	assert_true(count > 30);
}

static void text_holds_them(void **state)
{
	static char text[SCENARIO_TEXT_MAX];
	char message[200];
	struct text_error error;
	size_t len;

	(void)state;
	scenario_init(&s);
	assert_int_equal(laws_from("all", &s.laws, message, sizeof(message)), 0);
	len = scenario_print(&s, text, sizeof(text));
	assert_int_equal(scenario_parse(text, len, &decoded, &error), 0);
	assert_true(scenario_equal(&s, &decoded));
	snprintf(text, sizeof(text), "pfnstorm 1\nlaws node_span lru_enabled\ntask a on cpu0\n");
	assert_int_equal(scenario_parse(text, strlen(text), &decoded, &error), -EINVAL);
	assert_int_equal(error.line, 2);
	assert_int_equal(error.column, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_bugs_are_seen_sooner),
		cmocka_unit_test(clean_runs_do_not_know),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(text_holds_them),
	};

	if (!getenv("PFNSTORM_SOURCE_DIR"))
		return 77;
	runner_set_step_limit(300000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
