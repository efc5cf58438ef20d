/* SPDX-License-Identifier: MIT */
/*
 * The exclusive lock under spinlocks, mutexes and CPU ownership: spins shortly, then sleeps, because there are fewer
 * real CPUs than threads; a thread that waited too long goes first, as with the kernel's queued spinlock.
 */
#ifndef PFNSTORM_RT_THREAD_GATE_H
#define PFNSTORM_RT_THREAD_GATE_H

#include "core/rt/thread/self.h"

struct gate {
	u32 word;     /* 0 free, 1 taken, 2 taken with sleepers */
	u32 starving; /* threads that nobody may overtake */
};

bool gate_trylock(struct gate *gate);
/* Serves interrupts of the caller's CPU while it waits, if it owns its CPU and they are on. */
void gate_lock(struct gate *gate, struct task_struct *me, enum blocked_on on, const void *what);
/* The same, but false if a signal that ends a @sleep is pending while the gate is not free. */
bool gate_lock_sleep(struct gate *gate, struct task_struct *me, enum rt_sleep sleep, const void *what);
void gate_unlock(struct gate *gate);
bool gate_is_locked(const struct gate *gate);

#endif
