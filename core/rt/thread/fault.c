/* SPDX-License-Identifier: MIT */
/* Fault injection under threads: each draws from its own generator. */
#include "core/rt/run.h"
#include "core/rt/thread/runtime.h"

static u32 faults_per_65536;
static bool any_injected;

void rt_thread_faults(u32 per_65536)
{
	__atomic_store_n(&faults_per_65536, per_65536, __ATOMIC_RELAXED);
}

bool rt_fault(enum rt_fault id)
{
	u32 rate = __atomic_load_n(&faults_per_65536, __ATOMIC_RELAXED);
	struct task_struct *me;

	(void)id;
	if (likely(!rate) || machine_booting)
		return false;
	me = self();
	if (me->kind == SELF_BOOT)
		return false;
	if (rt_random_u64(&me->perturb) % 65536 >= rate)
		return false;
	__atomic_store_n(&any_injected, true, __ATOMIC_RELAXED);
	return true;
}

u32 rt_faults_injected(void)
{
	return 0;
}

bool rt_fault_injected(enum rt_fault id)
{
	(void)id;
	return __atomic_load_n(&any_injected, __ATOMIC_RELAXED);
}
