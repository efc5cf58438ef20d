/* SPDX-License-Identifier: MIT */
/* Semantic points: flight recorder and perturbation. */
#include "core/rt/point.h"

#include <sched.h>
#include <time.h>

#include "core/rt/thread/futex.h"
#include "core/rt/thread/priority.h"
#include "core/rt/thread/runtime.h"
#include "core/rt/thread/vcpu.h"

static u32 perturb_per_1024;
static bool recording = true;

void rt_thread_recorder(bool on)
{
	recording = on;
	rt_thread_postmortem()->unrecorded = !on;
}

void rt_thread_perturb(u32 per_1024)
{
	__atomic_store_n(&perturb_per_1024, per_1024, __ATOMIC_RELAXED);
}

/*
 * Windows of races are opened by not running for a while: mostly for as long as a few steps of another task take
 * (spin), often for a time slice (yield), seldom for a whole operation of another task (sleep).
 */
static void disturb(u64 draw)
{
	u32 kind = draw % 128, length = (draw >> 8) % 1024;

	if (kind < 48) {
		sched_yield();
	} else if (kind < 112) {
		for (u32 i = 0; i < length; i++)
			__builtin_ia32_pause();
	} else {
		struct timespec ts = {.tv_nsec = (long)length * (kind < 126 ? 50 : 1000)};

		nanosleep(&ts, NULL);
	}
}

void perturb(struct task_struct *me)
{
	u32 rate = __atomic_load_n(&perturb_per_1024, __ATOMIC_RELAXED);
	u64 draw;

	priority_apply(me);
	if (likely(!rate))
		return;
	draw = rt_random_u64(&me->perturb);
	if ((draw >> 32) % 1024 < rate)
		disturb(draw);
}

static void record(struct task_struct *me, enum point_id id, u64 arg)
{
	struct rt_ring *ring = me->ring;
	struct rt_flight *entry = &ring->entry[ring->head % RT_RING_ENTRIES];

	if (likely(recording)) {
		entry->ns = clock_ticks();
		entry->arg = arg;
		entry->point = (u16)id;
		entry->task = (u16)(ring - rt_thread_postmortem()->ring);
	}
	/* The post-mortem reads only entries below head: this one first, then head. */
	__atomic_store_n(&ring->head, ring->head + 1, __ATOMIC_RELEASE);
}

/* For the watchdog: does the task get somewhere, or does it pass what it has passed before? */
static void note(struct task_struct *me, enum point_id id, u64 arg)
{
	u64 hash = (arg ^ me->ends << 40 ^ (u64)id << 56) * 0x9e3779b97f4a7c15ULL;
	u32 *passed = &me->passed[hash >> 32 & (PASSED_HASHES - 1)];

	if (id == POINT_op_end)
		me->ends++;
	if (*passed == (u32)(hash >> 24 | 1))
		return;
	*passed = (u32)(hash >> 24 | 1);
	__atomic_store_n(&me->news, me->news + 1, __ATOMIC_RELAXED);
}

void rt_point(enum point_id id, u64 arg)
{
	struct task_struct *me = self();

	__atomic_store_n(&me->point, (u32)id, __ATOMIC_RELAXED);
	me->point_arg = arg;
	__atomic_store_n(&me->progress, me->progress + 1, __ATOMIC_RELAXED);
	note(me, id, arg);
	if (me->ring)
		record(me, id, arg);
	vcpu_serve(me);
	if (!me->own_depth)
		self_check_teardown(me);
	perturb(me);
}
