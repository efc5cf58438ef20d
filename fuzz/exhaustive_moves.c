/* SPDX-License-Identifier: MIT */
/*
 * Preemptions of the path that could be earlier.
 *
 * A schedule that preempts task T at place p', goes on, and comes back to T is the same partial order as the one that
 * preempts T at the place p before, if what T does from p to p' does not conflict with what the others do until T goes
 * on. That holds whatever follows, for any number of tasks: once T is back, nothing that extends the schedule is worth
 * a run, since the same extends the other one, which has as many deviations. Before T is back nothing is known, as an
 * extension may let somebody else run first.
 *
 * It is sound together with the bound and with the skipping of neighbours (exhaustive_successors.c), because whatever
 * is left out has an equal with as many deviations, one of them earlier and those before it the same. So of all
 * schedules of one partial order, within the bound, the first in that order is never left out.
 */
#include "fuzz/exhaustive_state.h"

void moves_begin(struct exhaustive *e)
{
	e->moves = 0;
	e->redundant = false;
	e->chain.valid = false;
}

static bool spans_conflict(const struct conflict_span *a, bool a_writes, const struct conflict_span *b, bool b_writes)
{
	return (a_writes || b_writes) && a->granules && b->granules &&
	       a->first_granule < b->first_granule + b->granules && b->first_granule < a->first_granule + a->granules;
}

static void hit(struct exhaustive *e, struct move *m, const struct rt_place *place, u64 runnable)
{
	struct conflict_span span;

	if (m->before.special == SPECIAL_CPU && steps_cpus(runnable & ~BIT(m->task)) >> m->before.cpu & 1)
		m->hit = true;
	if (m->hit)
		return;
	conflicts_of_place(&e->conflicts, place, e->limit, &span);
	m->hit = spans_conflict(&span, conflicts_kind_writes(place->kind), &m->before.span, m->before.writes);
}

void moves_choice(struct exhaustive *e)
{
	e->chain.valid = false;
}

/* Is @seen the next place of the same task, with nothing between them that changes who else may run? */
static bool follows(const struct exhaustive *e, const struct place_seen *seen)
{
	const struct place_seen *last = &e->chain.last;

	return e->chain.valid && last->kind == DEVIATION_SWITCH && last->special != SPECIAL_ALL &&
	       seen->kind == DEVIATION_SWITCH && last->task == seen->task && last->others == seen->others;
}

void moves_place(struct exhaustive *e, const struct rt_place *place, u64 runnable, const struct place_seen *seen,
		 bool candidate)
{
	for (u32 i = 0; i < e->moves; i++) {
		struct move *m = &e->move[i];

		if (m->open && m->task == place->task)
			moves_resumed(e, place->task);
		else if (m->open)
			hit(e, m, place, runnable);
	}
	if (!candidate)
		return;
	e->chain.linked = follows(e, seen);
	if (e->chain.linked)
		e->chain.before = e->chain.last;
	else
		e->chain.head = seen->own;
	e->chain.last = *seen;
	e->chain.valid = true;
}

void moves_preempted(struct exhaustive *e, const struct rt_place *place)
{
	struct move *m = &e->move[e->moves++];
	bool linked = e->chain.linked && e->chain.last.at == place->step;

	*m = (struct move){.task = place->task,
			   .open = true,
			   .hit = !linked,
			   .before = e->chain.before,
			   .index = e->path_next,
			   .own = (u32)place->own,
			   .head = linked ? e->chain.head : (u32)place->own};
	/* Preempted tasks have passed the point of their next access: nobody will ask about that one. */
	for (u32 others = e->preempted & ~(u32)BIT(place->task); others; others &= others - 1)
		hit(e, m, &e->pending[__builtin_ctz(others)], 0);
	e->chain.valid = e->chain.linked = false;
}

void moves_deviated(struct exhaustive *e)
{
	e->chain.valid = e->chain.linked = false;
}

void moves_resumed(struct exhaustive *e, u32 task)
{
	for (u32 i = 0; i < e->moves; i++) {
		struct move *m = &e->move[i];

		if (!m->open || m->task != task)
			continue;
		m->open = false;
		e->redundant |= !m->hit;
	}
}

u8 moves_open(const struct exhaustive *e)
{
	u32 open = 0;

	for (u32 i = 0; i < e->moves; i++)
		open |= (u32)e->move[i].open << i;
	return (u8)open;
}

u64 moves_pointless(const struct exhaustive *e)
{
	u64 tasks = 0;

	for (u32 i = 0; i < e->moves; i++)
		if (e->move[i].open && !e->move[i].hit)
			tasks |= BIT(e->move[i].task);
	return tasks;
}
