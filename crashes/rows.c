/* SPDX-License-Identifier: MIT */
#include "crashes/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/name.h"
#include "core/rt/point.h"
#include "crashes/ordering.h"

#define CELL 160
#define HELD_SHOWN 4u /* locks, innermost first */

struct rows {
	const struct timeline *t;
	bool all;
	row_fn *fn;
	void *arg;
	u32 begun[SCENARIO_TASKS]; /* operations each task has begun */
	u8 *happens;               /* per entry: a point where what is shown happens */
	u8 *last;                  /* per entry: the last visit of its point in its stretch */
	u16 *times;                /* per entry: visits of that point in the stretch */
	char repeated[CELL];       /* the access told last, to tell a series of equal ones once */
	bool gap[RT_MAX_TASKS];    /* points of the task were left out since its last row */
};

/* ---- what is shown --------------------------------------------------------------------------------------------- */

/* A stretch is what one task does without another one in between. */
static u32 stretch_end(const struct timeline *t, u32 from)
{
	u32 i = from;

	while (i < t->count && !(i > from && t->entry[i].switched_to))
		i++;
	return i;
}

static void mark_last_visits(struct rows *r)
{
	const struct timeline *t = r->t;

	for (u32 from = 0, end; from < t->count; from = end) {
		u32 seen[NR_POINTS] = {0}, times[NR_POINTS] = {0};

		end = stretch_end(t, from);
		for (u32 i = from; i < end; i++) {
			if (t->entry[i].switched_to || t->entry[i].place.kind != RT_SEMANTIC)
				continue;
			seen[t->entry[i].place.semantic] = i + 1;
			times[t->entry[i].place.semantic]++;
		}
		for (u32 p = 0; p < NR_POINTS; p++) {
			if (!seen[p])
				continue;
			r->last[seen[p] - 1] = 1;
			r->times[seen[p] - 1] = (u16)min(times[p], (u32)UINT16_MAX);
		}
	}
}

/* Does the entry touch what the verdict is about: any access by the task it hit, writes by others? */
static bool touches_verdict(const struct timeline *t, const struct rt_place *p)
{
	const struct rt_verdict *v = &t->result.rt.verdict;
	u32 kinds = p->task == v->task ? RT_ACCESS : RT_STORE | RT_WRITE_ONCE | RT_RMW;

	return v->addr && p->addr && (p->kind & kinds) && p->addr < v->addr + 8 && v->addr < p->addr + max(p->size, 1u);
}

static void operation_text(struct rows *r, const struct rt_place *p, char *buf, size_t size)
{
	const struct scenario *s = r->t->scenario;
	u32 n = p->task < SCENARIO_TASKS ? r->begun[p->task] : 0;

	buf[0] = '\0';
	if (p->task >= s->nr_tasks || n >= s->task[p->task].nr_ops)
		return;
	scenario_print_op(s, &s->task[p->task].op[n], buf, size);
}

static bool judged(const struct timeline *t, u32 i)
{
	return t->matters && t->matters[i] != MATTERS_UNKNOWN;
}

static void point_text(struct rows *r, u32 i, char *buf, size_t size)
{
	const struct rt_place *p = &r->t->entry[i].place;
	struct text_out out = {buf, size, 0};

	if (p->semantic == POINT_op_begin) {
		operation_text(r, p, buf, size);
		if (p->task < SCENARIO_TASKS)
			r->begun[p->task]++;
		return;
	}
	if (p->semantic == POINT_op_end) {
		text_put(&out, "= %" PRId64, (s64)p->addr);
		if ((s64)p->addr < 0 && strerrorname_np((int)-(s64)p->addr))
			text_put(&out, " (-%s)", strerrorname_np((int)-(s64)p->addr));
		return;
	}
	text_put(&out, "%s %" PRId64 " #%u", point_name(p->semantic), (s64)p->addr, p->occurrence);
	if (!r->all && !judged(r->t, i) && r->last[i] && r->times[i] > 1)
		text_put(&out, "  (last of %u here)", r->times[i]);
}

/* Locks, RCU and interrupt state of a task that is being left: what it keeps from others while it does not run. */
static void state_text(const struct rt_trace_entry *e, char *buf, size_t size)
{
	struct text_out out = {buf, size, 0};
	const char *separator = "";

	buf[0] = '\0';
	for (u32 i = 0; i < HELD_SHOWN && e->locks_held[i]; i++) {
		char name[64] = "";

		rt_name(e->locks_held[i], true, name, sizeof(name));
		text_put(&out, "%s%s", separator, name);
		separator = ", ";
	}
	if (e->locks_held[HELD_SHOWN])
		text_put(&out, ", ...");
	if (e->rcu_depth) {
		text_put(&out, "%srcu_read_lock", separator);
		separator = ", ";
	}
	if (e->irqs_off)
		text_put(&out, "%sirqs off", separator);
}

/* Does the entry have to be shown: is it where the task is when it is left, or the latest before a touch that is shown?
 */
static void mark_where_it_happens(struct rows *r)
{
	const struct timeline *t = r->t;
	u32 latest[RT_MAX_TASKS] = {0};

	for (u32 i = 0; i < t->count; i++) {
		const struct rt_place *p = &t->entry[i].place;

		if (t->entry[i].switched_to || p->task >= RT_MAX_TASKS)
			continue;
		if (p->kind == RT_SEMANTIC)
			latest[p->task] = i + 1;
		if (latest[p->task] && (timeline_preempted(t, i) || touches_verdict(t, p)))
			r->happens[latest[p->task] - 1] = 1;
	}
	if (t->result.rt.verdict.kind != VERDICT_ok && t->result.rt.verdict.task < RT_MAX_TASKS &&
	    latest[t->result.rt.verdict.task])
		r->happens[latest[t->result.rt.verdict.task] - 1] = 1;
}

