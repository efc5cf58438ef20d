/* SPDX-License-Identifier: MIT */
#include "crashes/ordering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/lock.h"
#include "core/rt/name.h"
#include "core/rt/point.h"

#define WRITES (RT_STORE | RT_WRITE_ONCE | RT_RMW)
#define HELD ARRAY_SIZE(((struct rt_trace_entry *)NULL)->locks_held)

void ordering_access_text(const struct rt_trace_entry *e, char *buf, size_t size)
{
	struct text_out out = {buf, size, 0};
	char name[96] = "";

	if (e->place.addr)
		rt_name(e->place.addr, true, name, sizeof(name));
	text_put(&out, "%s", rt_kind_text(e->place.kind));
	if (name[0])
		text_put(&out, " %s", name);
	if (e->place.kind & (RT_LOCK | RT_UNLOCK) && e->place.addr && e->value < NR_LOCK_CLASSES)
		text_put(&out, " (%s)", lock_class_name((enum lock_class)e->value));
	else if (e->place.size > 8)
		text_put(&out, " and on, %u bytes", e->place.size);
	if (!e->place.addr && (e->place.kind & (RT_LOCK | RT_UNLOCK)))
		text_put(&out, " rcu_read");
}

/* ---- which two ------------------------------------------------------------------------------------------------- */

static bool touches(const struct timeline *t, const struct rt_place *p)
{
	u64 addr = t->result.rt.verdict.addr;

	return (p->kind & RT_ACCESS) && p->addr && p->addr < addr + 8 && addr < p->addr + max(p->size, 1u);
}

/* Is the semantic point named between the braces of the signature? */
static bool is_named(const struct timeline *t, u32 semantic)
{
	const char *pair = strchr(t->result.rt.verdict.signature, '{'), *name = point_name(semantic);

	for (const char *at = pair; at && (at = strstr(at, name)); at++)
		if (strchr("{ ", at[-1]) && strchr(",}", at[strlen(name)]))
			return true;
	return false;
}

/* The access that failed: the last of its task. NULL: the verdict is about no access. */
static const struct rt_trace_entry *find_mine(const struct timeline *t)
{
	for (u32 i = t->count; t->result.rt.verdict.addr && i--;)
		if (!t->entry[i].switched_to && t->entry[i].place.task == t->result.rt.verdict.task &&
		    touches(t, &t->entry[i].place))
			return &t->entry[i];
	return NULL;
}

/* The latest of another task that conflicts with it, one after a point of the signature first. */
static const struct rt_trace_entry *find_other(const struct timeline *t, const struct rt_trace_entry *mine)
{
	u32 kinds = mine->place.kind & WRITES ? RT_ACCESS : WRITES;
	const struct rt_trace_entry *other = NULL;

	for (u32 i = t->count; i--;) {
		const struct rt_place *p = &t->entry[i].place;

		if (t->entry[i].switched_to || p->task == mine->place.task || p->task >= t->tasks ||
		    !(p->kind & kinds) || !touches(t, p))
			continue;
		if (is_named(t, p->semantic))
			return &t->entry[i];
		if (!other)
			other = &t->entry[i];
	}
	return other;
}

/* ---- what each side had ---------------------------------------------------------------------------------------- */

static bool holds(const struct rt_trace_entry *e, u64 lock)
{
	for (u32 i = 0; i < HELD && e->locks_held[i]; i++)
		if (e->locks_held[i] == lock)
			return true;
	return false;
}

/* The locks of @e that @other holds too (@common) or does not; how many. */
static u32 put_locks(FILE *out, const struct rt_trace_entry *e, const struct rt_trace_entry *other, bool common)
{
	u32 count = 0;

	for (u32 i = 0; i < HELD && e->locks_held[i]; i++) {
		char name[96];

		if (other && holds(other, e->locks_held[i]) != common)
			continue;
		rt_name(e->locks_held[i], true, name, sizeof(name));
		fprintf(out, "%s%s", count++ ? ", " : "", name);
	}
	return count;
}

/*
 * The task's last wait for a grace period, or for callbacks, before @until: like the beginning of a read section it has
 * no object, but leads into none. NULL: none.
 */
static const struct rt_trace_entry *last_rcu_wait(const struct timeline *t, const struct rt_trace_entry *until)
{
	const struct rt_trace_entry *last = NULL, *maybe = NULL;

	for (const struct rt_trace_entry *e = t->entry; e <= until; e++) {
		if (e->switched_to || e->place.task != until->place.task)
			continue;
		if (maybe && e->rcu_depth == maybe->rcu_depth)
			last = maybe;
		maybe = e->place.kind == RT_LOCK && !e->place.addr && !e->place.size ? e : NULL;
	}
	return last;
}

