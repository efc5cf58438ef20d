/* SPDX-License-Identifier: MIT */
/*
 * What runs at the bound tell about preemptions before their last one.
 *
 * A run that preempted task T at place x0 and came back to it shows what the others did meanwhile. As long as T's
 * places x0, x1 … do not conflict with that, the runs that preempt T at x1, x2 … and deviate later as this one did are
 * the same partial order. Those belong to other schedules of the tree, extended later: a table remembers how far this
 * goes.
 *
 * The key is the run with x0 replaced by the first of the neighbours it is one of (struct move, @head); every place in
 * it is named by its task's own steps, which do not move when somebody else's do. Two keys are taken to be equal if 64
 * bits of them are.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/exhaustive_state.h"

#define FACTS_MAX (1u << 22)

struct fact {
	u64 key; /* 0: none */
	u32 from, upto;
};

/* ---- the table ------------------------------------------------------------------------------------------------- */

static struct fact *slot_of(const struct facts *f, u64 key)
{
	u32 i = (u32)(key >> 32) & (f->capacity - 1);

	while (f->fact[i].key && f->fact[i].key != key)
		i = (i + 1) & (f->capacity - 1);
	return &f->fact[i];
}

static bool grow(struct facts *f)
{
	struct facts larger = {.capacity = f->capacity ? f->capacity * 4 : 4096, .count = f->count};

	if (larger.capacity > FACTS_MAX)
		return false;
	larger.fact = calloc(larger.capacity, sizeof(*larger.fact));
	if (!larger.fact)
		return false;
	for (u32 i = 0; i < f->capacity; i++)
		if (f->fact[i].key)
			*slot_of(&larger, f->fact[i].key) = f->fact[i];
	free(f->fact);
	*f = larger;
	return true;
}

/* When no room is left it is not remembered: that costs a run. */
static void remember(struct facts *f, u64 key, u32 from, u32 upto)
{
	struct fact *fact;

	if (f->count >= f->capacity / 4 * 3 && !grow(f))
		return;
	fact = slot_of(f, key);
	f->count += !fact->key;
	*fact = (struct fact){.key = key, .from = from, .upto = upto};
}

void facts_free(struct facts *f)
{
	free(f->fact);
	memset(f, 0, sizeof(*f));
}

