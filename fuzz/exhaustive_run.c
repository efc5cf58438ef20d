/* SPDX-License-Identifier: MIT */
/* The exhaustive search inside a run: follows the path, then notes what the run is made for. */
#include <stdlib.h>

#include "fuzz/exhaustive_state.h"
#include "fuzz/replay.h"

static struct exhaustive *to_exhaustive(struct rt_strategy *s)
{
	return (struct exhaustive *)s;
}

/* Asks for the next preemption of the path; @steps points have been reached so far. */
static void ask_for_path(struct exhaustive *e, u64 steps)
{
	for (u32 i = e->path_next; i < e->path_count; i++) {
		if (e->path[i].kind == DEVIATION_SWITCH) {
			rt_ask_after(e->path[i].at + 1 - steps);
			return;
		}
	}
	rt_ask_after(UINT64_MAX);
}

/* Everything at which an expansion looks for places, and at which a preemption turns out to be worth it or not. */
static void ask_for_places(struct exhaustive *e)
{
	if (!e->options.prune) {
		rt_ask_after(0);
		return;
	}
	rt_ask_kinds(RT_LOCK | RT_UNLOCK | RT_RESCHED);
	rt_ask_conflicts(e->conflicts.footprint.conflicts);
}

/* Nothing that comes now makes the run worth going on from. */
static void stop_asking(void)
{
	rt_ask_kinds(0);
	rt_ask_conflicts(NULL);
}

static void path_done(struct exhaustive *e)
{
	/* What comes before was noted when the schedule that this one extends was run. */
	rt_set_footprint(&e->conflicts.footprint);
	if (e->run_kind == RUN_EXPANSION) {
		if (e->redundant)
			stop_asking();
		else
			ask_for_places(e);
	} else if (e->watched) {
		/* A preempted task has passed the point of its next access already: nobody will ask about that one. */
		for (u32 m = e->preempted & ~(u32)BIT(e->place[e->successor[e->base].place].task); m; m &= m - 1)
			steps_add(e, &e->watch, &e->pending[__builtin_ctz(m)]);
		rt_ask_conflicts(e->conflicts.footprint.conflicts);
	}
}

static bool remember_place(struct exhaustive *e, const struct place_seen *seen)
{
	if (e->places == e->places_capacity) {
		u32 capacity = e->places_capacity ? e->places_capacity * 2 : 1024;
		struct place_seen *place = realloc(e->place, capacity * sizeof(*place));

		if (!place) {
			e->out_of_memory = true;
			return false;
		}
		e->place = place;
		e->places_capacity = capacity;
	}
	e->place[e->places++] = *seen;
	return true;
}

/*
 * The read side and the grace periods of RCU concern everybody. Preemption and interrupts, which locks turn off too,
 * concern the tasks of one CPU, if there are others; and who stops the machine, for which all CPUs have to be let go.
 */
static enum special changes_who_may_run(const struct exhaustive *e, const struct rt_place *place)
{
	if (!(place->kind & (RT_LOCK | RT_UNLOCK | RT_RESCHED)))
		return SPECIAL_NOT;
	if (e->stops || (!place->addr && place->kind != RT_RESCHED))
		return SPECIAL_ALL;
	return e->shared_cpus >> rt_task_cpu_of(place->task) & 1 ? SPECIAL_CPU : SPECIAL_NOT;
}

bool place_look(const struct exhaustive *e, const struct rt_place *place, u64 runnable, u32 number, u32 to,
		struct place_seen *seen)
{
	bool forced = replay_forced(place, runnable);

	*seen = (struct place_seen){.at = number,
				    .task = (u16)place->task,
				    .kind = forced ? DEVIATION_FORCED : DEVIATION_SWITCH,
				    .cpu = (u8)rt_task_cpu_of(place->task),
				    .own = (u32)place->own,
				    .others = runnable & ~BIT(to),
				    .targets = runnable & ~BIT(to)};
	conflicts_of_place(&e->conflicts, place, e->limit, &seen->span);
	seen->writes = conflicts_kind_writes(place->kind);
	seen->special = forced ? SPECIAL_ALL : changes_who_may_run(e, place);
	return !e->options.prune || forced || seen->span.order_max || seen->special;
}

static void note_candidate(struct exhaustive *e, const struct rt_place *place, u64 runnable, u32 number, u32 to)
{
	struct place_seen seen;
	bool candidate = place_look(e, place, runnable, number, to, &seen);

	e->alternatives |= seen.others != 0;
	if (e->options.prune) {
		seen.targets &= ~moves_pointless(e);
		moves_place(e, place, runnable, &seen, candidate);
		seen.open = moves_open(e);
		if (e->redundant) {
			stop_asking();
			return;
		}
	}
	if (candidate)
		remember_place(e, &seen);
	moves_resumed(e, to);
	if (e->redundant)
		stop_asking();
}

/* Who starts is free: each task that can is a root of its own. The first root is being run. */
static void add_roots(struct exhaustive *e, u64 runnable)
{
	e->path[0].to = (u16)__builtin_ctzll(runnable);
	e->tree.level[0].node[0].deviation.to = e->path[0].to;
	for (runnable &= runnable - 1; runnable; runnable &= runnable - 1) {
		struct deviation root = {.kind = DEVIATION_START, .to = (u16)__builtin_ctzll(runnable)};

		e->alternatives = true;
		e->out_of_memory |= tree_add(&e->tree, 0, 0, &root, 1, false) == UINT32_MAX;
	}
}

