/* SPDX-License-Identifier: MIT */
/* Who runs compaction: allocations that need a block, and writers of files (mm/compaction.c, 6.1). */
#include "core/mm/buddy.h"
#include "core/mm/machine.h"
#include "core/range/compaction.h"
#include "core/rt/point.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

/* Above it a failure is one of fragmentation, not of memory. */
#define FRAGMENTATION_THRESHOLD 500

/* ---- is it worth it -------------------------------------------------------------------------------------------- */

/*
 * Towards 1000: the pages are there but scattered; towards 0: there are too few; below 0: a block is free. Lock-free.
 * (fragmentation_index, 6.1)
 */
static s64 fragmentation_index(const struct zone *zone, u32 order)
{
	u64 free_pages = 0, blocks_total = 0, blocks_suitable = 0, requested = BIT(order);

	for (u32 o = 0; o <= geometry.max_order; o++) {
		u64 blocks = READ_ONCE(zone->free_area[o].nr_free);

		blocks_total += blocks;
		free_pages += blocks << o;
		if (o >= order)
			blocks_suitable += blocks << (o - order);
	}
	if (!blocks_total)
		return 0;
	if (blocks_suitable)
		return -1000;
	return 1000 - (s64)((1000 + free_pages * 1000 / requested) / blocks_total);
}

enum compact_result compaction_suitable(struct zone *zone, s32 order, u32 alloc_flags, u32 highest_zoneidx)
{
	u64 mark = READ_ONCE(zone->_watermark[alloc_flags & ALLOC_WMARK_MASK & (NR_WMARK - 1)]), room;
	s64 index;

	if (is_via_compact_memory(order))
		return COMPACT_CONTINUE;
	if (zone_watermark_ok(zone, (u32)order, mark, highest_zoneidx, alloc_flags))
		return COMPACT_SUCCESS;
	/* Single pages, for what moves and where it moves to; CMA pages will do. */
	room = ((u32)order > geometry.costly_order ? low_wmark_pages(zone) : min_wmark_pages(zone)) +
	       compact_gap(order);
	if (!zone_watermark_ok(zone, 0, room, highest_zoneidx, ALLOC_CMA))
		return COMPACT_SKIPPED;
	if ((u32)order <= geometry.costly_order)
		return COMPACT_CONTINUE;
	index = fragmentation_index(zone, (u32)order);
	return index >= 0 && index <= FRAGMENTATION_THRESHOLD ? COMPACT_SKIPPED : COMPACT_CONTINUE;
}

static bool compaction_suitable_hook(struct zone *zone, u32 order, u32 alloc_flags, u32 highest_zoneidx)
{
	return compaction_suitable(zone, (s32)order, alloc_flags, highest_zoneidx) == COMPACT_CONTINUE;
}

/* If all that can be reclaimed were free: could compaction then help some zone? (6.1) */
static bool compaction_zonelist_suitable(const struct alloc_context *ac, u32 order, u32 alloc_flags)
{
	struct zoneref *z = first_zones_zonelist(ac->zonelist, ac->highest_zoneidx, ac->nodemask);

	for (struct zone *zone; (zone = zonelist_zone(z)) != NULL;
	     z = next_zones_zonelist(z + 1, ac->highest_zoneidx, ac->nodemask)) {
		u64 reclaimable =
			zone_page_state(zone, NR_ZONE_INACTIVE_FILE) + zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
		u64 available = reclaimable / order + zone_page_state(zone, NR_FREE_PAGES);

		if (available > min_wmark_pages(zone) + compact_gap(order) &&
		    compaction_suitable(zone, (s32)order, alloc_flags, ac->highest_zoneidx) != COMPACT_SKIPPED)
			return true;
	}
	return false;
}

/* ---- for an allocation ----------------------------------------------------------------------------------------- */

