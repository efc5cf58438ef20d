/* SPDX-License-Identifier: MIT */
/* Mutexes: a gate that may be waited for in sleep only. */
#include "core/rt/cpu.h"
#include "core/rt/thread/gate.h"
#include "core/rt/thread/held.h"

static struct gate *gate_of(const struct mutex *lock)
{
	return (struct gate *)(uintptr_t)lock->rt.priv;
}

void mutex_init(struct mutex *lock, enum lock_class class)
{
	rt_lock_init(&lock->rt, class);
}

void mutex_lock(struct mutex *lock)
{
	struct task_struct *me = self();

	might_sleep();
	held_before(me, &lock->rt, true);
	gate_lock(gate_of(lock), me, ON_LOCK_WRITE, &lock->rt);
	held_push(me, &lock->rt, true);
}

static int lock_sleep(struct mutex *lock, enum rt_sleep sleep)
{
	struct task_struct *me = self();

	might_sleep();
	held_before(me, &lock->rt, true);
	if (!gate_lock_sleep(gate_of(lock), me, sleep, &lock->rt))
		return -EINTR;
	held_push(me, &lock->rt, true);
	return 0;
}

int mutex_lock_interruptible(struct mutex *lock)
{
	return lock_sleep(lock, RT_INTERRUPTIBLE);
}

int mutex_lock_killable(struct mutex *lock)
{
	return lock_sleep(lock, RT_KILLABLE);
}

bool mutex_trylock(struct mutex *lock)
{
	struct task_struct *me = self();

	rt_lock_check(me, &lock->rt);
	if (!gate_trylock(gate_of(lock)))
		return false;
	held_push(me, &lock->rt, true);
	return true;
}

void mutex_unlock(struct mutex *lock)
{
	held_pop(self(), &lock->rt, true);
	gate_unlock(gate_of(lock));
}

bool mutex_is_locked(const struct mutex *lock)
{
	return gate_is_locked(gate_of(lock));
}
