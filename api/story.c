/* SPDX-License-Identifier: MIT */
#include "api/story.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/name.h"
#include "core/rt/point.h"

#define TEXT_LEN 256

static char *copy(struct story *story, const char *text)
{
	char *own = strdup(text);

	story->out_of_memory |= !own;
	return own;
}

/* The operation @task is in; if it has come back from one, or begins, the next. */
static void operation_text(const struct story *story, u32 task, bool next, char *buf, size_t size)
{
	const struct scenario *s = story->scenario;
	u32 op;

	buf[0] = '\0';
	if (task >= s->nr_tasks)
		return;
	op = story->begun[task];
	if (story->inside[task])
		op--;
	else if (!next)
		return;
	if (op < s->task[task].nr_ops)
		scenario_print_op(s, &s->task[task].op[op], buf, size);
}

static enum pfnstorm_why reason(const struct rt_trace_entry *left)
{
	if (left->place.kind == RT_EXIT)
		return PFNSTORM_ENDED;
	if (left->place.kind == RT_BLOCK || !(left->runnable & BIT(left->place.task)))
		return PFNSTORM_WAITS;
	return PFNSTORM_PREEMPTED;
}

static void place_text(const struct rt_trace_entry *left, char *buf, size_t size)
{
	const struct rt_place *p = &left->place;
	struct text_out out = {buf, size, 0};
	char name[96] = "";

	if (p->kind == RT_SEMANTIC) {
		text_put(&out, "%s %" PRId64 " #%u", point_name(p->semantic), (s64)p->addr, p->occurrence);
		return;
	}
	text_put(&out, "%s #%u", point_name(p->semantic), p->occurrence);
	if (p->kind == RT_EXIT)
		return;
	if (p->addr)
		rt_name(p->addr, true, name, sizeof(name));
	if (reason(left) == PFNSTORM_WAITS)
		text_put(&out, "%s%s", name[0] ? ", for " : "", name);
	else
		text_put(&out, ", before %s%s%s", rt_kind_text(p->kind), name[0] ? " " : "", name);
}

static struct pfnstorm_switch *new_entry(struct story *story)
{
	if (story->count == story->capacity) {
		size_t capacity = story->capacity ? 2 * story->capacity : 64;
		struct pfnstorm_switch *more = realloc(story->entry, capacity * sizeof(*more));

		if (!more) {
			story->out_of_memory = true;
			return NULL;
		}
		story->entry = more;
		story->capacity = capacity;
	}
	return &story->entry[story->count++];
}

static void tell(struct story *story, const struct rt_trace_entry *entry)
{
	const struct rt_trace_entry *left = &story->last;
	struct pfnstorm_switch *sw = new_entry(story);
	char place[TEXT_LEN] = "", from_op[TEXT_LEN] = "", to_op[TEXT_LEN];
	u32 to = entry->place.task;

	if (!sw)
		return;
	*sw = (struct pfnstorm_switch){.step = entry->place.step, .to_cpu = rt_task_cpu_of(to)};
	if (story->started) {
		sw->why = reason(left);
		sw->from_cpu = rt_task_cpu_of(left->place.task);
		place_text(left, place, sizeof(place));
		operation_text(story, left->place.task, false, from_op, sizeof(from_op));
	}
	operation_text(story, to, true, to_op, sizeof(to_op));
	sw->from = copy(story, story->started ? rt_task_name_of(left->place.task) : "");
	sw->to = copy(story, rt_task_name_of(to));
	sw->place = copy(story, place);
	sw->from_op = copy(story, from_op);
	sw->to_op = copy(story, to_op);
	story->started = true;
}

static void note(const struct rt_trace_entry *entry, void *arg)
{
	struct story *story = arg;
	u32 task = entry->place.task;

	if (entry->switched_to) {
		tell(story, entry);
		return;
	}
	story->last = *entry;
	if (entry->place.kind != RT_SEMANTIC || task >= SCENARIO_TASKS)
		return;
	if (entry->place.semantic == POINT_op_begin) {
		story->begun[task]++;
		story->inside[task] = true;
	} else if (entry->place.semantic == POINT_op_end) {
		story->inside[task] = false;
	}
}

static void forget(struct story *story)
{
	for (size_t i = 0; i < story->count; i++) {
		free((void *)story->entry[i].from);
		free((void *)story->entry[i].to);
		free((void *)story->entry[i].place);
		free((void *)story->entry[i].from_op);
		free((void *)story->entry[i].to_op);
	}
	story->count = 0;
}

void story_begin(struct story *story, const struct scenario *s)
{
	forget(story);
	story->scenario = s;
	memset(story->begun, 0, sizeof(story->begun));
	memset(story->inside, 0, sizeof(story->inside));
	story->started = story->out_of_memory = false;
	rt_set_trace(note, story);
}

int story_end(struct story *story)
{
	rt_set_trace(NULL, NULL);
	return story->out_of_memory ? -ENOMEM : 0;
}

void story_free(struct story *story)
{
	forget(story);
	free(story->entry);
	story->entry = NULL;
	story->capacity = 0;
}
