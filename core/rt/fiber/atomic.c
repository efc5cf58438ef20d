/* SPDX-License-Identifier: MIT */
/*
 * Marked accesses and atomic operations: a point, then the access itself, here in uninstrumented code. To MSan they
 * move initialised values: lockless readers may look at a memmap that nobody has initialised, and say so themselves.
 */
#include "core/rt/atomic.h"

#include "core/rt/access.h"
#include "core/rt/fiber/fast.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

/*
 * Each operation is three functions, the later ones called in tail position so that the first needs no stack frame: the
 * access if nobody is to be asked and it is quick, all from the point on, or what comes after the point.
 */
ALWAYS_INLINE bool no_point_due(u64 addr)
{
	return likely(in_arena_quick(addr)) && likely(--rt_fast.ask != 0);
}

/* The point is over, nobody was asked: count it, and do the rest if that is quick. */
ALWAYS_INLINE bool marked_quick(u64 addr, u32 size, u32 kind)
{
	rt.ticks++;
	rt_hash(addr ^ (kind == RT_READ_ONCE ? rt_fast.hash_read
			: kind == RT_RMW     ? rt_fast.hash_rmw
					     : rt_fast.hash_write));
	return !RT_TSAN && likely(access_quick(addr, size, kind));
}

/* The operation as a whole, if it is in the arena; its point is due. */
static __attribute__((noinline)) void marked_point(u64 addr, u32 size, u32 kind, void (*rest)(u64 addr, void *pc),
						   void *pc)
{
	if (!in_arena(addr)) {
		if (is_wild(addr))
			wild_access(addr, size, pc);
		return;
	}
	rt.ticks++;
	sched_point_slow(kind, addr, size, pc);
	rt_hash_point(kind, addr);
	rest(addr, pc);
	if (!rt_cur->exempt)
		san_marked((const void *)addr, size, kind != RT_READ_ONCE);
}

ALWAYS_INLINE void marked_rest(u64 addr, u32 size, u32 kind, void (*rest)(u64 addr, void *pc), void *pc)
{
	rest(addr, pc);
	if (RT_TSAN && !rt_cur->exempt)
		san_marked((const void *)addr, size, kind != RT_READ_ONCE);
}

static __attribute__((noinline)) void rmw_rest(u64 addr, u32 size, void (*rest)(u64 addr, void *pc), void *pc)
{
	marked_rest(addr, size, RT_RMW, rest, pc);
}

/* An atomic operation on @p, 4 or 8 bytes, comes next. */
ALWAYS_INLINE void rmw(void *p, u32 size, void *pc)
{
	void (*rest)(u64 addr, void *pc) = size == 4 ? rest_rmw_4 : rest_rmw_8;

	if (unlikely(!no_point_due((u64)p)))
		marked_point((u64)p, size, RT_RMW, rest, pc);
	else if (!marked_quick((u64)p, size, RT_RMW))
		rmw_rest((u64)p, size, rest, pc);
}

ALWAYS_INLINE void acquire_from(const volatile void *p)
{
	if (in_arena_quick((u64)p))
		hb_acquire(sync_at((u64)p));
}

/* A store-release starts a new release sequence: readers of the new value learn from this task only. */
ALWAYS_INLINE void publish_store(const volatile void *p)
{
	if (!in_arena_quick((u64)p))
		return;
	if (unlikely(rt_fast.weak))
		storebuf_release((u64)p);
	else
		hb_publish(sync_at((u64)p));
}

/* The same for an operation that is fully ordered. */
ALWAYS_INLINE void publish_to(const volatile void *p)
{
	weak_drain();
	if (in_arena_quick((u64)p))
		hb_publish(sync_at((u64)p));
}

ALWAYS_INLINE void release_to(const volatile void *p)
{
	weak_drain();
	if (in_arena_quick((u64)p))
		hb_release(sync_at((u64)p));
}

