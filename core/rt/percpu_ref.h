/* SPDX-License-Identifier: MIT */
/*
 * Reference counts that cost one CPU nothing of another until they are killed (include/linux/percpu-refcount.h and
 * lib/percpu-refcount.c, 6.1), as dev_pagemap has one for its pages.
 *
 * Alive, a reference is counted on the CPU where it is got or put, so a count of its own may be negative. To kill it
 * drops the first reference, and after a grace period, in which everybody has come to see that it is dead, its counts
 * are added up; the last put calls the release function. Everything is callable in any context but init and exit.
 */
#ifndef PFNSTORM_RT_PERCPU_REF_H
#define PFNSTORM_RT_PERCPU_REF_H

#include "core/rt/atomic.h"
#include "core/rt/rcu.h"
#include "core/rt/types.h"

struct percpu_ref;
typedef void percpu_ref_func_t(struct percpu_ref *ref);

/* In the arena. */
struct percpu_ref {
	atomic_long_t count; /* while alive: BIAS and the first reference */
	u32 dead;            /* killed: the counts of the CPUs are used no more */
	u32 pad;
	atomic_long_t *percpu;
	percpu_ref_func_t *release;
	struct rcu_head rcu;
};

/* Alive, with one reference, the caller's; @release may not sleep. 0 or -ENOMEM. May sleep. */
int percpu_ref_init(struct percpu_ref *ref, percpu_ref_func_t *release);
/* Frees what init took; nobody may use it any more. */
void percpu_ref_exit(struct percpu_ref *ref);

/* The caller has a reference already. */
void percpu_ref_get_many(struct percpu_ref *ref, u64 nr);
/* False if the count is 0. */
bool percpu_ref_tryget(struct percpu_ref *ref);
/* False once it is killed. */
bool percpu_ref_tryget_live(struct percpu_ref *ref);
/* Calls release() if they were the last. */
void percpu_ref_put_many(struct percpu_ref *ref, u64 nr);
/* Drops the first reference. WARN_ON() if it was killed before. */
void percpu_ref_kill(struct percpu_ref *ref);
/* Racy looks, for assertions. */
bool percpu_ref_is_dying(struct percpu_ref *ref);
bool percpu_ref_is_zero(struct percpu_ref *ref);

static inline void percpu_ref_get(struct percpu_ref *ref)
{
	percpu_ref_get_many(ref, 1);
}

static inline void percpu_ref_put(struct percpu_ref *ref)
{
	percpu_ref_put_many(ref, 1);
}

#endif
