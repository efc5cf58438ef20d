/* SPDX-License-Identifier: MIT */
/*
 * Who runs next. A point costs a countdown; the slow path decides whether somebody wants to be asked.
 *
 * Switches go from task to task directly, on the stack of the one that leaves. The only way back to rt_run() is
 * sched_stop(): at the end of all tasks, or with a verdict.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

#define SPIN_NS 10000 /* what a round of spinning costs when nobody does anything else */

static struct rt_strategy *strategy;
static struct {
	u64 at; /* step to ask at, UINT64_MAX: none */
	bool every;
	u32 kinds;
	const u64 *conflicts;
	bool busy; /* the strategy answers and may change its wishes: whoever asks arms the countdown afterwards */
} asking;

void rt_set_strategy(struct rt_strategy *s)
{
	strategy = s;
}

/* The countdown ends at the next step that the slow path must see. */
void sched_arm(void)
{
	u64 steps = sched_steps(), stop = rt_config.step_limit;

	if (asking.every || asking.conflicts || asking.kinds & RT_ACCESS || trace_on() || footprint_on())
		stop = steps + 1;
	stop = min(stop, asking.at);
	if (unlikely(rt.next_deadline != UINT64_MAX)) {
		u64 now = sched_now_ns(), left = rt.next_deadline > now ? rt.next_deadline - now : 0;

		/* no sooner than this, since not every step is a tick; looked at again then */
		stop = min(stop, steps + (left + RT_TICK_NS - 1) / RT_TICK_NS);
	}
	rt.steps_base = steps;
	rt_fast.armed = rt_fast.ask = max(stop, steps + 1) - steps;
	rt_fast.kinds = asking.kinds | (rt_fast.weak ? RT_LOCK | RT_UNLOCK | RT_WAKE : 0);
}

void rt_ask_after(u64 points)
{
	u64 steps = sched_steps();

	asking.every = points == 0;
	asking.at = points == 0 || points > UINT64_MAX - steps ? UINT64_MAX : steps + points;
	if (rt_running() && !asking.busy)
		sched_arm();
}

void rt_ask_kinds(u32 mask)
{
	asking.kinds = mask;
	if (rt_running() && !asking.busy)
		sched_arm();
}

void rt_ask_conflicts(const u64 *bitmap)
{
	asking.conflicts = bitmap;
	if (rt_running() && !asking.busy)
		sched_arm();
}

u64 rt_granule(u64 addr)
{
	u64 heap = addr - RT_HEAP_BASE, memmap = addr - RT_MEMMAP_BASE, content = addr - RT_CONTENT_BASE;

	if (heap < 16UL << 20)
		return heap / 4;
	if (memmap < 16UL << 20)
		return (16UL << 20) / 4 + memmap / 4;
	if (content < 2UL << 20)
		return (32UL << 20) / 4 + content / 4;
	return UINT64_MAX;
}

static bool in_conflict(u32 kind, u64 addr, u64 size)
{
	if (!asking.conflicts || kind == RT_SEMANTIC)
		return false;
	for (u64 at = addr & ~3UL; at < addr + size; at += 4) {
		u64 granule = rt_granule(at);

		if (granule != UINT64_MAX && asking.conflicts[granule / 64] >> (granule % 64) & 1)
			return true;
	}
	return false;
}

/* ---- who can run ---------------------------------------------------------------------------------------------- */

static u32 eligible_despite_relax(void)
{
	u32 m = rt.ready;

	if (!(rt.held_cpus | rt.irq_cpus | rt.stoppers))
		return m;

	for (u32 c = rt.held_cpus; c; c &= c - 1) {
		const struct rt_cpu *cpu = &rt.cpu[__builtin_ctz(c)];

		m &= ~cpu->tasks | cpu->holder;
	}
	for (u32 c = rt.irq_cpus; c; c &= c - 1) {
		const struct rt_cpu *cpu = &rt.cpu[__builtin_ctz(c)];

		if (cpu->in_interrupt)
			m &= ~cpu->tasks;
		else if (!cpu->holder || !rt_tasks[__builtin_ctz(cpu->holder)].irqs_off)
			m |= cpu->interrupt;
	}
	if (unlikely(rt.stoppers))
		m |= stoppers_ready();
	return m;
}

