/* SPDX-License-Identifier: MIT */
/*
 * SURW, selectively uniform random walk (Zhao, Wolff, Mathur and Roychoudhury, ASPLOS 2025): some events are selected;
 * which task takes the next of them is drawn by how many each has left, so that all orders of them are equally likely.
 *
 * Selected are accesses to some granules of the conflict set, or the semantic points, or points of a few names; another
 * selection every SURW_BATCH runs. The first run of a batch counts the events of each task, the others use the counts
 * of the run before. Between selected events the walk is random, at a rate that varies from batch to batch.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/conflicts.h"
#include "fuzz/strategy.h"

#define SURW_GRANULES 64 /* selected at once, at most */

struct surw {
	struct strategy strategy;
	struct strategy_options options;
	struct conflicts conflicts;
	struct rt_random random;
	bool accesses, points_too; /* what may be selected */
	const char *prefix;        /* points whose names begin so, only; NULL: any */
	u64 run, points_max, events_max;

	/* the batch */
	u64 *selected; /* bitmap as for rt_ask_conflicts() */
	u32 granule[SURW_GRANULES], granules;
	u64 points[(NR_POINTS + 63) / 64]; /* selected names of points; none if granules are selected */
	bool names;
	u32 one_in; /* mean distance of switches between selected events; 0: none */
	u64 batch_runs;
	u32 counted[RT_MAX_TASKS]; /* events of each task in the last run */

	/* the run */
	bool counting;
	u32 events[RT_MAX_TASKS], left[RT_MAX_TASKS];
	u32 intended; /* who takes the next selected event; SURW_NOBODY: not drawn */
	u64 held;     /* bit per task before a selected event */
	bool alternatives;
};

#define SURW_NOBODY UINT32_MAX

/* ---- the selection --------------------------------------------------------------------------------------------- */

static void surw_forget(struct surw *w)
{
	for (u32 i = 0; i < w->granules; i++)
		w->selected[w->granule[i] / 64] = 0;
	w->granules = 0;
	w->names = false;
	memset(w->points, 0, sizeof(w->points));
}

static void select_granules(struct surw *w)
{
	const struct rt_footprint *f = &w->conflicts.footprint;
	u32 wanted = 1U << rt_random_below(&w->random, 7);

	while (w->granules < min(wanted, (u32)SURW_GRANULES)) {
		u32 granule = f->log[rt_random_below(&w->random, f->log_count)];

		w->granule[w->granules++] = granule;
		w->selected[granule / 64] |= BIT(granule % 64);
	}
}

/* All, or one in some, or those whose names begin with what the caller wants. */
static void select_points(struct surw *w, const char *prefix)
{
	u32 one_in = prefix ? 1 : 1U << rt_random_below(&w->random, 5);

	w->names = true;
	for (u32 point = 0; point < NR_POINTS; point++) {
		if (prefix && strncmp(point_name(point), prefix, strlen(prefix)) != 0)
			continue;
		if (rt_random_below(&w->random, one_in) == 0)
			w->points[point / 64] |= BIT(point % 64);
	}
}

static void surw_select(struct surw *w)
{
	static const u32 rates[] = {0, 16, 64, 256, 1024, 0};

	surw_forget(w);
	if (w->prefix || !w->accesses || (w->points_too && rt_random_below(&w->random, 3) == 0))
		select_points(w, w->prefix);
	else if (w->conflicts.footprint.log_count)
		select_granules(w);
	w->one_in = rates[rt_random_below(&w->random, ARRAY_SIZE(rates))];
	memset(w->counted, 0, sizeof(w->counted));
	w->batch_runs = 0;
}

static bool surw_is_selected(const struct surw *w, const struct rt_place *place)
{
	u64 first, last;

	if (w->names)
		return place->kind == RT_SEMANTIC && w->points[place->semantic / 64] >> (place->semantic % 64) & 1;
	if (!place->addr || place->kind & (RT_SEMANTIC | RT_BLOCK | RT_EXIT))
		return false;
	first = rt_granule(place->addr);
	last = rt_granule(place->addr + max(place->size, 1u) - 1);
	if (first == UINT64_MAX || last == UINT64_MAX)
		return false;
	for (u64 g = first; g <= last; g++)
		if (w->selected[g / 64] >> (g % 64) & 1)
			return true;
	return false;
}

/* ---- a run ----------------------------------------------------------------------------------------------------- */

static void surw_arm(struct surw *w)
{
	double u = (double)((rt_random_u64(&w->random) >> 11) + 1) * 0x1p-53;

	if (!w->one_in)
		return;
	rt_ask_after(1 + (u64)min(log(u) / log1p(-1.0 / w->one_in), 1e15));
}

/* One of @tasks, by the number of events that each has left; nobody if none has any. */
static u32 surw_draw(struct surw *w, u64 tasks)
{
	u32 total = 0, at;

	for (u64 m = tasks; m; m &= m - 1)
		total += w->left[__builtin_ctzll(m)];
	if (!total)
		return SURW_NOBODY;
	at = rt_random_below(&w->random, total);
	for (u64 m = tasks;; m &= m - 1) {
		u32 task = (u32)__builtin_ctzll(m);

		if (at < w->left[task])
			return task;
		at -= w->left[task];
	}
}

/* @task goes on past the event it was held at. */
static u32 surw_take(struct surw *w, u32 task)
{
	if (w->held & BIT(task)) {
		w->held &= ~BIT(task);
		w->left[task] -= w->left[task] > 0;
		w->intended = SURW_NOBODY;
	}
	return task;
}

