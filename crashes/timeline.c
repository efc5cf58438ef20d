/* SPDX-License-Identifier: MIT */
#include "crashes/timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/lock.h"
#include "core/rt/name.h"
#include "core/rt/point.h"

struct recording {
	struct timeline *timeline;
	bool out_of_memory;
};

static void note(const struct rt_trace_entry *entry, void *arg)
{
	struct recording *r = arg;
	struct timeline *t = r->timeline;

	if (t->count == t->capacity) {
		u32 capacity = t->capacity ? t->capacity * 2 : 4096;
		struct rt_trace_entry *more = realloc(t->entry, capacity * sizeof(*more));

		if (!more) {
			r->out_of_memory = true;
			return;
		}
		t->entry = more;
		t->capacity = capacity;
	}
	t->entry[t->count++] = *entry;
	/* a daemon that only starts and waits has nothing to tell */
	if (!entry->switched_to && entry->place.task < RT_MAX_TASKS && entry->place.semantic != POINT_task_start)
		t->task[entry->place.task].points++;
}

static void note_tasks(struct timeline *t)
{
	t->tasks = min(rt_nr_tasks(), (u32)RT_MAX_TASKS);
	for (u32 i = 0; i < t->tasks; i++) {
		t->task[i].daemon = true;
		if (!rt_task_exists(i))
			continue;
		snprintf(t->task[i].name, sizeof(t->task[i].name), "%s", rt_task_name_of(i));
		t->task[i].cpu = rt_task_cpu_of(i);
		t->task[i].daemon = rt_task_is_daemon(i);
	}
}

int timeline_record(struct timeline *t, const struct scenario *s, char *error, size_t size)
{
	static struct replay replay;
	struct recording r = {.timeline = t};
	int ret;

	memset(t, 0, sizeof(*t));
	t->scenario = s;
	rt_set_trace(note, &r);
	ret = runner_replay(s, &replay, 0, &t->result);
	rt_set_trace(NULL, NULL);
	if (ret)
		snprintf(error, size, "the schedule drifts: %s", replay.drift.text);
	note_tasks(t);
	if (!ret) {
		if (t->result.rt.verdict.addr)
			core_describe_address(t->result.rt.verdict.addr, t->address, sizeof(t->address));
		core_describe_machine(t->machine, sizeof(t->machine));
		t->log = strdup(rt_log());
	}
	runner_reset();
	if (!ret && (r.out_of_memory || !t->log)) {
		snprintf(error, size, "out of memory");
		ret = -ENOMEM;
	}
	if (ret)
		timeline_free(t);
	return ret;
}

void timeline_free(struct timeline *t)
{
	free(t->entry);
	free(t->log);
	free(t->matters);
	free(t->window);
	t->entry = NULL;
	t->log = NULL;
	t->matters = NULL;
	t->window = NULL;
}

bool timeline_shows(const struct timeline *t, u32 task)
{
	return task < t->tasks && (t->task[task].points || !t->task[task].daemon);
}

bool timeline_preempted(const struct timeline *t, u32 index)
{
	const struct rt_trace_entry *e = &t->entry[index];

	return !e->switched_to && index + 1 < t->count && t->entry[index + 1].switched_to &&
	       !(e->place.kind & (RT_BLOCK | RT_EXIT)) && (e->runnable & BIT(e->place.task));
}

void timeline_print_entry(const struct timeline *t, u32 index, char *buf, size_t size)
{
	const struct rt_trace_entry *e = &t->entry[index];
	const struct rt_place *p = &e->place;
	struct text_out out = {buf, size, 0};
	char name[96] = "";

	text_put(&out, "%8" PRIu64 " %-12s cpu%u ", p->step, t->task[p->task].name, t->task[p->task].cpu);
	if (e->switched_to) {
		text_put(&out, "runs");
		return;
	}
	if (p->kind == RT_SEMANTIC) {
		text_put(&out, "%s %" PRId64 " #%u", point_name(p->semantic), (s64)p->addr, p->occurrence);
	} else {
		if (p->addr)
			rt_name(p->addr, true, name, sizeof(name));
		text_put(&out, "%s%s%s", rt_kind_text(p->kind), name[0] ? " " : "", name);
		if (p->kind & (RT_LOCK | RT_UNLOCK) && p->addr && e->value < NR_LOCK_CLASSES)
			text_put(&out, " (%s)", lock_class_name((enum lock_class)e->value));
		else if (p->kind & (RT_LOAD | RT_READ_ONCE))
			text_put(&out, " = %#" PRIx64, e->value);
	}
	if (e->preempt_count || e->irqs_off || e->rcu_depth)
		text_put(&out, "  [preempt_count %u%s%s]", e->preempt_count, e->irqs_off ? ", irqs off" : "",
			 e->rcu_depth ? ", rcu" : "");
}

char *timeline_print(const struct timeline *t)
{
	char *text = NULL, line[320];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (u32 i = 0; i < t->count; i++) {
		timeline_print_entry(t, i, line, sizeof(line));
		fprintf(f, "%s\n", line);
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
