/* SPDX-License-Identifier: MIT */
/* Vector clocks: who knows what of whom (Flanagan and Freund, "FastTrack", PLDI 2009). */
#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

u32 rt_clock;
u32 rt_clock_base = 1;
u32 rt_vc_base = 1;

static bool few_slots(void)
{
	return likely(rt.nr_slots <= RT_FEW_SLOTS);
}

static void vc_copy(struct vclock *to, const struct vclock *from)
{
	if (few_slots())
		__builtin_memcpy_inline(to, from, 4 * (1 + RT_FEW_SLOTS));
	else
		__builtin_memcpy_inline(to, from, sizeof(*to));
}

static void join_lanes(struct vclock *to, const struct vclock *from, u32 lanes)
{
	s32 *a = (s32 *)to;
	const s32 *b = (const s32 *)from; /* clocks stay below 2^26: signed compares are one op */

	for (u32 i = 0; i < lanes; i++)
		a[i] = a[i] > b[i] ? a[i] : b[i];
}

/* What becomes of `whole` is the caller's business. */
static void vc_join(struct vclock *to, const struct vclock *from)
{
	if (few_slots())
		join_lanes(to, from, 1 + RT_FEW_SLOTS);
	else
		join_lanes(to, from, 1 + RT_SLOTS);
}

void vc_widen(void)
{
	for (u32 i = rt_vc_base; i < rt.vc_next; i++)
		for (u32 slot = RT_FEW_SLOTS; slot < RT_SLOTS; slot++)
			vc_at(i)->c[slot] = rt_clock_base - 1;
}

u32 vc_alloc(void)
{
	if (unlikely(rt.vc_next - rt_vc_base >= RT_VCLOCKS_MAX))
		rt_fail(VERDICT_crash, "crash vector clocks exhausted", "the run needs more than %lu vector clocks",
			RT_VCLOCKS_MAX);
	return rt.vc_next++;
}

static void log_point(struct task_struct *t)
{
	struct point_log *log = RT_POINT_LOG + t->slot * RT_POINT_LOG_MAX;

	if (t->log_length < RT_POINT_LOG_MAX)
		log[t->log_length++] = (struct point_log){.clock = epoch_clock(t->epoch), .semantic = t->semantic};
}

/* The semantic point that the task of @slot had reached last when its clock was @clock. */
u32 clock_semantic(u32 slot, u32 clock)
{
	const struct point_log *log = RT_POINT_LOG + slot * RT_POINT_LOG_MAX;
	u32 low = 0, high = rt_tasks[rt.slot_id[slot]].log_length;

	if (high && log[high - 1].clock <= clock)
		return log[high - 1].semantic;
	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (log[middle].clock <= clock)
			low = middle;
		else
			high = middle;
	}
	return high ? log[low].semantic : 0;
}

static u32 tick(u32 slot)
{
	if (unlikely(rt_clock >= RT_CLOCK_MAX - 1))
		rt_fail(VERDICT_crash, "crash clock overflow", "%s ran out of clock values", task_label(rt_cur->id));
	return ++rt_clock << RT_SLOT_BITS | slot;
}

/* What @t does from now on is not covered by what it published before. */
void hb_advance(struct task_struct *t)
{
	t->epoch = tick(t->slot);
	t->vc.c[t->slot] = epoch_clock(t->epoch);
	if (t == rt_cur)
		sched_load_now();
}

void hb_begin_slice(void)
{
	if (rt_running() && rt_config.race_detector) {
		hb_advance(rt_cur);
		rt.slice = rt_cur->epoch;
	}
	sched_load_epoch();
}

/* The first clock of a task: it knows all earlier runs, and of this run nothing but itself. */
void clock_start_task(struct task_struct *t)
{
	for (u32 i = 0; i < RT_SLOTS; i++)
		t->vc.c[i] = rt_clock_base - 1;
	hb_advance(t);
	log_point(t);
}

