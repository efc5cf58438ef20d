/* SPDX-License-Identifier: MIT */
/* The fast path of allocation, and freeing; what happens when memory is short is in page_alloc_slow.c. */
#include "core/mm/page_alloc.h"

#include "core/mm/buddy.h"
#include "core/mm/hwpoison.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc_slow.h"
#include "core/mm/page_ext.h"
#include "core/mm/pcp.h"
#include "core/mm/vmscan.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"
#include "core/rt/run.h"

const struct compaction_ops *compaction_ops;

/* ---- watermarks ------------------------------------------------------------------------------------------------ */

/* Free pages that the request may not have whatever the mark says. */
static u64 unusable_free(const struct zone *zone, u32 order, u32 alloc_flags)
{
	u64 unusable = BIT(order) - 1;

	if (!(alloc_flags & ALLOC_RESERVES))
		unusable += READ_ONCE(zone->nr_reserved_highatomic);
	if (!(alloc_flags & ALLOC_CMA))
		unusable += zone_page_state(zone, NR_FREE_CMA_PAGES);
	return unusable;
}

/* Lock-free as everything here: whether there is a block at all is seen when it is taken. */
static bool list_has_block(const struct free_area *area, enum migratetype mt)
{
	return !data_race(list_empty(&area->free_list[mt]), "a hint: zone->lock is taken for the block itself");
}

static bool area_has_block(const struct free_area *area, u32 alloc_flags)
{
	if (!READ_ONCE(area->nr_free))
		return false;
	for (u32 mt = 0; mt < MIGRATE_PCPTYPES; mt++)
		if (list_has_block(area, mt))
			return true;
	if ((alloc_flags & ALLOC_CMA) && list_has_block(area, MIGRATE_CMA))
		return true;
	return (alloc_flags & ALLOC_HIGHATOMIC) && list_has_block(area, MIGRATE_HIGHATOMIC);
}

bool __zone_watermark_ok(struct zone *zone, u32 order, u64 mark, u32 highest_zoneidx, u32 alloc_flags, u64 free)
{
	u64 unusable = unusable_free(zone, order, alloc_flags), min_pages = mark;

	if (alloc_flags & ALLOC_MIN_RESERVE) {
		min_pages -= min_pages / 2;
		if (alloc_flags & ALLOC_NON_BLOCK)
			min_pages -= min_pages / 4;
	}
	if (free <= unusable || free - unusable <= min_pages + READ_ONCE(zone->lowmem_reserve[highest_zoneidx]))
		return false;
	for (u32 o = order; order && o <= geometry.max_order; o++)
		if (area_has_block(&zone->free_area[o], alloc_flags))
			return true;
	return !order;
}

bool zone_watermark_ok(struct zone *zone, u32 order, u64 mark, u32 highest_zoneidx, u32 alloc_flags)
{
	return __zone_watermark_ok(zone, order, mark, highest_zoneidx, alloc_flags,
				   zone_page_state(zone, NR_FREE_PAGES));
}

bool zone_watermark_ok_safe(struct zone *zone, u32 order, u64 mark, u32 highest_zoneidx)
{
	u64 free = zone_page_state(zone, NR_FREE_PAGES), drift = READ_ONCE(zone->percpu_drift_mark);

	if (drift && free < drift) {
		rcu_read_lock();
		free = zone_page_state_snapshot(zone, NR_FREE_PAGES);
		rcu_read_unlock();
	}
	return __zone_watermark_ok(zone, order, mark, highest_zoneidx, 0, free);
}

/* The common case in few steps; an atomic request may go below a mark that was only boosted. (6.1) */
static bool zone_watermark_fast(struct zone *zone, u32 order, u64 mark, const struct alloc_context *ac, u32 alloc_flags,
				gfp_t gfp)
{
	u64 free = zone_page_state(zone, NR_FREE_PAGES);

	if (!order) {
		u64 unusable = unusable_free(zone, 0, alloc_flags);

		if (free > unusable && free - unusable > mark + READ_ONCE(zone->lowmem_reserve[ac->highest_zoneidx]))
			return true;
	}
	if (__zone_watermark_ok(zone, order, mark, ac->highest_zoneidx, alloc_flags, free))
		return true;
	if (order || !(gfp & __GFP_HIGH) || !READ_ONCE(zone->watermark_boost) ||
	    (alloc_flags & ALLOC_WMARK_MASK) != ALLOC_WMARK_MIN)
		return false;
	return __zone_watermark_ok(zone, order, READ_ONCE(zone->_watermark[WMARK_MIN]), ac->highest_zoneidx,
				   alloc_flags, free);
}