/* Where the read section that the task is in at @at began. */
static const struct rt_trace_entry *section_begin(const struct timeline *t, const struct rt_trace_entry *at)
{
	const struct rt_trace_entry *begin = at;

	for (const struct rt_trace_entry *e = at; e >= t->entry; e--) {
		if (e->switched_to || e->place.task != at->place.task)
			continue;
		if (!e->rcu_depth)
			break;
		begin = e;
	}
	return begin;
}

static void put_point(FILE *out, const struct rt_place *p)
{
	fprintf(out, "%s #%u", point_name(p->semantic), p->occurrence);
}

static void put_side(FILE *out, const struct timeline *t, const struct rt_trace_entry *e)
{
	const struct rt_trace_entry *wait = last_rcu_wait(t, e);
	char text[160];

	ordering_access_text(e, text, sizeof(text));
	fprintf(out, "%s: %s after ", t->task[e->place.task].name, text);
	put_point(out, &e->place);
	fputs("\n  holds ", out);
	if (!put_locks(out, e, NULL, false))
		fputs("no lock", out);
	if (e->irqs_off)
		fputs("; interrupts off", out);
	else if (e->preempt_count)
		fputs("; preemption off", out);
	if (e->rcu_depth) {
		fputs("; in a read section since ", out);
		put_point(out, &section_begin(t, e)->place);
	} else {
		fputs("; in no read section", out);
	}
	if (wait) {
		fputs("; last waited for RCU after ", out);
		put_point(out, &wait->place);
	}
	fputc('\n', out);
}

/* ---- what is missing ------------------------------------------------------------------------------------------- */

static void put_candidates(FILE *out, const struct timeline *t, const struct rt_trace_entry *mine,
			   const struct rt_trace_entry *other)
{
	const struct rt_trace_entry *sides[] = {mine, other};
	const char *me = t->task[mine->place.task].name, *them = t->task[other->place.task].name;
	bool any = false;

	for (u32 i = 0; i < ARRAY_SIZE(sides); i++) {
		const struct rt_trace_entry *rest = sides[!i];
		bool has = false;

		for (u32 n = 0; n < HELD && sides[i]->locks_held[n]; n++)
			has |= !holds(rest, sides[i]->locks_held[n]);
		if (!has)
			continue;
		fprintf(out, "%sin %s ", any ? "; " : "candidates: ", i ? me : them);
		put_locks(out, sides[i], rest, false);
		fprintf(out, " (held by %s)", i ? them : me);
		any = true;
	}
	if (t->result.rt.verdict.kind != VERDICT_oops)
		fputs(any ? "" : "candidates: a lock in both, or release and acquire", out);
	else if (mine->rcu_depth)
		fprintf(out, "%sa grace period in %s before the %s", any ? "; " : "candidates: ", them,
			rt_kind_text(other->place.kind));
	else
		fprintf(out, "%sa read section in %s, and a grace period in %s before the %s",
			any ? "; " : "candidates: ", me, them, rt_kind_text(other->place.kind));
	fputc('\n', out);
}

static void put_missing(FILE *out, const struct timeline *t, const struct rt_trace_entry *mine,
			const struct rt_trace_entry *other)
{
	const char *me = t->task[mine->place.task].name, *them = t->task[other->place.task].name;

	fputs("in common: ", out);
	if (!put_locks(out, mine, other, true))
		fputs("no lock", out);
	/* A race: the detector has looked for a way from one to the other. A stale access has to be kept out. */
	if (t->result.rt.verdict.kind == VERDICT_race)
		fprintf(out, "\nmissing: an edge from %s's %s to %s's %s\n", them, rt_kind_text(other->place.kind), me,
			rt_kind_text(mine->place.kind));
	else
		fprintf(out, "\nmissing: what keeps %s's %s from coming before %s's %s\n", them,
			rt_kind_text(other->place.kind), me, rt_kind_text(mine->place.kind));
	put_candidates(out, t, mine, other);
}

char *ordering_print(const struct timeline *t)
{
	const struct rt_trace_entry *mine = find_mine(t), *other = mine ? find_other(t, mine) : NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (other) {
		put_side(out, t, mine);
		put_side(out, t, other);
		put_missing(out, t, mine, other);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
