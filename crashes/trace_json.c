/* SPDX-License-Identifier: MIT */
#if PFNSTORM_PARTS
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>
#endif

#include "crashes/trace_json.h"

#if PFNSTORM_PARTS
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/rt/point.h"

/* Processes of the format: tracks are grouped by them. */
enum { TASKS = 1, CPUS = 2 };

struct trace {
	const struct timeline *t;
	struct json_object *events;
	u32 begun[SCENARIO_TASKS]; /* operations each task has begun */
	u32 flows;
};

static struct json_object *add(struct trace *tr, const char *phase, const char *name, u32 process, u32 track, u64 step)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "ph", json_object_new_string(phase));
	json_object_object_add(o, "name", json_object_new_string(name));
	json_object_object_add(o, "pid", json_object_new_int((int)process));
	json_object_object_add(o, "tid", json_object_new_int((int)track));
	json_object_object_add(o, "ts", json_object_new_int64((int64_t)step));
	json_object_array_add(tr->events, o);
	return o;
}

static void name_track(struct trace *tr, const char *what, u32 process, u32 track, const char *name)
{
	struct json_object *args = json_object_new_object();

	json_object_object_add(args, "name", json_object_new_string(name));
	json_object_object_add(add(tr, "M", what, process, track, 0), "args", args);
}

static void name_tracks(struct trace *tr)
{
	char name[48];

	name_track(tr, "process_name", TASKS, 0, "tasks");
	name_track(tr, "process_name", CPUS, 0, "CPUs");
	for (u32 i = 0; i < tr->t->tasks; i++)
		if (timeline_shows(tr->t, i))
			name_track(tr, "thread_name", TASKS, i, tr->t->task[i].name);
	for (u32 cpu = 0; cpu < tr->t->scenario->machine.cpus; cpu++) {
		snprintf(name, sizeof(name), "CPU %u", cpu);
		name_track(tr, "thread_name", CPUS, cpu, name);
	}
}

static void add_point(struct trace *tr, const struct rt_place *p)
{
	const struct scenario *s = tr->t->scenario;
	char text[160] = "operation";

	if (p->semantic == POINT_op_begin) {
		if (p->task < s->nr_tasks && tr->begun[p->task] < s->task[p->task].nr_ops)
			scenario_print_op(s, &s->task[p->task].op[tr->begun[p->task]++], text, sizeof(text));
		add(tr, "B", text, TASKS, p->task, p->step);
	} else if (p->semantic == POINT_op_end) {
		struct json_object *args = json_object_new_object();

		json_object_object_add(args, "returns", json_object_new_int64((int64_t)p->addr));
		json_object_object_add(add(tr, "E", "", TASKS, p->task, p->step), "args", args);
	} else {
		snprintf(text, sizeof(text), "%s %" PRId64 " #%u", point_name(p->semantic), (s64)p->addr,
			 p->occurrence);
		json_object_object_add(add(tr, "i", text, TASKS, p->task, p->step), "s", json_object_new_string("t"));
	}
}

static void add_flow(struct trace *tr, const struct rt_place *from, u32 to)
{
	static const char *const phases[] = {"s", "f"};

	for (u32 end = 0; end < 2; end++) {
		struct json_object *o =
			add(tr, phases[end], "preempted", TASKS, end ? to : from->task, from->step + end);

		json_object_object_add(o, "id", json_object_new_int((int)tr->flows));
		json_object_object_add(o, "cat", json_object_new_string("schedule"));
		if (end)
			json_object_object_add(o, "bp", json_object_new_string("e"));
	}
	tr->flows++;
}

/* From the entry at which a task is switched in to the next such one. */
static void add_stretch(struct trace *tr, u32 from, u32 end)
{
	const struct timeline *t = tr->t;
	const struct rt_place *p = &t->entry[from].place;
	u64 last = end < t->count ? t->entry[end].place.step : t->result.rt.steps;
	struct json_object *o;

	if (!timeline_shows(t, p->task))
		return;
	o = add(tr, "X", t->task[p->task].name, CPUS, t->task[p->task].cpu, p->step);
	json_object_object_add(o, "dur", json_object_new_int64((int64_t)(last - p->step)));
}

static void add_entries(struct trace *tr)
{
	const struct timeline *t = tr->t;
	u32 begun = 0;

	for (u32 i = 0; i < t->count; i++) {
		const struct rt_trace_entry *e = &t->entry[i];

		if (e->switched_to && i > begun) {
			add_stretch(tr, begun, i);
			begun = i;
		}
		if (!e->switched_to && e->place.kind == RT_SEMANTIC && timeline_shows(t, e->place.task))
			add_point(tr, &e->place);
		if (timeline_preempted(t, i))
			add_flow(tr, &e->place, t->entry[i + 1].place.task);
	}
	if (t->count)
		add_stretch(tr, begun, t->count);
}

static void add_verdict(struct trace *tr)
{
	const struct rt_verdict *v = &tr->t->result.rt.verdict;
	struct json_object *o;
	char text[256];

	if (v->kind == VERDICT_ok)
		return;
	snprintf(text, sizeof(text), "%s: %s", verdict_name(v->kind), v->signature);
	o = add(tr, "i", text, TASKS, v->task < RT_MAX_TASKS ? v->task : 0, tr->t->result.rt.steps);
	json_object_object_add(o, "s", json_object_new_string("g"));
}

char *trace_json(const struct timeline *t)
{
	struct trace tr = {.t = t, .events = json_object_new_array()};
	struct json_object *root = json_object_new_object();
	char *text;

	name_tracks(&tr);
	add_entries(&tr);
	add_verdict(&tr);
	json_object_object_add(root, "displayTimeUnit", json_object_new_string("ns"));
	json_object_object_add(root, "traceEvents", tr.events);
	text = strdup(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
	json_object_put(root);
	return text;
}
#else
char *trace_json(const struct timeline *t)
{
	(void)t;
	return NULL;
}
#endif
