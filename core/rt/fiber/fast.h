/* SPDX-License-Identifier: MIT */
/*
 * The two fast paths of an access to shared memory, inlined into each callback and marked access.
 *
 * First: the cells hold the running task's epoch, so it made the same kind of access since its last release and nothing
 * died since (heap_kill_epochs()): nothing to do. Second: the memory is live, and all that the cells hold is the
 * running task's own or of earlier runs: nothing can conflict, so the epoch is noted. Everything else is access_slow().
 */
#ifndef PFNSTORM_FIBER_FAST_H
#define PFNSTORM_FIBER_FAST_H

#include "core/rt/fiber/fiber.h"

RT_UNINSTRUMENTED_BEGIN

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef s64 cell_halves __attribute__((vector_size(16)));

/* Below the first page or not canonical: what a null or poisoned pointer leads to. */
ALWAYS_INLINE bool is_wild(u64 addr)
{
	return addr - 4096 >= (1UL << 47) - 4096;
}

ALWAYS_INLINE struct race_cell *cells_at(u64 addr)
{
	return (struct race_cell *)(RT_SHADOW_BASE + (arena_offset(addr) & ~3UL) * 4);
}

ALWAYS_INLINE u32 *cell_field(struct race_cell *cell, u32 kind)
{
	return kind == RT_LOAD        ? &cell->plain_read
	       : kind == RT_STORE     ? &cell->plain_write
	       : kind == RT_READ_ONCE ? &cell->marked_read
				      : &cell->marked_write;
}

ALWAYS_INLINE u32 kind_epoch(u32 kind)
{
	return kind & (RT_LOAD | RT_READ_ONCE) ? rt_fast.now : rt_fast.now_store;
}

ALWAYS_INLINE bool known_access(struct race_cell *cells, u32 size, u32 kind)
{
	u32 now = kind_epoch(kind), different = 0;

	for (u32 i = 0; i < (size + 3) / 4; i++)
		different |= *cell_field(&cells[i], kind) ^ now;
	return !different;
}

/* All ones in the lanes of @cell that hold the running task's epochs or those of earlier runs. */
ALWAYS_INLINE cell_vector own_or_old(const struct race_cell *cell)
{
	cell_vector value = *(const cell_vector *)cell;
	cell_vector own = ((value ^ rt_fast.now_lanes) & (s32)~RT_CLOCK_MAX) == 0;
	cell_vector old = (value & (s32)RT_CLOCK_MAX) < rt_fast.base_lanes;

	return own | old;
}

/* All ones in the lanes that an access of @kind has no quarrel with, whoever they are of. */
ALWAYS_INLINE cell_vector indifferent(u32 kind)
{
	return (cell_vector){
		0,
		kind == RT_READ_ONCE ? -1 : 0,
		kind == RT_READ_ONCE ? -1 : 0,
		kind & (RT_LOAD | RT_WRITE_ONCE | RT_RMW) ? -1 : 0,
	};
}

ALWAYS_INLINE bool quiet_access(u64 addr, struct race_cell *cells, u32 size, u32 kind)
{
	u64 offset = arena_offset(addr);
	cell_vector harmless = own_or_old(&cells[0]) | indifferent(kind);
	cell_halves halves;
	u32 now = kind_epoch(kind);

	for (u32 i = 1; i < (size + 3) / 4; i++)
		harmless &= own_or_old(&cells[i]) | indifferent(kind);
	halves = (cell_halves)harmless;
	if ((halves[0] & halves[1]) != -1 || !RT_LIVE[offset / 16] || offset & (size - 1))
		return false;
	if (kind & (RT_LOAD | RT_READ_ONCE) ? false : !RT_DIRTY_MAP[offset / RT_GRANULE] || now != rt_fast.now)
		return false;
	for (u32 i = 0; i < (size + 3) / 4; i++)
		*cell_field(&cells[i], kind) = now;
	return true;
}

RT_UNINSTRUMENTED_END

#endif
