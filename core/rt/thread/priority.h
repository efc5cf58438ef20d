/* SPDX-License-Identifier: MIT */
/*
 * Priorities of threads, drawn anew at intervals, after rr's chaos mode (O'Callahan et al., "Engineering Record and
 * Replay for Deployability", 2017, and its "chaos mode"): most threads run, some are slow, and in some intervals these
 * do not run at all. What a scheduler seldom does for long opens windows that short delays do not.
 */
#ifndef PFNSTORM_RT_THREAD_PRIORITY_H
#define PFNSTORM_RT_THREAD_PRIORITY_H

#include "core/rt/thread/self.h"

enum priority { PRIORITY_HIGH, PRIORITY_LOW, PRIORITY_STARVED };

/* Of the thread with recorder @slot in an interval, from the seed of the machine. */
enum priority priority_of(u64 seed, u64 interval, u32 slot);
/* At a point: goes on, gives way, or waits until the interval is over. Whatever it holds, it holds on to. */
void priority_apply(struct task_struct *me);

#endif
