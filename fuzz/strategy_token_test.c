/* SPDX-License-Identifier: MIT */
/* Whatever a strategy decides is one token: it gives the same run again, twice, after a trip through text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fuzz/record.h"
#include "fuzz/runner.h"
#include "fuzz/strategy.h"
#include "fuzz/token.h"

#define RUNS 24 /* of each strategy: each member of a portfolio has its turn */

static struct scenario scenario, decoded;
static struct runner_result result;

static void replay_twice(u64 hash, const char *strategy, u32 run)
{
	static char token[TOKEN_MAX];
	static struct replay replay;
	struct text_error error;

	assert_true(token_encode(&scenario, token, sizeof(token)) > 0);
	assert_int_equal(token_decode(token, &decoded, &error), 0);
	for (u32 time = 0; time < 2; time++) {
		assert_int_equal(runner_replay(&decoded, &replay, 0, &result), 0);
		if (result.rt.hash != hash)
			fail_msg("%s, run %u: hash %016llx, then %016llx", strategy, run, (unsigned long long)hash,
				 (unsigned long long)result.rt.hash);
	}
}

static void a_token_is_a_run(void **state)
{
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;
	u32 replayed = 0;
	char error[160];

	(void)state;
	options.fault_one_in = 16;
	for (u32 i = 0; i < nr_strategies; i++) {
		struct strategy *strategy = strategy_infos[i].construct(&options, error, sizeof(error));
		struct recorder recorder;

		assert_non_null(strategy);
		recorder_init(&recorder, &strategy->rt, &scenario.schedule);
		for (u32 run = 0; run < RUNS; run++) {
			assert_true(strategy->ops->prepare(strategy));
			runner_run(&scenario, &recorder.strategy, 0, &result);
			strategy->ops->finish(strategy, &result.rt);
			if (recorder.overflow)
				continue;
			replayed++;
			replay_twice(result.rt.hash, strategy_infos[i].name, run);
		}
		strategy->ops->destroy(strategy);
	}
	/* Some walks switch more often than a schedule has entries; most do not. */
	assert_true(replayed > nr_strategies * RUNS / 2);
}

static int load(void **state)
{
	const char *root = getenv("PFNSTORM_SOURCE_DIR");
	char path[512], message[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/corpus/race/compaction-remove.pfn", root);
	return scenario_load(path, &scenario, message, sizeof(message));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_a_run),
	};

	if (!getenv("PFNSTORM_SOURCE_DIR"))
		return 77;
	return cmocka_run_group_tests(tests, load, NULL);
}