static bool shows_point(const struct rows *r, u32 i)
{
	if (r->all || r->happens[i])
		return true;
	return judged(r->t, i) ? r->t->matters[i] == MATTERS_YES : r->last[i];
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static void tell_gap(struct rows *r, u32 task, u64 step)
{
	struct row gap = {.kind = ROW_GAP, .task = task, .step = step, .text = "..."};

	if (!r->gap[task])
		return;
	r->gap[task] = false;
	r->fn(&gap, r->arg);
}

static void emit(struct rows *r, u32 i, enum row_kind kind, const char *text)
{
	const struct rt_place *p = &r->t->entry[i].place;
	struct row row = {.kind = kind, .task = p->task, .step = p->step, .text = text};

	if (kind == ROW_PREEMPTED)
		row.other = r->t->entry[i + 1].place.task;
	tell_gap(r, p->task, p->step);
	r->fn(&row, r->arg);
}

static void tell_point(struct rows *r, u32 i)
{
	const struct rt_place *p = &r->t->entry[i].place;
	bool begin = p->semantic == POINT_op_begin, end = p->semantic == POINT_op_end;
	char text[CELL];

	if (!begin && !end && !shows_point(r, i)) {
		r->gap[p->task] = true;
		return;
	}
	point_text(r, i, text, sizeof(text));
	emit(r, i, begin ? ROW_OPERATION : end ? ROW_RESULT : ROW_POINT, text);
}

static void tell_wait(struct rows *r, u32 i)
{
	const struct rt_trace_entry *e = &r->t->entry[i];
	char name[96] = "", text[CELL];

	if (e->place.kind == RT_EXIT) {
		emit(r, i, ROW_END, "(ends)");
		return;
	}
	if (e->place.addr)
		rt_name(e->place.addr, true, name, sizeof(name));
	else if (i && e[-1].place.task == e->place.task && e[-1].place.kind == RT_LOCK && !e[-1].place.addr)
		snprintf(name, sizeof(name), "a grace period");
	snprintf(text, sizeof(text), "waits%s%s", name[0] ? " for " : "", name);
	emit(r, i, ROW_WAIT, text);
}

static void tell_preemption(struct rows *r, u32 i)
{
	const struct rt_trace_entry *e = &r->t->entry[i];
	char held[CELL], text[2 * CELL];

	ordering_access_text(&r->t->entry[i], text, sizeof(text));
	if (e->place.kind != RT_SEMANTIC) {
		char before[sizeof(text) + 16];

		snprintf(before, sizeof(before), "[before %s]", text);
		emit(r, i, ROW_BEFORE, before);
	}
	state_text(e, held, sizeof(held));
	if (held[0]) {
		snprintf(text, sizeof(text), "[holds %s]", held);
		emit(r, i, ROW_HOLDS, text);
	}
	emit(r, i, ROW_PREEMPTED, "preempted");
}

static void tell_entry(struct rows *r, u32 i)
{
	const struct rt_trace_entry *e = &r->t->entry[i];
	char text[CELL];

	if (e->switched_to || !timeline_shows(r->t, e->place.task))
		return;
	if (e->place.kind & (RT_SEMANTIC | RT_BLOCK | RT_EXIT))
		r->repeated[0] = '\0';
	if (e->place.kind == RT_SEMANTIC) {
		tell_point(r, i);
	} else if (e->place.kind & (RT_BLOCK | RT_EXIT)) {
		tell_wait(r, i);
	} else if (r->all || touches_verdict(r->t, &e->place)) {
		ordering_access_text(&r->t->entry[i], text, sizeof(text));
		if (r->all || strcmp(r->repeated, text) != 0)
			emit(r, i, ROW_ACCESS, text);
		memcpy(r->repeated, text, sizeof(text));
	}
	if (timeline_preempted(r->t, i))
		tell_preemption(r, i);
}

static void tell_verdict(struct rows *r)
{
	const struct rt_verdict *v = &r->t->result.rt.verdict;
	struct row row = {.kind = ROW_VERDICT, .task = v->task, .step = r->t->result.rt.steps};

	if (v->kind == VERDICT_ok)
		return;
	if (v->task >= RT_MAX_TASKS || !timeline_shows(r->t, v->task))
		row.task = UINT32_MAX;
	else
		tell_gap(r, v->task, row.step);
	row.text = verdict_name(v->kind);
	r->fn(&row, r->arg);
}

int rows_visit(const struct timeline *t, bool all, row_fn *fn, void *arg)
{
	struct rows r = {.t = t, .all = all, .fn = fn, .arg = arg};
	int ret = -ENOMEM;

	r.last = calloc(t->count + 1, sizeof(*r.last));
	r.times = calloc(t->count + 1, sizeof(*r.times));
	r.happens = calloc(t->count + 1, sizeof(*r.happens));
	if (r.last && r.times && r.happens) {
		mark_last_visits(&r);
		mark_where_it_happens(&r);
		for (u32 i = 0; i < t->count; i++)
			tell_entry(&r, i);
		tell_verdict(&r);
		ret = 0;
	}
	free(r.last);
	free(r.times);
	free(r.happens);
	return ret;
}