static u32 exhaustive_begin(struct rt_strategy *s, u64 runnable)
{
	struct exhaustive *e = to_exhaustive(s);

	rt_set_footprint(NULL);
	rt_ask_conflicts(NULL);
	rt_ask_kinds(0);
	e->choices = e->forced = e->preempted = 0;
	/* Stores that are seen late: it matters where a task is preempted, at other accesses than those that conflict.
	 */
	e->options.prune &= !rt_memory_is_weak();
	e->path_next = 1;
	if (e->run_kind == RUN_EXPANSION)
		moves_begin(e);
	if (e->options.prune && (e->run_kind == RUN_EXPANSION ? e->path_count > 1 : e->passings > 0))
		ask_for_places(e);
	if (e->path[0].to == START_UNKNOWN)
		add_roots(e, runnable);
	ask_for_path(e, 0);
	if (e->path_next == e->path_count)
		path_done(e);
	return e->path[0].to;
}

/* After the path: notes what the run is made for. */
static void watch(struct exhaustive *e, const struct rt_place *place, u64 runnable, u32 number, u32 to)
{
	if (e->run_kind == RUN_EXPANSION) {
		note_candidate(e, place, runnable, number, to);
	} else if (e->watched) {
		/* The preempted task is back: what comes now is not between the two places any more. */
		if (place->task == e->place[e->successor[e->base].place].task) {
			e->watched = false;
			if (!e->passings)
				rt_ask_conflicts(NULL);
		} else {
			steps_add(e, &e->watch, place);
			e->watch.cpus |= steps_cpus(runnable & ~BIT(e->place[e->successor[e->base].place].task));
		}
	}
}

/* At the place of the next deviation of the path. */
static void path_deviates(struct exhaustive *e, const struct rt_place *place, bool forced)
{
	if (e->run_kind == RUN_EXPANSION) {
		e->name[e->path_next] = (forced ? e->path[e->path_next].at : place->own) << 8 | place->task;
		if (forced)
			moves_deviated(e);
		else
			moves_preempted(e, place);
	}
	if (!forced) {
		e->pending[place->task] = *place;
		e->preempted |= (u32)BIT(place->task);
	}
	e->path_next++;
}

static u32 exhaustive_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	struct exhaustive *e = to_exhaustive(s);
	bool forced = replay_forced(place, runnable);
	u32 kind = forced ? DEVIATION_FORCED : DEVIATION_SWITCH;
	u32 number = forced ? e->forced++ : (u32)place->step;
	u32 to = replay_usual(place, runnable);
	const struct deviation *d = &e->path[e->path_next];

	if (e->run_kind == RUN_SUCCESSOR)
		facts_place(e, place, runnable);
	if (e->path_next == e->path_count) {
		watch(e, place, runnable, number, to);
		return to;
	}
	if (e->run_kind == RUN_EXPANSION && e->options.prune) {
		struct place_seen seen;
		bool candidate = place_look(e, place, runnable, number, to, &seen);

		moves_place(e, place, runnable, &seen, candidate);
	}
	if (d->kind == kind && d->at == number) {
		e->drifted |= !(runnable & BIT(d->to));
		path_deviates(e, place, forced);
		to = e->drifted ? to : d->to;
	} else {
		e->drifted |= d->kind == kind && d->at < number;
	}
	if (e->run_kind == RUN_EXPANSION)
		moves_resumed(e, to);
	ask_for_path(e, place->step + !forced);
	if (e->path_next == e->path_count)
		path_done(e);
	return to;
}

static u32 exhaustive_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	struct exhaustive *e = to_exhaustive(s);
	u32 number = e->choices++;

	(void)what;
	if (e->run_kind == RUN_EXPANSION)
		moves_choice(e);
	if (e->path_next < e->path_count) {
		const struct deviation *d = &e->path[e->path_next];

		if (d->kind != DEVIATION_CHOICE || d->at != number)
			return 0;
		e->name[e->path_next++] = number;
		if (e->path_next == e->path_count)
			path_done(e);
		e->drifted |= d->to >= n;
		return d->to < n ? d->to : 0;
	}
	e->base_chose |= e->watched && n > 1;
	if (e->run_kind == RUN_EXPANSION && !e->redundant && n > 1 && (kind != RT_CHOOSE_FAULT || e->options.faults)) {
		struct place_seen seen = {.at = number, .kind = DEVIATION_CHOICE, .special = SPECIAL_ALL, .others = n};

		e->alternatives = true;
		remember_place(e, &seen);
	}
	return 0;
}

/* Who shares a CPU? Kernel threads, workers and interrupts come into being while runs go on. */
static void count_tasks(struct exhaustive *e)
{
	u32 used = 0;

	e->shared_in_run = e->tasks_in_run = 0;
	for (u32 task = 0; task < rt_nr_tasks(); task++) {
		u32 bit = rt_task_exists(task) ? (u32)BIT(rt_task_cpu_of(task)) : 0;

		e->tasks_in_run += bit != 0;
		e->shared_in_run |= used & bit;
		used |= bit;
	}
}

static void exhaustive_end(struct rt_strategy *s, const struct rt_result *result)
{
	(void)result;
	count_tasks(to_exhaustive(s));
	to_exhaustive(s)->stops_in_run = rt_machine_stopped();
}

const struct rt_strategy_ops exhaustive_rt_ops = {
	.name = "exhaustive",
	.begin = exhaustive_begin,
	.next = exhaustive_next,
	.choose = exhaustive_choose,
	.end = exhaustive_end,
};
