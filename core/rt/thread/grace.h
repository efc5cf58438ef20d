/* SPDX-License-Identifier: MIT */
/*
 * liburcu behind names of our own: its header defines rcu_head and rcu_read_lock() too, so only grace.c includes it.
 * Flavour by -DPFNSTORM_URCU_MEMB (default), _MB or _BP. Every thread registers before it reads.
 */
#ifndef PFNSTORM_RT_THREAD_GRACE_H
#define PFNSTORM_RT_THREAD_GRACE_H

#include "core/rt/types.h"

/* Room for liburcu's own head; rt's rcu_head has the same in priv. */
struct grace_head {
	u64 room[2];
};

void grace_register(void);
void grace_unregister(void);
void grace_read_lock(void);
void grace_read_unlock(void);
void grace_synchronize(void);
/* @func runs on liburcu's thread after a grace period. The caller is registered. */
void grace_call(struct grace_head *head, void (*func)(struct grace_head *head));

#endif
