/* SPDX-License-Identifier: MIT */
#include "crashes/diagram.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/lock.h"
#include "core/rt/name.h"
#include "core/rt/point.h"

#define CELL 160

struct diagram {
	const struct timeline *t;
	bool all;
	FILE *out;
	u32 columns, width;
	u32 column[RT_MAX_TASKS];  /* of a task; UINT32_MAX: it never ran */
	u32 begun[SCENARIO_TASKS]; /* operations each task has begun */
	u32 depth[RT_MAX_TASKS];   /* 1 inside an operation */
	u8 *last;                  /* per entry: the last visit of its point in its stretch */
	u16 *times;                /* per entry: visits of that point in the stretch */
	char repeated[CELL];       /* the access printed last, to print a series of equal ones once */
};

/* ---- layout ---------------------------------------------------------------------------------------------------- */

static void row(struct diagram *d, u32 task, u32 indent, const char *text)
{
	u32 left = d->column[task] * (d->width + 2) + indent;

	fprintf(d->out, "%*s%s\n", (int)left, "", text);
}

static void header(struct diagram *d)
{
	static const char dashes[] = "--------------------------------------------------------------------------------";

	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 c = 0; c < d->columns; c++) {
			char cell[CELL] = "";

			for (u32 task = 0; task < d->t->tasks; task++)
				if (d->column[task] == c)
					snprintf(cell, sizeof(cell), "%s (CPU %u)", d->t->task[task].name,
						 d->t->task[task].cpu);
			if (pass)
				snprintf(cell, sizeof(cell), "%.*s", (int)d->width, dashes);
			fprintf(d->out, c + 1 < d->columns ? "%-*s  " : "%2$s", (int)d->width, cell);
		}
		fputc('\n', d->out);
	}
}

/* An arrow from the column of one task to that of another. */
static void arrow(struct diagram *d, u32 from, u32 to, const char *text)
{
	u32 a = d->column[from], b = d->column[to];
	u32 left = min(a, b) * (d->width + 2) + 4, right = max(a, b) * (d->width + 2);
	char line[RT_MAX_TASKS * 64];
	size_t len = strlen(text);

	if (a == b || right <= left + 2 || right >= sizeof(line))
		return;
	memset(line, '~', right - left);
	line[right - left] = '\0';
	if (len + 6 < right - left)
		memcpy(line + (a < b ? 1 : 2), text, len);
	if (a < b)
		line[right - left - 1] = '>';
	else
		line[0] = '<';
	fprintf(d->out, "%*s%s\n", (int)left, "", line);
}

static void choose_columns(struct diagram *d)
{
	d->columns = 0;
	for (u32 i = 0; i < RT_MAX_TASKS; i++)
		d->column[i] = UINT32_MAX;
	for (u32 i = 0; i < d->t->tasks; i++)
		if (d->t->task[i].points || !d->t->task[i].daemon)
			d->column[i] = d->columns++;
	d->width = d->columns <= 2 ? 46 : d->columns == 3 ? 36 : 28;
}

/* ---- what is shown --------------------------------------------------------------------------------------------- */

/* A stretch is what one task does without another one in between. */
static u32 stretch_end(const struct timeline *t, u32 from)
{
	u32 i = from;

	while (i < t->count && !(i > from && t->entry[i].switched_to))
		i++;
	return i;
}

