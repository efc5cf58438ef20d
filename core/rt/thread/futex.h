/* SPDX-License-Identifier: MIT */
/* Sleeping on a word of memory, and the small lock that protects the runtime's own state. */
#ifndef PFNSTORM_RT_THREAD_FUTEX_H
#define PFNSTORM_RT_THREAD_FUTEX_H

#include "core/rt/types.h"

/*
 * No thread sleeps longer than this at a time: it then looks whether its machine is being taken down, whether a
 * signal came, and again at the word. So a wake-up that is missed costs time, never progress.
 */
#define FUTEX_SLICE_NS 5000000UL

/* Sleeps while *@word == @value, at most @ns. */
void futex_wait(const u32 *word, u32 value, u64 ns);
void futex_wake_all(const u32 *word);
void futex_wake_one(const u32 *word);

/* Excludes other threads of the runtime for a few instructions. Nothing else is ever taken inside. */
struct word_lock {
	u32 word; /* 0 free, 1 taken, 2 taken with sleepers */
};

void word_lock(struct word_lock *lock);
void word_unlock(struct word_lock *lock);

/* Monotonic clock. */
u64 clock_ns(void);

/* The processor's own counter where the kernel trusts it to agree on all CPUs, else the monotonic clock. */
u64 clock_ticks(void);
void clock_choose(void);

#endif
