/* SPDX-License-Identifier: MIT */
#include "fuzz/record.h"

#include <string.h>

#include "core/rt/name.h"
#include "fuzz/replay.h"
#include "fuzz/runner.h"

static struct recorder *recorder_of(struct rt_strategy *s)
{
	return container_of(s, struct recorder, strategy);
}

static void add(struct recorder *r, const struct schedule_entry *e)
{
	if (schedule_add(r->schedule, e))
		r->overflow = true;
}

static u32 record_begin(struct rt_strategy *strategy, u64 runnable)
{
	struct recorder *r = recorder_of(strategy);
	u32 lowest = (u32)__builtin_ctzll(runnable);
	u32 first;

	schedule_init(r->schedule);
	r->overflow = false;
	memset(r->choice_count, 0, sizeof(r->choice_count));
	memset(r->task, 0, sizeof(r->task));
	first = r->inner ? r->inner->ops->begin(r->inner, runnable) : lowest;
	if (first != lowest) {
		const struct schedule_entry e = {
			.form = SCHEDULE_START, .target = (u8)first, .object = SCHEDULE_NO_OBJECT};

		add(r, &e);
	}
	return first;
}

/* The same counting as replay.c's follow(): both number a task's forced decisions from its latest semantic point. */
static void count_forced(struct record_task *t, const struct rt_place *place, u64 runnable)
{
	if (t->semantic != place->semantic || t->occurrence != place->occurrence) {
		t->semantic = place->semantic;
		t->occurrence = place->occurrence;
		t->forced = 0;
	}
	if (runnable & (runnable - 1))
		t->forced++;
}

static u32 record_next(struct rt_strategy *strategy, const struct rt_place *place, u64 runnable)
{
	struct recorder *r = recorder_of(strategy);
	bool forced = replay_forced(place, runnable);
	u32 usual = replay_usual(place, runnable);
	u32 decision = r->inner ? r->inner->ops->next(r->inner, place, runnable) : usual;
	struct schedule_entry e = {
		.task = (u8)place->task,
		.target = (u8)decision,
		.object = SCHEDULE_NO_OBJECT,
		.anchor = (u16)place->semantic,
		.occurrence = place->occurrence,
	};

	if (forced)
		count_forced(&r->task[place->task], place, runnable);
	if (decision == usual)
		return decision;
	if (forced) {
		e.form = SCHEDULE_OBJECT;
		e.kind = (u16)replay_forced_kind(place);
		e.count = r->task[place->task].forced;
	} else if (place->kind == RT_SEMANTIC) {
		e.form = SCHEDULE_SEMANTIC;
	} else {
		e.form = SCHEDULE_RAW;
		e.count = place->since;
		e.build = schedule_fingerprint();
	}
	add(r, &e);
	return decision;
}

static bool record_passes(struct rt_strategy *strategy, u32 task, u32 semantic, u32 occurrence, u64 step, u64 runnable)
{
	struct rt_strategy *inner = recorder_of(strategy)->inner;

	return inner && inner->ops->passes && inner->ops->passes(inner, task, semantic, occurrence, step, runnable);
}

static u32 record_choose(struct rt_strategy *strategy, enum rt_choice kind, u32 what, u32 n)
{
	struct recorder *r = recorder_of(strategy);
	u32 count = ++r->choice_count[kind][what];
	u32 answer = r->inner && r->inner->ops->choose ? r->inner->ops->choose(r->inner, kind, what, n) : 0;

	if (answer) {
		const struct schedule_entry e = {
			.form = SCHEDULE_CHOICE,
			.object = SCHEDULE_NO_OBJECT,
			.occurrence = count,
			.choice = (u8)kind,
			.what = (u8)what,
			.value = (u16)answer,
		};

		add(r, &e);
	}
	return answer;
}

static void record_end(struct rt_strategy *strategy, const struct rt_result *result)
{
	struct recorder *r = recorder_of(strategy);

	if (r->inner && r->inner->ops->end)
		r->inner->ops->end(r->inner, result);
}

static const struct rt_strategy_ops record_ops = {
	.name = "record",
	.begin = record_begin,
	.next = record_next,
	.passes = record_passes,
	.choose = record_choose,
	.end = record_end,
};