static void mark_last_visits(struct diagram *d)
{
	const struct timeline *t = d->t;

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
			d->last[seen[p] - 1] = 1;
			d->times[seen[p] - 1] = (u16)min(times[p], (u32)UINT16_MAX);
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

static void operation_text(struct diagram *d, const struct rt_place *p, char *buf, size_t size)
{
	const struct scenario *s = d->t->scenario;
	u32 n = p->task < SCENARIO_TASKS ? d->begun[p->task] : 0;

	buf[0] = '\0';
	if (p->task >= s->nr_tasks || n >= s->task[p->task].nr_ops)
		return;
	scenario_print_op(s, &s->task[p->task].op[n], buf, size);
}

static void point_text(struct diagram *d, u32 i, char *buf, size_t size)
{
	const struct rt_place *p = &d->t->entry[i].place;
	struct text_out out = {buf, size, 0};

	if (p->semantic == POINT_op_begin) {
		operation_text(d, p, buf, size);
		if (p->task < SCENARIO_TASKS)
			d->begun[p->task]++;
		return;
	}
	if (p->semantic == POINT_op_end) {
		text_put(&out, "= %" PRId64, (s64)p->addr);
		if ((s64)p->addr < 0 && strerrorname_np((int)-(s64)p->addr))
			text_put(&out, " (-%s)", strerrorname_np((int)-(s64)p->addr));
		return;
	}
	text_put(&out, "%s %" PRId64 " #%u", point_name(p->semantic), (s64)p->addr, p->occurrence);
	if (!d->all && d->times[i] > 1)
		text_put(&out, "  (last of %u here)", d->times[i]);
}

static void access_text(const struct timeline *t, u32 i, char *buf, size_t size)
{
	const struct rt_trace_entry *e = &t->entry[i];
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

/* Locks, RCU and interrupt state of a task that is being left: what it keeps from others while it does not run. */
static void state_text(const struct rt_trace_entry *e, char *buf, size_t size)
{
	struct text_out out = {buf, size, 0};
	const char *separator = "";

	buf[0] = '\0';
	for (u32 i = 0; i < ARRAY_SIZE(e->locks_held) && e->locks_held[i]; i++) {
		char name[64] = "";

		rt_name(e->locks_held[i], true, name, sizeof(name));
		text_put(&out, "%s%s", separator, name);
		separator = ", ";
	}
	if (e->rcu_depth) {
		text_put(&out, "%srcu_read_lock", separator);
		separator = ", ";
	}
	if (e->irqs_off)
		text_put(&out, "%sirqs off", separator);
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static void print_point(struct diagram *d, u32 i)
{
	const struct rt_place *p = &d->t->entry[i].place;
	bool operation = p->semantic == POINT_op_begin || p->semantic == POINT_op_end;
	char text[CELL];

	if (!d->all && !operation && !d->last[i])
		return;
	point_text(d, i, text, sizeof(text));
	row(d, p->task, operation ? 0 : 2, text);
}

static void print_wait(struct diagram *d, u32 i)
{
	const struct rt_trace_entry *e = &d->t->entry[i];
	char name[96] = "", text[CELL];

	if (e->place.kind == RT_EXIT) {
		row(d, e->place.task, 0, "(ends)");
		return;
	}
	if (e->place.addr)
		rt_name(e->place.addr, true, name, sizeof(name));
	else if (i && e[-1].place.task == e->place.task && e[-1].place.kind == RT_LOCK && !e[-1].place.addr)
		snprintf(name, sizeof(name), "a grace period");
	snprintf(text, sizeof(text), "waits%s%s", name[0] ? " for " : "", name);
	row(d, e->place.task, 4, text);
}

static void print_preemption(struct diagram *d, u32 i)
{
	const struct rt_trace_entry *e = &d->t->entry[i];
	char held[CELL], text[2 * CELL];

	access_text(d->t, i, text, sizeof(text));
	if (e->place.kind != RT_SEMANTIC) {
		char before[sizeof(text) + 16];

		snprintf(before, sizeof(before), "[before %s]", text);
		row(d, e->place.task, 4, before);
	}
	state_text(e, held, sizeof(held));
	if (held[0]) {
		snprintf(text, sizeof(text), "[holds %s]", held);
		row(d, e->place.task, 4, text);
	}
	arrow(d, e->place.task, d->t->entry[i + 1].place.task, " preempted ");
}

static void print_entry(struct diagram *d, u32 i)
{
	const struct rt_trace_entry *e = &d->t->entry[i];
	char text[CELL];

	if (e->switched_to || d->column[e->place.task] == UINT32_MAX)
		return;
	if (e->place.kind & (RT_SEMANTIC | RT_BLOCK | RT_EXIT))
		d->repeated[0] = '\0';
	if (e->place.kind == RT_SEMANTIC) {
		print_point(d, i);
	} else if (e->place.kind & (RT_BLOCK | RT_EXIT)) {
		print_wait(d, i);
	} else if (d->all || touches_verdict(d->t, &e->place)) {
		access_text(d->t, i, text, sizeof(text));
		if (d->all || strcmp(d->repeated, text) != 0)
			row(d, e->place.task, 4, text);
		memcpy(d->repeated, text, sizeof(text));
	}
	if (timeline_preempted(d->t, i))
		print_preemption(d, i);
}

static void print_verdict(struct diagram *d)
{
	const struct rt_verdict *v = &d->t->result.rt.verdict;
	char text[CELL];

	if (v->kind == VERDICT_ok)
		return;
	snprintf(text, sizeof(text), "*** %s ***", verdict_name(v->kind));
	if (v->task < RT_MAX_TASKS && d->column[v->task] != UINT32_MAX)
		row(d, v->task, 0, text);
	else
		fprintf(d->out, "%s\n", text);
}

char *diagram_print(const struct timeline *t, bool all)
{
	struct diagram d = {.t = t, .all = all};
	char *text = NULL;
	size_t size = 0;

	d.last = calloc(t->count + 1, sizeof(*d.last));
	d.times = calloc(t->count + 1, sizeof(*d.times));
	d.out = open_memstream(&text, &size);
	if (d.last && d.times && d.out) {
		choose_columns(&d);
		mark_last_visits(&d);
		header(&d);
		for (u32 i = 0; i < t->count; i++)
			print_entry(&d, i);
		print_verdict(&d);
	}
	free(d.last);
	free(d.times);
	if (d.out && fclose(d.out)) {
		free(text);
		text = NULL;
	}
	return text;
}