/* Who goes on: whoever is to take the next selected event, or somebody that no such event holds. */
static u32 surw_decide(struct surw *w, u64 runnable)
{
	u64 unheld = runnable & ~w->held;
	u32 task;

	w->alternatives |= (runnable & (runnable - 1)) != 0;
	if (w->intended == SURW_NOBODY)
		w->intended = surw_draw(w, UINT32_MAX);
	if (w->intended != SURW_NOBODY && runnable & BIT(w->intended))
		return surw_take(w, w->intended);
	if (unheld)
		return strategy_pick(&w->random, unheld);
	/* Whoever was meant waits for one of these. */
	task = surw_draw(w, runnable);
	return surw_take(w, task == SURW_NOBODY ? strategy_pick(&w->random, runnable) : task);
}

static u32 surw_begin(struct rt_strategy *s, u64 runnable)
{
	struct surw *w = (struct surw *)s;

	rt_set_footprint(w->counting ? &w->conflicts.footprint : NULL);
	rt_ask_conflicts(w->granules ? w->selected : NULL);
	rt_ask_kinds(w->names ? RT_SEMANTIC : 0);
	rt_ask_after(UINT64_MAX);
	memset(w->events, 0, sizeof(w->events));
	memcpy(w->left, w->counted, sizeof(w->left));
	w->intended = SURW_NOBODY;
	w->held = 0;
	surw_arm(w);
	return surw_decide(w, runnable);
}

static u32 surw_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	struct surw *w = (struct surw *)s;
	u32 task = place->task;
	u64 unheld;

	/* It went on though held, since nobody else could. */
	surw_take(w, task);
	if (place->kind & (RT_BLOCK | RT_EXIT)) {
		if (place->kind == RT_EXIT) {
			w->left[task] = 0;
			if (w->intended == task)
				w->intended = SURW_NOBODY;
		}
		return surw_decide(w, runnable);
	}
	if (surw_is_selected(w, place)) {
		w->events[task]++;
		if (w->counting)
			return strategy_pick(&w->random, runnable);
		w->held |= BIT(task);
		/* It has one more than was counted. */
		w->left[task] = max(w->left[task], 1u);
		return surw_decide(w, runnable);
	}
	if (w->names && place->kind == RT_SEMANTIC)
		return task;
	surw_arm(w);
	unheld = runnable & ~w->held & ~BIT(task);
	return unheld ? strategy_pick(&w->random, unheld) : task;
}

static u32 surw_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	struct surw *w = (struct surw *)s;

	(void)what;
	return strategy_choose(&w->random, w->options.fault_one_in, kind, n);
}

/* ---- between runs ---------------------------------------------------------------------------------------------- */

static bool surw_prepare(struct strategy *s)
{
	struct surw *w = (struct surw *)s;

	strategy_seed_run(&w->random, w->options.seed, w->run);
	if (w->run++ % SURW_BATCH == 0)
		surw_select(w);
	w->counting = w->batch_runs++ == 0;
	return true;
}

static void surw_finish(struct strategy *s, const struct rt_result *result)
{
	struct surw *w = (struct surw *)s;
	u64 events = 0;

	rt_set_footprint(NULL);
	for (u32 i = 0; i < RT_MAX_TASKS; i++)
		events += w->events[i];
	w->events_max = max(w->events_max, events);
	w->points_max = max(w->points_max, result->steps);
	memcpy(w->counted, w->events, sizeof(w->counted));
}

static void surw_report(const struct strategy *s, struct strategy_report *report)
{
	const struct surw *w = (const struct surw *)s;

	*report = (struct strategy_report){
		.points = w->points_max,
		.conflicts = w->conflicts.footprint.log_count,
		.candidates = w->events_max,
		.done = w->run,
		.single = !w->alternatives,
	};
	snprintf(report->text, sizeof(report->text),
		 "selectively uniform random walk, seed %llu: up to %llu selected events a run",
		 (unsigned long long)w->options.seed, (unsigned long long)w->events_max);
}

#define SELECTED_SIZE (RT_GRANULES / 8)

static void surw_destroy(struct strategy *s)
{
	struct surw *w = (struct surw *)s;

	conflicts_exit(&w->conflicts);
	conflicts_unmap(w->selected, SELECTED_SIZE);
	free(w);
}

static const struct rt_strategy_ops surw_rt_ops = {
	.name = "surw",
	.begin = surw_begin,
	.next = surw_next,
	.choose = surw_choose,
};
static const struct strategy_ops surw_ops = {
	.prepare = surw_prepare,
	.finish = surw_finish,
	.report = surw_report,
	.destroy = surw_destroy,
};

/* False: there are no such points. */
static bool surw_set_selection(struct surw *w, const char *select)
{
	w->accesses = !select || strcmp(select, "accesses") == 0;
	w->points_too = !select;
	if (w->accesses || strcmp(select, "points") == 0)
		return true;
	w->prefix = select;
	select_points(w, select);
	for (u32 i = 0; i < ARRAY_SIZE(w->points); i++)
		if (w->points[i])
			return true;
	return false;
}

struct strategy *strategy_surw(const struct strategy_options *options, char *error, size_t size)
{
	struct surw *w = calloc(1, sizeof(*w));

	if (w && !surw_set_selection(w, options->select)) {
		snprintf(error, size, "select '%s': expected accesses, points, or how names of points begin",
			 options->select);
		free(w);
		return NULL;
	}
	if (w)
		w->selected = conflicts_map(SELECTED_SIZE);
	if (!w || !w->selected || conflicts_init(&w->conflicts)) {
		if (w)
			conflicts_unmap(w->selected, SELECTED_SIZE);
		free(w);
		snprintf(error, size, "out of memory");
		return NULL;
	}
	rt_set_footprint(NULL);
	w->strategy.rt.ops = &surw_rt_ops;
	w->strategy.ops = &surw_ops;
	w->options = *options;
	return &w->strategy;
}