u32 sched_eligible(void)
{
	u32 m = eligible_despite_relax();

	if (likely(!rt.relaxed))
		return m;
	if (m & ~rt.relaxed)
		return m & ~rt.relaxed;
	/* only spinners are left: they spin until the time or the step budget ends, and time flies meanwhile */
	weak_drain_all();
	rt.relaxed = 0;
	rt.time_base += SPIN_NS;
	sched_arm();
	sched_load_epoch();
	return m;
}

void sched_stored(void)
{
	rt.relaxed = 0;
	sched_load_epoch();
}

/* ---- switching ------------------------------------------------------------------------------------------------- */

static struct fiber *fiber_of(struct task_struct *t)
{
	return t == &rt_boot_task ? &rt_main_fiber : &rt_fibers[t->id];
}

static void switch_to(struct task_struct *next, u64 runnable)
{
	struct task_struct *prev = rt_cur;
	u64 steps = sched_steps();

	prev->since = steps - prev->since;
	next->since = steps - next->since;
	prev->own = steps - prev->own;
	next->own = steps - next->own;
	rt.switches++;
	rt_hash((u64)prev->id << 32 | next->id << 16 | prev->semantic);
	if (unlikely(rt_fast.weak))
		storebuf_switch(prev, next);
	rt_cur = next;
	hb_begin_slice();
	if (unlikely(trace_on()))
		trace_switched(runnable);
	san_release(&rt_main_fiber);
	fiber_switch(fiber_of(prev), fiber_of(next));
}

void sched_stop(void)
{
	struct task_struct *prev = rt_cur;
	struct fiber *fiber = rt_phase == PHASE_CHECK ? &rt_fibers[32] : fiber_of(prev);

	fiber->abandoned = true;
	san_release(&rt_main_fiber);
	fiber_switch(fiber, &rt_main_fiber);
	__builtin_unreachable();
}

static u32 checked(u32 next, u64 runnable, const char *where)
{
	if (next >= 32 || !(runnable >> next & 1)) {
		fprintf(stderr, "pfnstorm: strategy %s: %s() chose task %u, runnable are %#lx\n", strategy->ops->name,
			where, next, runnable);
		abort();
	}
	return next;
}

static u32 ask_next(const struct rt_place *place, u64 runnable)
{
	u32 next;

	san_outside_begin();
	asking.busy = true;
	next = strategy->ops->next(strategy, place, runnable);
	asking.busy = false;
	san_outside_end();
	sched_arm();
	return checked(next, runnable, "next");
}

/* Asks who goes on at the point of the running task; it may come back from there much later. */
static void ask_at(u32 kind, u64 addr, u64 size, void *pc, bool asked)
{
	struct rt_place place;
	u64 runnable;
	u32 next;

	place_fill(&place, kind, addr, size, pc);
	runnable = sched_eligible() | task_bit(rt_cur);
	if (unlikely(trace_on()))
		trace_point(&place, runnable);
	if (!asked)
		return;
	next = ask_next(&place, runnable);
	if (next == rt_cur->id)
		return;
	rt.preemptions++;
	switch_to(&rt_tasks[next], runnable);
}

void sched_ask(u64 arg, void *pc)
{
	ask_at(RT_SEMANTIC, arg, 0, pc, true);
}

void sched_point_slow(u32 kind, u64 addr, u64 size, void *pc)
{
	u64 steps = sched_steps();
	bool asked;

	if (unlikely(!rt_running()))
		return;
	if (unlikely(footprint_on()) && kind != RT_SEMANTIC)
		footprint_add(kind, addr, size);
	asked = asking.every || steps == asking.at || asking.kinds & kind || in_conflict(kind, addr, size);
	if (steps == asking.at)
		asking.at = UINT64_MAX;
	if (unlikely(steps >= rt_config.step_limit))
		rt_fail(VERDICT_livelock, "livelock", "no end after %lu steps; %s is at %s", steps,
			task_label(rt_cur->id), point_name(rt_cur->semantic));
	if (unlikely(rt.next_deadline <= sched_now_ns()))
		task_wake_sleepers(false);
	asked = strategy && (asked || (kind == RT_SEMANTIC && rt_fast.passes && strategy_wants(steps - 1)));
	if (!asked)
		sched_arm();
	if (asked || trace_on())
		ask_at(kind, addr, size, pc, asked);
	if (unlikely(rt_fast.weak))
		storebuf_point(kind, addr, size);
}

