/* SPDX-License-Identifier: MIT */
/*
 * What a point, a switch and an execution cost: one tab-separated line per row, as ./dev bench wants them
 * (what, value, unit, comparison, limit). Medians of 7 measurements.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/rt/access.h"
#include "core/rt/lock.h"
#include "core/rt/mem.h"
#include "core/rt/random_walk.h"

#define ROUNDS 7
#define LOOPS 20000UL
#define WORDS 64

struct shared {
	u64 word[2][WORDS]; /* per task */
	u64 litmus[16];
	spinlock_t lock;
};

static struct shared *shared;

static double now_ns(void)
{
	struct timespec ts;

	/* of this process: others on the machine are not our cost */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void boot(void *arg)
{
	(void)arg;
	shared = kzalloc_obj(struct shared, OBJ_test);
	spin_lock_init(&shared->lock, LOCK_test_a);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof(values[0]), compare);
	return values[ROUNDS / 2];
}

/* ---- strategies -------------------------------------------------------------------------------------------------- */

static u32 lowest(struct rt_strategy *s, u64 runnable)
{
	(void)s;
	rt_ask_after(0);
	return (u32)__builtin_ctzll(runnable);
}

/* Another task at each point. */
static u32 other(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	u64 rest = runnable & ~BIT(place->task);

	(void)s;
	return (u32)__builtin_ctzll(rest ? rest : runnable);
}

static const struct rt_strategy_ops always_ops = {.name = "always", .begin = lowest, .next = other};
static const struct rt_strategy_ops walk_ops = RT_RANDOM_WALK_OPS;
static struct rt_strategy always = {&always_ops};
static struct rt_random_walk walk = {.strategy = {&walk_ops}, .longest = 8};

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

static void touch(void *arg)
{
	volatile u64 *word = shared->word[(u64)arg];

	for (u64 i = 0; i < LOOPS; i++)
		word[i % WORDS] = word[(i + 7) % WORDS] + i;
}

static void litmus(void *arg)
{
	volatile u64 *word = shared->litmus;

	spin_lock(&shared->lock);
	for (u64 i = 0; i < 5; i++)
		word[i] = word[i + 1] + (u64)arg;
	spin_unlock(&shared->lock);
}

static void nothing(void *arg)
{
	(void)arg;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static void row(const char *what, double value, const char *unit, const char *relation, double limit)
{
	printf("%s\t%.2f\t%s\t%s\t%g\n", what, value, unit, relation, limit);
}

/* Nanoseconds per step of @runs runs of two tasks. */
static double measure(void (*fn)(void *arg), struct rt_strategy *strategy, u64 runs, double *per_run, double *switches)
{
	double steps[ROUNDS], run[ROUNDS];
	struct rt_result result;

	rt_set_strategy(strategy);
	for (u32 round = 0; round < ROUNDS; round++) {
		u64 nr_steps = 0, nr_switches = 0;
		double start = now_ns(), spent;

		for (u64 i = 0; i < runs; i++) {
			rt_task_create("a", 0, fn, (void *)0);
			rt_task_create("b", 1, fn, (void *)1);
			rt_run(&result);
			if (result.verdict.kind != VERDICT_ok) {
				fprintf(stderr, "bench_step: %s\n", result.verdict.detail);
				exit(4);
			}
			nr_steps += result.steps;
			nr_switches += result.switches;
			rt_reset();
		}
		spent = now_ns() - start;
		steps[round] = spent / (double)(nr_steps ? nr_steps : 1);
		run[round] = spent / (double)runs;
		*switches = (double)nr_switches / (double)(nr_steps ? nr_steps : 1);
	}
	*per_run = median(run);
	return median(steps);
}

int main(void)
{
	struct rt_config config = {.cpus = 2, .race_detector = true};
	double per_run, switches, counted, switching;

	rt_boot(&config, boot, NULL);
	counted = measure(touch, NULL, 400, &per_run, &switches);
	row("scheduling step, counted", counted, "ns", "<=", 2);
	switching = measure(touch, &always, 100, &per_run, &switches);
	row("scheduling step that switches", switching, "ns", "<=", 20);
	measure(nothing, NULL, 500000, &per_run, &switches);
	row("execution of two empty tasks: creation, run, reset", per_run, "ns", "<=", 8000);
	rt_random_seed(&walk.random, 1);
	measure(litmus, &walk.strategy, 300000, &per_run, &switches);
	row("litmus of two tasks, 24 steps, random walk", 1e3 / per_run, "million runs/s", ">=", 1.5);
	return 0;
}
