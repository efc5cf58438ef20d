/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/priority.h"

#include <sched.h>
#include <time.h>

#include "core/rt/random.h"
#include "core/rt/thread/futex.h"
#include "core/rt/thread/runtime.h"

#define LOW_OF_16 4      /* threads of low priority */
#define STARVING_OF_16 3 /* intervals in which those do not run */
#define GIVE_WAY_NS 50000L

static u64 interval_ns; /* 0: nobody has a priority */

void rt_thread_priorities(u64 ns)
{
	__atomic_store_n(&interval_ns, ns, __ATOMIC_RELAXED);
}

enum priority priority_of(u64 seed, u64 interval, u32 slot)
{
	struct rt_random of_interval, of_thread;

	rt_random_seed(&of_interval, seed ^ interval * 0xd1342543de82ef95UL);
	rt_random_seed(&of_thread, rt_random_u64(&of_interval) ^ (u64)slot << 32);
	if (rt_random_below(&of_thread, 16) >= LOW_OF_16)
		return PRIORITY_HIGH;
	return rt_random_below(&of_interval, 16) < STARVING_OF_16 ? PRIORITY_STARVED : PRIORITY_LOW;
}

static void sleep_ns(u64 ns)
{
	const struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000UL), .tv_nsec = (long)(ns % 1000000000UL)};

	nanosleep(&ts, NULL);
}

void priority_apply(struct task_struct *me)
{
	u64 ns = __atomic_load_n(&interval_ns, __ATOMIC_RELAXED), now;

	if (likely(!ns) || !me->ring)
		return;
	/* Since boot: the same seed has the same priorities at the same time. */
	now = clock_ns() - rt_thread_postmortem()->start_ns;
	switch (priority_of(perturb_base, now / ns, (u32)(me->ring - rt_thread_postmortem()->ring))) {
	case PRIORITY_HIGH:
		return;
	case PRIORITY_LOW:
		if (rt_random_below(&me->perturb, 16))
			sched_yield();
		else
			sleep_ns(GIVE_WAY_NS);
		return;
	case PRIORITY_STARVED:
		sleep_ns(ns - now % ns);
		return;
	}
}
