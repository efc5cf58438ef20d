/* SPDX-License-Identifier: MIT */
/*
 * How a schedule can go on, and which of the ways are worth a run.
 *
 * Two successors that preempt the same task in favour of the same other one, at places p and later p', are the same
 * partial order if what the task does between p and p' does not conflict with what the others do from there until it
 * goes on. One run is enough then: that at p, whose others' steps are noted in stamps. For successors that are
 * extended further this holds as long as nobody but the two tasks exists. If there are more, the one at p' is not run
 * either, but kept to be extended: exhaustive_moves.c tells which of its extensions are equivalent, too.
 *
 * When a schedule is expanded again because conflicts have become known, what was run is not run again, and what was
 * skipped stays skipped unless a new conflict lies between it and the run it was equivalent to.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/exhaustive_state.h"

/* Room for one more element. */
static bool reserve(void **array, u32 *capacity, u32 count, size_t size, bool *out_of_memory)
{
	u32 more = *capacity ? *capacity * 2 : 1024;
	void *grown;

	if (count < *capacity)
		return true;
	grown = realloc(*array, more * size);
	if (!grown) {
		*out_of_memory = true;
		return false;
	}
	*array = grown;
	*capacity = more;
	return true;
}

/*
 * Of the first deviations each process has its share, by place: neighbours stay together, because of those that are
 * equivalent one is run.
 */
#define SHARE_PLACES 32

static bool is_ours(const struct exhaustive *e, const struct place_seen *p, u32 to)
{
	u32 h = (p->at / SHARE_PLACES) * 0x9e3779b1u ^ ((u32)p->kind << 8 | to) * 0x85ebca6bu;

	return e->level || e->options.jobs < 2 || (h ^ h >> 15) % e->options.jobs == e->options.job;
}

static void add_successor(struct exhaustive *e, u32 place, u32 to)
{
	if (!is_ours(e, &e->place[place], to))
		return;
	if (reserve((void **)&e->successor, &e->successors_capacity, e->successors, sizeof(*e->successor),
		    &e->out_of_memory))
		e->successor[e->successors++] = (struct successor){place, to};
}

static void add_tried(struct exhaustive *e, const struct deviation *d)
{
	if (reserve((void **)&e->tried, &e->tried_capacity, e->nr_tried, sizeof(*e->tried), &e->out_of_memory))
		e->tried[e->nr_tried++] = *d;
}

static struct deviation deviation_of(const struct exhaustive *e, u32 i)
{
	const struct place_seen *p = &e->place[e->successor[i].place];

	return (struct deviation){.at = p->at, .kind = p->kind, .to = (u16)e->successor[i].to};
}

/* Of the places that could be listed with fewer than @since conflicts known. */
static u64 listing_hash(const struct exhaustive *e, u32 since)
{
	u64 hash = 1;

	for (u32 i = 0; i < e->places; i++) {
		const struct place_seen *p = &e->place[i];

		if (!p->special && p->span.order_min >= since)
			continue;
		hash = (hash ^ p->targets) * 0x9e3779b97f4a7c15ULL;
		hash = (hash ^ hash >> 29 ^ p->at ^ (u64)p->kind << 32) * 0x9e3779b97f4a7c15ULL;
	}
	return hash;
}

static struct tree_node *expanded_node(const struct exhaustive *e)
{
	return &e->tree.level[e->level].node[e->index];
}

static bool successors_are_leaves(const struct exhaustive *e)
{
	return e->level + 1 == e->options.bound;
}

/* Is a successor that is equivalent to a neighbour so also if more deviations follow it? */
static bool equal_for_good(const struct exhaustive *e)
{
	return successors_are_leaves(e) || e->tasks <= 2;
}

static void count_after(struct exhaustive *e)
{
	u32 after = 0;

	for (u32 i = e->places; i--;) {
		struct place_seen *p = &e->place[i];

		p->after = after;
		after += p->kind == DEVIATION_CHOICE ? (u32)p->others - 1 : (u32)__builtin_popcountll(p->targets);
	}
}

void successors_list(struct exhaustive *e)
{
	struct tree_node *node = expanded_node(e);
	u64 targets = 0;

	count_after(e);
	e->relisted = e->since && listing_hash(e, e->since) != node->listing;
	node->listing = listing_hash(e, UINT32_MAX);
	e->successors = e->successor_next = 0;
	e->nr_tried = e->old_next = 0;
	e->base = e->proof = UINT32_MAX;
	for (u32 i = 0; i < e->places; i++)
		if (e->place[i].kind != DEVIATION_CHOICE)
			targets |= e->place[i].targets;
	/* By target, so that neighbours in the list differ by a move of the last preemption only. */
	for (; targets; targets &= targets - 1) {
		u32 to = (u32)__builtin_ctzll(targets);

		for (u32 i = 0; i < e->places; i++)
			if (e->place[i].kind != DEVIATION_CHOICE && (e->place[i].targets & BIT(to)))
				add_successor(e, i, to);
	}
	for (u32 i = 0; i < e->places; i++)
		for (u32 answer = 1; e->place[i].kind == DEVIATION_CHOICE && answer < e->place[i].others; answer++)
			add_successor(e, i, answer);
}

