/* SPDX-License-Identifier: MIT */
/*
 * How many random schedules of a scenario of the whole core are tried in a second, resets and all detectors included:
 * one tab-separated line, as ./dev bench wants it. Started in the top folder; arguments: the limit, the build's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fuzz/runner.h"
#include "fuzz/strategy.h"

#define SCENARIO "corpus/bench/schedules/four-tasks.pfn"
#define ROUNDS 5
#define RUNS 2000 /* of a round */

static struct scenario s;
static struct runner_result result;

static double now(void)
{
	struct timespec ts;

	/* of this process: others on the machine are not our cost */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- semantic points of a run ------------------------------------------------------------------------------------ */

static u64 points;

static u32 first(struct rt_strategy *strategy, u64 runnable)
{
	(void)strategy;
	rt_ask_after(UINT64_MAX);
	return (u32)__builtin_ctzll(runnable);
}

static u32 stay(struct rt_strategy *strategy, const struct rt_place *place, u64 runnable)
{
	(void)strategy;
	return runnable & BIT(place->task) ? place->task : (u32)__builtin_ctzll(runnable);
}

static bool count(struct rt_strategy *strategy, u32 task, u32 semantic, u32 occurrence, u64 step, u64 runnable)
{
	(void)strategy, (void)task, (void)semantic, (void)occurrence, (void)step, (void)runnable;
	points++;
	return false;
}

static u32 tame(struct rt_strategy *strategy, enum rt_choice kind, u32 what, u32 n)
{
	(void)strategy, (void)kind, (void)what, (void)n;
	return 0;
}

static const struct rt_strategy_ops counting_ops = {
	.name = "count", .begin = first, .next = stay, .passes = count, .choose = tame};

/* ---- the row ----------------------------------------------------------------------------------------------------- */

static void run_one(struct rt_strategy *strategy)
{
	runner_run(&s, strategy, 0, &result);
	if (result.rt.verdict.kind == VERDICT_ok)
		return;
	fprintf(stderr, "fuzz_bench_schedules: %s\n", result.rt.verdict.detail);
	exit(4);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Schedules a second of the random walk, the median of all rounds. */
static double rate(struct strategy *walk)
{
	double rates[ROUNDS];

	for (u32 round = 0; round < ROUNDS; round++) {
		double began = now();

		for (u32 i = 0; i < RUNS; i++) {
			walk->ops->prepare(walk);
			run_one(&walk->rt);
			walk->ops->finish(walk, &result.rt);
		}
		rates[round] = RUNS / (now() - began);
	}
	qsort(rates, ROUNDS, sizeof(rates[0]), compare);
	return rates[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;
	struct rt_strategy counting = {&counting_ops};
	struct strategy *walk;
	char message[512];
	u64 steps;

	if (scenario_load(SCENARIO, &s, message, sizeof(message))) {
		fprintf(stderr, "fuzz_bench_schedules: %s\n", message);
		return 2;
	}
	walk = strategy_by_name("random")->construct(&options, message, sizeof(message));
	if (!walk) {
		fprintf(stderr, "fuzz_bench_schedules: %s\n", message);
		return 2;
	}
	run_one(&counting);
	steps = result.rt.steps;
	printf("random schedules, four tasks%s%s\t%.0f\ta second\t>=\t%s\t%llu semantic of %llu points in a run\n",
	       argc > 2 ? ", " : "", argc > 2 ? argv[2] : "", rate(walk), argc > 1 ? argv[1] : "50000",
	       (unsigned long long)points, (unsigned long long)steps);
	walk->ops->destroy(walk);
	return 0;
}
