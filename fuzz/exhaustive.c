/* SPDX-License-Identifier: MIT */
/*
 * The search alternates two kinds of runs. An *expansion* runs a stored schedule and notes every point after its last
 * deviation at which to deviate; then one run per *successor* follows. Schedules below the bound are stored; those at
 * the bound are run and forgotten.
 */
#include "fuzz/exhaustive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/exhaustive_state.h"

static void prepare_expansion(struct exhaustive *e)
{
	e->since = e->tree.level[e->level].node[e->index].expanded;
	e->reopening = e->since != 0;
	e->reopened += e->reopening;
	e->path_count = tree_path(&e->tree, e->level, e->index, e->path);
	e->run_kind = RUN_EXPANSION;
	e->places = 0;
	e->limit = e->conflicts.known;
}

static bool exhaustive_prepare(struct strategy *s)
{
	struct exhaustive *e = (struct exhaustive *)s;
	u32 known = conflicts_update(&e->conflicts);
	/* At bound 0 the roots have no successors, but each is run once. */
	u32 levels = max(e->options.bound, 1u);

	if (e->drifted || e->out_of_memory)
		return false;
	if (successors_next(e))
		return true;
	if (!e->tree.level[0].count) {
		struct deviation root = {.kind = DEVIATION_START, .to = START_UNKNOWN};

		e->out_of_memory |= tree_add(&e->tree, 0, 0, &root, 1, false) == UINT32_MAX;
	}
	if (!tree_next(&e->tree, levels, e->options.prune && e->options.bound ? known : 0, &e->level, &e->index)) {
		e->complete = !e->out_of_memory;
		return false;
	}
	prepare_expansion(e);
	return true;
}

static void finish_expansion(struct exhaustive *e)
{
	struct tree_level *l = &e->tree.level[e->level];
	struct tree_node *node = &l->node[e->index];
	struct tree_sort *sort = &l->sort[node->equal];

	e->successors = e->successor_next = 0;
	if (e->options.bound)
		successors_list(e);
	if (!node->expanded) {
		l->expanded++;
		sort->weight_expanded += node->weight;
		sort->square_expanded += (double)node->weight * node->weight;
	}
	l->successors += e->successors - min(e->successors, node->listed);
	sort->successors += e->successors - min(e->successors, node->listed);
	node->listed = e->successors;
	node->expanded = e->limit + 1;
	e->candidates_max = max(e->candidates_max, (u64)e->places);
}

/* What was searched so far took fewer tasks for granted than there are: begin again. Conflicts stay known. */
static void start_over(struct exhaustive *e)
{
	tree_free(&e->tree);
	memset(&e->tree, 0, sizeof(e->tree));
	e->successors = e->successor_next = 0;
	e->places = 0;
	facts_free(&e->facts);
}

/* Was something pruned that would not have been with so many tasks, sharing these CPUs? */
static bool more_concerned(const struct exhaustive *e, u32 shared_cpus, u32 tasks, bool stops)
{
	return shared_cpus != e->shared_cpus || (tasks > 2 && e->tasks <= 2) || stops != e->stops;
}

static void exhaustive_finish(struct strategy *s, const struct rt_result *result)
{
	struct exhaustive *e = (struct exhaustive *)s;
	u32 shared = e->shared_cpus | e->shared_in_run, tasks = max(e->tasks, e->tasks_in_run);
	bool stops = e->stops || e->stops_in_run;

	e->points_max = max(e->points_max, result->steps);
	e->done++;
	e->reopened_done += e->reopening;
	/* A verdict can end the run before its last deviation only if the run did not repeat. */
	e->drifted |= e->path_next < e->path_count;
	if (e->options.prune && more_concerned(e, shared, tasks, stops))
		start_over(e);
	else if (e->run_kind == RUN_EXPANSION)
		finish_expansion(e);
	else
		facts_finish(e, &e->successor[e->base]);
	e->shared_cpus = shared;
	e->tasks = tasks;
	e->stops = stops;
}

/* Schedules to be expanded again because conflicts have become known. */
static u64 stale_nodes(const struct tree_level *l, u32 conflicts)
{
	u64 stale = 0;

	for (u32 i = 0; i < l->count; i++)
		stale += l->node[i].expanded && l->node[i].expanded <= conflicts;
	return stale;
}

/* Successors per one expected; the others' if none of the sort has been expanded. */
static double ratio_of(const struct tree_level *l, u32 sort)
{
	const struct tree_sort *s = &l->sort[sort];

	if (s->weight_expanded <= 0)
		s = &l->sort[!sort];
	return s->weight_expanded > 0 ? s->successors / s->weight_expanded : 1;
}

/*
 * Runs that are left, those to be skipped included. Level by level: a schedule has about as many successors as its
 * parent has after the place where the two part, since what is left to do is the same (struct tree_node, @weight); how
 * many more or fewer is measured on those expanded, apart for those that equal a neighbour. Successors of one schedule
 * expect, together, about half the square of its own: that too is measured as soon as some are there. @scale is how
 * many times larger a level will be than it is now. Expanding again costs what it did so far.
 */
