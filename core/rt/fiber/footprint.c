/* SPDX-License-Identifier: MIT */
/* Which tasks touched which granules: what a search over schedules grows its conflict set from. */
#include "core/rt/fiber/fiber.h"

RT_UNINSTRUMENTED_BEGIN

struct rt_footprint *rt_footprint;

void rt_set_footprint(struct rt_footprint *footprint)
{
	rt_footprint = footprint;
}

static void add_granule(u64 index, bool write)
{
	struct rt_footprint_granule *g = &rt_footprint->granules[index];
	u32 *bits = write ? &g->writers : &g->readers, all;

	if (*bits & task_bit(rt_cur))
		return;
	*bits |= task_bit(rt_cur);
	all = g->readers | g->writers;
	if (!g->writers || !(all & (all - 1)) || rt_footprint->conflicts[index / 64] >> (index % 64) & 1)
		return;
	rt_footprint->conflicts[index / 64] |= BIT(index % 64);
	if (rt_footprint->log_count < rt_footprint->log_capacity)
		rt_footprint->log[rt_footprint->log_count++] = (u32)index;
}

void footprint_add(u32 kind, u64 addr, u64 size)
{
	for (u64 at = addr & ~3UL; at < addr + size; at += 4) {
		u64 index = rt_granule(at);

		if (index != UINT64_MAX)
			add_granule(index, !(kind & (RT_LOAD | RT_READ_ONCE)));
		else
			rt_footprint->outside += in_arena(at);
	}
}

RT_UNINSTRUMENTED_END
