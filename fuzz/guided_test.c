/* SPDX-License-Identifier: MIT */
/* Interleaving coverage, the reservoir of places, and fairness in the long run. */
#include "fuzz/guided.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rt/point.h"
#include "fuzz/feedback.h"
#include "fuzz/record.h"
#include "fuzz/runner.h"
#include "fuzz/search.h"

#define MACHINE                                                                                                        \
	"pfnstorm 1\n"                                                                                                 \
	"machine  geometry=tiny cpus=2 nodes=1 blocks=8 online=0-3 movable=4-5 offline=6\n"                            \
	"boot     alloc movable order=0 count=12 as s1\n"

static struct scenario s;
static struct guided guided;
static struct runner_result result;

static void run(const char *tasks)
{
	static char text[4096];
	struct text_error error = {0};

	snprintf(text, sizeof(text), "%s%s", MACHINE, tasks);
	if (scenario_parse(text, strlen(text), &s, &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.message);
	guided_init(&guided, &s, true);
	runner_run(&s, &guided.strategy, 0, &result);
}

#define TWO_TASKS                                                                                                      \
	"task t0 on cpu0\n"                                                                                            \
	"         compact zone=Normal\n"                                                                               \
	"task t1 on cpu1\n"                                                                                            \
	"         online block=6 type=online\n"

static void a_preemption_is_new_coverage(void **state)
{
	static u8 before[FEEDBACK_SIZE];
	u32 hits, fresh = 0, set = 0;

	(void)state;
	run(TWO_TASKS);
	assert_int_equal(result.rt.verdict.kind, VERDICT_ok);
	hits = feedback_nr_hits;
	memcpy(before, feedback_map, sizeof(before));
	run(TWO_TASKS);
	assert_int_equal(feedback_nr_hits, hits);
	assert_memory_equal(before, feedback_map, sizeof(before));
	run(TWO_TASKS "schedule switch t0 -> t1 at compaction.page_checked #5\n");
	assert_int_equal(result.rt.preemptions, 1);
	for (u32 i = 0; i < FEEDBACK_SIZE; i++) {
		set += feedback_map[i];
		fresh += feedback_map[i] && !before[i];
	}
	assert_int_equal(set, feedback_nr_hits);
	assert_true(fresh > 5);
}

static void places_are_those_of_the_run(void **state)
{
	u32 of_task[2] = {0}, with_length = 0;

	(void)state;
	memset(&places_seen, 0, sizeof(places_seen));
	run(TWO_TASKS);
	assert_true(places_seen.count > 50);
	for (u32 i = 0; i < places_seen.count; i++) {
		const struct fuzz_place *place = &places_seen.place[i];

		assert_in_range(place->task, 0, 1);
		assert_true(place->anchor < NR_POINTS && place->occurrence >= 1);
		of_task[place->task]++;
		with_length += place->length > 0;
		/* While the first runs, the second could. */
		if (place->task == 0)
			assert_true(place->others & 2);
	}
	assert_true(of_task[0] > 10 && of_task[1] > 10);
	assert_true(with_length * 2 > places_seen.count);
}

static u8 seen[FEEDBACK_SIZE];

/* Features of the last run that are not in @seen; then they are. */
static u32 news(void)
{
	u32 fresh = 0;

	for (u32 i = 0; i < feedback_nr_hits; i++) {
		fresh += !seen[feedback_hits[i]];
		seen[feedback_hits[i]] = 1;
	}
	return fresh;
}

static void only(const char *kind)
{
	char message[128];

	assert_int_equal(feedback_choose(kind, message, sizeof(message)), 0);
	memset(seen, 0, sizeof(seen));
}

#define READER                                                                                                         \
	"task t0 on cpu0\n"                                                                                            \
	"         alloc movable order=0 count=1 as s2\n"                                                               \
	"task t1 on cpu1\n"                                                                                            \
	"         verify s2\n"

/* One that reads what the other wrote is news, once; alone it is none, and without them nothing is. */
static void reads_are_coverage(void **state)
{
	u32 hits;

	(void)state;
	only("reads");
	run("task t0 on cpu0\n"
	    "         verify s1\n");
	assert_int_equal(feedback_nr_hits, 0);
	run(READER);
	hits = feedback_nr_hits;
	assert_true(news() > 0);
	runner_forget();
	run(READER);
	assert_int_equal(feedback_nr_hits, hits);
	assert_int_equal(news(), 0);
	run(READER "schedule start t1\n");
	assert_true(feedback_nr_hits < hits);
	only("points");
	run(READER);
	assert_true(news() > 0);
	only("edges,reads");
	run(READER);
	assert_int_equal(feedback_nr_hits, hits);
	only("edges");
	run(READER);
	assert_int_equal(feedback_nr_hits, 0);
	feedback_wanted = FEEDBACK_ALL;
}

#define WALK(from) "task t0 on cpu0\n         offline block=4\ntask t1 on cpu1\n         walk block=" from " blocks=1\n"
#define MIDWAY "schedule switch t0 -> t1 at offline.isolated\n"

/* Phase of the offline, the walk, and what it walks: each of the three makes a difference. */
static void phases_are_coverage(void **state)
{
	(void)state;
	only("phases");
	run(WALK("4"));
	news();
	run(WALK("4"));
	assert_int_equal(news(), 0);
	run(WALK("4") MIDWAY);
	assert_true(news() > 0);
	run(WALK("0") MIDWAY);
	assert_true(news() > 0);
	run(WALK("1") MIDWAY);
	assert_int_equal(news(), 0);
	run(WALK("7") MIDWAY);
	assert_true(news() > 0);
	run("task t0 on cpu0\n         offline block=4\ntask t1 on cpu1\n         compact zone=Normal\n" MIDWAY);
	assert_true(news() > 0);
	/* Nothing that is hotplugged, no phases. */
	run(READER "schedule switch t0 -> t1 at op.begin\n");
	assert_int_equal(feedback_nr_hits, 0);
	feedback_wanted = FEEDBACK_ALL;
}

static void unknown_kinds_are_refused(void **state)
{
	char message[128];

	(void)state;
	assert_int_equal(feedback_choose("edges,lines", message, sizeof(message)), -EINVAL);
	assert_string_equal(message, "'lines': expected edges, points, reads or phases");
	assert_int_equal(feedback_wanted, FEEDBACK_ALL);
}

/* One run under the strategy of that number, and once more as a token would hold it. */
static u64 run_search(u32 number, u32 seed)
{
	static struct recorder recorder;
	static struct schedule schedule;
	static struct replay replay;
	u64 hash;

	s.search.strategy = number;
	s.search.seed = seed;
	guided_init(&guided, &s, true);
	recorder_init(&recorder, &guided.strategy, &schedule);
	runner_run(&s, &recorder.strategy, 0, &result);
	assert_int_equal(result.rt.verdict.kind, VERDICT_ok);
	assert_false(recorder.overflow);
	hash = result.rt.hash;
	replay_init(&replay, &schedule, false);
	runner_run(&s, &replay.strategy, 0, &result);
	assert_int_equal(result.rt.hash, hash);
	return hash;
}

/* The same number and seed, the same run, whatever ran before; other seeds, other runs; features are noted. */
static void strategies_are_inputs(void **state)
{
	u64 first[4][4];

	(void)state;
	for (u32 number = 1; search_strategy(number); number++) {
		u32 distinct = 0, hits = 0;

		run(TWO_TASKS);
		for (u32 seed = 0; seed < 4; seed++) {
			first[number][seed] = run_search(number, seed);
			hits += feedback_nr_hits;
			distinct += seed && first[number][seed] != first[number][0];
		}
		assert_true(distinct > 0 && hits > 50);
	}
	for (u32 number = 1; search_strategy(number); number++)
		for (u32 seed = 4; seed--;)
			assert_int_equal(run_search(number, seed), first[number][seed]);
	/* None: the entries count again. */
	run(TWO_TASKS "schedule switch t0 -> t1 at compaction.page_checked #5\n");
	assert_int_equal(result.rt.preemptions, 1);
}

/* t0's offline waits for pages that t1 pinned; t1 was preempted before it could let go. */
static void nobody_starves(void **state)
{
	(void)state;
	run("task t0 on cpu0\n"
	    "         offline block=4\n"
	    "task t1 on cpu1\n"
	    "         pin s1\n"
	    "         unpin s1\n"
	    "schedule start t1\n"
	    "schedule switch t1 -> t0 at op.begin #2\n");
	assert_int_equal(result.rt.verdict.kind, VERDICT_ok);
	assert_int_equal(result.op[0][0].value, 0);
	assert_int_equal(result.op[1][1].value, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_preemption_is_new_coverage), cmocka_unit_test(places_are_those_of_the_run),
		cmocka_unit_test(reads_are_coverage),           cmocka_unit_test(phases_are_coverage),
		cmocka_unit_test(unknown_kinds_are_refused),    cmocka_unit_test(nobody_starves),
		cmocka_unit_test(strategies_are_inputs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
