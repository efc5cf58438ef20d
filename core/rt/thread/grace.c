/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/grace.h"

#if defined(PFNSTORM_URCU_MB)
#include <urcu/urcu-mb.h>
#define FLAVOUR(name) urcu_mb_##name
#elif defined(PFNSTORM_URCU_BP)
#include <urcu/urcu-bp.h>
#define FLAVOUR(name) urcu_bp_##name
#else
#include <urcu/urcu-memb.h>
#define FLAVOUR(name) urcu_memb_##name
#endif
#include <urcu/call-rcu.h>

_Static_assert(sizeof(struct rcu_head) <= sizeof(struct grace_head), "liburcu's head fits in ours");

void grace_register(void)
{
	FLAVOUR(register_thread)();
}

void grace_unregister(void)
{
	FLAVOUR(unregister_thread)();
}

void grace_read_lock(void)
{
	FLAVOUR(read_lock)();
}

void grace_read_unlock(void)
{
	FLAVOUR(read_unlock)();
}

void grace_synchronize(void)
{
	FLAVOUR(synchronize_rcu)();
}

void grace_call(struct grace_head *head, void (*func)(struct grace_head *head))
{
	FLAVOUR(call_rcu)((struct rcu_head *)head, (void (*)(struct rcu_head *))func);
}
