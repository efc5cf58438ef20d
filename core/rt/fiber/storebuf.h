/* SPDX-License-Identifier: MIT */
/*
 * Store buffers of virtual CPUs, for runs with another memory model than sc (rt_config.memory).
 *
 * The compiler's callback comes before a plain store and cannot delay it. So a store of the running CPU goes to memory
 * at once, and its address and what was there before are noted. When another CPU's task is switched to, the schedule
 * may choose to keep them: they are undone, their values wait in the buffer, and are written when the schedule says so,
 * when somebody needs them, or seen again by the CPU itself when it goes on. Nothing of it is an access: the race
 * detector follows program order.
 *
 *   tso   stores leave the buffer in program order
 *   pso   those to overlapping bytes do; others where a barrier or a release stands between
 *
 * Choices of the schedule (RT_CHOOSE_DRAIN), each with two answers: enum rt_drain says which. What empties a CPU's
 * buffer: smp_mb(), operations that are fully ordered, release of a lock, waking others, another task on that CPU,
 * cpu_relax(); of all CPUs: the end of a grace period, a stopped machine, time that flies, the end of the run. A store
 * release, smp_wmb() under pso, keeps what is before it before it. Loads are never late: smp_rmb() does nothing.
 *
 * Buffers belong to CPUs. Everything here is for the running task unless it says otherwise; nothing blocks, and there
 * is no point in it but the one of smp_mb(). To be called while rt_fast.weak is set only.
 */
#ifndef PFNSTORM_FIBER_STOREBUF_H
#define PFNSTORM_FIBER_STOREBUF_H

#include "core/rt/fiber/fiber.h"

RT_UNINSTRUMENTED_BEGIN
#pragma GCC visibility push(hidden)

/* Before a run: all are empty. Whatever the mode. */
void storebuf_begin(void);
/* After it, before anybody looks: all have left. */
void storebuf_end(void);
/* An access comes next: after its point, before memory changes. */
void storebuf_access(u64 addr, u32 size, u32 kind);
/* The store that comes next, noted last, is a release of @addr. */
void storebuf_release(u64 addr);
/* A call's point is over: what it does to stores, and to those to the object [addr, addr + size). */
void storebuf_point(u32 kind, u64 addr, u64 size);
/* @next is about to run instead of @prev. */
void storebuf_switch(const struct task_struct *prev, const struct task_struct *next);
/* The running CPU's stores leave. */
void storebuf_drain(void);
/* Those of all CPUs. */
void storebuf_drain_all(void);
/* Those of all CPUs to [addr, addr + size): the runtime itself is about to change it, or it dies. */
void storebuf_drain_range(u64 addr, u64 size);

/* The same where the mode may be off. */
static inline void weak_drain(void)
{
	if (unlikely(rt_fast.weak))
		storebuf_drain();
}

static inline void weak_drain_all(void)
{
	if (unlikely(rt_fast.weak))
		storebuf_drain_all();
}

static inline void weak_drain_range(u64 addr, u64 size)
{
	if (unlikely(rt_fast.weak))
		storebuf_drain_range(addr, size);
}

#pragma GCC visibility pop
RT_UNINSTRUMENTED_END

#endif