/* *@capture: a block of that order that was freed on the way and is the caller's, on no list. */
static enum compact_result compact_zone_order(struct zone *zone, u32 order, gfp_t gfp, enum compact_priority prio,
					      u32 alloc_flags, u32 highest_zoneidx, struct page **capture)
{
	struct capture_control capc = {.zone = zone, .order = order};
	struct compact_control cc = {
		.zone = zone,
		.order = (s32)order,
		.migratetype = gfp_migratetype(gfp),
		.mode = prio == COMPACT_PRIO_ASYNC ? MIGRATE_ASYNC : MIGRATE_SYNC_LIGHT,
		.alloc_flags = alloc_flags,
		.highest_zoneidx = highest_zoneidx,
		.direct_compaction = true,
		.whole_zone = prio == MIN_COMPACT_PRIORITY,
		.ignore_skip_hint = prio == MIN_COMPACT_PRIORITY,
		.ignore_block_suitable = prio == MIN_COMPACT_PRIORITY,
	};
	enum compact_result status;

	cc.capc = &capc;
	set_current_capture(&capc);
	status = compact_zone(&cc);
	set_current_capture(NULL);
	*capture = capc.page;
	return capc.page ? COMPACT_SUCCESS : status;
}

/* The zones of the list, until one has the block. The best result counts. (try_to_compact_pages, 6.1) */
static enum compact_result try_to_compact_pages(gfp_t gfp, u32 order, u32 alloc_flags, const struct alloc_context *ac,
						enum compact_priority prio, struct page **capture)
{
	struct zoneref *z = first_zones_zonelist(ac->zonelist, ac->highest_zoneidx, ac->nodemask);
	enum compact_result best = COMPACT_SKIPPED;

	if (!(gfp & __GFP_IO))
		return COMPACT_SKIPPED;
	for (struct zone *zone; (zone = zonelist_zone(z)) != NULL;
	     z = next_zones_zonelist(z + 1, ac->highest_zoneidx, ac->nodemask)) {
		enum compact_result status;

		if (prio > MIN_COMPACT_PRIORITY && compaction_deferred(zone, (s32)order)) {
			best = max(best, COMPACT_DEFERRED);
			continue;
		}
		status = compact_zone_order(zone, order, gfp, prio, alloc_flags, ac->highest_zoneidx, capture);
		best = max(best, status);
		if (status == COMPACT_SUCCESS) {
			/* Whether the allocation gets it is another question. */
			compaction_defer_reset(zone, (s32)order, false);
			break;
		}
		if (prio != COMPACT_PRIO_ASYNC && (status == COMPACT_COMPLETE || status == COMPACT_PARTIAL_SKIPPED))
			defer_compaction(zone, (s32)order);
		if (fatal_signal_pending())
			break;
	}
	return best;
}

/* ---- on request ------------------------------------------------------------------------------------------------ */

u64 compact_node(u32 nid)
{
	u64 moved = 0;

	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
		struct compact_control cc = {
			.zone = node_zone(nid, idx),
			.order = -1,
			.mode = MIGRATE_SYNC,
			.ignore_skip_hint = true,
			.whole_zone = true,
		};

		if (!populated_zone(cc.zone))
			continue;
		compact_zone(&cc);
		moved += cc.nr_migrated;
	}
	return moved;
}

/* kswapd goes to sleep: whoever found nothing may look again. */
static void reset_isolation_suitable(pg_data_t *pgdat)
{
	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
		struct zone *zone = &pgdat->node_zones[idx];

		if (populated_zone(zone) && READ_ONCE(zone->compact_blockskip_flush))
			reset_isolation_suitable_zone(zone);
	}
}

static void defer_reset_hook(struct zone *zone, u32 order, bool alloc_success)
{
	compaction_defer_reset(zone, (s32)order, alloc_success);
}

void compaction_init(void)
{
	static const struct compaction_ops ops = {
		.try_to_compact_pages = try_to_compact_pages,
		.compaction_zonelist_suitable = compaction_zonelist_suitable,
		.compaction_suitable = compaction_suitable_hook,
		.compaction_defer_reset = defer_reset_hook,
		.reset_isolation_suitable = reset_isolation_suitable,
		.wakeup_kcompactd = wakeup_kcompactd,
	};

	compaction_ops = &ops;
}
