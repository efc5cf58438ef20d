/* SPDX-License-Identifier: MIT */
/*
 * Marked accesses of the thread runtime: relaxed atomics, so that TSan takes them for what they are and everything
 * else for plain. Contract: core/rt/access.h.
 */
#ifndef PFNSTORM_RT_IMPL_ACCESS_H
#define PFNSTORM_RT_IMPL_ACCESS_H

#include "core/rt/types.h"

#define RT_RUNTIME_THREAD 1

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RT_TSAN 1
#endif
#endif

#ifdef RT_TSAN
/*
 * TSan knows nothing of address dependencies, which is what READ_ONCE() of a pointer orders in the kernel's memory
 * model; for pointers (type class 5) the load is an acquire under TSan, and pairs with rcu_assign_pointer() only.
 */
#define RT_LOAD_ORDER(x) (__builtin_classify_type(x) == 5 ? __ATOMIC_ACQUIRE : __ATOMIC_RELAXED)
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void __tsan_write_range(void *addr, unsigned long size);
#define data_race(expr, why)                                                                                           \
	({                                                                                                             \
		_Static_assert(sizeof(why) > 1, "data_race() needs a reason");                                         \
		AnnotateIgnoreReadsBegin(__FILE__, __LINE__);                                                          \
		AnnotateIgnoreWritesBegin(__FILE__, __LINE__);                                                         \
		__typeof__(expr) _racy = (expr);                                                                       \
		AnnotateIgnoreWritesEnd(__FILE__, __LINE__);                                                           \
		AnnotateIgnoreReadsEnd(__FILE__, __LINE__);                                                            \
		_racy;                                                                                                 \
	})
#define ASSERT_EXCLUSIVE_ACCESS(x) __tsan_write_range((void *)&(x), sizeof(x))
#else
#define RT_LOAD_ORDER(x) __ATOMIC_RELAXED
#define data_race(expr, why)                                                                                           \
	({                                                                                                             \
		_Static_assert(sizeof(why) > 1, "data_race() needs a reason");                                         \
		(expr);                                                                                                \
	})
#define ASSERT_EXCLUSIVE_ACCESS(x) ((void)&(x))
#endif

#define RT_WORD_SIZE(x)                                                                                                \
	_Static_assert(sizeof(x) == 1 || sizeof(x) == 2 || sizeof(x) == 4 || sizeof(x) == 8, "one access only")

#define READ_ONCE(x)                                                                                                   \
	({                                                                                                             \
		RT_WORD_SIZE(x);                                                                                       \
		__atomic_load_n(&(x), RT_LOAD_ORDER(x));                                                               \
	})
#define WRITE_ONCE(x, v)                                                                                               \
	do {                                                                                                           \
		RT_WORD_SIZE(x);                                                                                       \
		__atomic_store_n(&(x), (v), __ATOMIC_RELAXED);                                                         \
	} while (0)
/* age.h: at the end of its read section the reader looks whether that is still there. Outside of one: nothing. */
void rt_rcu_reached(const void *ptr);
#define smp_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

#endif
