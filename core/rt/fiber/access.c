/* SPDX-License-Identifier: MIT */
/*
 * Accesses to shared memory: the compiler's callbacks, marked accesses, and bulk access.
 *
 * Order of things at each access: the point (others may run), then liveness, dirt and races for the access that is
 * now about to happen. A cell that equals the running task's epoch proves that this task made the same kind of access
 * since its last release, and that nothing died meanwhile (heap_kill_epochs()), so nothing is left to check.
 */
#include "core/rt/access.h"

#include "core/rt/atomic.h"
#include "core/rt/fiber/fiber.h"

RT_UNINSTRUMENTED_BEGIN

struct rt_fast rt_fast = {.ask = RT_ASK_OUTSIDE, .now = RT_NO_EPOCH, .now_store = RT_NO_EPOCH};

/* Below the first page or not canonical: what a null or poisoned pointer leads to. */
static inline bool is_wild(u64 addr)
{
	return addr - 4096 >= (1UL << 47) - 4096;
}

#define COLD __attribute__((noinline, cold))

COLD void access_slow(u64 addr, u32 size, u32 kind, void *pc)
{
	u64 first = arena_offset(addr), last = first + size - 1;
	bool store = kind & (RT_STORE | RT_WRITE_ONCE | RT_RMW);

	if (rt_phase != PHASE_IDLE)
		oops_check(addr, size, pc);
	if (store) {
		dirty_mark(first);
		dirty_mark(last);
	}
	if (!rt_running())
		return;
	if (store && rt.relaxed)
		sched_stored();
	if (rt_config.race_detector && !rt_cur->exempt)
		race_check(addr, size, kind, pc);
}

void access_object(const void *obj, size_t size, void *pc)
{
	u64 addr = (u64)obj;

	if (!in_arena(addr)) {
		if (is_wild(addr))
			oops_check(addr, (u32)size, pc);
		return;
	}
	if (rt_phase != PHASE_IDLE)
		oops_check(addr, (u32)size, pc);
	for (u64 at = arena_offset(addr); at < arena_offset(addr) + size; at += 8)
		dirty_mark(at);
}

/* Has the running task's epoch not been everywhere in [addr, addr + size) with this kind of plain access? */
static inline __attribute__((always_inline)) u32 is_news(u64 addr, u32 size, u32 kind)
{
	const struct race_cell *cell =
		(const struct race_cell *)(RT_SHADOW_BASE + (arena_offset(addr) & ~3UL) * 4);
	u32 different = 0;

	for (u32 i = 0; i < (size + 3) / 4; i++)
		different |= kind == RT_STORE ? cell[i].plain_write ^ rt_fast.now_store
					      : cell[i].plain_read ^ rt_fast.now;
	return different;
}

COLD static void point_and_access(u64 addr, u32 size, u32 kind, void *pc)
{
	sched_point_slow(kind, addr, size, pc);
	if (is_news(addr, size, kind))
		access_slow(addr, size, kind, pc);
}

COLD static void wild_access(u64 addr, u32 size, void *pc)
{
	if (rt_phase != PHASE_NONE)
		oops_check(addr, size, pc);
}

static inline __attribute__((always_inline)) void callback(u64 addr, u32 size, u32 kind, void *pc)
{
	if (unlikely(!in_arena(addr))) {
		if (unlikely(is_wild(addr)))
			wild_access(addr, size, pc);
		return;
	}
	if (unlikely(--rt_fast.ask == 0))
		point_and_access(addr, size, kind, pc);
	else if (unlikely(is_news(addr, size, kind)))
		access_slow(addr, size, kind, pc);
}

#define CALLBACKS(size)                                                                                                \
	void __sanitizer_cov_load##size(const void *addr);                                                             \
	void __sanitizer_cov_load##size(const void *addr)                                                              \
	{                                                                                                              \
		callback((u64)addr, size, RT_LOAD, RT_PC());                                                           \
	}                                                                                                              \
	void __sanitizer_cov_store##size(const void *addr);                                                            \
	void __sanitizer_cov_store##size(const void *addr)                                                             \
	{                                                                                                              \
		callback((u64)addr, size, RT_STORE, RT_PC());                                                          \
	}
CALLBACKS(1)
CALLBACKS(2)
CALLBACKS(4)
CALLBACKS(8)
CALLBACKS(16)

/* ---- bulk ----------------------------------------------------------------------------------------------------- */

static void check_bulk(const void *p, size_t size, size_t stride)
{
	BUG_ON((u64)p % 8 || size % 8 || stride % 8 || !stride || stride > 64);
}