static double runs_left(const struct exhaustive *e)
{
	double left = 0, stale = 0, scale = 1, listed_above = 0, square_above = 0;

	for (u32 d = 0; d < max(e->options.bound, 1u); d++) {
		const struct tree_level *l = &e->tree.level[d];
		double tried = (double)min(l->tried, l->successors), square = 0, seen = 0, nodes, listed = 0;

		for (u32 k = 0; k < ARRAY_SIZE(l->sort); k++) {
			const struct tree_sort *s = &l->sort[k];
			double ratio = ratio_of(l, k);

			listed += s->successors + max(s->weight * scale - s->weight_expanded, 0.0) * ratio;
			square += s->square * scale * ratio * ratio;
			seen += s->square_expanded * ratio * ratio;
		}
		nodes = l->count * scale;
		if (!l->count && listed_above > 0) {
			nodes = listed_above;
			listed = square_above / 2;
			square = listed * listed / nodes;
		}
		left += nodes - l->expanded + listed - tried;
		if (e->options.prune && e->options.bound)
			stale += (double)stale_nodes(l, e->conflicts.known);
		seen *= l->successors ? tried / (double)l->successors : 0;
		scale = seen > 0 ? square / seen : 1;
		listed_above = listed;
		square_above = square;
	}
	return left + (e->reopened ? stale * (double)e->reopened_done / (double)e->reopened : stale);
}

static void exhaustive_report(const struct strategy *s, struct strategy_report *report)
{
	const struct exhaustive *e = (const struct exhaustive *)s;
	bool complete = e->complete && !e->drifted && !e->conflicts.footprint.outside;
	u64 planned = e->complete ? e->done : e->done + 1 + (u64)max(runs_left(e), 0.0);

	*report = (struct strategy_report){
		.points = e->points_max,
		.conflicts = e->conflicts.footprint.log_count,
		.candidates = e->candidates_max,
		.planned = planned,
		.done = e->done,
		.skipped = e->skipped,
		.level = e->path_count ? e->path_count - 1 : 0,
		.complete = complete,
		.single = e->complete && !e->alternatives,
		.drifted = e->drifted,
	};
	if (e->complete && e->conflicts.footprint.outside)
		snprintf(report->text, sizeof(report->text),
			 "bound %u done, but not complete: the machine is larger than what conflicts are tracked for",
			 e->options.bound);
	else if (report->complete)
		snprintf(report->text, sizeof(report->text), "complete to bound %u", e->options.bound);
	else
		snprintf(report->text, sizeof(report->text), "stopped at about %.3g %% of bound %u%s",
			 100.0 * (double)e->done / (double)planned, e->options.bound,
			 e->out_of_memory ? ": out of memory" : "");
}

static void exhaustive_destroy(struct strategy *s)
{
	struct exhaustive *e = (struct exhaustive *)s;

	conflicts_exit(&e->conflicts);
	tree_free(&e->tree);
	successors_free(e);
	free(e);
}

static void exhaustive_tell(const struct strategy *s, struct strategy_news *news)
{
	const struct exhaustive *e = (const struct exhaustive *)s;
	const u64 *known = e->conflicts.footprint.conflicts;

	news->shared_cpus = e->shared_cpus;
	news->tasks = e->tasks;
	news->stops = e->stops;
	/* Most are zero: pages that nobody writes to cost nothing. */
	for (u32 i = 0; i < ARRAY_SIZE(news->conflicts); i++)
		if (known[i] != news->conflicts[i])
			news->conflicts[i] = known[i];
}

static bool exhaustive_hear(struct strategy *s, const struct strategy_news *news)
{
	struct exhaustive *e = (struct exhaustive *)s;
	u32 shared = e->shared_cpus | news->shared_cpus, tasks = max(e->tasks, news->tasks);
	bool more = conflicts_add(&e->conflicts, news->conflicts);

	if (e->options.prune && more_concerned(e, shared, tasks, e->stops || news->stops)) {
		start_over(e);
		more = true;
	}
	e->shared_cpus = shared;
	e->tasks = tasks;
	e->stops |= news->stops;
	e->complete &= !more;
	return more;
}

static const struct strategy_ops exhaustive_ops = {
	.prepare = exhaustive_prepare,
	.finish = exhaustive_finish,
	.report = exhaustive_report,
	.destroy = exhaustive_destroy,
	.tell = exhaustive_tell,
	.hear = exhaustive_hear,
};

struct strategy *strategy_exhaustive(const struct strategy_options *options, char *error, size_t size)
{
	struct exhaustive *e;

	if (options->bound > EXHAUSTIVE_BOUND_MAX) {
		snprintf(error, size, "bound %u: expected 0 to %u", options->bound, EXHAUSTIVE_BOUND_MAX);
		return NULL;
	}
	e = calloc(1, sizeof(*e));
	if (!e || conflicts_init(&e->conflicts)) {
		free(e);
		snprintf(error, size, "out of memory");
		return NULL;
	}
	e->strategy.rt.ops = &exhaustive_rt_ops;
	e->strategy.ops = &exhaustive_ops;
	e->options = *options;
	return &e->strategy;
}
