/* SPDX-License-Identifier: MIT */
/*
 * Accesses to shared memory: the compiler's callbacks and bulk access; what marked accesses share with them.
 *
 * Order of things at each access: the point (others may run), then liveness, dirt and races for the access that is
 * now about to happen.
 */
#include "core/rt/access.h"

#include "core/rt/fiber/fast.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

struct rt_fast rt_fast = {.ask = RT_ASK_OUTSIDE, .view = RT_VIEW_NOTHING, .usual = RT_VIEW_NOTHING};

#define COLD __attribute__((noinline, cold))

COLD void access_check(u64 addr, u32 size, u32 kind, void *pc)
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
	if (unlikely(rt_reads_sink != NULL) && kind & (RT_LOAD | RT_READ_ONCE | RT_RMW) && rt_config.race_detector)
		race_note_read(addr, size);
	if (rt_config.race_detector && !rt_cur->exempt)
		race_check(addr, size, kind, pc);
}

COLD void access_slow(u64 addr, u32 size, u32 kind, void *pc)
{
	access_check(addr, size, kind, pc);
	if (rt_fast.weak)
		storebuf_access(addr, size, kind);
}

COLD void object_slow(u64 addr, u64 size, void *pc)
{
	if (!in_arena(addr)) {
		if (is_wild(addr))
			oops_check(addr, size, pc);
		return;
	}
	if (rt_phase != PHASE_IDLE)
		oops_check(addr, size, pc);
	for (u64 at = arena_offset(addr) & ~(RT_GRANULE - 1); at < arena_offset(addr) + size; at += RT_GRANULE)
		dirty_mark(at);
}

/* ---- what is not quick, and yet in order ------------------------------------------------------------------------- */

/* Nothing there that an access would have to be compared with: all of it happened before. */
ALWAYS_INLINE bool is_before(u32 value)
{
	return likely(!(value & RT_VECTOR)) ? covers(value) : !vc_valid(value & ~RT_VECTOR);
}

/* The running task joins those who made accesses that may be concurrent. False: it takes another vector. */
ALWAYS_INLINE bool join_others(u32 *cell)
{
	u32 value = *cell, index = value & ~RT_VECTOR;

	if (value & RT_VECTOR && vc_valid(index))
		vc_at(index)->c[rt_cur->slot] = epoch_clock((u32)rt_fast.now);
	else if (value & RT_VECTOR || covers(value))
		*cell = (u32)rt_fast.now;
	else
		return false;
	return true;
}

ALWAYS_INLINE bool half_in_order(struct race_pair *pair, u32 half, u32 kind)
{
	if (!is_before(pair->plain_write[half]))
		return false;
	switch (kind) {
	case RT_LOAD:
		return is_before(pair->marked_write[half]) && join_others(&pair->plain_read[half]);
	case RT_READ_ONCE:
		return join_others(&pair->marked_read[half]);
	case RT_STORE:
		if (!is_before(pair->marked_write[half]) || !is_before(pair->plain_read[half]) ||
		    !is_before(pair->marked_read[half]))
			return false;
		pair->plain_write[half] = (u32)rt_fast.now;
		return true;
	default:
		return is_before(pair->plain_read[half]) && join_others(&pair->marked_write[half]);
	}
}

/* Nonzero where the cells of the two halves differ. */
ALWAYS_INLINE u64 unlike(const u32 cells[2])
{
	u64 both = *(const u64 *)cells;

	return both ^ (both << 32 | both >> 32);
}

ALWAYS_INLINE bool halves_alike(const struct race_pair *pair, u32 kind)
{
	u64 differ = unlike(pair->plain_write);

	if (kind == RT_READ_ONCE)
		return !(differ | unlike(pair->marked_read));
	differ |= unlike(pair->marked_write) | unlike(pair->plain_read);
	return !(kind == RT_STORE ? differ | unlike(pair->marked_read) : differ);
}

/* 8 bytes were mostly accessed as 8 bytes before: one look serves both halves. */
ALWAYS_INLINE bool pair_in_order(struct race_pair *pair, u32 kind)
{
	u32 *cells = cells_of(pair, kind);

	if (unlikely(!halves_alike(pair, kind)))
		return half_in_order(pair, 0, kind) && half_in_order(pair, 1, kind);
	if (!half_in_order(pair, 0, kind))
		return false;
	cells[1] = cells[0];
	return true;
}

