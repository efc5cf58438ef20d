/* SPDX-License-Identifier: MIT */
/*
 * Atomic counters and bit operations (include/linux/atomic, include/linux/bitops.h, 6.1).
 *
 * Every function is one marked access and one scheduling point, taken before the operation. Ordering is the kernel's:
 * operations that return a value are fully ordered, the others are not ordered at all; *_test_and_* bit operations
 * count as returning a value. atomic_read/atomic_set are READ_ONCE/WRITE_ONCE. Callable in any context.
 */
#ifndef PFNSTORM_RT_ATOMIC_H
#define PFNSTORM_RT_ATOMIC_H

#include "core/rt/types.h"

typedef struct {
	s32 counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic_long_t;

s32 atomic_read(const atomic_t *v);
void atomic_set(atomic_t *v, s32 i);
void atomic_add(s32 i, atomic_t *v);
s32 atomic_add_return(s32 i, atomic_t *v);
s32 atomic_cmpxchg(atomic_t *v, s32 old, s32 val);
s32 atomic_xchg(atomic_t *v, s32 val);
/* Adds @a unless the value was @u; true if it added. Fully ordered on success, unordered on failure. */
bool atomic_add_unless(atomic_t *v, s32 a, s32 u);

s64 atomic_long_read(const atomic_long_t *v);
void atomic_long_set(atomic_long_t *v, s64 i);
void atomic_long_add(s64 i, atomic_long_t *v);
s64 atomic_long_add_return(s64 i, atomic_long_t *v);
s64 atomic_long_cmpxchg(atomic_long_t *v, s64 old, s64 val);
s64 atomic_long_xchg(atomic_long_t *v, s64 val);
bool atomic_long_add_unless(atomic_long_t *v, s64 a, s64 u);

/* @nr counts bits from the start of @addr and may exceed 63. */
bool test_bit(unsigned int nr, const u64 *addr);
void set_bit(unsigned int nr, u64 *addr);
void clear_bit(unsigned int nr, u64 *addr);
bool test_and_set_bit(unsigned int nr, u64 *addr);
bool test_and_clear_bit(unsigned int nr, u64 *addr);
/* test_and_set_bit with acquire ordering on success only; clear_bit with release ordering. */
bool test_and_set_bit_lock(unsigned int nr, u64 *addr);
void clear_bit_unlock(unsigned int nr, u64 *addr);

u64 cmpxchg64(u64 *p, u64 old, u64 val);
u64 xchg64(u64 *p, u64 val);

static inline void atomic_inc(atomic_t *v)
{
	atomic_add(1, v);
}

static inline void atomic_dec(atomic_t *v)
{
	atomic_add(-1, v);
}

static inline s32 atomic_inc_return(atomic_t *v)
{
	return atomic_add_return(1, v);
}

static inline s32 atomic_dec_return(atomic_t *v)
{
	return atomic_add_return(-1, v);
}

static inline bool atomic_dec_and_test(atomic_t *v)
{
	return atomic_add_return(-1, v) == 0;
}

static inline bool atomic_inc_not_zero(atomic_t *v)
{
	return atomic_add_unless(v, 1, 0);
}

static inline bool atomic_sub_and_test(s32 i, atomic_t *v)
{
	return atomic_add_return(-i, v) == 0;
}

static inline void atomic_long_inc(atomic_long_t *v)
{
	atomic_long_add(1, v);
}

static inline void atomic_long_dec(atomic_long_t *v)
{
	atomic_long_add(-1, v);
}

static inline s64 atomic_long_inc_return(atomic_long_t *v)
{
	return atomic_long_add_return(1, v);
}

static inline s64 atomic_long_dec_return(atomic_long_t *v)
{
	return atomic_long_add_return(-1, v);
}

static inline bool atomic_long_sub_and_test(s64 i, atomic_long_t *v)
{
	return atomic_long_add_return(-i, v) == 0;
}

static inline bool atomic_long_dec_and_test(atomic_long_t *v)
{
	return atomic_long_sub_and_test(1, v);
}

static inline bool atomic_long_inc_not_zero(atomic_long_t *v)
{
	return atomic_long_add_unless(v, 1, 0);
}

#endif
