/* SPDX-License-Identifier: MIT */
#include "fuzz/replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/rt/name.h"

#define LENIENT_MAX 64 /* entries that lenient mode looks at: a bit each */

static struct replay *replay_of(struct rt_strategy *s)
{
	return container_of(s, struct replay, strategy);
}

u32 replay_default(u32 task, u64 runnable)
{
	u64 above = task < 63 ? runnable & ~(BIT(task + 1) - 1) : 0;

	return (u32)__builtin_ctzll(above ? above : runnable);
}

static bool is_switch(const struct schedule_entry *e)
{
	return e->form == SCHEDULE_SEMANTIC || e->form == SCHEDULE_OBJECT || e->form == SCHEDULE_RAW;
}

static bool is_forced(const struct schedule_entry *e)
{
	return e->form == SCHEDULE_OBJECT && (e->kind & (RT_BLOCK | RT_EXIT));
}

/* Kinds of points at which entries can happen or counters can change. */
static u32 kinds_of(const struct schedule *s)
{
	u32 kinds = 0;

	for (u32 i = 0; i < s->count; i++) {
		const struct schedule_entry *e = &s->entry[i];

		if (!is_switch(e))
			continue;
		kinds |= RT_SEMANTIC | RT_BLOCK | RT_EXIT;
		if (e->form == SCHEDULE_OBJECT)
			kinds |= e->kind;
	}
	return kinds;
}

/* The task's counters belong to its latest semantic point. */
static void follow(struct replay_task *t, const struct rt_place *place, u64 runnable)
{
	if (t->semantic != place->semantic || t->occurrence != place->occurrence) {
		t->semantic = place->semantic;
		t->occurrence = place->occurrence;
		t->forced = 0;
	}
	t->since = place->since;
	/* With one task left to run there is nothing to decide, and not every strategy would be asked. */
	if (replay_forced(place, runnable) && (runnable & (runnable - 1)))
		t->forced++;
}

static bool at_anchor(const struct replay_task *t, const struct schedule_entry *e)
{
	return t->semantic == e->anchor && t->occurrence == e->occurrence;
}

/* ---- exact ----------------------------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4))) drift(struct replay *r, u32 entry, const char *fmt, ...)
{
	va_list args;

	if (r->drift.set)
		return;
	r->drift.set = true;
	r->drift.entry = entry;
	va_start(args, fmt);
	vsnprintf(r->drift.text, sizeof(r->drift.text), fmt, args);
	va_end(args);
}

static void look_for_next(struct replay *r)
{
	while (r->next < r->schedule->count && !is_switch(&r->schedule->entry[r->next]))
		r->next++;
	r->nearest.occurrence = r->nearest.since = 0;
}

/* Counts the place for all named points to come: a later entry may count from the same anchor as an earlier one. */
static void count_objects(struct replay *r, const struct rt_place *place)
{
	const struct schedule *s = r->schedule;
	char name[SCHEDULE_OBJECT_LEN] = "";

	for (u32 i = r->next; i < s->count; i++) {
		const struct schedule_entry *e = &s->entry[i];

		if (e->form != SCHEDULE_OBJECT || e->kind != place->kind || e->task != place->task ||
		    !at_anchor(&r->task[e->task], e))
			continue;
		if (e->object != SCHEDULE_NO_OBJECT) {
			if (!name[0])
				rt_name(place->addr, false, name, sizeof(name));
			if (strcmp(name, s->object[e->object]) != 0)
				continue;
		}
		r->matched[i]++;
	}
}

static bool exact_match(struct replay *r, const struct schedule_entry *e, const struct rt_place *place, bool forced)
{
	const struct replay_task *t = &r->task[place->task];

	if (e->task != place->task)
		return false;
	if (place->semantic == e->anchor && place->occurrence > r->nearest.occurrence &&
	    place->occurrence <= e->occurrence)
		r->nearest.occurrence = place->occurrence;
	if (!at_anchor(t, e))
		return false;
	r->nearest.since = place->since;
	if (is_forced(e))
		return forced && replay_forced_kind(place) == e->kind && t->forced == e->count;
	if (e->form == SCHEDULE_SEMANTIC)
		return place->kind == RT_SEMANTIC && place->since == 0;
	if (e->form == SCHEDULE_RAW)
		return place->since == e->count;
	return r->matched[r->next] == e->count && place->kind == e->kind;
}

/*
 * Asks to be called where the next raw entry may be; everything else comes by kind. @decision goes on, @place is where
 * it was decided. How far another task than the one at @place is from its anchor is known only at its next point; and
 * one that was switched out in between comes back unseen if nobody else can run: then every point is looked at.
 */
static void exact_arm(const struct replay *r, const struct rt_place *place, u32 decision)
{
	const struct schedule_entry *e = &r->schedule->entry[r->next];
	const struct replay_task *t = &r->task[e->task];

	if (r->next == r->schedule->count || e->form != SCHEDULE_RAW || !at_anchor(t, e) || t->since >= e->count)
		rt_ask_after(UINT64_MAX);
	else
		rt_ask_after(e->task == decision && decision == place->task ? e->count - t->since : 0);
}

