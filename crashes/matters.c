/* SPDX-License-Identifier: MIT */
#include "crashes/matters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/point.h"

struct stretch {
	u32 task, first, end; /* entries of the timeline */
	u32 entry;            /* of the schedule, that ends it; UINT32_MAX: the default order does */
};

struct search {
	struct timeline *t;
	struct stretch *stretch;
	u32 stretches;
	u32 *place; /* semantic points at which one change of tasks could be, in order, as entries of the timeline */
	u32 places;
	u32 runs;
	u64 steps;
	struct scenario *trial;
};

/* ---- stretches: what one task does without another one in between ---------------------------------------------- */

static bool is_semantic(const struct rt_trace_entry *e)
{
	return !e->switched_to && e->place.kind == RT_SEMANTIC;
}

/* Is it schedule entry @e that ended a stretch at @last, for @next to go on? */
static bool ends_with(const struct schedule_entry *e, const struct rt_place *last, u32 next)
{
	return e->task == last->task && e->target == next && e->anchor == last->semantic &&
	       e->occurrence == last->occurrence;
}

static bool is_switch(const struct schedule_entry *e)
{
	return e->form == SCHEDULE_SEMANTIC || e->form == SCHEDULE_OBJECT || e->form == SCHEDULE_RAW;
}

static void find_stretches(struct search *s)
{
	const struct schedule *schedule = &s->t->scenario->schedule;
	const struct timeline *t = s->t;
	u32 entry = 0;

	for (u32 first = 0, end; first < t->count; first = end) {
		struct stretch *now = &s->stretch[s->stretches++];
		const struct rt_place *last;
		u32 usual;

		for (end = first + 1; end < t->count && !t->entry[end].switched_to; end++)
			;
		last = &t->entry[end - 1].place;
		*now = (struct stretch){.task = last->task, .first = first, .end = end, .entry = UINT32_MAX};
		if (end == t->count || t->entry[end - 1].switched_to)
			continue;
		while (entry < schedule->count && !is_switch(&schedule->entry[entry]))
			entry++;
		usual = replay_usual(last, t->entry[end - 1].runnable | BIT(t->entry[end].place.task));
		if (usual != t->entry[end].place.task && entry < schedule->count &&
		    ends_with(&schedule->entry[entry], last, t->entry[end].place.task))
			now->entry = entry++;
	}
}

static void add_places(struct search *s, const struct stretch *stretch)
{
	for (u32 i = stretch->first; i < stretch->end; i++)
		if (is_semantic(&s->t->entry[i]))
			s->place[s->places++] = i;
}

/* ---- one change of tasks --------------------------------------------------------------------------------------- */

/* The schedule with the change at the end of stretch @b moved to entry @at of the timeline. */
static void move_change(struct search *s, u32 b, u32 at)
{
	const struct schedule *old = &s->t->scenario->schedule;
	const struct rt_place *place = &s->t->entry[at].place;
	struct schedule *moved = &s->trial->schedule;
	const struct schedule_entry change = {
		.form = SCHEDULE_SEMANTIC,
		.task = (u8)place->task,
		.target = (u8)s->stretch[b + 1].task,
		.object = SCHEDULE_NO_OBJECT,
		.anchor = (u16)place->semantic,
		.occurrence = place->occurrence,
	};
	u32 before = 0;

	/* The entries that end earlier stretches; what ends this one is left out. */
	for (u32 i = 0; i < b; i++)
		if (s->stretch[i].entry != UINT32_MAX)
			before = s->stretch[i].entry + 1;
	schedule_copy(moved, old);
	moved->count = 0;
	for (u32 i = 0; i <= old->count; i++) {
		if (i == before)
			schedule_add(moved, &change);
		if (i < old->count && i != s->stretch[b].entry)
			schedule_add(moved, &old->entry[i]);
	}
}

static bool spent(const struct search *s)
{
	return s->runs >= MATTERS_RUNS || s->steps >= MATTERS_STEPS;
}

/* Does the run fail the same way if the change at the end of stretch @b is at place number @p? */
static bool still_fails(struct search *s, u32 b, u32 p)
{
	const struct rt_verdict *wanted = &s->t->result.rt.verdict;
	static struct runner_result result;
	static struct replay replay;

	move_change(s, b, s->place[p]);
	s->runs++;
	runner_replay(s->trial, &replay, 0, &result);
	s->steps += result.rt.steps;
	return result.rt.verdict.kind == wanted->kind && strcmp(result.rt.verdict.signature, wanted->signature) == 0;
}

/*
 * From place @from, where the run fails, in direction @step: in longer and longer strides to a place where it does not,
 * then halfway back. The last place that fails in *@edge. True if there is another one behind it.
 */
