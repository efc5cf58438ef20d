/* SPDX-License-Identifier: MIT */
/* Recording, replaying, naming and drift, on real scenarios under random schedules. */
#include "fuzz/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rt/random.h"
#include "fuzz/record.h"
#include "fuzz/runner.h"
#include "fuzz/scenario.h"

#define MACHINE                                                                                                        \
	"pfnstorm 1\n"                                                                                                 \
	"machine  geometry=tiny cpus=2 nodes=1 blocks=8 online=0-3 movable=4-5 offline=6\n"                            \
	"boot     alloc movable order=0 count=40 as s1\n"
static const char text[] = MACHINE "task t0 on cpu0\n"
				   "         compact zone=Normal\n"
				   "         walk block=3 blocks=3\n"
				   "task t1 on cpu1\n"
				   "         offline block=4\n"
				   "         online block=6 type=online\n"
				   "task t2 on cpu0\n"
				   "         migrate s1\n"
				   "         synchronize\n"
				   "         verify s1\n";

/* Switches at a random one of so many points, and answers choices at random. */
struct random_strategy {
	struct rt_strategy strategy;
	struct rt_random random;
	u32 mean, faults;
};

static struct random_strategy *random_of(struct rt_strategy *s)
{
	return container_of(s, struct random_strategy, strategy);
}

static u32 pick(struct random_strategy *r, u64 runnable)
{
	for (u32 skip = rt_random_below(&r->random, (u32)__builtin_popcountll(runnable)); skip; skip--)
		runnable &= runnable - 1;
	rt_ask_after(1 + rt_random_below(&r->random, 2 * r->mean));
	return (u32)__builtin_ctzll(runnable);
}

static u32 random_begin(struct rt_strategy *s, u64 runnable)
{
	return pick(random_of(s), runnable);
}

static u32 random_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	(void)place;
	return pick(random_of(s), runnable);
}

static u32 random_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	struct random_strategy *r = random_of(s);

	(void)what;
	return kind == RT_CHOOSE_FAULT && rt_random_below(&r->random, r->faults) ? 0 : rt_random_below(&r->random, n);
}

static const struct rt_strategy_ops random_ops = {
	.name = "test", .begin = random_begin, .next = random_next, .choose = random_choose};

static struct scenario s;
static struct runner_result result;
static struct replay replay;
static struct recorder recorder;

