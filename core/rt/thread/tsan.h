/* SPDX-License-Identifier: MIT */
/*
 * Edges of happens-before that TSan cannot see by itself: liburcu is not compiled with it, and the read side of a
 * grace period is no lock.
 */
#ifndef PFNSTORM_RT_THREAD_TSAN_H
#define PFNSTORM_RT_THREAD_TSAN_H

#include "rt_impl/access.h"

/*
 * Does nothing. TSan's runtime has weak defaults for the hooks in tsan.c, so that a linker would leave the file out of
 * an archive if nobody called into it.
 */
void tsan_link(void);

#ifdef RT_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define tsan_acquire(p) __tsan_acquire(p)
#define tsan_release(p) __tsan_release(p)
#else
#define tsan_acquire(p) ((void)(p))
#define tsan_release(p) ((void)(p))
#endif

#endif
