/* SPDX-License-Identifier: MIT */
#include "crashes/settle.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/runner.h"

#define NEAR 6 /* semantic points to try on each side */

/* The semantic points of a run in order, of all tasks. */
struct visit {
	u32 task, semantic, occurrence;
};
struct visits {
	struct visit *visit;
	u32 count, capacity;
};

static void note_visit(const struct rt_trace_entry *entry, void *arg)
{
	struct visits *v = arg;

	if (entry->switched_to || entry->place.kind != RT_SEMANTIC)
		return;
	if (v->count == v->capacity) {
		u32 capacity = v->capacity ? v->capacity * 2 : 1024;
		struct visit *more = realloc(v->visit, capacity * sizeof(*more));

		if (!more)
			return;
		v->visit = more;
		v->capacity = capacity;
	}
	v->visit[v->count++] = (struct visit){entry->place.task, entry->place.semantic, entry->place.occurrence};
}

static void visits_of(const struct scenario *s, struct visits *v)
{
	static struct replay replay;
	static struct runner_result result;

	v->count = 0;
	rt_set_trace(note_visit, v);
	runner_replay(s, &replay, 0, &result);
	rt_set_trace(NULL, NULL);
}

/* The visit @distance semantic points of the task after (or before, if negative) the entry's anchor; NULL: none. */
static const struct visit *visit_near(const struct visits *v, const struct schedule_entry *e, s32 distance)
{
	u32 anchor = 0;
	s32 step = distance < 0 ? -1 : 1;

	while (anchor < v->count && (v->visit[anchor].task != e->task || v->visit[anchor].semantic != e->anchor ||
				     v->visit[anchor].occurrence != e->occurrence))
		anchor++;
	for (s64 i = anchor; i >= 0 && i < v->count; i += step) {
		if (v->visit[i].task != e->task)
			continue;
		if (!distance)
			return &v->visit[i];
		distance -= step;
	}
	return NULL;
}

static bool can_settle(const struct schedule_entry *e)
{
	return e->form == SCHEDULE_RAW || (e->form == SCHEDULE_OBJECT && !(e->kind & (RT_BLOCK | RT_EXIT)));
}

/* Tries entry @i at the semantic point @distance from its anchor. */
static bool settle_at(struct scenario *s, struct scenario *scratch, struct attempt *attempt, const struct visits *v,
		      u32 i, s32 distance)
{
	const struct visit *visit = visit_near(v, &s->schedule.entry[i], distance);
	struct schedule_entry *e = &scratch->schedule.entry[i];

	if (!visit)
		return false;
	scenario_copy(scratch, s);
	*e = (struct schedule_entry){.form = SCHEDULE_SEMANTIC,
				     .task = e->task,
				     .target = e->target,
				     .anchor = (u16)visit->semantic,
				     .occurrence = visit->occurrence};
	if (!attempt_run(attempt, scratch) || scratch->schedule.count > s->schedule.count ||
	    schedule_raw_entries(&scratch->schedule) > schedule_raw_entries(&s->schedule))
		return false;
	scenario_copy(s, scratch);
	return true;
}

bool settle_schedule(struct scenario *s, struct scenario *scratch, struct attempt *attempt)
{
	struct visits v = {0};
	bool any = false;

	for (u32 i = 0; i < s->schedule.count; i++) {
		bool settled = false;

		if (!can_settle(&s->schedule.entry[i]))
			continue;
		visits_of(s, &v);
		/* The anchor lies before the preemption, the next point after it: 0, 1, -1, 2, -2, … */
		for (s32 d = 0; !settled && d <= NEAR; d++)
			settled = settle_at(s, scratch, attempt, &v, i, d) ||
				  (d && settle_at(s, scratch, attempt, &v, i, -d));
		any |= settled;
	}
	free(v.visit);
	return any;
}
