/* SPDX-License-Identifier: MIT */
/* How often compaction of a zone is tried after it failed (mm/compaction.c, 6.1). */
#include "core/mm/machine.h"
#include "core/range/compaction.h"
#include "core/rt/cpu.h"

void defer_compaction(struct zone *zone, s32 order)
{
	WRITE_ONCE(zone->compact_considered, 0);
	WRITE_ONCE(zone->compact_defer_shift,
		   min(READ_ONCE(zone->compact_defer_shift) + 1, COMPACT_MAX_DEFER_SHIFT + 0u));
	if (order < READ_ONCE(zone->compact_order_failed))
		WRITE_ONCE(zone->compact_order_failed, order);
}

bool compaction_deferred(struct zone *zone, s32 order)
{
	u32 limit = 1u << READ_ONCE(zone->compact_defer_shift);

	if (order < READ_ONCE(zone->compact_order_failed))
		return false;
	WRITE_ONCE(zone->compact_considered, min(READ_ONCE(zone->compact_considered) + 1, limit));
	return READ_ONCE(zone->compact_considered) < limit;
}

void compaction_defer_reset(struct zone *zone, s32 order, bool alloc_success)
{
	if (alloc_success) {
		WRITE_ONCE(zone->compact_considered, 0);
		WRITE_ONCE(zone->compact_defer_shift, 0);
	}
	if (order >= READ_ONCE(zone->compact_order_failed))
		WRITE_ONCE(zone->compact_order_failed, order + 1);
}

bool compaction_restarting(const struct zone *zone, s32 order)
{
	if (order < READ_ONCE(zone->compact_order_failed))
		return false;
	return READ_ONCE(zone->compact_defer_shift) == COMPACT_MAX_DEFER_SHIFT &&
	       READ_ONCE(zone->compact_considered) >= 1u << READ_ONCE(zone->compact_defer_shift);
}

/* The skip bit of the pageblock at @pfn, if it is the zone's and online just now. (__reset_isolation_pfn, 6.1) */
static void reset_isolation_pfn(struct walk *w, u64 pfn)
{
	struct page *page = walk_page(w, pfn);

	if (!page)
		return;
	clear_pageblock_skip(page);
	walk_leave(w);
}

/*
 * 6.1 samples pages to find where the scanners have something to do; here both begin at the ends of the zone.
 * (__reset_isolation_suitable, 6.1)
 */
void reset_isolation_suitable_zone(struct zone *zone)
{
	u64 pfn = READ_ONCE(zone->zone_start_pfn), end_pfn = zone_end_pfn(zone);
	struct walk w;

	WRITE_ONCE(zone->compact_blockskip_flush, 0);
	walk_begin_giving_way(&w, zone);
	for (; pfn < end_pfn; pfn = pageblock_end_pfn(pfn)) {
		cond_resched();
		reset_isolation_pfn(&w, pfn);
	}
	walk_end(&w);
	for (u32 i = 0; i < ASYNC_AND_SYNC; i++)
		WRITE_ONCE(zone->compact_cached_migrate_pfn[i], READ_ONCE(zone->zone_start_pfn));
	WRITE_ONCE(zone->compact_cached_free_pfn, pageblock_start_pfn(end_pfn - 1));
}