static void load(const char *scenario_text)
{
	struct text_error error = {0};

	if (scenario_parse(scenario_text, strlen(scenario_text), &s, &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.message);
	assert_null(scenario_error(&s));
}

/* One random run, written down as the scenario's schedule; false if it was too long for one. */
static bool record_run(u64 seed, u32 mean, u64 *hash)
{
	struct random_strategy random = {.strategy = {&random_ops}, .mean = mean, .faults = 200};
	static struct schedule schedule;

	rt_random_seed(&random.random, seed);
	recorder_init(&recorder, &random.strategy, &schedule);
	runner_run(&s, &recorder.strategy, 0, &result);
	*hash = result.rt.hash;
	schedule_copy(&s.schedule, &schedule);
	return !recorder.overflow;
}

static void check_replays(u64 hash, const char *what)
{
	static char printed[SCENARIO_TEXT_MAX];

	if (runner_replay(&s, &replay, 0, &result) || result.rt.hash != hash) {
		scenario_print(&s, printed, sizeof(printed));
		fail_msg("%s: hash %016llx, expected %016llx; drift: %s\n%s", what, (unsigned long long)result.rt.hash,
			 (unsigned long long)hash, replay.drift.set ? replay.drift.text : "none", printed);
	}
	assert_int_equal(replay.used, s.schedule.count);
}

static void every_random_run_replays_exactly(void **state)
{
	u32 replayed = 0, switches = 0;
	u64 hash;

	(void)state;
	load(text);
	for (u64 seed = 1; seed <= 300; seed++) {
		if (!record_run(seed, seed % 3 ? 1000 : 60, &hash))
			continue;
		switches += s.schedule.count;
		check_replays(hash, "raw");
		replayed++;
	}
	assert_in_range(replayed, 200, 300);
	assert_true(switches > 1000);
}

static void named_places_lead_to_the_same_run(void **state)
{
	u32 raw = 0, left = 0;
	u64 hash;

	(void)state;
	load(text);
	for (u64 seed = 1; seed <= 60; seed++) {
		static struct scenario again;
		static char printed[SCENARIO_TEXT_MAX];
		struct text_error error = {0};
		int ret;

		if (!record_run(seed, 1500, &hash))
			continue;
		raw += schedule_raw_entries(&s.schedule);
		ret = record_name_places(&s, 0);
		assert_true(ret >= 0);
		left += (u32)ret;
		check_replays(hash, "named");
		scenario_print(&s, printed, sizeof(printed));
		if (scenario_parse(printed, strlen(printed), &again, &error))
			fail_msg("%u:%u: %s in:\n%s", error.line, error.column, error.message, printed);
		assert_true(scenario_equal(&s, &again));
	}
	/* Most raw counts can be named. */
	assert_true(raw > 100);
	assert_true(left * 4 < raw);
}

static void other_runs_in_between_change_nothing(void **state)
{
	static struct schedule first;
	u64 hash, other;

	(void)state;
	load(text);
	assert_true(record_run(5, 1000, &hash));
	schedule_copy(&first, &s.schedule);
	for (u64 seed = 100; seed < 150; seed++)
		record_run(seed, 200, &other);
	schedule_copy(&s.schedule, &first);
	check_replays(hash, "after others");
	runner_forget();
	check_replays(hash, "after a boot");
	assert_int_equal(result.booted, 1);
}

static void twice_is_checked(void **state)
{
	struct random_strategy random = {.strategy = {&random_ops}, .mean = 500, .faults = 1000};

	(void)state;
	load(text);
	rt_random_seed(&random.random, 3);
	runner_run(&s, &random.strategy, RUNNER_TWICE, &result);
	assert_int_not_equal(result.rt.verdict.kind, VERDICT_crash);
}

static void drifts(const char *entry, const char *part)
{
	static char whole[4096];

	snprintf(whole, sizeof(whole), "%sschedule %s\n", text, entry);
	load(whole);
	if (runner_replay(&s, &replay, 0, &result) != -ESTALE)
		fail_msg("no drift: %s", entry);
	assert_true(replay.drift.set);
	assert_int_equal(replay.drift.entry, 0);
	if (!strstr(replay.drift.text, part))
		fail_msg("%s: expected '%s' in '%s'", entry, part, replay.drift.text);
}

static void what_cannot_happen_is_drift(void **state)
{
	(void)state;
	drifts("switch t0 -> t1 at op.begin #3", "nearest: op.begin #2, the last one");
	drifts("switch t0 -> t1 at add.section #1", "the task never came to add.section");
	drifts("switch t0 -> t1 at +999999 after op.begin #1", "did not happen; nearest: +");
	drifts("switch t0 -> t1 at lock no such lock #1 after op.begin #1", "nearest: #0 after op.begin #1");
	drifts("switch t0 -> task/13 at op.begin #2", "cannot run there");
	drifts("start task/13", "cannot be the first");
	drifts("choose fault kmalloc #4000 = 1", "such choices");
	drifts("switch t0 -> t1 at +999999 after op.begin #1 build=00000001", "of build 00000001");
	/* The entry before it is what drifted. */
	drifts("switch t0 -> t1 at op.begin #3\nschedule switch t1 -> t0 at op.begin #1", "entry 1, 'switch t0 -> t1");
}

static void lenient_ignores_what_cannot_happen(void **state)
{
	static char whole[4096];

	(void)state;
	snprintf(whole, sizeof(whole),
		 "%sschedule switch t0 -> t1 at op.begin #3\nschedule switch t0 -> t1 at op.begin #2\n"
		 "schedule switch t1 -> task/13 at op.begin #1\n",
		 text);
	load(whole);
	replay_init(&replay, &s.schedule, true);
	runner_run(&s, &replay.strategy, 0, &result);
	assert_int_equal(replay.used, 1);
	assert_int_equal(replay.done[1], 1);
}

static void default_is_the_empty_schedule(void **state)
{
	u64 hash;

	(void)state;
	load(text);
	runner_run(&s, NULL, 0, &result);
	hash = result.rt.hash;
	check_replays(hash, "empty");
	replay_init(&replay, &s.schedule, true);
	runner_run(&s, &replay.strategy, 0, &result);
	assert_true(result.rt.hash == hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_is_the_empty_schedule),
		cmocka_unit_test(every_random_run_replays_exactly),
		cmocka_unit_test(named_places_lead_to_the_same_run),
		cmocka_unit_test(other_runs_in_between_change_nothing),
		cmocka_unit_test(twice_is_checked),
		cmocka_unit_test(what_cannot_happen_is_drift),
		cmocka_unit_test(lenient_ignores_what_cannot_happen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