#define MARKED_LOAD(name, type, size, then)                                                                            \
	static __attribute__((noinline)) type name##_point(const volatile void *p, void *pc)                           \
	{                                                                                                              \
		marked_point((u64)p, size, RT_READ_ONCE, rest_read_once_##size, pc);                                   \
		then;                                                                                                  \
		return *(const volatile type *)p;                                                                      \
	}                                                                                                              \
	static __attribute__((noinline)) type name##_rest(const volatile void *p, void *pc)                            \
	{                                                                                                              \
		marked_rest((u64)p, size, RT_READ_ONCE, rest_read_once_##size, pc);                                    \
		then;                                                                                                  \
		return *(const volatile type *)p;                                                                      \
	}                                                                                                              \
	type name(const volatile void *p)                                                                              \
	{                                                                                                              \
		if (unlikely(!no_point_due((u64)p)))                                                                   \
			return name##_point(p, RT_PC());                                                               \
		if (unlikely(!marked_quick((u64)p, size, RT_READ_ONCE)))                                               \
			return name##_rest(p, RT_PC());                                                                \
		then;                                                                                                  \
		return *(const volatile type *)p;                                                                      \
	}
#define MARKED_STORE(name, type, size, then)                                                                           \
	static __attribute__((noinline)) void name##_point(volatile void *p, type v, void *pc)                         \
	{                                                                                                              \
		marked_point((u64)p, size, RT_WRITE_ONCE, rest_write_once_##size, pc);                                 \
		then;                                                                                                  \
		*(volatile type *)p = v;                                                                               \
	}                                                                                                              \
	static __attribute__((noinline)) void name##_rest(volatile void *p, type v, void *pc)                          \
	{                                                                                                              \
		marked_rest((u64)p, size, RT_WRITE_ONCE, rest_write_once_##size, pc);                                  \
		then;                                                                                                  \
		*(volatile type *)p = v;                                                                               \
	}                                                                                                              \
	void name(volatile void *p, type v)                                                                            \
	{                                                                                                              \
		if (unlikely(!no_point_due((u64)p))) {                                                                 \
			name##_point(p, v, RT_PC());                                                                   \
			return;                                                                                        \
		}                                                                                                      \
		if (unlikely(!marked_quick((u64)p, size, RT_WRITE_ONCE))) {                                            \
			name##_rest(p, v, RT_PC());                                                                    \
			return;                                                                                        \
		}                                                                                                      \
		then;                                                                                                  \
		*(volatile type *)p = v;                                                                               \
	}
MARKED_LOAD(rt_read_once_1, u8, 1, )
MARKED_LOAD(rt_read_once_2, u16, 2, )
MARKED_LOAD(rt_read_once_4, u32, 4, )
MARKED_LOAD(rt_read_once_8, u64, 8, )
MARKED_LOAD(rt_load_acquire_4, u32, 4, acquire_from(p))
MARKED_LOAD(rt_load_acquire_8, u64, 8, acquire_from(p))
MARKED_STORE(rt_write_once_1, u8, 1, )
MARKED_STORE(rt_write_once_2, u16, 2, )
MARKED_STORE(rt_write_once_4, u32, 4, )
MARKED_STORE(rt_write_once_8, u64, 8, )
MARKED_STORE(rt_store_release_4, u32, 4, publish_store(p))
MARKED_STORE(rt_store_release_8, u64, 8, publish_store(p))

/* ---- atomic.h -------------------------------------------------------------------------------------------------- */

s32 atomic_read(const atomic_t *v)
{
	return (s32)rt_read_once_4(&v->counter);
}

void atomic_set(atomic_t *v, s32 i)
{
	rt_write_once_4(&v->counter, (u32)i);
}

s64 atomic_long_read(const atomic_long_t *v)
{
	return (s64)rt_read_once_8(&v->counter);
}

void atomic_long_set(atomic_long_t *v, s64 i)
{
	rt_write_once_8(&v->counter, (u64)i);
}

bool test_bit(unsigned int nr, const u64 *addr)
{
	return rt_read_once_8(&addr[nr / 64]) >> (nr % 64) & 1;
}

void atomic_add(s32 i, atomic_t *v)
{
	rmw(v, 4, RT_PC());
	v->counter = (s32)((u32)v->counter + (u32)i);
}

void atomic_long_add(s64 i, atomic_long_t *v)
{
	rmw(v, 8, RT_PC());
	v->counter = (s64)((u64)v->counter + (u64)i);
}

void set_bit(unsigned int nr, u64 *addr)
{
	rmw(&addr[nr / 64], 8, RT_PC());
	addr[nr / 64] |= BIT(nr % 64);
}

void clear_bit(unsigned int nr, u64 *addr)
{
	rmw(&addr[nr / 64], 8, RT_PC());
	addr[nr / 64] &= ~BIT(nr % 64);
}

s32 atomic_add_return(s32 i, atomic_t *v)
{
	rmw(v, 4, RT_PC());
	acquire_from(v);
	publish_to(v);
	return v->counter = (s32)((u32)v->counter + (u32)i);
}

s64 atomic_long_add_return(s64 i, atomic_long_t *v)
{
	rmw(v, 8, RT_PC());
	acquire_from(v);
	publish_to(v);
	return v->counter = (s64)((u64)v->counter + (u64)i);
}

s32 atomic_xchg(atomic_t *v, s32 val)
{
	s32 old;

	rmw(v, 4, RT_PC());
	acquire_from(v);
	publish_to(v);
	old = v->counter;
	v->counter = val;
	return old;
}

s32 atomic_cmpxchg(atomic_t *v, s32 old, s32 val)
{
	s32 found;

	rmw(v, 4, RT_PC());
	found = v->counter;
	if (found == old) {
		acquire_from(v);
		publish_to(v);
		v->counter = val;
	}
	return found;
}

bool atomic_add_unless(atomic_t *v, s32 a, s32 u)
{
	rmw(v, 4, RT_PC());
	if (v->counter == u)
		return false;
	acquire_from(v);
	publish_to(v);
	v->counter = (s32)((u32)v->counter + (u32)a);
	return true;
}

s64 atomic_long_cmpxchg(atomic_long_t *v, s64 old, s64 val)
{
	return (s64)cmpxchg64((u64 *)&v->counter, (u64)old, (u64)val);
}

s64 atomic_long_xchg(atomic_long_t *v, s64 val)
{
	return (s64)xchg64((u64 *)&v->counter, (u64)val);
}

bool atomic_long_add_unless(atomic_long_t *v, s64 a, s64 u)
{
	rmw(v, 8, RT_PC());
	if (v->counter == u)
		return false;
	acquire_from(v);
	publish_to(v);
	v->counter = (s64)((u64)v->counter + (u64)a);
	return true;
}

bool test_and_set_bit(unsigned int nr, u64 *addr)
{
	u64 *word = &addr[nr / 64], old;

	rmw(word, 8, RT_PC());
	acquire_from(word);
	publish_to(word);
	old = *word;
	*word = old | BIT(nr % 64);
	return old >> (nr % 64) & 1;
}

bool test_and_clear_bit(unsigned int nr, u64 *addr)
{
	u64 *word = &addr[nr / 64], old;

	rmw(word, 8, RT_PC());
	acquire_from(word);
	publish_to(word);
	old = *word;
	*word = old & ~BIT(nr % 64);
	return old >> (nr % 64) & 1;
}

bool test_and_set_bit_lock(unsigned int nr, u64 *addr)
{
	u64 *word = &addr[nr / 64];

	rmw(word, 8, RT_PC());
	if (*word >> (nr % 64) & 1)
		return true;
	acquire_from(word);
	*word |= BIT(nr % 64);
	return false;
}

void clear_bit_unlock(unsigned int nr, u64 *addr)
{
	u64 *word = &addr[nr / 64];

	rmw(word, 8, RT_PC());
	release_to(word);
	*word &= ~BIT(nr % 64);
}

u64 cmpxchg64(u64 *p, u64 old, u64 val)
{
	u64 found;

	rmw(p, 8, RT_PC());
	found = *p;
	if (found == old) {
		acquire_from(p);
		publish_to(p);
		*p = val;
	}
	return found;
}

u64 xchg64(u64 *p, u64 val)
{
	u64 old;

	rmw(p, 8, RT_PC());
	acquire_from(p);
	publish_to(p);
	old = *p;
	*p = val;
	return old;
}

RT_UNINSTRUMENTED_END