static u32 exact_next(struct replay *r, const struct rt_place *place, u64 runnable)
{
	const struct schedule_entry *e = &r->schedule->entry[r->next];
	bool forced = replay_forced(place, runnable);
	u32 decision = replay_usual(place, runnable);

	follow(&r->task[place->task], place, runnable);
	if (r->next == r->schedule->count)
		return decision;
	if (!forced)
		count_objects(r, place);
	if (exact_match(r, e, place, forced)) {
		if (runnable & BIT(e->target)) {
			decision = e->target;
			r->done[r->next] = 1;
			r->used++;
		} else {
			drift(r, r->next, "its place was reached, but %s cannot run there", rt_task_name_of(e->target));
		}
		r->next++;
		look_for_next(r);
		if (r->next == r->schedule->count)
			rt_ask_kinds(0);
	}
	exact_arm(r, place, decision);
	return decision;
}

/* ---- lenient --------------------------------------------------------------------------------------------------- */

static bool lenient_match(const struct replay_task *t, const struct schedule_entry *e, const struct rt_place *place,
			  bool forced)
{
	if (!at_anchor(t, e))
		return false;
	if (e->form == SCHEDULE_SEMANTIC)
		return place->kind == RT_SEMANTIC;
	if (e->form == SCHEDULE_RAW)
		return !forced && place->since == e->count;
	return forced && replay_forced_kind(place) == e->kind && t->forced == e->count;
}

/* The nearest raw entry of the task that goes on; if it is another than the one at @place, its next point tells. */
static void lenient_arm(struct replay *r, const struct rt_place *place, u32 decision)
{
	const struct replay_task *t = &r->task[decision];
	u64 after = UINT64_MAX;

	for (u64 bits = t->pending; bits; bits &= bits - 1) {
		const struct schedule_entry *e = &r->schedule->entry[__builtin_ctzll(bits)];

		if (e->form == SCHEDULE_RAW && at_anchor(t, e) && e->count > t->since)
			after = min(after, decision == place->task ? (u64)(e->count - t->since) : 1);
	}
	r->counting = after != UINT64_MAX;
	rt_ask_after(after);
}

bool replay_wants_pending(const struct replay *r, u32 task, u32 semantic, u32 occurrence)
{
	for (u64 bits = r->task[task].pending; bits; bits &= bits - 1) {
		const struct schedule_entry *e = &r->schedule->entry[__builtin_ctzll(bits)];

		if (e->anchor == semantic && e->occurrence == occurrence)
			return true;
	}
	return false;
}

static u32 lenient_next(struct replay *r, const struct rt_place *place, u64 runnable)
{
	struct replay_task *t = &r->task[place->task];
	bool forced = replay_forced(place, runnable);
	u32 decision = replay_usual(place, runnable);

	follow(t, place, runnable);
	for (u64 bits = t->pending; bits; bits &= bits - 1) {
		u32 i = (u32)__builtin_ctzll(bits);
		const struct schedule_entry *e = &r->schedule->entry[i];

		if (!lenient_match(t, e, place, forced))
			continue;
		t->pending &= ~BIT(i);
		if (!(runnable & BIT(e->target)))
			continue;
		decision = e->target;
		r->done[i] = 1;
		r->used++;
		break;
	}
	lenient_arm(r, place, decision);
	return decision;
}

/* ---- the strategy ---------------------------------------------------------------------------------------------- */

static void reset(struct replay *r)
{
	r->next = r->used = 0;
	r->counting = false;
	r->drift.set = false;
	memset(r->done, 0, r->schedule->count);
	memset(r->matched, 0, r->schedule->count * sizeof(r->matched[0]));
	if (r->has_choices)
		memset(r->choice_count, 0, sizeof(r->choice_count));
	memset(r->task, 0, sizeof(r->task));
	/* Every task begins right after its first task.start. */
	for (u32 i = 0; i < ARRAY_SIZE(r->task); i++)
		r->task[i].occurrence = 1;
	if (!r->lenient) {
		look_for_next(r);
		return;
	}
	for (u32 i = 0; i < min(r->schedule->count, (u32)LENIENT_MAX); i++) {
		const struct schedule_entry *e = &r->schedule->entry[i];

		if (!is_switch(e))
			continue;
		r->task[e->task].pending |= BIT(i);
		r->task[e->task].anchors |= BIT(e->anchor % 64);
	}
}

static u32 first_task(struct replay *r, u64 runnable)
{
	for (u32 i = 0; i < r->schedule->count; i++) {
		const struct schedule_entry *e = &r->schedule->entry[i];

		if (e->form != SCHEDULE_START)
			continue;
		if (runnable & BIT(e->target)) {
			r->done[i] = 1;
			r->used++;
			return e->target;
		}
		if (!r->lenient)
			drift(r, i, "%s cannot be the first to run", rt_task_name_of(e->target));
		break;
	}
	return (u32)__builtin_ctzll(runnable);
}

