/* SPDX-License-Identifier: MIT */
/*
 * What a replay costs beside the run that it repeats, reset included: one tab-separated line per row, as ./dev bench
 * wants them. Started in the top folder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fuzz/record.h"
#include "fuzz/runner.h"
#include "fuzz/strategy.h"

#define SCENARIO "corpus/bench/01-four-tasks.pfn"
#define WALKS 20
#define SWITCH_ONE_IN 64      /* points */
#define SWITCH_ONE_IN_NAMED 4 /* of semantic points */
#define REPEATS 50            /* of each: 1,000 in all */

static struct scenario s;
static struct runner_result result;

static double now_us(void)
{
	struct timespec ts;

	/* of this process: others on the machine are not our cost */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* The first run of a random walk with @seed that switches at points of @kinds, 0: at all; recorded if @schedule is not
 * NULL. */
static u64 walk(u64 seed, u32 kinds, struct schedule *schedule)
{
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;
	struct strategy *strategy;
	struct recorder recorder = {0};
	char error[160];

	options.seed = seed;
	options.switch_one_in = kinds ? SWITCH_ONE_IN_NAMED : SWITCH_ONE_IN;
	options.kinds = kinds;
	strategy = strategy_by_name("random")->construct(&options, error, sizeof(error));
	if (!strategy) {
		fprintf(stderr, "fuzz_bench_replay: %s\n", error);
		exit(2);
	}
	strategy->ops->prepare(strategy);
	if (schedule)
		recorder_init(&recorder, &strategy->rt, schedule);
	runner_run(&s, schedule ? &recorder.strategy : &strategy->rt, 0, &result);
	strategy->ops->finish(strategy, &result.rt);
	strategy->ops->destroy(strategy);
	if (recorder.overflow) {
		fprintf(stderr, "fuzz_bench_replay: seed %llu decides too often to be stored\n",
			(unsigned long long)seed);
		exit(2);
	}
	return result.rt.hash;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of one walk: how long a replay takes, as a share of the run itself; adds those that are identical to *@identical. */
static double ratio(u64 seed, u32 kinds, u32 *identical)
{
	static struct replay replay;
	u64 hash = walk(seed, kinds, &s.schedule);
	double began, run, again;

	began = now_us();
	for (u32 i = 0; i < REPEATS; i++)
		walk(seed, kinds, NULL);
	run = now_us() - began;
	began = now_us();
	for (u32 i = 0; i < REPEATS; i++)
		*identical += runner_replay(&s, &replay, 0, &result) == 0 && result.rt.hash == hash;
	again = now_us() - began;
	return again / run;
}

/* A row: the median of all walks that switch at points of @kinds only, 0: at all. */
static void row(const char *where, u32 kinds, u32 *identical)
{
	double ratios[WALKS];

	for (u32 i = 0; i < WALKS; i++)
		ratios[i] = ratio(i + 1, kinds, identical);
	qsort(ratios, WALKS, sizeof(ratios[0]), compare);
	printf("replay of a walk that switches %s\t%.3f\tx the walk\t<=\t1.25\n", where, ratios[WALKS / 2]);
}

int main(void)
{
	char message[512];
	u32 identical = 0;

	if (scenario_load(SCENARIO, &s, message, sizeof(message))) {
		fprintf(stderr, "fuzz_bench_replay: %s\n", message);
		return 2;
	}
	row("at semantic points", RT_SEMANTIC, &identical);
	row("anywhere", 0, &identical);
	printf("replays identical to the run\t%u\tof %u\t>=\t%u\n", identical, 2 * WALKS * REPEATS,
	       2 * WALKS * REPEATS);
	return 0;
}
