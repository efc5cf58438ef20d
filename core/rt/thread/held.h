/* SPDX-License-Identifier: MIT */
/* What a task holds, and the rules every lock checks: initialised, right owner, no recursion, class order. */
#ifndef PFNSTORM_RT_THREAD_HELD_H
#define PFNSTORM_RT_THREAD_HELD_H

#include "core/rt/thread/self.h"

/* First state of a lock: @flags tells an initialised lock from memory that is none (any more). */
#define RT_LOCK_MAGIC 0x10c4ab1eu

/* Forgets the class order that earlier machines showed. */
void held_reset(void);
void rt_lock_init(struct rt_lock *lock, enum lock_class class);
/* Fails unless @lock is initialised. */
void rt_lock_check(struct task_struct *me, const struct rt_lock *lock);
/* Before a task waits for @lock: class order, and recursion if @exclusive. */
void held_before(struct task_struct *me, const struct rt_lock *lock, bool exclusive);
/* After it got it. */
void held_push(struct task_struct *me, const struct rt_lock *lock, bool write);
/* Before it gives it back; fails if the task does not hold it in that mode. */
void held_pop(struct task_struct *me, const struct rt_lock *lock, bool write);

#endif