static u64 mix(u64 hash, u64 value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

/* Of the run that deviates at place @q to @to, with respect to @m. */
static u64 key_of(const struct exhaustive *e, const struct move *m, const struct place_seen *q, u32 to)
{
	u64 key = mix(m->index, e->path[0].to);
	u32 count = e->level + 1; /* deviations of the schedule that is extended, the start included */

	for (u32 i = 1; i < count; i++) {
		key = mix(key, (u64)e->path[i].kind << 32 | e->path[i].to);
		key = mix(key, i == m->index ? (u64)m->head << 8 | m->task : e->name[i]);
	}
	key = mix(key, (u64)q->kind << 48 | (u64)q->task << 32 | to);
	key = mix(key, q->kind == DEVIATION_SWITCH ? q->own : q->at);
	return key | 1;
}

/* ---- before a run ---------------------------------------------------------------------------------------------- */

bool facts_known(const struct exhaustive *e, const struct successor *s)
{
	const struct place_seen *q = &e->place[s->place];

	if (!e->facts.count || q->kind == DEVIATION_CHOICE)
		return false;
	for (u32 i = 0; i < e->moves; i++) {
		const struct move *m = &e->move[i];
		const struct fact *fact;

		if (!(q->open >> i & 1))
			continue;
		fact = slot_of(&e->facts, key_of(e, m, q, s->to));
		if (fact->key && fact->from < m->own && m->own <= fact->upto)
			return true;
	}
	return false;
}

void facts_prepare(struct exhaustive *e, const struct successor *s)
{
	const struct place_seen *q = &e->place[s->place];

	e->passings = 0;
	e->copied = s->place;
	if (!e->options.prune || q->kind == DEVIATION_CHOICE)
		return;
	for (u32 i = 0; i < e->moves; i++) {
		struct passing *p = &e->passing[e->passings];

		if (!(q->open >> i & 1))
			continue;
		p->move = i;
		p->begun = p->running = p->over = false;
		p->upto = e->move[i].own;
		p->count = 0;
		if (!steps_begin(&p->steps, e->limit)) {
			e->out_of_memory = true;
			return;
		}
		e->passings++;
	}
}

/* ---- during a run ---------------------------------------------------------------------------------------------- */

/* Can the preemption be moved past @x as well? */
static void pass(struct exhaustive *e, struct passing *p, const struct place_seen *x)
{
	if (steps_conflict(e, &p->steps, x) || p->count == PASSED_MAX)
		p->over = true;
	else
		p->passed[p->count++] = (struct passed){.span = x->span, .own = x->own, .writes = x->writes};
}

static void begin(struct exhaustive *e, struct passing *p, u32 task)
{
	p->begun = true;
	for (u32 others = e->preempted & ~(u32)BIT(task); others; others &= others - 1)
		steps_add(e, &p->steps, &e->pending[__builtin_ctz(others)]);
}

static void place_of_task(struct exhaustive *e, struct passing *p, const struct rt_place *place, u64 runnable)
{
	struct place_seen seen;

	if (!p->running) {
		p->running = true;
		place_look(e, &e->pending[place->task], ~0ULL, 0, place->task, &seen);
		pass(e, p, &seen);
	}
	if (!place_look(e, place, runnable, 0, place->task, &seen) || p->over)
		return;
	if (seen.kind != DEVIATION_SWITCH) {
		p->over = true;
		return;
	}
	p->upto = seen.own;
	pass(e, p, &seen);
}

void facts_place(struct exhaustive *e, const struct rt_place *place, u64 runnable)
{
	for (u32 i = 0; i < e->passings; i++) {
		struct passing *p = &e->passing[i];
		const struct move *m = &e->move[p->move];

		if (p->over || e->path_next <= m->index)
			continue;
		if (!p->begun)
			begin(e, p, m->task);
		if (place->task == m->task) {
			place_of_task(e, p, place, runnable);
		} else if (p->running) {
			p->over = true;
		} else {
			steps_add(e, &p->steps, place);
			p->steps.cpus |= steps_cpus(runnable & ~BIT(m->task));
		}
	}
}

/* ---- after a run ------------------------------------------------------------------------------------------------ */

static void remember_passing(struct exhaustive *e, const struct passing *p, const struct successor *s)
{
	const struct move *m = &e->move[p->move];

	if (p->upto > m->own)
		remember(&e->facts, key_of(e, m, &e->place[s->place], s->to), (u32)m->own, p->upto);
}

void facts_finish(struct exhaustive *e, const struct successor *s)
{
	/* What has become a conflict in this run was not looked at in it. */
	if (e->conflicts.footprint.log_count > e->limit)
		e->passings = 0;
	for (u32 i = 0; i < e->passings; i++)
		remember_passing(e, &e->passing[i], s);
}

static bool passed_conflicts(const struct passed *x, const struct place_seen *p)
{
	return (x->writes || p->writes) && p->span.granules && x->span.granules &&
	       x->span.first_granule < p->span.first_granule + p->span.granules &&
	       p->span.first_granule < x->span.first_granule + x->span.granules;
}

void facts_copy(struct exhaustive *e, const struct successor *s)
{
	for (; e->passings && e->copied < s->place; e->copied++) {
		for (u32 i = 0; i < e->passings; i++) {
			struct passing *p = &e->passing[i];

			for (u32 k = 0; k < p->count && p->passed[k].own < p->upto; k++)
				if (passed_conflicts(&p->passed[k], &e->place[e->copied]))
					p->upto = p->passed[k].own;
		}
	}
	for (u32 i = 0; i < e->passings; i++)
		if (e->place[s->place].open >> e->passing[i].move & 1)
			remember_passing(e, &e->passing[i], s);
}