/* ---- one zone -------------------------------------------------------------------------------------------------- */

/* (rmqueue, 6.1) */
static struct page *rmqueue(struct zone *zone, u32 order, enum migratetype mt, u32 alloc_flags)
{
	struct page *page = NULL;

	/* What is listed as movable may lie in a CMA pageblock. */
	if (pcp_allowed_order(order) && ((alloc_flags & ALLOC_CMA) || mt != MIGRATE_MOVABLE))
		page = rmqueue_pcplist(zone, order, mt, alloc_flags);
	if (page && drop_poisoned_pages(page, order))
		page = NULL;
	if (!page)
		page = rmqueue_buddy(zone, order, mt, alloc_flags);
	if ((alloc_flags & ALLOC_KSWAPD) && unlikely(test_bit(ZONE_BOOSTED_WATERMARK, &zone->flags))) {
		clear_bit(ZONE_BOOSTED_WATERMARK, &zone->flags);
		wakeup_kswapd(zone, 0, 0, zone->idx);
	}
	return page;
}

void prep_new_page(struct page *page, u32 order, gfp_t gfp)
{
	for (u64 i = 0; i < BIT(order); i++)
		check_page_state(page + i, "allocated");
	WRITE_ONCE(page->private, 0);
	set_page_count(page, 1);
	if (order && (gfp & __GFP_COMP))
		prep_compound_page(page, order);
	set_page_owner(page, order, gfp);
}

static u64 wmark_pages(const struct zone *zone, u32 mark)
{
	return READ_ONCE(zone->_watermark[mark]) + READ_ONCE(zone->watermark_boost);
}

/* Only where the zone is not the first choice's node: remote memory is worse than mixed pageblocks. */
static bool is_remote(const struct zone *zone, const struct alloc_context *ac)
{
	const struct zone *preferred = zonelist_zone(ac->preferred_zoneref);

	return preferred && zone != preferred && zone->node != preferred->node;
}

static bool allowed_zone(const struct zone *zone, const struct alloc_context *ac)
{
	if (bug(zonelist_entry_unchecked))
		return true;
	return zone->idx <= ac->highest_zoneidx && (!ac->nodemask || (*ac->nodemask & BIT(zone->node)));
}

static struct page *try_zones(gfp_t gfp, u32 order, u32 *alloc_flags, const struct alloc_context *ac)
{
	struct zoneref *z = ac->preferred_zoneref;

	for (struct zone *zone; (zone = zonelist_zone(z)) != NULL;
	     z = next_zones_zonelist(z + 1, ac->highest_zoneidx, ac->nodemask)) {
		u64 mark = wmark_pages(zone, *alloc_flags & ALLOC_WMARK_MASK & (NR_WMARK - 1));
		struct page *page;

		point(alloc, zone, zone->idx);
		/* The list may be another one by now than when the first entry was looked for. */
		if (!allowed_zone(zone, ac))
			continue;
		if ((*alloc_flags & ALLOC_NOFRAGMENT) && is_remote(zone, ac))
			return NULL;
		if (!(*alloc_flags & ALLOC_NO_WATERMARKS) &&
		    !zone_watermark_fast(zone, order, mark, ac, *alloc_flags, gfp))
			continue;
		page = rmqueue(zone, order, ac->migratetype, *alloc_flags);
		if (!page)
			continue;
		prep_new_page(page, order, gfp);
		if (unlikely(order && (*alloc_flags & ALLOC_HIGHATOMIC)))
			reserve_highatomic_pageblock(page, zone);
		return page;
	}
	return NULL;
}

