/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/held.h"

#include <stdio.h>
#include <string.h>

#include "core/rt/lockorder.h"
#include "core/rt/thread/runtime.h"

static struct lockorder order;

void held_reset(void)
{
	lockorder_init(&order);
}

void rt_lock_init(struct rt_lock *lock, enum lock_class class)
{
	lock->class = class;
	lock->flags = RT_LOCK_MAGIC;
	memset(lock->priv, 0, sizeof(lock->priv));
}

void rt_lock_check(struct task_struct *me, const struct rt_lock *lock)
{
	u32 flags = __atomic_load_n(&lock->flags, __ATOMIC_RELAXED);

	if (unlikely(flags != RT_LOCK_MAGIC))
		context_fail(me, "lock-not-initialised",
			     "lock at %p was never initialised, or its memory is gone (%#x)", (const void *)lock,
			     flags);
}

static void check_order(struct task_struct *me, u32 held, u32 class)
{
	char chain[256], signature[192];

	if (likely(lockorder_add(&order, held, class, chain, sizeof(chain))))
		return;
	snprintf(signature, sizeof(signature), "lock-order %s", chain);
	rt_fail(VERDICT_lock_order, signature, "%s on cpu%u takes %s while it holds %s; the other order was seen: %s",
		me->name, self_cpu(me), lock_class_name(class), lock_class_name(held), chain);
}

void held_before(struct task_struct *me, const struct rt_lock *lock, bool exclusive)
{
	rt_lock_check(me, lock);
	for (u32 i = me->nr_held; i-- > 0;) {
		if (unlikely(me->held[i].lock == lock) && (exclusive || me->held[i].write))
			context_fail(me, "recursive-lock", "%s is taken again by the task that holds it",
				     lock_class_name(lock->class));
	}
	for (u32 i = 0; i < me->nr_held; i++)
		check_order(me, me->held[i].class, lock->class);
}

/* The watchdog reads them at any time. */
static void held_set(struct task_struct *me, u32 i, const struct held_lock *held)
{
	__atomic_store_n(&me->held[i].lock, held->lock, __ATOMIC_RELAXED);
	__atomic_store_n(&me->held[i].class, held->class, __ATOMIC_RELAXED);
	me->held[i].write = held->write;
}

void held_push(struct task_struct *me, const struct rt_lock *lock, bool write)
{
	const struct held_lock held = {lock, lock->class, write};

	if (me->nr_held == HELD_MAX)
		context_fail(me, "too-many-locks", "a task holds more than %d locks", HELD_MAX);
	held_set(me, me->nr_held, &held);
	__atomic_store_n(&me->nr_held, me->nr_held + 1, __ATOMIC_RELEASE);
}

void held_pop(struct task_struct *me, const struct rt_lock *lock, bool write)
{
	u32 i = me->nr_held;

	while (i-- > 0) {
		if (me->held[i].lock == lock && me->held[i].write == write)
			break;
	}
	if (i == UINT32_MAX)
		context_fail(me, "unlock-not-held", "%s is released by a task that does not hold it",
			     lock_class_name(lock->class));
	for (; i + 1 < me->nr_held; i++)
		held_set(me, i, &me->held[i + 1]);
	__atomic_store_n(&me->nr_held, me->nr_held - 1, __ATOMIC_RELEASE);
}

bool lock_is_held(const struct rt_lock *lock)
{
	const struct task_struct *me = self();

	for (u32 i = 0; i < me->nr_held; i++) {
		if (me->held[i].lock == lock)
			return true;
	}
	return false;
}

bool lock_is_held_write(const struct rt_lock *lock)
{
	const struct task_struct *me = self();

	for (u32 i = 0; i < me->nr_held; i++) {
		if (me->held[i].lock == lock && me->held[i].write)
			return true;
	}
	return false;
}

void rt_assert_held(const struct rt_lock *lock, bool write, const char *text)
{
	if (unlikely(!(write ? lock_is_held_write(lock) : lock_is_held(lock))))
		context_fail(self(), "lock-not-held", "%s must be held%s", text, write ? " for writing" : "");
}