static bool same_deviation(const struct deviation *a, const struct deviation *b)
{
	return a->at == b->at && a->kind == b->kind && a->to == b->to;
}

/* Is @a listed before @b, as far as that can be told? */
static bool listed_before(const struct deviation *a, const struct deviation *b)
{
	if (a->kind != DEVIATION_SWITCH || b->kind != DEVIATION_SWITCH)
		return true;
	return a->to < b->to || (a->to == b->to && a->at < b->at);
}

/* Was it run when this schedule was expanded before? What was comes in the same order; some of it may not be listed. */
static bool run_before(struct exhaustive *e, u32 i)
{
	const struct tree_node *node = expanded_node(e);
	const struct deviation d = deviation_of(e, i);
	u32 old = e->old_next;

	while (old < node->nr_tried && !same_deviation(&node->tried[old], &d)) {
		if (!e->relisted || !listed_before(&node->tried[old], &d))
			return false;
		old++;
	}
	if (old == node->nr_tried)
		return false;
	e->old_next = old + 1;
	e->proof = i;
	add_tried(e, &d);
	return true;
}

/* Was it skipped then, as equivalent to the one at @e->proof, and has nothing between them become a conflict since? */
static bool still_equivalent(const struct exhaustive *e, u32 i)
{
	const struct place_seen *p = &e->place[e->successor[i].place];

	if (e->relisted || e->proof == UINT32_MAX || e->successor[e->proof].to != e->successor[i].to ||
	    p->kind != DEVIATION_SWITCH || (p->span.order_min >= e->since && !p->special))
		return false;
	for (u32 between = e->successor[e->proof].place; between < e->successor[i].place; between++)
		if (e->place[between].span.order_max >= e->since)
			return false;
	return true;
}

/* Is running successor @i pointless because the one at @e->base has the same partial order? */
static bool equivalent_to_base(const struct exhaustive *e, u32 i)
{
	const struct successor *base, *next = &e->successor[i];
	const struct place_seen *from;

	if (e->base == UINT32_MAX || !e->options.prune)
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
		    steps_conflict(e, &e->watch, &e->place[p]))
			return false;
	return e->place[next->place].task == from->task && e->place[next->place].others == from->others;
}

static void prepare_successor(struct exhaustive *e, u32 i)
{
	const struct place_seen *p = &e->place[e->successor[i].place];
	const struct deviation d = deviation_of(e, i);

	e->path_count = tree_path(&e->tree, e->level, e->index, e->path);
	e->path[e->path_count++] = d;
	e->base = i;
	e->base_chose = false;
	e->run_kind = RUN_SUCCESSOR;
	e->watched = false;
	e->limit = e->conflicts.known;
	if (e->options.prune && p->kind == DEVIATION_SWITCH && p->special != SPECIAL_ALL) {
		e->watched = steps_begin(&e->watch, e->limit);
		e->out_of_memory |= !e->watched;
	}
	e->passings = 0;
	if (successors_are_leaves(e))
		facts_prepare(e, &e->successor[i]);
}

/* Not to be met again, and to be gone on from if it is not at the bound. */
static void keep_successor(struct exhaustive *e, u32 i, bool equal)
{
	const struct deviation d = deviation_of(e, i);

	add_tried(e, &d);
	if (!successors_are_leaves(e))
		e->out_of_memory |= tree_add(&e->tree, e->level + 1, e->index, &d,
					     e->place[e->successor[i].place].after, equal) == UINT32_MAX;
}

bool successors_next(struct exhaustive *e)
{
	struct tree_level *l = &e->tree.level[e->level];
	bool equal;
	u32 i;

	while (e->successor_next < e->successors) {
		i = e->successor_next++;
		if (run_before(e, i) || still_equivalent(e, i))
			continue;
		l->tried++;
		equal = equivalent_to_base(e, i);
		if (successors_are_leaves(e)) {
			if (equal)
				facts_copy(e, &e->successor[i]);
			else
				equal = facts_known(e, &e->successor[i]);
		}
		if (!equal || !equal_for_good(e))
			keep_successor(e, i, equal);
		if (!equal) {
			prepare_successor(e, i);
			return true;
		}
		e->done++;
		e->skipped++;
		e->reopened_done += e->reopening;
	}
	if (e->successors)
		e->out_of_memory |= !tree_set_tried(expanded_node(e), e->tried, e->nr_tried);
	e->successors = 0;
	return false;
}

void successors_free(struct exhaustive *e)
{
	free(e->place);
	free(e->successor);
	free(e->tried);
	steps_free(&e->watch);
	for (u32 i = 0; i < ARRAY_SIZE(e->passing); i++)
		steps_free(&e->passing[i].steps);
	facts_free(&e->facts);
}