static u32 replay_begin(struct rt_strategy *strategy, u64 runnable)
{
	struct replay *r = replay_of(strategy);
	struct rt_place start = {0};

	reset(r);
	rt_ask_kinds(r->kinds);
	start.task = first_task(r, runnable);
	if (r->lenient)
		lenient_arm(r, &start, start.task);
	else
		exact_arm(r, &start, start.task);
	return start.task;
}

static u32 replay_next(struct rt_strategy *strategy, const struct rt_place *place, u64 runnable)
{
	struct replay *r = replay_of(strategy);

	return r->lenient ? lenient_next(r, place, runnable) : exact_next(r, place, runnable);
}

static u32 replay_choose(struct rt_strategy *strategy, enum rt_choice kind, u32 what, u32 n)
{
	struct replay *r = replay_of(strategy);
	u32 count;

	if (!(r->choices[kind] >> what & 1))
		return 0;
	count = ++r->choice_count[kind][what];
	for (u32 i = 0; i < r->schedule->count; i++) {
		const struct schedule_entry *e = &r->schedule->entry[i];

		if (e->form != SCHEDULE_CHOICE || e->choice != (u8)kind || e->what != what || e->occurrence != count)
			continue;
		if (e->value < n) {
			r->done[i] = 1;
			r->used++;
			return e->value;
		}
		if (!r->lenient)
			drift(r, i, "the choice has only the answers 0 to %u", n - 1);
	}
	return 0;
}

static const struct rt_strategy_ops replay_ops = {
	.name = "replay",
	.begin = replay_begin,
	.next = replay_next,
	.choose = replay_choose,
};

void replay_init(struct replay *r, const struct schedule *schedule, bool lenient)
{
	r->strategy.ops = &replay_ops;
	r->schedule = schedule;
	r->lenient = lenient;
	r->kinds = kinds_of(schedule);
	r->has_choices = false;
	memset(r->choices, 0, sizeof(r->choices));
	for (u32 i = 0; i < schedule->count; i++) {
		const struct schedule_entry *e = &schedule->entry[i];

		if (e->form != SCHEDULE_CHOICE)
			continue;
		r->has_choices = true;
		r->choices[e->choice] |= (u16)BIT(e->what);
	}
	reset(r);
}

/* What was seen instead of the place that @entry names. */
static void describe_miss(const struct replay *r, u32 entry, struct text_out *out)
{
	const struct schedule_entry *e = &r->schedule->entry[entry];
	const struct replay_task *t = &r->task[e->task];

	if (e->form == SCHEDULE_START) {
		text_put(out, "a schedule has one start");
	} else if (e->form == SCHEDULE_CHOICE) {
		text_put(out, "there were %u such choices", r->choice_count[e->choice][e->what]);
	} else if (entry != r->next) {
		text_put(out, "the entry before it did not happen");
	} else if (r->nearest.occurrence == 0) {
		text_put(out, "nearest: the task never came to %s; its last semantic point was %s #%u",
			 point_name(e->anchor), point_name(t->semantic), t->occurrence);
	} else if (r->nearest.occurrence < e->occurrence) {
		text_put(out, "nearest: %s #%u, the last one", point_name(e->anchor), r->nearest.occurrence);
	} else if (e->form == SCHEDULE_OBJECT && !is_forced(e)) {
		text_put(out, "nearest: #%u after %s #%u, the last one", r->matched[entry], point_name(e->anchor),
			 e->occurrence);
	} else {
		text_put(out, "nearest: +%u after %s #%u", r->nearest.since, point_name(e->anchor), e->occurrence);
	}
}

int replay_finish(struct replay *r, const struct schedule_names *names)
{
	const struct schedule *s = r->schedule;
	struct text_out out = {r->drift.text, sizeof(r->drift.text), 0};
	char entry[160], reason[160];
	u32 first = r->drift.entry;

	if (!r->drift.set) {
		for (first = 0; first < s->count && r->done[first]; first++)
			;
		if (first == s->count)
			return 0;
	}
	schedule_print_entry(s, first, names, entry, sizeof(entry));
	if (r->drift.set) {
		memcpy(reason, r->drift.text, sizeof(reason) - 1);
		reason[sizeof(reason) - 1] = 0;
		text_put(&out, "entry %u, '%s': %s", first + 1, entry, reason);
	} else {
		text_put(&out, "entry %u, '%s', did not happen; ", first + 1, entry);
		describe_miss(r, first, &out);
		if (s->entry[first].form == SCHEDULE_RAW && s->entry[first].build &&
		    s->entry[first].build != schedule_fingerprint())
			text_put(&out, "; it counts points of build %08x, this is %08x", s->entry[first].build,
				 schedule_fingerprint());
	}
	r->drift.set = true;
	r->drift.entry = first;
	return -ESTALE;
}
