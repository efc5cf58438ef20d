/* SPDX-License-Identifier: MIT */
/*
 * Choices of every kind, from the schedule to the token: made by strategies, written down, replayed with the same hash;
 * and without them a run is the default run, whose hash does not know that there was a choice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/record.h"
#include "fuzz/runner.h"
#include "fuzz/strategy.h"
#include "fuzz/token.h"

/* Work items meet on a CPU, callbacks in the RCU daemon, sleepers in writeback, in a retry and in daemons. */
static const char text[] = "pfnstorm 1\n"
			   "name     what surrounds the tasks\n"
			   "machine  geometry=tiny cpus=2 nodes=1 blocks=8 online=0-5\n"
			   "boot     alloc movable order=0 count=8 as filler\n"
			   "task refresher on cpu0\n"
			   "         stat_refresh\n"
			   "         cache_create cache=0\n"
			   "         slab_alloc cache=0 count=9\n"
			   "         slab_free cache=0 count=9\n"
			   "         cache_destroy cache=0\n"
			   "task mover on cpu1\n"
			   "         offline block=4\n"
			   "         add block=6\n"
			   "         add block=7\n"
			   "         remove block=6\n"
			   "         remove block=7\n"
			   "task writer on cpu1\n"
			   "         read count=4 as cache\n"
			   "         write cache\n"
			   "         writeback cache\n"
			   "         free cache\n";

#define RUNS 600
#define NEEDED ((u32)BIT(RT_CHOOSE_DRAIN) - 1) /* stores that wait: fuzz/memory_model_test.c */

static struct scenario scenario, decoded;
static struct runner_result result;
static struct replay replay;

static void parse(const char *schedule)
{
	char whole[2048];
	struct text_error error = {0};

	snprintf(whole, sizeof(whole), "%s%s", text, schedule);
	if (scenario_parse(whole, strlen(whole), &scenario, &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.message);
}

static u32 kinds_in(const struct schedule *s)
{
	u32 kinds = 0;

	for (u32 i = 0; i < s->count; i++)
		if (s->entry[i].form == SCHEDULE_CHOICE)
			kinds |= (u32)BIT(s->entry[i].choice);
	return kinds;
}

static u64 through_token(void)
{
	static char token[TOKEN_MAX];
	struct text_error error;

	assert_true(token_encode(&scenario, token, sizeof(token)) > 0);
	assert_int_equal(token_decode(token, &decoded, &error), 0);
	assert_true(schedule_equal(&scenario.schedule, &decoded.schedule));
	assert_int_equal(runner_replay(&decoded, &replay, 0, &result), 0);
	return result.rt.hash;
}

static void every_kind_is_met_and_replays(void **state)
{
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;
	struct strategy *strategy;
	struct recorder recorder;
	u32 seen = 0, replayed = 0;
	char error[160];

	(void)state;
	parse("");
	options.fault_one_in = 400;
	strategy = strategy_by_name("pct")->construct(&options, error, sizeof(error));
	assert_non_null(strategy);
	recorder_init(&recorder, &strategy->rt, &scenario.schedule);
	for (u32 run = 0; run < RUNS && seen != NEEDED; run++) {
		u64 hash;

		assert_true(strategy->ops->prepare(strategy));
		runner_run(&scenario, &recorder.strategy, 0, &result);
		strategy->ops->finish(strategy, &result.rt);
		if (recorder.overflow || !(kinds_in(&scenario.schedule) & ~seen))
			continue;
		seen |= kinds_in(&scenario.schedule);
		replayed++;
		hash = result.rt.hash;
		assert_int_equal(through_token(), hash);
		assert_int_equal(through_token(), hash);
	}
	strategy->ops->destroy(strategy);
	print_message("kinds %#x in %u schedules\n", seen, replayed);
	assert_int_equal(seen, NEEDED);
}

/* What operation @op of @task returned. */
static s64 with_schedule(const char *schedule, u32 task, u32 op, u64 *hash)
{
	parse(schedule);
	*hash = through_token();
	assert_int_equal(result.op[task][op].state, RUNNER_OP_DONE);
	return result.op[task][op].value;
}

static void a_failure_changes_what_returns(void **state)
{
	u64 before, after;

	(void)state;
	assert_int_equal(with_schedule("", 1, 0, &before), 0);
	assert_int_equal(with_schedule("schedule choose fault notifier #1 = 1\n", 1, 0, &after), -EPERM);
	assert_int_not_equal(before, after);
	assert_int_equal(with_schedule("", 1, 1, &before), 0);
	assert_int_equal(with_schedule("schedule choose fault memmap #1 = 1\n", 1, 1, &after), -ENOMEM);
	assert_int_not_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_met_and_replays),
		cmocka_unit_test(a_failure_changes_what_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
