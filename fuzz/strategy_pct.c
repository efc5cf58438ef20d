/* SPDX-License-Identifier: MIT */
/*
 * PCT (Burckhardt and others, ASPLOS 2010): the runnable task of highest priority runs; at d-1 random points the
 * running task drops below all others. A bug of depth d shows in a run with probability ≥ 1 / (n · k^(d-1)) for n
 * tasks and k points; both are measured on the runs done so far.
 */
#include "fuzz/strategy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCT_DEPTH_MAX 5

struct pct {
	struct strategy strategy;
	struct strategy_options options;
	struct rt_random random;
	u64 run;
	u64 points_max;            /* k: the longest run so far */
	u32 tasks_max;             /* n */
	s32 priority[64];          /* of tasks met in this run, higher first; 0: not met yet */
	u64 change[PCT_DEPTH_MAX]; /* steps, ascending */
	u32 changes, next_change;
	bool alternatives;
};

/* Priorities of new tasks are random and above those of any demoted task, which are negative. */
static u32 pct_highest(struct pct *p, u64 runnable)
{
	u32 best = (u32)__builtin_ctzll(runnable);

	p->alternatives |= (runnable & (runnable - 1)) != 0;
	for (u64 left = runnable; left; left &= left - 1) {
		u32 task = (u32)__builtin_ctzll(left);

		if (!p->priority[task])
			p->priority[task] = (s32)(rt_random_u64(&p->random) >> 34) + 1;
		if (p->priority[task] > p->priority[best])
			best = task;
	}
	return best;
}

/* @steps points have been reached so far; the next change point counts from there. */
static void pct_arm(struct pct *p, u64 steps)
{
	if (p->next_change < p->changes)
		rt_ask_after(max(p->change[p->next_change] + 1, steps + 1) - steps);
	else
		rt_ask_after(UINT64_MAX);
}

static u32 pct_begin(struct rt_strategy *s, u64 runnable)
{
	struct pct *p = (struct pct *)s;

	rt_ask_conflicts(NULL);
	/* A task that others wake or let go may have a higher priority: look after each point that can do so. */
	rt_ask_kinds(RT_UNLOCK | RT_WAKE | RT_RESCHED);
	pct_arm(p, 0);
	return pct_highest(p, runnable);
}

static u32 pct_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	struct pct *p = (struct pct *)s;
	u32 to;

	while (!(place->kind & (RT_BLOCK | RT_EXIT)) && p->next_change < p->changes &&
	       p->change[p->next_change] <= place->step) {
		p->next_change++;
		p->priority[place->task] = -(s32)p->next_change;
	}
	to = pct_highest(p, runnable);
	/* The effect of these kinds comes after the point: decide again at the next one. */
	if (place->kind & (RT_UNLOCK | RT_WAKE | RT_RESCHED))
		rt_ask_after(1);
	else
		pct_arm(p, place->step + !(place->kind & (RT_BLOCK | RT_EXIT)));
	return to;
}

static u32 pct_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	struct pct *p = (struct pct *)s;

	(void)what;
	return strategy_choose(&p->random, p->options.fault_one_in, kind, n);
}

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static bool pct_prepare(struct strategy *s)
{
	struct pct *p = (struct pct *)s;

	strategy_seed_run(&p->random, p->options.seed, p->run++);
	memset(p->priority, 0, sizeof(p->priority));
	/* The first run measures k and has no change points. */
	p->changes = p->points_max ? p->options.depth - 1 : 0;
	p->next_change = 0;
	for (u32 i = 0; i < p->changes; i++)
		p->change[i] = rt_random_u64(&p->random) % p->points_max;
	qsort(p->change, p->changes, sizeof(p->change[0]), compare_u64);
	return true;
}

static void pct_finish(struct strategy *s, const struct rt_result *result)
{
	struct pct *p = (struct pct *)s;
	u32 tasks = 0;

	for (u32 i = 0; i < ARRAY_SIZE(p->priority); i++)
		tasks += p->priority[i] != 0;
	p->tasks_max = max(p->tasks_max, tasks);
	p->points_max = max(p->points_max, result->steps);
}

static void pct_report(const struct strategy *s, struct strategy_report *report)
{
	const struct pct *p = (const struct pct *)s;
	double k = p->points_max ? (double)p->points_max : 1, n = p->tasks_max ? p->tasks_max : 1;

	*report = (struct strategy_report){
		.points = p->points_max, .candidates = p->points_max, .done = p->run, .single = !p->alternatives};
	snprintf(report->text, sizeof(report->text),
		 "PCT depth %u, seed %llu: each run finds a bug of that depth with probability >= %.3g (n=%u, k=%llu)",
		 p->options.depth, (unsigned long long)p->options.seed, 1 / (n * pow(k, p->options.depth - 1.0)),
		 p->tasks_max, (unsigned long long)p->points_max);
}

static void pct_destroy(struct strategy *s)
{
	free(s);
}

static const struct rt_strategy_ops pct_rt_ops = {
	.name = "pct",
	.begin = pct_begin,
	.next = pct_next,
	.choose = pct_choose,
};
static const struct strategy_ops pct_ops = {
	.prepare = pct_prepare,
	.finish = pct_finish,
	.report = pct_report,
	.destroy = pct_destroy,
};

struct strategy *strategy_pct(const struct strategy_options *options, char *error, size_t size)
{
	struct pct *p;

	if (options->depth < 1 || options->depth > PCT_DEPTH_MAX) {
		snprintf(error, size, "depth %u: expected 1 to %u", options->depth, PCT_DEPTH_MAX);
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		snprintf(error, size, "out of memory");
		return NULL;
	}
	p->strategy.rt.ops = &pct_rt_ops;
	p->strategy.ops = &pct_ops;
	p->options = *options;
	return &p->strategy;
}
