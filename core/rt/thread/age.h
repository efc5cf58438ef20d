/* SPDX-License-Identifier: MIT */
/*
 * What RCU readers saw of objects that go away, as rcutorture counts it (kernel/rcu/rcutorture.c, 6.1: the pipe and the
 * batch of a reader). At the end of its outermost read section a reader looks at each object it has reached there:
 * freed, or removed longer ago than one section can last, is a verdict, whether it touches the object again or not.
 */
#ifndef PFNSTORM_RT_THREAD_AGE_H
#define PFNSTORM_RT_THREAD_AGE_H

#include "core/rt/thread/self.h"

/* The outermost read section of @me begins, inside liburcu's. */
void age_begin(struct task_struct *me);
/* It ends, still inside: verdict `oops` as if it had read an object that is free, `context` if it is too old. */
void age_end(struct task_struct *me);
/* kfree_rcu() of the object at @ptr: nobody new reaches it. */
void rt_rcu_removed(const void *ptr);
/* Grace periods that have ended one after the other; @age_grace_ended() gets what it was before one began. */
u64 age_grace_begins(void);
void age_grace_ended(u64 before);

#endif