/* It is the next step. */
static void set_semantic(struct task_struct *t, u32 id, u64 steps)
{
	t->semantic = id;
	t->occurrence = ++t->seen[id];
	t->since = steps + 1;
	if (rt_config.race_detector) {
		hb_advance(t);
		log_point(t);
	}
}

void rt_point(enum point_id id, u64 arg)
{
	u64 steps = sched_steps();

	if (!rt_running())
		return;
	set_semantic(rt_cur, id, steps);
	check_step();
	rt.ticks++;
	if (unlikely(--rt_fast.ask == 0) || unlikely(rt_fast.kinds & RT_SEMANTIC))
		sched_point_slow(RT_SEMANTIC, arg, 0, RT_PC());
	else if (rt_fast.passes && unlikely(strategy_wants(steps)))
		sched_ask(arg, RT_PC());
	rt_hash(arg ^ (u64)id << 40 ^ rt_fast.hash_tag);
}

/* TSan knows a synchronisation object by the address of its vector clock: indices move when their holders do. */
#define CLOCKS_WANTED (RT_TSAN || rt_config.race_detector)

/* Does the running task know all that was published there? Who knows of an epoch knows what its owner knew then. */
static bool knows(const struct vclock *v)
{
	return (s32)v->whole >= 0 && covers(v->whole);
}

void hb_learn(const u32 *sync)
{
	const struct vclock *v = vc_at(*sync);

	if (!rt_running())
		return;
	if (!knows(v))
		vc_join(&rt_cur->vc, v);
	san_acquire(v);
}

static void publish(struct vclock *v)
{
	vc_copy(v, &rt_cur->vc);
	v->whole = rt_cur->epoch;
}

void hb_release(u32 *sync)
{
	struct vclock *v;

	if (!rt_running() || !CLOCKS_WANTED)
		return;
	if (!vc_valid(*sync)) {
		*sync = vc_alloc();
		publish(vc_at(*sync));
	} else if (knows(v = vc_at(*sync))) {
		publish(v);
	} else {
		vc_join(v, &rt_cur->vc);
		v->whole = RT_VECTOR;
	}
	san_release(vc_at(*sync));
	hb_advance(rt_cur);
}

void hb_publish(u32 *sync)
{
	if (!rt_running() || !CLOCKS_WANTED)
		return;
	if (!vc_valid(*sync))
		*sync = vc_alloc();
	publish(vc_at(*sync));
	san_release(vc_at(*sync));
	hb_advance(rt_cur);
}

u32 hb_publish_later(void)
{
	u32 sync = 0;

	hb_publish(&sync);
	return sync;
}

void hb_stop_machine(void)
{
	struct vclock *all;
	u32 index;

	weak_drain_all();
	if (!rt_running() || !CLOCKS_WANTED)
		return;
	index = vc_alloc();
	all = vc_at(index);
	vc_copy(all, &rt_cur->vc);
	all->whole = RT_VECTOR;
	for (u32 slot = 0; slot < rt.nr_slots; slot++) {
		vc_join(all, &rt_tasks[rt.slot_id[slot]].vc);
		fiber_release(&rt_fibers[rt.slot_id[slot]], all);
	}
	for (u32 slot = 0; slot < rt.nr_slots; slot++) {
		struct task_struct *t = &rt_tasks[rt.slot_id[slot]];

		vc_copy(&t->vc, all);
		fiber_acquire(&rt_fibers[t->id], all);
		hb_advance(t);
	}
}

/*
 * Between runs: what is used from now on is later than all used so far, so a cell tells by its number that it is of an
 * earlier run. When the numbers run out, the shadow is cleared.
 */
void clock_reset(void)
{
	rt_clock_base = rt_clock + 1;
	rt_vc_base = max(rt_vc_base, rt.vc_next);
	if (rt_clock < RT_CLOCK_MAX / 2 && rt_vc_base < RT_VECTOR / 2)
		return;
	race_clear();
	rt_clock = 0;
	rt_clock_base = rt_vc_base = 1;
}

RT_UNINSTRUMENTED_END
