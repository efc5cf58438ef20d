/* SPDX-License-Identifier: MIT */
/* Vector clocks: who knows what of whom (Flanagan and Freund, "FastTrack", PLDI 2009). */
#include "core/rt/fiber/fiber.h"

RT_UNINSTRUMENTED_BEGIN

u32 rt_clock_base = 1;
u32 rt_vc_base = 1;

static void vc_copy(struct vclock *to, const struct vclock *from)
{
	__builtin_memcpy_inline(to, from, sizeof(*to));
}

static void vc_join(struct vclock *to, const struct vclock *from)
{
	for (u32 i = 0; i < 32; i++) {
		s32 a = (s32)to->c[i], b = (s32)from->c[i]; /* clocks stay below 2^27: signed compares are one op */

		to->c[i] = (u32)(a > b ? a : b);
	}
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
		log[t->log_length++] = (struct point_log){.clock = t->epoch & RT_CLOCK_MAX, .semantic = t->semantic};
}

/* The semantic point that the task of @slot had reached last when its clock was @clock. */
u32 clock_semantic(u32 slot, u32 clock)
{
	const struct point_log *log = RT_POINT_LOG + slot * RT_POINT_LOG_MAX;
	u32 low = 0, high = rt_tasks[rt.slot_id[slot]].log_length;

	while (high - low > 1) {
		u32 middle = low + (high - low) / 2;

		if (log[middle].clock <= clock)
			low = middle;
		else
			high = middle;
	}
	return high ? log[low].semantic : 0;
}

/* What @t does from now on is not covered by what it published before. */
void hb_advance(struct task_struct *t)
{
	u32 clock = (t->epoch & RT_CLOCK_MAX) + 1;

	if (unlikely(clock >= RT_CLOCK_MAX - 1))
		rt_fail(VERDICT_crash, "crash clock overflow", "task %u ran out of clock values", t->id);
	t->epoch++;
	t->vc.c[t->slot] = clock;
	if (t == rt_cur)
		sched_load_epoch();
}

/* The first clock of a task: it knows all earlier runs, and of this run nothing but itself. */
void clock_start_task(struct task_struct *t)
{
	u32 former = t->epoch & RT_CLOCK_MAX; /* of the slot's last owner, in this run or before */
	u32 first = max(rt_clock_base, former + 1);

	for (u32 i = 0; i < 32; i++)
		t->vc.c[i] = rt_clock_base - 1;
	t->vc.c[t->slot] = first;
	t->epoch = t->slot << RT_CLOCK_BITS | first;
	log_point(t);
}

/* The running task reaches semantic point @id; its point is the next step. */
void task_set_semantic(struct task_struct *t, u32 id)
{
	t->semantic = id;
	t->occurrence = ++t->seen[id];
	t->since = sched_steps() + 1;
	if (rt_config.race_detector) {
		hb_advance(t);
		log_point(t);
	}
}

void rt_point(enum point_id id, u64 arg)
{
	if (!rt_running())
		return;
	task_set_semantic(rt_cur, id);
	rt.ticks++;
	if (unlikely(--rt_fast.ask == 0) || unlikely(rt_fast.kinds & RT_SEMANTIC))
		sched_point_slow(RT_SEMANTIC, arg, 0, RT_PC());
	rt_hash(arg ^ (u64)id << 40 ^ rt_fast.hash_tag);
}

void hb_join(struct task_struct *t, const struct vclock *from)
{
	vc_join(&t->vc, from);
}

/* TSan knows a synchronisation object by the address of its vector clock: indices move when their holders do. */
#define CLOCKS_WANTED (RT_TSAN || rt_config.race_detector)

void hb_learn(const u32 *sync)
{
	if (!rt_running())
		return;
	vc_join(&rt_cur->vc, vc_at(*sync));
	san_acquire(vc_at(*sync));
}

void hb_release(u32 *sync)
{
	if (!rt_running() || !CLOCKS_WANTED)
		return;
	if (vc_valid(*sync)) {
		vc_join(vc_at(*sync), &rt_cur->vc);
	} else {
		*sync = vc_alloc();
		vc_copy(vc_at(*sync), &rt_cur->vc);
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
	vc_copy(vc_at(*sync), &rt_cur->vc);
	san_release(vc_at(*sync));
	hb_advance(rt_cur);
}

void hb_stop_machine(void)
{
	struct vclock *all;
	u32 index;

	if (!rt_running() || !CLOCKS_WANTED)
		return;
	index = vc_alloc();
	all = vc_at(index);
	vc_copy(all, &rt_cur->vc);
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
 * Between runs: later clocks and indices of vector clocks than any used so far, both from the same number on, so that a
 * cell is of an earlier run exactly if its low bits are below it. When they run out, the shadow is cleared.
 */
void clock_reset(void)
{
	u32 base = max(rt_clock_base, rt.vc_next);

	for (u32 slot = 0; slot < rt.nr_slots; slot++) {
		u32 next = (rt_tasks[rt.slot_id[slot]].epoch & RT_CLOCK_MAX) + 1;

		base = max(base, next);
	}
	if (base > RT_CLOCK_MAX / 2) {
		race_clear();
		base = 1;
	}
	rt_clock_base = rt_vc_base = base;
}

RT_UNINSTRUMENTED_END