static bool find_edge(struct search *s, u32 b, s32 from, s32 step, s32 *edge)
{
	s32 good = from, bad = step < 0 ? -1 : (s32)s->places, stride = 1;
	bool met = false;

	while (good + step != bad && !spent(s)) {
		s32 next = met ? good + (bad - good) / 2 : good + step * stride;

		if (!met && (step < 0 ? next <= bad : next >= bad))
			next = bad - step;
		if (still_fails(s, b, (u32)next)) {
			good = next;
		} else {
			bad = next;
			met = true;
		}
		stride *= 2;
	}
	*edge = good;
	return met;
}

static void mark(struct timeline *t, u32 entry)
{
	t->matters[entry] = MATTERS_YES;
}

static void judge(struct search *s, u32 b, struct timeline_window *w)
{
	const struct stretch *stretch = &s->stretch[b];
	struct timeline *t = s->t;
	s32 here, edge;

	s->places = 0;
	add_places(s, stretch);
	here = (s32)s->places;
	/* Later than here it can only be if the task could have gone on. */
	for (u32 i = b + 1; timeline_preempted(t, stretch->end - 1) && i < s->stretches; i++) {
		if (s->stretch[i].task != stretch->task)
			continue;
		add_places(s, &s->stretch[i]);
		break;
	}
	w->earliest = w->too_early = w->latest = w->too_late = UINT32_MAX;
	if (find_edge(s, b, here, -1, &edge)) {
		w->too_early = s->place[edge - 1];
		mark(t, w->too_early);
		if (edge < here)
			mark(t, w->earliest = s->place[edge]);
	}
	/* At the semantic point itself is no later than here. */
	if (find_edge(s, b, here - 1, 1, &edge)) {
		w->too_late = s->place[edge + 1];
		mark(t, w->too_late);
		if (edge >= here)
			mark(t, w->latest = s->place[edge]);
	}
	w->judged = !spent(s);
	for (u32 i = stretch->first; i < stretch->end; i++)
		if (w->judged && t->matters[i] == MATTERS_UNKNOWN)
			t->matters[i] = MATTERS_NO;
}

/* ---- all of them ----------------------------------------------------------------------------------------------- */

static void judge_all(struct search *s)
{
	struct timeline *t = s->t;

	for (u32 b = 0; b + 1 < s->stretches && !spent(s); b++) {
		const struct stretch *stretch = &s->stretch[b];
		struct timeline_window *w = &t->window[t->windows];

		if (!timeline_shows(t, stretch->task) || !timeline_shows(t, s->stretch[b + 1].task) ||
		    stretch->task == s->stretch[b + 1].task)
			continue;
		w->task = stretch->task;
		w->next = s->stretch[b + 1].task;
		judge(s, b, w);
		t->windows += w->judged;
	}
	/* Of the last stretch nothing can be moved: what it leads to is the verdict. */
	if (s->stretches && !spent(s))
		for (u32 i = s->stretch[s->stretches - 1].first; i < t->count; i++)
			if (t->matters[i] == MATTERS_UNKNOWN)
				t->matters[i] = MATTERS_NO;
}

int matters_find(struct timeline *t)
{
	struct search s = {.t = t,
			   .stretch = calloc(t->count + 1, sizeof(*s.stretch)),
			   .place = calloc(t->count + 1, sizeof(*s.place)),
			   .trial = malloc(sizeof(*s.trial))};
	int ret = -ENOMEM;

	t->matters = calloc(t->count + 1, sizeof(*t->matters));
	t->window = NULL;
	t->windows = 0;
	if (s.stretch && s.place && s.trial && t->matters) {
		find_stretches(&s);
		scenario_copy(s.trial, t->scenario);
		t->window = calloc(s.stretches + 1, sizeof(*t->window));
		if (t->window && t->result.rt.verdict.kind != VERDICT_ok)
			judge_all(&s);
		ret = t->window ? 0 : -ENOMEM;
		runner_reset();
	}
	free(s.stretch);
	free(s.place);
	free(s.trial);
	return ret;
}

static void put_place(FILE *out, const struct timeline *t, const char *words, u32 entry)
{
	const struct rt_place *p = &t->entry[entry].place;

	fprintf(out, "%s %s #%u", words, point_name(p->semantic), p->occurrence);
}

char *matters_print(const struct timeline *t)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (u32 i = 0; i < t->windows; i++) {
		const struct timeline_window *w = &t->window[i];
		bool early = w->too_early != UINT32_MAX, late = w->too_late != UINT32_MAX;

		fprintf(out, "%s -> %s:", t->task[w->task].name, t->task[w->next].name);
		if (early)
			put_place(out, t, " not yet at", w->too_early);
		if (w->earliest != UINT32_MAX)
			put_place(out, t, ", but from", w->earliest);
		if (late)
			put_place(out, t, early ? "; no more at" : " no more at", w->too_late);
		fprintf(out, "%s\n", early || late ? "" : " anywhere");
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