void recorder_init(struct recorder *r, struct rt_strategy *inner, struct schedule *schedule)
{
	memset(r, 0, sizeof(*r));
	r->strategy.ops = &record_ops;
	r->inner = inner;
	r->schedule = schedule;
	schedule_init(schedule);
}

/* ---- names for raw places -------------------------------------------------------------------------------------- */

/* Points of one task, since its latest semantic point, on objects that raw entries may turn out to be at. */
#define COUNTED_MAX 256

struct counted {
	u32 kind, count;
	char object[SCHEDULE_OBJECT_LEN];
};

struct namer {
	const struct schedule *raw;
	struct schedule named;
	struct {
		u32 semantic, occurrence, nr;
		struct counted counted[COUNTED_MAX];
	} task[RT_MAX_TASKS];
};

/* How often the task has come to such a point since its anchor, this time included; 0 if too many are counted. */
static u32 count_point(struct namer *n, const struct rt_place *place, const char *object)
{
	u32 nr = n->task[place->task].nr;
	struct counted *c = n->task[place->task].counted;

	for (u32 i = 0; i < nr; i++) {
		if (c[i].kind == place->kind && strcmp(c[i].object, object) == 0)
			return ++c[i].count;
	}
	if (nr == COUNTED_MAX)
		return 0;
	c[nr].kind = place->kind;
	c[nr].count = 1;
	memcpy(c[nr].object, object, strlen(object) + 1);
	n->task[place->task].nr++;
	return 1;
}

static void name_entries(struct namer *n, const struct rt_place *place, const char *object, u32 count)
{
	for (u32 i = 0; i < n->raw->count; i++) {
		const struct schedule_entry *e = &n->raw->entry[i];
		struct schedule_entry *to = &n->named.entry[i];
		int index;

		if (e->form != SCHEDULE_RAW || e->task != place->task || e->anchor != place->semantic ||
		    e->occurrence != place->occurrence || e->count != place->since)
			continue;
		index = object[0] ? schedule_object(&n->named, object) : SCHEDULE_NO_OBJECT;
		if (index < 0 || count == 0)
			continue;
		to->form = SCHEDULE_OBJECT;
		to->kind = (u16)place->kind;
		to->object = (u8)index;
		to->count = count;
		to->build = 0;
	}
}

static void name_point(const struct rt_trace_entry *entry, void *arg)
{
	const struct rt_place *place = &entry->place;
	char object[SCHEDULE_OBJECT_LEN] = "";
	struct namer *n = arg;

	if (entry->switched_to || place->task >= RT_MAX_TASKS)
		return;
	if (n->task[place->task].semantic != place->semantic || n->task[place->task].occurrence != place->occurrence) {
		n->task[place->task].semantic = place->semantic;
		n->task[place->task].occurrence = place->occurrence;
		n->task[place->task].nr = 0;
	}
	if (place->kind & (RT_SEMANTIC | RT_BLOCK | RT_EXIT))
		return;
	/* A name that does not fit could be cut to that of another object. */
	if (place->addr && rt_name(place->addr, false, object, sizeof(object)) >= sizeof(object))
		return;
	if (strchr(object, '#') || object[0] == ' ')
		return;
	name_entries(n, place, object, count_point(n, place, object));
}

int record_name_places(struct scenario *s, u32 runner_flags)
{
	static struct namer namer;
	static struct scenario trial;
	static struct runner_result result;
	static struct replay replay;
	u64 hash;
	int ret;

	if (schedule_raw_entries(&s->schedule) == 0)
		return 0;
	memset(namer.task, 0, sizeof(namer.task));
	namer.raw = &s->schedule;
	schedule_copy(&namer.named, &s->schedule);
	rt_set_trace(name_point, &namer);
	ret = runner_replay(s, &replay, runner_flags, &result);
	rt_set_trace(NULL, NULL);
	if (ret)
		return ret;
	hash = result.rt.hash;
	scenario_copy(&trial, s);
	schedule_copy(&trial.schedule, &namer.named);
	/* Names are kept only if they lead to the very same run. */
	if (runner_replay(&trial, &replay, runner_flags, &result) || result.rt.hash != hash)
		return (int)schedule_raw_entries(&s->schedule);
	schedule_copy(&s->schedule, &namer.named);
	return (int)schedule_raw_entries(&s->schedule);
}
