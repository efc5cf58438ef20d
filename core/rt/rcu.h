/* SPDX-License-Identifier: MIT */
/*
 * RCU (include/linux/rcupdate.h, 6.1): one flavour; rcu_read_lock_sched() is the same grace period with preemption off.
 *
 * Readers nest, never sleep, and on their virtual CPU exclude other tasks from running (a non-preemptible kernel).
 * Under fiber the schedule chooses when a grace period that may end does end, and in which order ready callbacks run;
 * under thread it is liburcu. Misuse (sleep inside, unbalanced unlock, dereference outside) is verdict `context`.
 */
#ifndef PFNSTORM_RT_RCU_H
#define PFNSTORM_RT_RCU_H

#include "core/rt/access.h"
#include "core/rt/types.h"

/* Embedded in the object to free; @func runs in a context that must not sleep. Lives in the arena. */
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
	u64 priv[2];
};

void rcu_read_lock(void);
void rcu_read_unlock(void);
void rcu_read_lock_sched(void);
void rcu_read_unlock_sched(void);
bool rcu_read_lock_held(void);

/* Waits for all read sections that began before the call. May sleep. */
void synchronize_rcu(void);
/* Faster in the kernel; here both take as long as the schedule says. */
static inline void synchronize_rcu_expedited(void)
{
	synchronize_rcu();
}
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
/* Waits until all callbacks queued before the call have run. May sleep. */
void rcu_barrier(void);
/* kfree() @ptr after a grace period; @ptr begins with nothing in particular, @head is inside it. */
void rt_kfree_rcu(struct rcu_head *head, void *ptr);
#define kfree_rcu(ptr, member) rt_kfree_rcu(&(ptr)->member, ptr)

/* Marked load with dependency ordering, here that of an acquire; verdict `context` outside a read section. */
#define rcu_dereference(p)                                                                                             \
	({                                                                                                             \
		rt_rcu_check_reader();                                                                                 \
		__typeof__(p) _reached = smp_load_acquire(&(p));                                                       \
		rt_rcu_reached(_reached);                                                                              \
		_reached;                                                                                              \
	})
/* The updater holds the lock that @c asserts. */
#define rcu_dereference_protected(p, c)                                                                                \
	({                                                                                                             \
		BUG_ON(!(c));                                                                                          \
		p;                                                                                                     \
	})
#define rcu_assign_pointer(p, v) smp_store_release(&(p), v)
void rt_rcu_check_reader(void);

#endif