void mem_fill(void *dst, u64 pattern, size_t size, size_t stride)
{
	check_bulk(dst, size, stride);
	for (size_t done = 0; done < size; done += stride) {
		size_t part = min(stride, size - done);
		volatile u64 *to = (volatile u64 *)((char *)dst + done);

		if (in_arena((u64)to)) {
			rt_step(RT_STORE, (u64)to, (u32)part, RT_PC());
			access_slow((u64)to, (u32)part, RT_STORE, RT_PC());
			san_plain_range((const void *)(u64)to, part, 1);
		}
		for (size_t i = 0; i < part / 8; i++)
			to[i] = pattern;
	}
}

static void copy_part(void *dst, const void *src, size_t size)
{
#if RT_MSAN
	__msan_memcpy(dst, src, size);
#else
	for (size_t i = 0; i < size / 8; i++)
		((volatile u64 *)dst)[i] = ((const volatile u64 *)src)[i];
#endif
}

/* A load of each stride, then a store of it: others may come between, as with any copy through registers. */
void mem_copy(void *dst, const void *src, size_t size, size_t stride)
{
	u64 buffer[8];

	check_bulk(dst, size, stride);
	check_bulk(src, size, stride);
	for (size_t done = 0; done < size; done += stride) {
		size_t part = min(stride, size - done);
		char *to = (char *)dst + done;
		const char *from = (const char *)src + done;

		if (in_arena((u64)from)) {
			rt_step(RT_LOAD, (u64)from, part, RT_PC());
			access_slow((u64)from, (u32)part, RT_LOAD, RT_PC());
			san_plain_range(from, part, 0);
		}
		copy_part(buffer, from, part);
		if (in_arena((u64)to)) {
			rt_step(RT_STORE, (u64)to, part, RT_PC());
			access_slow((u64)to, (u32)part, RT_STORE, RT_PC());
			san_plain_range(to, part, 1);
		}
		copy_part(to, buffer, part);
	}
}

void rt_exclusive_access(const volatile void *p, size_t size)
{
	u64 addr = (u64)p;

	if (!in_arena(addr))
		return;
	rt_step(RT_STORE, addr, (u32)size, RT_PC());
	access_slow(addr, (u32)size, RT_STORE, RT_PC());
	san_plain_range((const void *)addr, size, 1);
}

void rt_data_race_begin(void)
{
	rt_cur->exempt++;
	san_outside_begin();
}

void rt_data_race_end(void)
{
	san_outside_end();
	rt_cur->exempt--;
}

/* ---- marked: to MSan they move initialised values, since lockless readers may look at a memmap nobody initialised - */

/* A marked access to @addr comes next. */
static inline __attribute__((always_inline)) void marked(const volatile void *p, u32 size, u32 kind, void *pc)
{
	u64 addr = (u64)p, offset = arena_offset(addr);
	const struct race_cell *cell;
	u32 different = 0;

	if (unlikely(offset >= RT_ARENA_SIZE)) {
		if (unlikely(is_wild(addr)))
			wild_access(addr, size, pc);
		return;
	}
	rt_step(kind, addr, size, pc);
	cell = (const struct race_cell *)(RT_SHADOW_BASE + (offset & ~3UL) * 4);
	for (u32 i = 0; i < (size + 3) / 4; i++)
		different |= kind == RT_READ_ONCE ? cell[i].marked_read ^ rt_fast.now
						  : cell[i].marked_write ^ rt_fast.now_store;
	if (unlikely(different))
		access_slow(addr, size, kind, pc);
	if (!rt_cur->exempt)
		san_marked((const void *)addr, size, kind != RT_READ_ONCE);
}

static inline __attribute__((always_inline)) void acquire_from(const volatile void *p)
{
	if (in_arena((u64)p))
		hb_acquire(sync_at((u64)p));
}

/* A store-release starts a new release sequence: readers of the new value learn from this task only. */
static inline __attribute__((always_inline)) void publish_to(const volatile void *p)
{
	if (in_arena((u64)p))
		hb_publish(sync_at((u64)p));
}

static inline __attribute__((always_inline)) void release_to(const volatile void *p)
{
	if (in_arena((u64)p))
		hb_release(sync_at((u64)p));
}

#define MARKED_LOAD(name, type, size, then)                                                                            \
	type name(const volatile void *p)                                                                              \
	{                                                                                                              \
		marked(p, size, RT_READ_ONCE, RT_PC());                                                                \
		then;                                                                                                  \
		return *(const volatile type *)p;                                                                      \
	}
