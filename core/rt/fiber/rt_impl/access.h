/* SPDX-License-Identifier: MIT */
/*
 * Marked accesses under fiber: calls that are a scheduling point and then touch memory in uninstrumented code, so that
 * each is exactly one point in every preset (contract: core/rt/access.h).
 */
#ifndef PFNSTORM_RT_IMPL_ACCESS_H
#define PFNSTORM_RT_IMPL_ACCESS_H

#include "core/rt/types.h"

u8 rt_read_once_1(const volatile void *p);
u16 rt_read_once_2(const volatile void *p);
u32 rt_read_once_4(const volatile void *p);
u64 rt_read_once_8(const volatile void *p);
u32 rt_load_acquire_4(const volatile void *p);
u64 rt_load_acquire_8(const volatile void *p);
void rt_write_once_1(volatile void *p, u8 v);
void rt_write_once_2(volatile void *p, u16 v);
void rt_write_once_4(volatile void *p, u32 v);
void rt_write_once_8(volatile void *p, u64 v);
void rt_store_release_4(volatile void *p, u32 v);
void rt_store_release_8(volatile void *p, u64 v);
void rt_smp_mb(void);
void rt_smp_wmb(void);
void rt_data_race_begin(void);
void rt_data_race_end(void);
void rt_exclusive_access(const volatile void *p, size_t size);

#define RT_SIZE_1248(x)                                                                                                \
	_Static_assert(sizeof(x) == 8 || sizeof(x) == 4 || sizeof(x) == 2 || sizeof(x) == 1,                           \
		       "marked access of a struct")
#define RT_SIZE_48(x) _Static_assert(sizeof(x) == 8 || sizeof(x) == 4, "ordered accesses are 4 or 8 bytes wide")

#define READ_ONCE(x)                                                                                                   \
	({                                                                                                             \
		RT_SIZE_1248(x);                                                                                       \
		(__typeof__(x))(sizeof(x) == 8   ? rt_read_once_8(&(x))                                                \
				: sizeof(x) == 4 ? rt_read_once_4(&(x))                                                \
				: sizeof(x) == 2 ? rt_read_once_2(&(x))                                                \
						 : rt_read_once_1(&(x)));                                              \
	})
#define WRITE_ONCE(x, v)                                                                                               \
	do {                                                                                                           \
		__typeof__(x) _once = (v);                                                                             \
		RT_SIZE_1248(x);                                                                                       \
		if (sizeof(x) == 8)                                                                                    \
			rt_write_once_8(&(x), (u64)_once);                                                             \
		else if (sizeof(x) == 4)                                                                               \
			rt_write_once_4(&(x), (u32)(u64)_once);                                                        \
		else if (sizeof(x) == 2)                                                                               \
			rt_write_once_2(&(x), (u16)(u64)_once);                                                        \
		else                                                                                                   \
			rt_write_once_1(&(x), (u8)(u64)_once);                                                         \
	} while (0)
#define smp_load_acquire(p)                                                                                            \
	({                                                                                                             \
		RT_SIZE_48(*(p));                                                                                      \
		(__typeof__(*(p)))(sizeof(*(p)) == 8 ? rt_load_acquire_8(p) : rt_load_acquire_4(p));                   \
	})
#define smp_store_release(p, v)                                                                                        \
	do {                                                                                                           \
		__typeof__(*(p)) _once = (v);                                                                          \
		RT_SIZE_48(*(p));                                                                                      \
		if (sizeof(*(p)) == 8)                                                                                 \
			rt_store_release_8(p, (u64)_once);                                                             \
		else                                                                                                   \
			rt_store_release_4(p, (u32)(u64)_once);                                                        \
	} while (0)

/* Nothing: who reads what is gone is found at the access, and schedules that do are searched for. */
#define rt_rcu_reached(ptr) ((void)(ptr))

/*
 * Fibers interleave in program order. Without store buffers a barrier only keeps the compiler from moving accesses
 * across it, as any call does; with them loads are still never late.
 */
#define smp_mb() rt_smp_mb()
#define smp_rmb() __asm__ volatile("" ::: "memory")
#define smp_wmb() rt_smp_wmb()

#define data_race(expr, why)                                                                                           \
	({                                                                                                             \
		_Static_assert(sizeof(why "") > 1, "data_race needs a reason");                                        \
		rt_data_race_begin();                                                                                  \
		__typeof__(expr) _racy = (expr);                                                                       \
		rt_data_race_end();                                                                                    \
		_racy;                                                                                                 \
	})
#define ASSERT_EXCLUSIVE_ACCESS(x) rt_exclusive_access(&(x), sizeof(x))

#endif
