/* SPDX-License-Identifier: MIT */
/* Atomic operations with the kernel's ordering: value-returning ones are full barriers, the others none. */
#include "core/rt/atomic.h"

#include "core/rt/access.h"

s32 atomic_read(const atomic_t *v)
{
	return READ_ONCE(v->counter);
}

void atomic_set(atomic_t *v, s32 i)
{
	WRITE_ONCE(v->counter, i);
}

void atomic_add(s32 i, atomic_t *v)
{
	__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);
}

s32 atomic_add_return(s32 i, atomic_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

s32 atomic_cmpxchg(atomic_t *v, s32 old, s32 val)
{
	__atomic_compare_exchange_n(&v->counter, &old, val, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	return old;
}

s32 atomic_xchg(atomic_t *v, s32 val)
{
	return __atomic_exchange_n(&v->counter, val, __ATOMIC_SEQ_CST);
}

bool atomic_add_unless(atomic_t *v, s32 a, s32 u)
{
	s32 seen = __atomic_load_n(&v->counter, __ATOMIC_RELAXED);

	do {
		if (seen == u)
			return false;
	} while (!__atomic_compare_exchange_n(&v->counter, &seen, seen + a, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return true;
}

s64 atomic_long_read(const atomic_long_t *v)
{
	return READ_ONCE(v->counter);
}

void atomic_long_set(atomic_long_t *v, s64 i)
{
	WRITE_ONCE(v->counter, i);
}

void atomic_long_add(s64 i, atomic_long_t *v)
{
	__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);
}

s64 atomic_long_add_return(s64 i, atomic_long_t *v)
{
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

s64 atomic_long_cmpxchg(atomic_long_t *v, s64 old, s64 val)
{
	__atomic_compare_exchange_n(&v->counter, &old, val, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	return old;
}

s64 atomic_long_xchg(atomic_long_t *v, s64 val)
{
	return __atomic_exchange_n(&v->counter, val, __ATOMIC_SEQ_CST);
}

bool atomic_long_add_unless(atomic_long_t *v, s64 a, s64 u)
{
	s64 seen = __atomic_load_n(&v->counter, __ATOMIC_RELAXED);

	do {
		if (seen == u)
			return false;
	} while (!__atomic_compare_exchange_n(&v->counter, &seen, seen + a, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return true;
}

bool test_bit(unsigned int nr, const u64 *addr)
{
	return READ_ONCE(addr[nr / 64]) >> (nr % 64) & 1;
}

void set_bit(unsigned int nr, u64 *addr)
{
	__atomic_fetch_or(&addr[nr / 64], BIT(nr % 64), __ATOMIC_RELAXED);
}

void clear_bit(unsigned int nr, u64 *addr)
{
	__atomic_fetch_and(&addr[nr / 64], ~BIT(nr % 64), __ATOMIC_RELAXED);
}

bool test_and_set_bit(unsigned int nr, u64 *addr)
{
	return __atomic_fetch_or(&addr[nr / 64], BIT(nr % 64), __ATOMIC_SEQ_CST) >> (nr % 64) & 1;
}

bool test_and_clear_bit(unsigned int nr, u64 *addr)
{
	return __atomic_fetch_and(&addr[nr / 64], ~BIT(nr % 64), __ATOMIC_SEQ_CST) >> (nr % 64) & 1;
}

bool test_and_set_bit_lock(unsigned int nr, u64 *addr)
{
	return __atomic_fetch_or(&addr[nr / 64], BIT(nr % 64), __ATOMIC_ACQUIRE) >> (nr % 64) & 1;
}

void clear_bit_unlock(unsigned int nr, u64 *addr)
{
	__atomic_fetch_and(&addr[nr / 64], ~BIT(nr % 64), __ATOMIC_RELEASE);
}

u64 cmpxchg64(u64 *p, u64 old, u64 val)
{
	__atomic_compare_exchange_n(p, &old, val, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	return old;
}

u64 xchg64(u64 *p, u64 val)
{
	return __atomic_exchange_n(p, val, __ATOMIC_SEQ_CST);
}