/* May somebody want to know whom a read of this half reads from? A look at what the detector has loaded anyway. */
ALWAYS_INLINE bool is_foreign(u32 write)
{
	return write >= rt_clock_base << RT_SLOT_BITS && epoch_slot(write) != rt_cur->slot;
}

ALWAYS_INLINE void note_read(u64 addr, u32 size, const struct race_pair *pair, u32 half)
{
	u32 halves = size == 16 ? 4 : nr_halves(size);

	if (likely(!rt_reads_sink) || !rt_running())
		return;
	/* What was written as 8 bytes has one writer. */
	if (size == 8 && !(unlike(pair->plain_write) | unlike(pair->marked_write)))
		halves = 1;
	for (u32 i = 0; i < halves; i++) {
		const struct race_pair *of = pair + i / 2;

		if (is_foreign(of->plain_write[half + i % 2]) || is_foreign(of->marked_write[half + i % 2])) {
			race_note_read(addr, size);
			return;
		}
	}
}

/* @addr is in the arena. */
ALWAYS_INLINE void access_rest(u64 addr, u32 size, u32 kind, void *pc)
{
	u64 offset = arena_offset(addr);
	struct race_pair *pair = pair_of(addr);
	u32 half = first_half(addr, size);
	bool quiet = RT_LIVE[offset / 16] && !(addr & (size - 1)) && !(rt_fast.watched & kind);

	if (IS_STORE(kind))
		quiet = quiet && RT_DIRTY_MAP[offset / RT_GRANULE];
	if (quiet && rt_fast.view.base)
		quiet = size <= 4 ? half_in_order(pair, half, kind)
				  : pair_in_order(pair, kind) && (size == 8 || pair_in_order(pair + 1, kind));
	if (unlikely(!quiet))
		access_slow(addr, size, kind, pc);
	else if (!IS_STORE(kind))
		note_read(addr, size, pair, half);
}

#define REST(linkage, name, size, kind)                                                                                \
	linkage __attribute__((noinline)) void name(u64 addr, void *pc)                                                \
	{                                                                                                              \
		access_rest(addr, size, kind, pc);                                                                     \
	}
REST(static, rest_load_1, 1, RT_LOAD)
REST(static, rest_load_2, 2, RT_LOAD)
REST(static, rest_load_4, 4, RT_LOAD)
REST(static, rest_load_8, 8, RT_LOAD)
REST(static, rest_load_16, 16, RT_LOAD)
REST(static, rest_store_1, 1, RT_STORE)
REST(static, rest_store_2, 2, RT_STORE)
REST(static, rest_store_4, 4, RT_STORE)
REST(static, rest_store_8, 8, RT_STORE)
REST(static, rest_store_16, 16, RT_STORE)
REST(, rest_read_once_1, 1, RT_READ_ONCE)
REST(, rest_read_once_2, 2, RT_READ_ONCE)
REST(, rest_read_once_4, 4, RT_READ_ONCE)
REST(, rest_read_once_8, 8, RT_READ_ONCE)
REST(, rest_write_once_1, 1, RT_WRITE_ONCE)
REST(, rest_write_once_2, 2, RT_WRITE_ONCE)
REST(, rest_write_once_4, 4, RT_WRITE_ONCE)
REST(, rest_write_once_8, 8, RT_WRITE_ONCE)
REST(, rest_rmw_4, 4, RT_RMW)
REST(, rest_rmw_8, 8, RT_RMW)

/* ---- callbacks --------------------------------------------------------------------------------------------------- */

COLD static void point_and_rest(u64 addr, u32 size, u32 kind, void (*rest)(u64 addr, void *pc), void *pc)
{
	sched_point_slow(kind, addr, size, pc);
	rest(addr, pc);
}

COLD void wild_access(u64 addr, u32 size, void *pc)
{
	if (rt_phase != PHASE_NONE)
		oops_check(addr, size, pc);
}

/* RT_PC() is where it is needed only: it costs a load. */
ALWAYS_INLINE void callback(u64 addr, u32 size, u32 kind, void (*rest)(u64 addr, void *pc))
{
	if (!in_arena_quick(addr)) {
		if (unlikely(is_wild(addr)))
			wild_access(addr, size, RT_PC());
		return;
	}
	if (unlikely(--rt_fast.ask == 0))
		point_and_rest(addr, size, kind, rest, RT_PC());
	else if (!access_quick(addr, size, kind))
		rest(addr, RT_PC());
}

