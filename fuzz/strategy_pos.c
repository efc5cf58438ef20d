/* SPDX-License-Identifier: MIT */
/*
 * POS, partial order sampling (Yuan, Yang and Gu, CAV 2018): the next event of every task has a random priority, the
 * highest goes first, and events that race with the one just taken draw again.
 *
 * Events are what orders can differ in: accesses and locks in the conflict set of the runs so far (fuzz/conflicts.h),
 * and what changes who may run. Tasks that were there at the start first go to their first event, in any order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/conflicts.h"
#include "fuzz/strategy.h"

/* What a task does when it goes on. Without an address it races with nothing. */
struct pos_event {
	u64 addr, end;
	bool write;
};

struct pos {
	struct strategy strategy;
	struct strategy_options options;
	struct conflicts conflicts;
	struct rt_random random;
	u64 run, points_max, events, events_max;
	u64 priority[RT_MAX_TASKS]; /* of the next event; 0: not met yet */
	struct pos_event event[RT_MAX_TASKS];
	u64 waiting; /* bit per task whose event is known and has not been taken */
	bool alternatives;
};

#define POS_LEARN 8 /* runs */

/* Tasks on the way to their first event pass all others. */
#define POS_FIRST UINT64_MAX

static u64 pos_draw(struct pos *p)
{
	return (rt_random_u64(&p->random) >> 1) + 1;
}

static bool events_race(const struct pos_event *a, const struct pos_event *b)
{
	return (a->write || b->write) && a->addr < b->end && b->addr < a->end;
}

/* The event of @task is taken: those that race with it may come in another order the next time. */
static void pos_take(struct pos *p, u32 task)
{
	const struct pos_event *taken = &p->event[task];

	if (!(p->waiting & BIT(task)))
		return;
	p->waiting &= ~BIT(task);
	for (u64 left = p->waiting; left; left &= left - 1) {
		u32 other = (u32)__builtin_ctzll(left);

		if (events_race(taken, &p->event[other]))
			p->priority[other] = pos_draw(p);
	}
}

static u32 pos_highest(struct pos *p, u64 runnable)
{
	u32 best = (u32)__builtin_ctzll(runnable);

	p->alternatives |= (runnable & (runnable - 1)) != 0;
	for (u64 left = runnable; left; left &= left - 1) {
		u32 task = (u32)__builtin_ctzll(left);

		if (!p->priority[task])
			p->priority[task] = pos_draw(p);
		if (p->priority[task] > p->priority[best])
			best = task;
	}
	pos_take(p, best);
	return best;
}

static u32 pos_begin(struct rt_strategy *s, u64 runnable)
{
	struct pos *p = (struct pos *)s;

	/* Most conflicts show in the first runs; to look for them costs in each access. */
	rt_set_footprint(p->run <= POS_LEARN || p->run % POS_LEARN == 0 ? &p->conflicts.footprint : NULL);
	if (p->options.prune) {
		rt_ask_conflicts(p->conflicts.footprint.conflicts);
		rt_ask_kinds(RT_LOCK | RT_RESCHED);
		rt_ask_after(UINT64_MAX);
	} else {
		rt_ask_conflicts(NULL);
		rt_ask_kinds(0);
		rt_ask_after(0);
	}
	p->waiting = 0;
	p->events = 0;
	memset(p->priority, 0, sizeof(p->priority));
	for (u64 left = runnable; left; left &= left - 1)
		p->priority[__builtin_ctzll(left)] = POS_FIRST;
	return pos_highest(p, runnable);
}

/* Locks are asked for by kind because RCU and preemption have no address; the others count if two tasks meet in them.
 */
static bool pos_is_event(const struct pos *p, const struct rt_place *place)
{
	const u64 *conflicts = p->conflicts.footprint.conflicts;
	u64 granule;

	if (place->kind != RT_LOCK || !place->addr || !p->options.prune)
		return true;
	granule = rt_granule(place->addr);
	return granule == UINT64_MAX || conflicts[granule / 64] >> (granule % 64) & 1;
}

static u32 pos_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	struct pos *p = (struct pos *)s;
	u32 task = place->task;

	/* Taken without a question if nobody else could go on. */
	pos_take(p, task);
	if (place->kind == RT_EXIT) {
		p->priority[task] = 0;
		return pos_highest(p, runnable);
	}
	if (!pos_is_event(p, place))
		return task;
	p->events++;
	p->priority[task] = pos_draw(p);
	p->event[task] = (struct pos_event){.addr = place->addr,
					    .end = place->addr + max(place->size, 1u),
					    .write = conflicts_kind_writes(place->kind)};
	if (place->addr)
		p->waiting |= BIT(task);
	return pos_highest(p, runnable);
}

static u32 pos_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	struct pos *p = (struct pos *)s;

	(void)what;
	return strategy_choose(&p->random, p->options.fault_one_in, kind, n);
}

static bool pos_prepare(struct strategy *s)
{
	struct pos *p = (struct pos *)s;

	strategy_seed_run(&p->random, p->options.seed, p->run++);
	return true;
}

static void pos_finish(struct strategy *s, const struct rt_result *result)
{
	struct pos *p = (struct pos *)s;

	rt_set_footprint(NULL);
	p->points_max = max(p->points_max, result->steps);
	p->events_max = max(p->events_max, p->events);
}

static void pos_report(const struct strategy *s, struct strategy_report *report)
{
	const struct pos *p = (const struct pos *)s;

	*report = (struct strategy_report){
		.points = p->points_max,
		.conflicts = p->conflicts.footprint.log_count,
		.candidates = p->events_max,
		.done = p->run,
		.single = !p->alternatives,
	};
	snprintf(report->text, sizeof(report->text), "partial order sampling, seed %llu: up to %llu events a run",
		 (unsigned long long)p->options.seed, (unsigned long long)p->events_max);
}

static void pos_destroy(struct strategy *s)
{
	struct pos *p = (struct pos *)s;

	conflicts_exit(&p->conflicts);
	free(p);
}

static const struct rt_strategy_ops pos_rt_ops = {
	.name = "pos",
	.begin = pos_begin,
	.next = pos_next,
	.choose = pos_choose,
};
static const struct strategy_ops pos_ops = {
	.prepare = pos_prepare,
	.finish = pos_finish,
	.report = pos_report,
	.destroy = pos_destroy,
};

struct strategy *strategy_pos(const struct strategy_options *options, char *error, size_t size)
{
	struct pos *p = calloc(1, sizeof(*p));

	if (!p || conflicts_init(&p->conflicts)) {
		free(p);
		snprintf(error, size, "out of memory");
		return NULL;
	}
	rt_set_footprint(NULL);
	p->strategy.rt.ops = &pos_rt_ops;
	p->strategy.ops = &pos_ops;
	p->options = *options;
	return &p->strategy;
}
