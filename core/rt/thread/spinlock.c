/* SPDX-License-Identifier: MIT */
/* Spinlocks: a gate under CPU ownership. */
#include "core/rt/cpu.h"
#include "core/rt/thread/gate.h"
#include "core/rt/thread/held.h"

static struct gate *gate_of(const spinlock_t *lock)
{
	return (struct gate *)(uintptr_t)lock->rt.priv;
}

void spin_lock_init(spinlock_t *lock, enum lock_class class)
{
	rt_lock_init(&lock->rt, class);
}

void spin_lock(spinlock_t *lock)
{
	struct task_struct *me = self();

	preempt_disable();
	held_before(me, &lock->rt, true);
	gate_lock(gate_of(lock), me, ON_LOCK_WRITE, &lock->rt);
	held_push(me, &lock->rt, true);
}

bool spin_trylock(spinlock_t *lock)
{
	struct task_struct *me = self();

	preempt_disable();
	rt_lock_check(me, &lock->rt);
	if (!gate_trylock(gate_of(lock))) {
		preempt_enable();
		return false;
	}
	held_push(me, &lock->rt, true);
	return true;
}

void spin_unlock(spinlock_t *lock)
{
	held_pop(self(), &lock->rt, true);
	gate_unlock(gate_of(lock));
	preempt_enable();
}

unsigned long spin_lock_irqsave_flags(spinlock_t *lock)
{
	unsigned long flags = local_irq_save_flags();

	spin_lock(lock);
	return flags;
}

bool spin_trylock_irqsave_flags(spinlock_t *lock, unsigned long *flags)
{
	*flags = local_irq_save_flags();
	if (spin_trylock(lock))
		return true;
	local_irq_restore(*flags);
	return false;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	held_pop(self(), &lock->rt, true);
	gate_unlock(gate_of(lock));
	local_irq_restore(flags);
	preempt_enable();
}

bool spin_is_locked(const spinlock_t *lock)
{
	return gate_is_locked(gate_of(lock));
}
