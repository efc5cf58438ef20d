/* SPDX-License-Identifier: MIT */
#include "fuzz/guided.h"

#include <string.h>

#include "fuzz/feedback.h"
#include "fuzz/runner.h"
#include "fuzz/search.h"

#define SLICE 20000 /* points: most operations on tiny take less */

struct places places_seen;

static struct guided *guided_of(struct rt_strategy *s)
{
	return container_of(s, struct guided, strategy);
}

static struct rt_strategy *source_of(struct guided *g)
{
	return g->search ? &g->search->rt : &g->replay.strategy;
}

#define DEVIATIONS_MAX (SCHEDULE_MAX - 64) /* the slices add some */

/* What the search or the replay decides. */
static u32 source_next(struct guided *g, const struct rt_place *place, u64 runnable)
{
	bool forced = !(runnable >> place->task & 1);
	u32 usual = forced ? replay_default(place->task, runnable) : place->task, decision;

	if (g->search && (g->overdue || g->deviations >= DEVIATIONS_MAX))
		return usual;
	decision = source_of(g)->ops->next(source_of(g), place, runnable);
	g->deviations += decision != usual;
	return decision;
}

static u32 guided_begin(struct rt_strategy *strategy, u64 runnable)
{
	struct guided *g = guided_of(strategy);
	struct rt_strategy *of = source_of(g);
	u32 first = of->ops->begin(of, runnable);

	memset(g->last, 0, sizeof(g->last));
	g->preempted = 0;
	g->last_place = NULL;
	g->last_task = g->seen_by = UINT32_MAX;
	g->slice_start = 0;
	feedback_listen(true);
	return first;
}

static inline void note_place(struct guided *g, u32 task, u32 semantic, u32 occurrence, u64 step, u64 runnable)
{
	/* Uninterrupted since its last semantic point: the distance says how many points lie between. */
	if (g->last_place && g->last_task == task)
		g->last_place->length = (u16)min(step - g->last_step, (u64)UINT16_MAX);
	g->last_place = places_add(&places_seen, task, runnable, semantic, occurrence);
	g->last_task = task;
	g->last_step = step;
}

/* While the others stand still, a semantic point shows the same phases each time it is passed. */
static inline bool phases_known(const struct guided *g, u32 task, u32 semantic)
{
	return task == g->seen_by && g->seen[semantic / 64] >> (semantic % 64) & 1;
}

/* Of the running task and another one: where each is, and in what. */
static void note_operations(u32 semantic, const struct op *op, u32 other_semantic, const struct op *other)
{
	if (!op || !other)
		return;
	if (feedback_is_hotplug(op->id))
		feedback_add_phase(semantic, op, other);
	if (feedback_is_hotplug(other->id))
		feedback_add_phase(other_semantic, other, op);
}

static __attribute__((noinline)) void note_phases(struct guided *g, u32 task, u32 semantic)
{
	if (task != g->seen_by) {
		memset(g->seen, 0, sizeof(g->seen));
		g->seen_by = task;
	}
	g->seen[semantic / 64] |= BIT(semantic % 64);
	for (u32 i = 0; i < g->nr_tasks; i++) {
		if (i == task || !g->last[i])
			continue;
		feedback_add_points(FEEDBACK_PAIR, semantic, g->last[i]);
		if (feedback_wanted & FEEDBACK_PHASES)
			note_operations(semantic, runner_op_of(task), g->last[i] - 1, runner_op_of(i));
	}
}

static inline void note_semantic(struct guided *g, u32 task, u32 semantic, u32 occurrence, u64 step, u64 runnable)
{
	if (unlikely(g->preempted)) {
		feedback_add_points(FEEDBACK_SWITCH, g->preempted, semantic);
		g->preempted = 0;
	}
	if (unlikely(task >= g->nr_tasks))
		return;
	if (!phases_known(g, task, semantic))
		note_phases(g, task, semantic);
	g->last[task] = semantic + 1;
	note_place(g, task, semantic, occurrence, step, runnable);
}

/* Most semantic points are noted and no more: nothing in the schedule is about them. */
static bool guided_passes(struct rt_strategy *strategy, u32 task, u32 semantic, u32 occurrence, u64 step, u64 runnable)
{
	struct guided *g = guided_of(strategy);

	g->overdue = step - g->slice_start > SLICE;
	if (unlikely(g->overdue) || (!g->search && replay_wants(&g->replay, task, semantic, occurrence)))
		return true;
	note_semantic(g, task, semantic, occurrence, step, runnable);
	return false;
}

static u32 guided_next(struct rt_strategy *strategy, const struct rt_place *place, u64 runnable)
{
	struct guided *g = guided_of(strategy);
	u32 decision;

	if (place->kind == RT_SEMANTIC)
		note_semantic(g, place->task, place->semantic, place->occurrence, place->step, runnable);
	decision = source_next(g, place, runnable);
	g->overdue = false;
	if (decision == place->task && unlikely(place->step - g->slice_start > SLICE)) {
		g->slice_start = place->step;
		decision = replay_default(place->task, runnable);
	}
	if (decision != place->task) {
		g->slice_start = place->step;
		g->last_task = UINT32_MAX;
		if (place->kind == RT_EXIT && place->task < g->nr_tasks)
			g->last[place->task] = 0, g->seen_by = UINT32_MAX;
		else if (!replay_forced(place, runnable))
			g->preempted = place->semantic + 1;
	}
	return decision;
}

static u32 guided_choose(struct rt_strategy *strategy, enum rt_choice kind, u32 what, u32 n)
{
	struct guided *g = guided_of(strategy);

	u32 answer;

	if (g->search && g->deviations >= DEVIATIONS_MAX)
		return 0;
	answer = source_of(g)->ops->choose(source_of(g), kind, what, n);
	g->deviations += answer != 0;
	return answer;
}

static void guided_end(struct rt_strategy *strategy, const struct rt_result *result)
{
	struct guided *g = guided_of(strategy);

	feedback_listen(false);
	if (g->search)
		g->search->ops->finish(g->search, result);
}

static const struct rt_strategy_ops guided_ops = {
	.name = "guided",
	.begin = guided_begin,
	.next = guided_next,
	.passes = guided_passes,
	.choose = guided_choose,
	.end = guided_end,
};

void guided_init(struct guided *g, const struct scenario *s, bool lenient)
{
	if (g->search)
		g->search->ops->destroy(g->search);
	g->search = search_begin(s);
	g->overdue = false;
	g->deviations = 0;
	g->strategy.ops = &guided_ops;
	g->nr_tasks = s->nr_tasks;
	replay_init(&g->replay, &s->schedule, lenient);
	/* An exact schedule needs each of them while it lasts; else guided_passes() says which. */
	if (lenient)
		g->replay.kinds &= ~(u32)RT_SEMANTIC;
	feedback_begin();
}
