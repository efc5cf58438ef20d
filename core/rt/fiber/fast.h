/* SPDX-License-Identifier: MIT */
/*
 * The fast paths of an access to shared memory, inlined into each callback and marked access.
 *
 * First: the cells say that the running task made the same kind of access since it was switched to and nothing died
 * since (heap_kill_epochs()), so it was found alive and in order, and nobody else was there. Second: the memory is
 * live, and nobody accessed it in this run in a way that could conflict. Both note the present epoch and are done;
 * access_rest() looks at everything else.
 */
#ifndef PFNSTORM_FIBER_FAST_H
#define PFNSTORM_FIBER_FAST_H

#include "core/rt/fiber/fiber.h"

RT_UNINSTRUMENTED_BEGIN

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define IS_STORE(kind) ((kind) & (RT_STORE | RT_WRITE_ONCE | RT_RMW))

typedef s64 cell_halves __attribute__((vector_size(16)));

/* Below the first page or not canonical: what a null or poisoned pointer leads to. */
ALWAYS_INLINE bool is_wild(u64 addr)
{
	return addr - 4096 >= (1UL << 47) - 4096;
}

/* in_arena() by the bits above all windows. */
ALWAYS_INLINE bool in_arena_quick(u64 addr)
{
	_Static_assert(RT_HEAP_BASE % (1UL << 34) == 0 && RT_ARENA_SIZE % (1UL << 34) == 0, "compared by high bits");
	return (u32)((addr >> 34) - (RT_HEAP_BASE >> 34)) < RT_ARENA_SIZE >> 34;
}

ALWAYS_INLINE struct race_pair *pair_of(u64 addr)
{
	u64 pair = (addr & ~7UL) * 4 + (RT_SHADOW_BASE - 4 * RT_HEAP_BASE);

	/* One register with the address, not the compiler's choice of a constant for each field. */
	__asm__("" : "+r"(pair));
	return (struct race_pair *)pair;
}

/* The cells of accesses of @kind. */
ALWAYS_INLINE u32 *cells_of(struct race_pair *pair, u32 kind)
{
	return kind == RT_LOAD        ? pair->plain_read
	       : kind == RT_STORE     ? pair->plain_write
	       : kind == RT_READ_ONCE ? pair->marked_read
				      : pair->marked_write;
}

/* One access is one half of a pair, a whole pair, or two. */
ALWAYS_INLINE u32 first_half(u64 addr, u32 size)
{
	return size <= 4 ? addr >> 2 & 1 : 0;
}

ALWAYS_INLINE u32 nr_halves(u32 size)
{
	return size <= 4 ? 1 : 2;
}

ALWAYS_INLINE void note_access(struct race_pair *pair, u32 half, u32 size, u32 kind)
{
	u32 *cells = cells_of(pair, kind);

	if (size <= 4) {
		cells[half] = (u32)rt_fast.now;
		return;
	}
	*(u64 *)cells = rt_fast.now;
	if (size == 16)
		*(u64 *)cells_of(pair + 1, kind) = rt_fast.now;
}

ALWAYS_INLINE bool seen_in_slice(struct race_pair *pair, u32 half, u32 size, u32 kind)
{
	s32 slice = IS_STORE(kind) ? rt_fast.view.slice_store : rt_fast.view.slice;

	for (u32 i = 0; i < (size == 16 ? 2 : 1); i++) {
		const s32 *cells = (const s32 *)cells_of(pair + i, kind) + half;

		if (cells[0] < slice || (size > 4 && cells[1] < slice))
			return false;
	}
	return true;
}

/* All of a pair, for a store: in two vectors. */
ALWAYS_INLINE bool pair_is_old(const struct race_pair *pair)
{
	const cell_vector *value = (const cell_vector *)pair, flip = {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
	cell_halves old = (cell_halves)(((value[0] ^ flip) < rt_fast.view.base_lanes) &
					((value[1] ^ flip) < rt_fast.view.base_lanes));

	return (old[0] & old[1]) == -1;
}

/* Is all in a half of an earlier run that an access of @kind may quarrel with, read from, or would replace? */
ALWAYS_INLINE bool half_is_old(const struct race_pair *pair, u32 half, u32 kind)
{
	u32 base = IS_STORE(kind) ? rt_fast.view.base_store : rt_fast.view.base;

	u32 marked_base = kind == RT_READ_ONCE ? rt_fast.view.base_foreign : base;

	if (pair->plain_write[half] >= base || pair->marked_write[half] >= marked_base)
		return false;
	if (kind != RT_READ_ONCE && pair->plain_read[half] >= base)
		return false;
	return (kind != RT_READ_ONCE && kind != RT_STORE) || pair->marked_read[half] < base;
}

ALWAYS_INLINE bool first_in_run(u64 addr, struct race_pair *pair, u32 half, u32 size, u32 kind)
{
	u64 offset = arena_offset(addr);

	if (kind == RT_STORE && size >= 8) {
		if (!pair_is_old(pair) || (size == 16 && !pair_is_old(pair + 1)))
			return false;
	} else {
		for (u32 i = 0; i < (size == 16 ? 4 : nr_halves(size)); i++)
			if (!half_is_old(pair + i / 2, half + i % 2, kind))
				return false;
	}
	return RT_LIVE[offset / 16] && (!IS_STORE(kind) || RT_DIRTY_MAP[offset / RT_GRANULE]);
}

/* True if that was all there is to do for an access; else access_rest() is needed. */
ALWAYS_INLINE bool access_quick(u64 addr, u32 size, u32 kind)
{
	struct race_pair *pair = pair_of(addr);
	u32 half = first_half(addr, size);

	if (unlikely(addr & (size - 1)))
		return false;
	if (!seen_in_slice(pair, half, size, kind) && !first_in_run(addr, pair, half, size, kind))
		return false;
	note_access(pair, half, size, kind);
	return true;
}

RT_UNINSTRUMENTED_END

#endif