#define MARKED_STORE(name, type, size, then)                                                                           \
	void name(volatile void *p, type v)                                                                            \
	{                                                                                                              \
		marked(p, size, RT_WRITE_ONCE, RT_PC());                                                               \
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
MARKED_STORE(rt_store_release_4, u32, 4, publish_to(p))
MARKED_STORE(rt_store_release_8, u64, 8, publish_to(p))

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
	marked(v, 4, RT_RMW, RT_PC());
	v->counter = (s32)((u32)v->counter + (u32)i);
}

void atomic_long_add(s64 i, atomic_long_t *v)
{
	marked(v, 8, RT_RMW, RT_PC());
	v->counter = (s64)((u64)v->counter + (u64)i);
}

void set_bit(unsigned int nr, u64 *addr)
{
	marked(&addr[nr / 64], 8, RT_RMW, RT_PC());
	addr[nr / 64] |= BIT(nr % 64);
}

void clear_bit(unsigned int nr, u64 *addr)
{
	marked(&addr[nr / 64], 8, RT_RMW, RT_PC());
	addr[nr / 64] &= ~BIT(nr % 64);
}

s32 atomic_add_return(s32 i, atomic_t *v)
{
	marked(v, 4, RT_RMW, RT_PC());
	acquire_from(v);
	publish_to(v);
	return v->counter = (s32)((u32)v->counter + (u32)i);
}

s64 atomic_long_add_return(s64 i, atomic_long_t *v)
{
	marked(v, 8, RT_RMW, RT_PC());
	acquire_from(v);
	publish_to(v);
	return v->counter = (s64)((u64)v->counter + (u64)i);
}

s32 atomic_xchg(atomic_t *v, s32 val)
{
	s32 old;

	marked(v, 4, RT_RMW, RT_PC());
	acquire_from(v);
	publish_to(v);
	old = v->counter;
	v->counter = val;
	return old;
}

s32 atomic_cmpxchg(atomic_t *v, s32 old, s32 val)
{
	s32 found;

	marked(v, 4, RT_RMW, RT_PC());
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
	marked(v, 4, RT_RMW, RT_PC());
	if (v->counter == u)
		return false;
	acquire_from(v);
	publish_to(v);
	v->counter = (s32)((u32)v->counter + (u32)a);
	return true;
}

bool test_and_set_bit(unsigned int nr, u64 *addr)
{
	u64 *word = &addr[nr / 64], old;

	marked(word, 8, RT_RMW, RT_PC());
	acquire_from(word);
	publish_to(word);
	old = *word;
	*word = old | BIT(nr % 64);
	return old >> (nr % 64) & 1;
}

bool test_and_clear_bit(unsigned int nr, u64 *addr)
{
	u64 *word = &addr[nr / 64], old;

	marked(word, 8, RT_RMW, RT_PC());
	acquire_from(word);
	publish_to(word);
	old = *word;
	*word = old & ~BIT(nr % 64);
	return old >> (nr % 64) & 1;
}

bool test_and_set_bit_lock(unsigned int nr, u64 *addr)
{
	u64 *word = &addr[nr / 64];

	marked(word, 8, RT_RMW, RT_PC());
	if (*word >> (nr % 64) & 1)
		return true;
	acquire_from(word);
	*word |= BIT(nr % 64);
	return false;
}

void clear_bit_unlock(unsigned int nr, u64 *addr)
{
	u64 *word = &addr[nr / 64];

	marked(word, 8, RT_RMW, RT_PC());
	release_to(word);
	*word &= ~BIT(nr % 64);
}

u64 cmpxchg64(u64 *p, u64 old, u64 val)
{
	u64 found;

	marked(p, 8, RT_RMW, RT_PC());
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

	marked(p, 8, RT_RMW, RT_PC());
	acquire_from(p);
	publish_to(p);
	old = *p;
	*p = val;
	return old;
}

RT_UNINSTRUMENTED_END

/* Without an engine or sanitizer nobody wants the coverage tables; with one, its definitions win. */
void __attribute__((weak)) __sanitizer_cov_8bit_counters_init(char *start, char *end);
void __attribute__((weak)) __sanitizer_cov_8bit_counters_init(char *start, char *end)
{
	(void)start, (void)end;
}

void __attribute__((weak)) __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *end);
void __attribute__((weak)) __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *end)
{
	(void)start, (void)end;
}