struct page *get_page_from_freelist(gfp_t gfp, u32 order, u32 alloc_flags, const struct alloc_context *ac)
{
	struct page *page = try_zones(gfp, order, &alloc_flags, ac);

	if (page || !(alloc_flags & ALLOC_NOFRAGMENT))
		return page;
	alloc_flags &= ~ALLOC_NOFRAGMENT;
	return try_zones(gfp, order, &alloc_flags, ac);
}

/* ---- allocation ------------------------------------------------------------------------------------------------ */

/* A kernel zone with another below it on the node: rather fall back there than mix types. (6.1) */
static u32 alloc_flags_nofragment(const struct zone *zone, gfp_t gfp)
{
	u32 alloc_flags = gfp & __GFP_KSWAPD_RECLAIM ? ALLOC_KSWAPD : 0;

	if (!zone || zone->idx != ZONE_NORMAL)
		return alloc_flags;
	if (nr_online_nodes() > 1 && !populated_zone(zone - 1))
		return alloc_flags;
	return alloc_flags | ALLOC_NOFRAGMENT;
}

/* Only movable requests of user memory may have CMA pageblocks. */
static u32 gfp_to_alloc_flags_cma(gfp_t gfp, u32 alloc_flags)
{
	return gfp_migratetype(gfp) == MIGRATE_MOVABLE ? alloc_flags | ALLOC_CMA : alloc_flags;
}

static enum migratetype request_type(gfp_t gfp)
{
	return READ_ONCE(machine.vm.page_group_by_mobility_disabled) ? MIGRATE_UNMOVABLE : gfp_migratetype(gfp);
}

struct page *__alloc_pages(gfp_t gfp, u32 order, u32 nid, const nodemask_t *nodemask)
{
	struct alloc_context ac = {
		.zonelist = node_zonelist(nid, gfp),
		.nodemask = nodemask,
		.migratetype = request_type(gfp),
		.highest_zoneidx = gfp_zone(gfp),
	};
	u32 alloc_flags = gfp_to_alloc_flags_cma(gfp, ALLOC_WMARK_LOW);
	struct page *page;

	if (WARN_ON(order > geometry.max_order))
		return NULL;
	if (gfp & __GFP_DIRECT_RECLAIM)
		might_sleep();
	if (should_fail(page_alloc))
		return NULL;
	ac.preferred_zoneref = first_zones_zonelist(ac.zonelist, ac.highest_zoneidx, ac.nodemask);
	alloc_flags |= alloc_flags_nofragment(zonelist_zone(ac.preferred_zoneref), gfp);
	page = get_page_from_freelist(gfp, order, alloc_flags, &ac);
	if (unlikely(!page))
		page = __alloc_pages_slowpath(gfp, order, &ac);
	if (page && oom_law)
		oom_law->allocated(page, &ac);
	if (page)
		point(buddy, alloc, page_to_pfn(page));
	return page;
}

struct page *alloc_pages(gfp_t gfp, u32 order)
{
	return __alloc_pages(gfp, order, cpu_to_node(raw_smp_processor_id()), NULL);
}

/* ---- freeing --------------------------------------------------------------------------------------------------- */

void free_unref_page(struct page *page, u32 order)
{
	u64 pfn = page_to_pfn(page);
	struct zone *zone;
	enum migratetype mt;

	if (!free_pages_prepare(page, order))
		return;
	/* Without a lock: who isolates the pageblock from here on must find the page wherever it goes. */
	mt = get_pfnblock_migratetype(pfn);
	point(buddy, type_read, pfn);
	zone = page_zone(page);
	if (!pcp_allowed_order(order) || !pcp_free_page(zone, page, order, mt))
		free_one_page(zone, page, pfn, order, mt);
}

void __free_pages(struct page *page, u32 order)
{
	bool head = PageHead(page);

	if (put_page_testzero(page)) {
		free_unref_page(page, order);
		return;
	}
	/* A speculative reference holds the first page only; the rest of a block that is not compound is free. */
	if (!head)
		while (order-- > 0)
			free_unref_page(page + BIT(order), order);
}
