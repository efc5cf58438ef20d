/* SPDX-License-Identifier: MIT */
#include "fuzz/guided.h"

#include <string.h>

#include "fuzz/feedback.h"

#define SLICE 20000 /* points: most operations on tiny take less */

struct places places_seen;

static struct guided *guided_of(struct rt_strategy *s)
{
	return container_of(s, struct guided, strategy);
}

static u32 guided_begin(struct rt_strategy *strategy, u64 runnable)
{
	struct guided *g = guided_of(strategy);
	u32 first = g->replay.strategy.ops->begin(&g->replay.strategy, runnable);

	memset(g->last, 0, sizeof(g->last));
	g->preempted = 0;
	g->last_place = NULL;
	g->last_task = UINT32_MAX;
	g->slice_start = 0;
	return first;
}

static void note_place(struct guided *g, const struct rt_place *place, u64 runnable)
{
	/* Uninterrupted since its last semantic point: the distance says how many points lie between. */
	if (g->last_place && g->last_task == place->task)
		g->last_place->length = (u16)min(place->step - g->last_step, (u64)UINT16_MAX);
	g->last_place = places_add(&places_seen, place->task, runnable, place->semantic, place->occurrence);
	g->last_task = place->task;
	g->last_step = place->step;
}

static void note_semantic(struct guided *g, const struct rt_place *place, u64 runnable)
{
	if (g->preempted) {
		feedback_add(FEEDBACK_SWITCH, g->preempted, place->semantic);
		g->preempted = 0;
	}
	if (place->task >= g->nr_tasks)
		return;
	for (u32 i = 0; i < g->nr_tasks; i++) {
		if (i != place->task && g->last[i])
			feedback_add(FEEDBACK_PHASES, place->semantic, g->last[i]);
	}
	g->last[place->task] = place->semantic + 1;
	note_place(g, place, runnable);
}

static u32 guided_next(struct rt_strategy *strategy, const struct rt_place *place, u64 runnable)
{
	struct guided *g = guided_of(strategy);
	u32 decision;

	if (place->kind == RT_SEMANTIC)
		note_semantic(g, place, runnable);
	decision = g->replay.strategy.ops->next(&g->replay.strategy, place, runnable);
	if (decision == place->task && unlikely(place->step - g->slice_start > SLICE)) {
		g->slice_start = place->step;
		decision = replay_default(place->task, runnable);
	}
	if (decision != place->task) {
		g->slice_start = place->step;
		g->last_task = UINT32_MAX;
		if (place->kind == RT_EXIT && place->task < g->nr_tasks)
			g->last[place->task] = 0;
		else if (!replay_forced(place, runnable))
			g->preempted = place->semantic + 1;
	}
	return decision;
}

static u32 guided_choose(struct rt_strategy *strategy, enum rt_choice kind, u32 what, u32 n)
{
	struct guided *g = guided_of(strategy);

	return g->replay.strategy.ops->choose(&g->replay.strategy, kind, what, n);
}

static const struct rt_strategy_ops guided_ops = {
	.name = "guided",
	.begin = guided_begin,
	.next = guided_next,
	.choose = guided_choose,
};

void guided_init(struct guided *g, const struct scenario *s, bool lenient)
{
	g->strategy.ops = &guided_ops;
	g->nr_tasks = s->nr_tasks;
	replay_init(&g->replay, &s->schedule, lenient);
	g->replay.kinds |= RT_SEMANTIC;
	feedback_begin();
}
