/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/age.h"

#include "core/rt/rcu.h"
#include "core/rt/thread/arena.h"
#include "core/rt/thread/oops.h"
#include "core/rt/thread/runtime.h"

#define LINGER_ONE_IN 8 /* objects found */

/* Grace periods of which each began after the last one had ended. */
static u64 graces;

u64 age_grace_begins(void)
{
	return __atomic_load_n(&graces, __ATOMIC_SEQ_CST);
}

/* Of those that overlap, one counts: a reader may outlast the ends of all of them, but not of two in a row. */
void age_grace_ended(u64 before)
{
	__atomic_compare_exchange_n(&graces, &before, before + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

void age_begin(struct task_struct *me)
{
	me->nr_reached = 0;
	me->graces = __atomic_load_n(&graces, __ATOMIC_ACQUIRE);
}

void rt_rcu_reached(const void *ptr)
{
	struct task_struct *me = self();
	u32 count = min(me->nr_reached, (u32)RCU_REACHED_MAX);

	if (!me->rcu_depth || !ptr)
		return;
	for (u32 i = 0; i < count; i++) {
		if (me->reached[i] == (u64)ptr)
			return;
	}
	me->reached[me->nr_reached++ % RCU_REACHED_MAX] = (u64)ptr;
	/* Between what it found and what it does with it a reader may be late, as rcutorture's are now and then. */
	if (!rt_random_below(&me->perturb, LINGER_ONE_IN))
		perturb(me);
}

static void count(struct task_struct *me, u64 *counter)
{
	if (me->ring)
		__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static enum rt_age age_of(u64 addr)
{
	u64 removed = heap_removed_at(addr), passed;

	if (arena_dead(addr))
		return AGE_FREED;
	if (!removed)
		return AGE_IN_USE;
	passed = __atomic_load_n(&graces, __ATOMIC_ACQUIRE) + 1 - removed;
	return passed == 0 ? AGE_REMOVED : passed == 1 ? AGE_GRACE : AGE_LATE;
}

void rt_rcu_removed(const void *ptr)
{
	heap_remove(ptr, age_grace_begins() + 1);
}

static void look(struct task_struct *me, u64 addr)
{
	enum rt_age age = age_of(addr);

	count(me, &me->ring->age[age]);
	if (age == AGE_FREED)
		oops_reached(addr, __builtin_return_address(0), __builtin_frame_address(0));
	if (age == AGE_LATE)
		context_fail(me, "rcu-reader-too-old", "an object was removed two grace periods ago");
}

void age_end(struct task_struct *me)
{
	u64 passed = __atomic_load_n(&graces, __ATOMIC_ACQUIRE) - me->graces;
	u32 reached = min(me->nr_reached, (u32)RCU_REACHED_MAX);

	if (!me->ring)
		return;
	for (u32 i = 0; i < reached; i++)
		look(me, me->reached[i]);
	count(me, &me->ring->section[min(passed, RT_SECTION_GRACES - 1UL)]);
	if (passed > 1)
		context_fail(me, "rcu-reader-too-old", "%lu grace periods ended in one read section", passed);
}