static u32 round_robin(u64 runnable)
{
	u64 later = runnable & ~((2UL << rt_cur->id) - 1);

	return (u32)__builtin_ctzll(later ? later : runnable);
}

/* A daemon that waits for time only (msleep()) is in the middle of something; on a wait queue it waits for work. */
static bool daemon_is_busy(void)
{
	for (u32 m = rt.sleepers; m; m &= m - 1)
		if (rt_tasks[__builtin_ctz(m)].wait_kind == WAIT_TIME)
			return true;
	return false;
}

void sched_leave(u32 kind, u64 addr, void *pc)
{
	struct rt_place place;
	u64 runnable;
	u32 next;

	while (!(runnable = sched_eligible())) {
		if (!(rt.alive & ~rt.daemons) && !daemon_is_busy())
			sched_stop();
		if (!task_wake_sleepers(true))
			sched_deadlock();
	}
	if (rt_cur->done)
		runnable &= ~(u64)task_bit(rt_cur);
	if (trace_on()) {
		place_fill(&place, kind, addr, 0, pc);
		trace_point(&place, runnable);
	}
	if (!(runnable & (runnable - 1))) {
		next = (u32)__builtin_ctzll(runnable);
	} else if (strategy) {
		place_fill(&place, kind, addr, 0, pc);
		next = ask_next(&place, runnable);
	} else {
		next = round_robin(runnable);
	}
	sched_arm();
	if (next != rt_cur->id)
		switch_to(&rt_tasks[next], runnable);
}

/* ---- a run ----------------------------------------------------------------------------------------------------- */

void sched_reset(void)
{
	asking.at = UINT64_MAX;
	asking.every = false;
	asking.kinds = 0;
	asking.conflicts = NULL;
	asking.busy = false;
	rt_fast.ask = rt_fast.armed = RT_ASK_OUTSIDE;
	rt_fast.kinds = UINT32_MAX;
	rt_fast.passes = NULL;
	sched_load_epoch();
}

void sched_begin(void)
{
	u64 runnable = sched_eligible();
	u32 first;

	if (!runnable || !(rt.alive & ~rt.daemons))
		return;
	rt_fast.passes = strategy ? strategy->ops->passes : NULL;
	rt_fast.strategy = strategy;
	rt_fast.ask = rt_fast.armed = 1; /* no step yet; armed when the wishes are known */
	first = strategy ? checked(strategy->ops->begin(strategy, runnable), runnable, "begin")
			 : (u32)__builtin_ctzll(runnable);
	sched_arm();
	san_release(&rt);
	switch_to(&rt_tasks[first], runnable);
	rt.switches--; /* the first task was not switched to from another */
	san_acquire(&rt_main_fiber);
}

void sched_end(const struct rt_result *result)
{
	if (strategy && strategy->ops->end)
		strategy->ops->end(strategy, result);
}

u32 sched_choose(enum rt_choice kind, u32 what, u32 n)
{
	u32 choice = 0;

	if (n < 2 || !rt_running())
		return 0;
	san_outside_begin();
	if (strategy && strategy->ops->choose)
		choice = strategy->ops->choose(strategy, kind, what, n);
	san_outside_end();
	if (choice >= n) {
		fprintf(stderr, "pfnstorm: strategy %s: choose() answered %u of %u\n", strategy->ops->name, choice, n);
		abort();
	}
	/* Kinds that came later are hashed where they are not answered as ever: so hashes from before still hold. */
	if (choice || kind <= RT_CHOOSE_CALLBACK)
		rt_hash(choice | (u64)n << 16 | (u64)what << 32 | (u64)kind << 48);
	return choice;
}

bool rt_fault(enum rt_fault id)
{
	bool injected = sched_choose(RT_CHOOSE_FAULT, id, 2);

	rt.faults |= (u32)injected << id;
	rt.nr_faults += injected;
	return injected;
}

u32 rt_faults_injected(void)
{
	return rt.nr_faults;
}

bool rt_fault_injected(enum rt_fault id)
{
	return rt.faults >> id & 1;
}

RT_UNINSTRUMENTED_END