#define CALLBACKS(size)                                                                                                \
	void __sanitizer_cov_load##size(const void *addr);                                                             \
	void __sanitizer_cov_load##size(const void *addr)                                                              \
	{                                                                                                              \
		callback((u64)addr, size, RT_LOAD, rest_load_##size);                                                  \
	}                                                                                                              \
	void __sanitizer_cov_store##size(const void *addr);                                                            \
	void __sanitizer_cov_store##size(const void *addr)                                                             \
	{                                                                                                              \
		callback((u64)addr, size, RT_STORE, rest_store_##size);                                                \
	}
CALLBACKS(1)
CALLBACKS(2)
CALLBACKS(4)
CALLBACKS(8)
CALLBACKS(16)

/* ---- bulk ----------------------------------------------------------------------------------------------------- */

/* Of [addr, addr + size), whole pairs: is each seen in this slice, or old, and the memory alive (and dirty)? Notes it.
 */
ALWAYS_INLINE bool range_quick(u64 addr, u64 size, u32 kind)
{
	struct race_pair *pair = pair_of(addr), *end = pair + size / 8;
	u64 offset = arena_offset(addr);

	for (u64 at = offset / 16; at <= (offset + size - 1) / 16; at++)
		if (!RT_LIVE[at])
			return false;
	if (IS_STORE(kind) && (!RT_DIRTY_MAP[offset / RT_GRANULE] || !RT_DIRTY_MAP[(offset + size - 1) / RT_GRANULE]))
		return false;
	for (struct race_pair *p = pair; p < end; p++) {
		if (seen_in_slice(p, 0, 8, kind))
			continue;
		if (IS_STORE(kind) ? !pair_is_old(p) : !half_is_old(p, 0, kind) || !half_is_old(p, 1, kind))
			return false;
	}
	for (struct race_pair *p = pair; p < end; p++)
		note_access(p, 0, 8, kind);
	return true;
}

static void access_range(u64 addr, u64 size, u32 kind, void *pc)
{
	bool quick = true;

	rt_step(kind, addr, size, pc);
	if (kind == RT_LOAD)
		quick = quick && range_quick(addr, size, RT_LOAD);
	else
		quick = quick && range_quick(addr, size, RT_STORE);
	if (!quick)
		access_slow(addr, (u32)size, kind, pc);
	san_plain_range((const void *)addr, size, kind == RT_STORE);
}

static void check_bulk(const void *p, size_t size, size_t stride)
{
	BUG_ON((u64)p % 8 || size % 8 || stride % 8 || !stride || stride > 64);
}

void mem_fill(void *dst, u64 pattern, size_t size, size_t stride)
{
	check_bulk(dst, size, stride);
	if (unlikely(rt_cur->exempt) && rt_running() && rt_memmap_live(dst))
		memmap_filled((u64)dst, size);
	for (size_t done = 0; done < size; done += stride) {
		size_t part = min(stride, size - done);
		volatile u64 *to = (volatile u64 *)((char *)dst + done);

		if (in_arena((u64)to))
			access_range((u64)to, part, RT_STORE, RT_PC());
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

		if (in_arena((u64)from))
			access_range((u64)from, part, RT_LOAD, RT_PC());
		copy_part(buffer, from, part);
		if (in_arena((u64)to))
			access_range((u64)to, part, RT_STORE, RT_PC());
		copy_part(to, buffer, part);
	}
}

void rt_exclusive_access(const volatile void *p, size_t size)
{
	u64 addr = (u64)p;

	if (!in_arena(addr))
		return;
	rt_step(RT_STORE, addr, (u32)size, RT_PC());
	access_check(addr, (u32)size, RT_STORE, RT_PC());
	san_plain_range((const void *)addr, size, 1);
}

void rt_data_race_begin(void)
{
	if (!rt_cur->exempt++)
		rt_fast.view = (struct rt_view)RT_VIEW_NOTHING;
	san_outside_begin();
}

void rt_data_race_end(void)
{
	san_outside_end();
	if (!--rt_cur->exempt)
		rt_fast.view = rt_fast.usual;
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
