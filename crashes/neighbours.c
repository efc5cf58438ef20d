/* SPDX-License-Identifier: MIT */
#include "crashes/neighbours.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/name.h"
#include "fuzz/replay.h"
#include "fuzz/runner.h"

#define NEIGHBOURS_MAX 1000000u

/* Replays the entries before, is asked at every point after them, and notes where the next one could be. */
struct scout {
	struct rt_strategy strategy;
	struct replay replay;
	const struct schedule_entry *wanted;
	const char *object;
	u32 nr_tasks; /* of the scenario: higher ids are kernel threads */
	u32 choices;  /* of the kind that is wanted, so far */
	u64 points;   /* since the entry before */
	struct {
		u32 semantic, occurrence, same; /* points like the one that is wanted since that semantic point */
	} task[RT_MAX_TASKS];
	struct neighbours *found;
	bool out_of_memory;
};

static struct scout *scout_of(struct rt_strategy *s)
{
	return container_of(s, struct scout, strategy);
}

static u64 difference(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

static bool is_forced(const struct schedule_entry *e)
{
	return e->form == SCHEDULE_OBJECT && (e->kind & (RT_BLOCK | RT_EXIT));
}

static void add(struct scout *s, const struct neighbour *n)
{
	struct neighbours *found = s->found;

	if (found->count == NEIGHBOURS_MAX)
		return;
	if (found->count == found->capacity) {
		u32 capacity = found->capacity ? found->capacity * 2 : 1024;
		struct neighbour *more = realloc(found->list, capacity * sizeof(*more));

		if (!more) {
			s->out_of_memory = true;
			return;
		}
		found->list = more;
		found->capacity = capacity;
	}
	found->list[found->count++] = *n;
}

/* ---- during the run -------------------------------------------------------------------------------------------- */

static bool same_object(const struct scout *s, const struct rt_place *place)
{
	char name[SCHEDULE_OBJECT_LEN] = "";

	if (s->wanted->form != SCHEDULE_OBJECT || place->kind != s->wanted->kind)
		return false;
	if (s->wanted->object == SCHEDULE_NO_OBJECT)
		return true;
	rt_name(place->addr, false, name, sizeof(name));
	return strcmp(name, s->object) == 0;
}

/* The entry that would mean this place, and how near it is to the wanted one. Distances in points come later. */
static struct neighbour neighbour_at(struct scout *s, const struct rt_place *place, bool forced, u32 target)
{
	const struct schedule_entry *w = s->wanted;
	u64 occurrences = difference(place->occurrence, w->occurrence);
	struct neighbour n = {.entry = {.task = (u8)place->task,
					.target = (u8)target,
					.object = SCHEDULE_NO_OBJECT,
					.anchor = (u16)place->semantic,
					.occurrence = place->occurrence},
			      .nearness = place->kind & (RT_LOAD | RT_STORE) ? NEAR_PLAIN : NEAR_MARKED,
			      .at = s->points};
	bool same = place->semantic == w->anchor;

	if (forced) {
		n.entry.form = SCHEDULE_OBJECT;
		n.entry.kind = (u16)replay_forced_kind(place);
		n.entry.count = s->replay.task[place->task].forced;
		same &= n.entry.kind == w->kind;
	} else if (place->kind == RT_SEMANTIC) {
		n.entry.form = SCHEDULE_SEMANTIC;
		n.nearness = NEAR_SEMANTIC;
		same &= w->form == SCHEDULE_SEMANTIC;
	} else {
		n.entry.form = SCHEDULE_RAW;
		n.entry.count = place->since;
		n.entry.build = schedule_fingerprint();
		if (w->form == SCHEDULE_OBJECT) {
			same &= same_object(s, place);
			if (same_object(s, place))
				n.nearness = NEAR_OBJECT;
		} else {
			same &= w->form == SCHEDULE_RAW;
		}
	}
	if (same) {
		u32 count = w->form == SCHEDULE_OBJECT && !forced ? s->task[place->task].same : n.entry.count;

		n.nearness = NEAR_SAME;
		n.distance = (occurrences << 32) + difference(count, w->count);
	}
	return n;
}

/* May task @id stand for @wanted: is it the same, or are both kernel threads? */
static bool same_role(const struct scout *s, u32 id, u32 wanted)
{
	return id == wanted || (id >= s->nr_tasks && wanted >= s->nr_tasks);
}

static void note_place(struct scout *s, const struct rt_place *place, u64 runnable, u32 usual)
{
	const struct schedule_entry *w = s->wanted;
	bool forced = replay_forced(place, runnable);

	s->points++;
	if (w->form == SCHEDULE_START || w->form == SCHEDULE_CHOICE)
		return;
	if (!same_role(s, place->task, w->task) || forced != is_forced(w))
		return;
	for (u64 bits = runnable & ~BIT(usual) & ~BIT(place->task); bits; bits &= bits - 1) {
		u32 target = (u32)__builtin_ctzll(bits);
		struct neighbour n;

		/* Another kernel thread only where the one that is named cannot run. */
		if (!same_role(s, target, w->target) || (target != w->target && (runnable & BIT(w->target))))
			continue;
		n = neighbour_at(s, place, forced, target);
		/* Who it is weighs as much as an occurrence. */
		if (n.nearness == NEAR_SAME)
			n.distance += ((u64)(place->task != w->task) + (target != w->target)) << 32;
		add(s, &n);
	}
}

/* How often the task has come to such a point since its latest semantic point, this time included. */
static void count_same(struct scout *s, const struct rt_place *place)
{
	u32 task = place->task;

	if (s->task[task].semantic != place->semantic || s->task[task].occurrence != place->occurrence) {
		s->task[task].semantic = place->semantic;
		s->task[task].occurrence = place->occurrence;
		s->task[task].same = 0;
	}
	if (same_object(s, place))
		s->task[task].same++;
}

static u32 scout_begin(struct rt_strategy *strategy, u64 runnable)
{
	struct scout *s = scout_of(strategy);
	u32 first = s->replay.strategy.ops->begin(&s->replay.strategy, runnable);

	rt_ask_after(0);
	return first;
}

static u32 scout_next(struct rt_strategy *strategy, const struct rt_place *place, u64 runnable)
{
	struct scout *s = scout_of(strategy);
	bool after = s->replay.next == s->replay.schedule->count;
	u32 decision = s->replay.strategy.ops->next(&s->replay.strategy, place, runnable);

	count_same(s, place);
	if (after)
		note_place(s, place, runnable, decision);
	rt_ask_after(0);
	return decision;
}

/* Another choice of the same kind is a neighbour. */
static u32 scout_choose(struct rt_strategy *strategy, enum rt_choice kind, u32 what, u32 n)
{
	struct scout *s = scout_of(strategy);
	const struct schedule_entry *w = s->wanted;
	struct neighbour near = {.entry = *w, .nearness = NEAR_SAME};

	if (w->form == SCHEDULE_CHOICE && w->choice == (u8)kind && w->what == what) {
		near.entry.occurrence = ++s->choices;
		near.distance = difference(s->choices, w->occurrence);
		if (w->value < n)
			add(s, &near);
	}
	return s->replay.strategy.ops->choose(&s->replay.strategy, kind, what, n);
}

static const struct rt_strategy_ops scout_ops = {
	.name = "scout",
	.begin = scout_begin,
	.next = scout_next,
	.choose = scout_choose,
};

/* ---- after it -------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct neighbour *x = a, *y = b;

	if (x->nearness != y->nearness)
		return x->nearness < y->nearness ? -1 : 1;
	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (int)x->entry.target - (int)y->entry.target;
}

/* What has another name is measured in points from the nearest place that has the same, or from the entry before. */
static void measure(struct neighbours *n)
{
	const struct neighbour *nearest = NULL;

	for (u32 i = 0; i < n->count; i++)
		if (n->list[i].nearness <= NEAR_OBJECT && (!nearest || compare(&n->list[i], nearest) < 0))
			nearest = &n->list[i];
	for (u32 i = 0; i < n->count; i++)
		if (n->list[i].nearness != NEAR_SAME)
			n->list[i].distance = difference(n->list[i].at, nearest ? nearest->at : 0);
}

int neighbours_find(const struct scenario *s, u32 index, const struct schedule_entry *wanted, const char *object,
		    struct neighbours *n)
{
	static struct runner_result result;
	static struct schedule before;
	static struct scout scout;

	schedule_copy(&before, &s->schedule);
	while (before.count > index)
		schedule_remove(&before, before.count - 1);
	memset(&scout, 0, sizeof(scout));
	scout.strategy.ops = &scout_ops;
	scout.wanted = wanted;
	scout.object = object;
	scout.nr_tasks = s->nr_tasks;
	scout.found = n;
	n->count = 0;
	replay_init(&scout.replay, &before, false);
	runner_run(s, &scout.strategy, 0, &result);
	measure(n);
	if (n->count)
		qsort(n->list, n->count, sizeof(*n->list), compare);
	return scout.out_of_memory ? -ENOMEM : 0;
}

void neighbours_free(struct neighbours *n)
{
	free(n->list);
	memset(n, 0, sizeof(*n));
}
