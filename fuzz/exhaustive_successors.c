/* SPDX-License-Identifier: MIT */
/*
 * How a schedule can go on, and which of the ways are worth a run.
 *
 * Two successors that preempt the same task in favour of the same other one, at places p and later p', are the same
 * partial order if what the task does between p and p' does not conflict with what the others do from there until it
 * goes on. One run is enough then: that at p, whose others' steps are noted in stamps. For successors that are
 * extended further this holds as long as nobody but the two tasks exists; of others only the last level is pruned.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/exhaustive_state.h"

static void add_successor(struct exhaustive *e, u32 place, u32 to)
{
	if (e->successors == e->successors_capacity) {
		u32 capacity = e->successors_capacity ? e->successors_capacity * 2 : 1024;
		struct successor *successor = realloc(e->successor, capacity * sizeof(*successor));

		if (!successor) {
			e->out_of_memory = true;
			return;
		}
		e->successor = successor;
		e->successors_capacity = capacity;
	}
	e->successor[e->successors++] = (struct successor){ place, to };
}

static bool successors_are_leaves(const struct exhaustive *e)
{
	return e->level + 1 == e->options.bound;
}

/* Is this successor equivalent to a neighbour also if more deviations follow it? */
static bool can_skip(const struct exhaustive *e)
{
	return e->options.prune && (successors_are_leaves(e) || e->tasks <= 2);
}

/* Of a reopened schedule: has anything here become a conflict since it was expanded? */
static bool place_is_new(const struct exhaustive *e, const struct place_seen *p)
{
	return !e->since || (p->kind != DEVIATION_CHOICE && p->span.order_max >= e->since);
}

/*
 * Of a reopened schedule everything counts from the place before the first new conflict on: what was skipped there was
 * skipped without knowing of it.
 */
static u32 first_place(const struct exhaustive *e)
{
	u32 first = 0;

	while (first < e->places && !place_is_new(e, &e->place[first]))
		first++;
	return first && first < e->places ? first - 1 : first;
}

void successors_list(struct exhaustive *e)
{
	u32 first = first_place(e);
	u64 targets = 0;

	e->successors = 0;
	e->successor_next = 0;
	e->base = UINT32_MAX;
	for (u32 i = first; i < e->places; i++)
		if (e->place[i].kind != DEVIATION_CHOICE)
			targets |= e->place[i].others;
	/* By target, so that neighbours in the list differ by a move of the last preemption only. */
	for (; targets; targets &= targets - 1) {
		u32 to = (u32)__builtin_ctzll(targets);

		for (u32 i = first; i < e->places; i++)
			if (e->place[i].kind != DEVIATION_CHOICE && (e->place[i].others & BIT(to)))
				add_successor(e, i, to);
	}
	for (u32 i = first; i < e->places && !e->since; i++)
		for (u32 answer = 1; e->place[i].kind == DEVIATION_CHOICE && answer < e->place[i].others; answer++)
			add_successor(e, i, answer);
}

/* Would the steps that others took after the preemption at @e->base find the accesses of place @p in their way? */
static bool place_conflicts(const struct exhaustive *e, const struct place_seen *p)
{
	if (p->special)
		return true;
	for (u32 g = p->span.first_granule; g < p->span.first_granule + p->span.granules; g++) {
		u32 order = e->conflicts.order[g];

		if (!order || order > e->stamps)
			continue;
		if (e->write_stamp[order - 1] == e->stamp || (p->writes && e->read_stamp[order - 1] == e->stamp))
			return true;
	}
	return false;
}

/* Is running successor @i pointless because the one at @e->base has the same partial order? */
static bool equivalent_to_base(const struct exhaustive *e, u32 i)
{
	const struct successor *base, *next = &e->successor[i];
	const struct place_seen *from;

	if (e->base == UINT32_MAX || !can_skip(e))
		return false;
	base = &e->successor[e->base];
	from = &e->place[base->place];
	/* A task that waits leaves another default order behind than one that was preempted. */
	if (base->to != next->to || from->kind != DEVIATION_SWITCH || e->place[next->place].kind != DEVIATION_SWITCH)
		return false;
	/* In between the others were asked to do something else: the base says nothing about that. */
	if (!successors_are_leaves(e) && e->base_chose)
		return false;
	for (u32 p = base->place; p < next->place; p++)
		if (e->place[p].task != from->task || e->place[p].others != from->others ||
		    place_conflicts(e, &e->place[p]))
			return false;
	return e->place[next->place].task == from->task && e->place[next->place].others == from->others;
}

static bool grow_stamps(struct exhaustive *e)
{
	u32 *read = e->read_stamp, *write = e->write_stamp;
	u32 want = e->limit + 1024;

	if (e->stamps >= e->limit)
		return true;
	read = realloc(read, want * sizeof(*read));
	if (read)
		e->read_stamp = read;
	write = realloc(write, want * sizeof(*write));
	if (write)
		e->write_stamp = write;
	if (!read || !write)
		return false;
	memset(read + e->stamps, 0, (want - e->stamps) * sizeof(*read));
	memset(write + e->stamps, 0, (want - e->stamps) * sizeof(*write));
	e->stamps = want;
	return true;
}

static void prepare_successor(struct exhaustive *e, u32 i)
{
	const struct place_seen *p = &e->place[e->successor[i].place];
	struct deviation *d;

	e->path_count = tree_path(&e->tree, e->level, e->index, e->path);
	d = &e->path[e->path_count++];
	d->kind = p->kind;
	d->at = p->at;
	d->to = (u16)e->successor[i].to;
	e->base = i;
	e->run_kind = RUN_SUCCESSOR;
	e->watched = false;
	e->limit = e->conflicts.known;
	e->base_chose = false;
	if (!successors_are_leaves(e))
		e->out_of_memory |= tree_add(&e->tree, e->level + 1, e->index, d) == UINT32_MAX;
	if (can_skip(e) && p->kind == DEVIATION_SWITCH && !p->special) {
		e->watched = grow_stamps(e);
		e->out_of_memory |= !e->watched;
		e->stamp++;
	}
}

bool successors_next(struct exhaustive *e)
{
	for (; e->successor_next < e->successors; e->successor_next++) {
		e->tree.level[e->level].tried++;
		if (!equivalent_to_base(e, e->successor_next)) {
			prepare_successor(e, e->successor_next++);
			return true;
		}
		e->done++;
		e->skipped++;
	}
	return false;
}

void successors_free(struct exhaustive *e)
{
	free(e->place);
	free(e->successor);
	free(e->read_stamp);
	free(e->write_stamp);
}
