/* SPDX-License-Identifier: MIT */
/*
 * Random walk: at each point leave the running task with probability 1/n.
 *
 * The distance to the next switch is drawn at once (geometric), so points in between are not asked and stay cheap.
 * Restricted to some kinds of points, the draw counts asked points instead.
 */
#include "fuzz/strategy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NEAR 16

struct random_walk {
	struct strategy strategy;
	struct strategy_options options;
	struct rt_random random;
	u64 run;
	u64 countdown;     /* asked points until the next switch, when kinds are restricted */
	u32 one_in;        /* of this run */
	double log_stay;   /* of the probability to stay, 1 - 1/one_in */
	double near[NEAR]; /* powers of that probability, from the first on */
	u64 points_max;
	bool alternatives; /* some point of some run had a second runnable task */
};

static void prepare_distances(struct random_walk *w)
{
	double power = 1;

	w->log_stay = log1p(-1.0 / w->one_in);
	for (u32 i = 0; i < NEAR; i++)
		w->near[i] = power *= 1 - 1.0 / w->one_in;
}

/*
 * Points up to and including the next one that switches: geometric with mean one_in, at least 1. Short ones are looked
 * up: who switches often would else take most of his time for logarithms.
 */
static u64 random_distance(struct random_walk *w)
{
	double u = (double)((rt_random_u64(&w->random) >> 11) + 1) * 0x1p-53;
	double n;

	if (w->one_in <= 1)
		return 1;
	if (u >= w->near[NEAR - 1]) {
		u64 distance = 1;

		while (u < w->near[distance - 1])
			distance++;
		return distance;
	}
	n = ceil(log(u) / w->log_stay);
	return n < 1 ? 1 : n > 1e15 ? (u64)1e15 : (u64)n;
}

static void random_arm(struct random_walk *w)
{
	u64 distance = random_distance(w);

	if (w->options.kinds)
		w->countdown = distance;
	else
		rt_ask_after(distance);
}

static u32 random_begin(struct rt_strategy *s, u64 runnable)
{
	struct random_walk *w = (struct random_walk *)s;

	rt_ask_conflicts(NULL);
	rt_ask_after(UINT64_MAX);
	rt_ask_kinds(w->options.kinds);
	random_arm(w);
	w->alternatives |= (runnable & (runnable - 1)) != 0;
	return strategy_pick(&w->random, runnable);
}

static u32 random_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	struct random_walk *w = (struct random_walk *)s;
	u64 others = runnable & ~BIT(place->task);

	w->alternatives |= (runnable & (runnable - 1)) != 0;
	if (!(runnable & BIT(place->task)))
		return strategy_pick(&w->random, runnable);
	if (w->options.kinds) {
		if (!(place->kind & w->options.kinds) || --w->countdown)
			return place->task;
	}
	random_arm(w);
	return others ? strategy_pick(&w->random, others) : place->task;
}

static u32 random_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	struct random_walk *w = (struct random_walk *)s;

	(void)what;
	return strategy_choose(&w->random, w->options.fault_one_in, kind, n);
}

static bool random_prepare(struct strategy *s)
{
	struct random_walk *w = (struct random_walk *)s;

	strategy_seed_run(&w->random, w->options.seed, w->run++);
	w->one_in = w->options.switch_one_in;
	/* No single rate suits every scenario: 2, 4, … 4096, one after the other. */
	if (!w->one_in)
		w->one_in = 2U << (w->run % 12);
	prepare_distances(w);
	return true;
}

static void random_finish(struct strategy *s, const struct rt_result *result)
{
	struct random_walk *w = (struct random_walk *)s;

	w->points_max = max(w->points_max, result->steps);
}

static void random_report(const struct strategy *s, struct strategy_report *report)
{
	const struct random_walk *w = (const struct random_walk *)s;

	*report = (struct strategy_report){
		.points = w->points_max, .candidates = w->points_max, .done = w->run, .single = !w->alternatives};
	snprintf(report->text, sizeof(report->text), "random walk, seed %llu: no guarantee",
		 (unsigned long long)w->options.seed);
}

static void random_destroy(struct strategy *s)
{
	free(s);
}

static const struct rt_strategy_ops random_rt_ops = {
	.name = "random",
	.begin = random_begin,
	.next = random_next,
	.choose = random_choose,
};
static const struct strategy_ops random_ops = {
	.prepare = random_prepare,
	.finish = random_finish,
	.report = random_report,
	.destroy = random_destroy,
};

struct strategy *strategy_random(const struct strategy_options *options, char *error, size_t size)
{
	struct random_walk *w = calloc(1, sizeof(*w));

	if (!w) {
		snprintf(error, size, "out of memory");
		return NULL;
	}
	w->strategy.rt.ops = &random_rt_ops;
	w->strategy.ops = &random_ops;
	w->options = *options;
	return &w->strategy;
}
