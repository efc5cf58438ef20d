/* SPDX-License-Identifier: MIT */
#include "core/range/contig.h"

#include "core/mm/buddy.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/mm/pcp.h"
#include "core/mm/vmscan.h"
#include "core/range/compaction.h"
#include "core/range/isolation.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

void (*contig_range_hook)(u64 start_pfn, u64 end_pfn);

/* ---- emptying the range ---------------------------------------------------------------------------------------- */

/* 0, or an error that ends the loop: -EBUSY, -EINTR, -ENOMEM. */
static int migrate_range_batches(struct compact_control *cc, u64 end_pfn)
{
	struct migration_target_control mtc = {
		.nid = cc->zone->node,
		.gfp = GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL,
	};
	u32 tries = 0;
	int ret = 0;

	while (cc->migrate_pfn < end_pfn || !list_empty(&cc->migratepages)) {
		if (fatal_signal_pending())
			return -EINTR;
		if (list_empty(&cc->migratepages)) {
			cc->nr_migratepages = 0;
			walk_begin(&cc->walk, cc->zone);
			ret = isolate_migratepages_range(cc, end_pfn);
			walk_end(&cc->walk);
			if (ret && ret != -EAGAIN)
				return ret;
			tries = 0;
		} else if (++tries == CONTIG_MIGRATE_TRIES) {
			return -EBUSY;
		}
		reclaim_clean_pages_from_list(&cc->migratepages);
		ret = migrate_pages(&cc->migratepages, alloc_migration_target, NULL, &mtc, cc->mode, NULL);
		point(contig, migrate, ret);
		if (ret == -ENOMEM)
			return ret;
	}
	return ret < 0 ? ret : 0;
}

/* (__alloc_contig_migrate_range, 6.1) */
static int alloc_contig_migrate_range(struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	struct compact_control cc = {
		.zone = zone,
		.order = -1,
		.mode = MIGRATE_SYNC,
		.ignore_skip_hint = true,
		.alloc_contig = true,
		.migrate_pfn = start_pfn,
	};
	int ret;

	INIT_LIST_HEAD(&cc.migratepages);
	/* Pages in batches are on no list that they could be taken from. */
	lru_cache_disable();
	ret = migrate_range_batches(&cc, end_pfn);
	lru_cache_enable();
	if (ret)
		putback_movable_pages(&cc.migratepages);
	return ret;
}

/* ---- taking what is free --------------------------------------------------------------------------------------- */

/* Head of the free block that @pfn is in, @pfn itself if it is in none. Lock-free: test_pages_isolated() decides. */
static u64 outer_start_pfn(u64 start_pfn)
{
	u64 pfn = start_pfn, order;

	for (u32 bits = 0; !PageBuddy(pfn_to_page(pfn)); pfn = ALIGN_DOWN(pfn, BIT(bits)))
		if (++bits > geometry.max_order)
			return start_pfn;
	order = buddy_order_unsafe(pfn_to_page(pfn));
	return order <= geometry.max_order && pfn + BIT(order) > start_pfn ? pfn : start_pfn;
}

/* From @pfn on as long as pages are free; where it ended. The blocks go to @list, their order to page->private. */
static u64 take_free_blocks(struct zone *zone, u64 pfn, u64 end_pfn, struct list_head *list)
{
	unsigned long irq;

	spin_lock_irqsave(&zone->lock, irq);
	while (pfn < end_pfn && PageBuddy(pfn_to_page(pfn))) {
		struct page *page = pfn_to_page(pfn);
		u32 order = buddy_order(page);

		if (!__isolate_free_page(page, order))
			break;
		WRITE_ONCE(page->private, order);
		list_add_tail(&page->lru, list);
		pfn += BIT(order);
	}
	spin_unlock_irqrestore(&zone->lock, irq);
	return pfn;
}

/*
 * All pages of the range, single and with a reference each; the end of the last block taken, which may lie behind
 * @end_pfn. 0 if something was in the way. (isolate_freepages_range, 6.1)
 */
static u64 isolate_freepages_range(struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	u64 pfn = start_pfn, block_end;
	struct page *page, *next;
	struct list_head blocks;

	INIT_LIST_HEAD(&blocks);
	do {
		block_end = min(pageblock_end_pfn(pfn), end_pfn);
		pfn = take_free_blocks(zone, pfn, block_end, &blocks);
	} while (pfn >= block_end && pfn < end_pfn);
	list_for_each_entry_safe (page, next, &blocks, lru) {
		list_del_init(&page->lru);
		split_map_isolated_page(page, (u32)READ_ONCE(page->private));
	}
	if (pfn >= end_pfn || bug(planted_contig_not_strict))
		return max(pfn, end_pfn);
	free_contig_range(start_pfn, pfn - start_pfn);
	return 0;
}

/* The isolated range, or -EBUSY if it is not empty. */
static int take_range(struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	u64 outer_start = outer_start_pfn(start_pfn), outer_end;

	if (!bug(planted_contig_not_strict) && test_pages_isolated(outer_start, end_pfn, 0))
		return -EBUSY;
	point(contig, tested, start_pfn);
	outer_end = isolate_freepages_range(zone, outer_start, end_pfn);
	if (!outer_end)
		return -EBUSY;
	if (start_pfn != outer_start)
		free_contig_range(outer_start, start_pfn - outer_start);
	if (end_pfn != outer_end)
		free_contig_range(end_pfn, outer_end - end_pfn);
	if (contig_range_hook)
		contig_range_hook(start_pfn, end_pfn);
	return 0;
}

/* ---- ranges ---------------------------------------------------------------------------------------------------- */

int alloc_contig_range(u64 start_pfn, u64 end_pfn, enum migratetype mt, gfp_t gfp)
{
	struct zone *zone = NULL;
	int ret;

	(void)gfp; /* 6.1 takes from it only whether to warn */
	might_sleep();
	point(contig, begin, start_pfn);
	if (bug(contig_zone_unchecked))
		zone = page_zone(pfn_to_page(start_pfn));
	ret = start_isolate_page_range(start_pfn, end_pfn, mt, 0);
	if (ret) {
		if (bug(contig_undo_foreign))
			unisolate_page_range(start_pfn, end_pfn, mt);
		return ret;
	}
	point(contig, isolated, start_pfn);
	/* Isolated it can not go offline: only from here on its zone is sure. */
	if (!bug(contig_zone_unchecked))
		zone = page_zone(pfn_to_page(start_pfn));
	drain_all_pages(zone);
	/* -EBUSY: what did not move may have been freed since. */
	ret = alloc_contig_migrate_range(zone, start_pfn, end_pfn);
	if (!ret || ret == -EBUSY)
		ret = take_range(zone, start_pfn, end_pfn);
	undo_isolate_page_range(start_pfn, end_pfn, bug(planted_cma_type_lost) ? MIGRATE_MOVABLE : mt);
	point(contig, done, ret);
	return ret;
}

void free_contig_range(u64 pfn, u64 nr_pages)
{
	bool shared = false;

	for (u64 end_pfn = pfn + nr_pages; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		shared |= page_count(page) != 1;
		__free_pages(page, 0);
	}
	if (shared)
		pr_warn("pages of a contiguous range are still in use\n");
}

/* ---- anywhere -------------------------------------------------------------------------------------------------- */

bool pfn_range_valid_contig(const struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	bool valid = true;
	struct walk w;

	walk_begin(&w, NULL);
	for (u64 pfn = start_pfn; valid && pfn < start_pfn + nr_pages; pfn++) {
		struct page *page = walk_page(&w, pfn);

		if (page && !zone)
			zone = page_zone(page);
		valid = page && page_zone(page) == zone && !PageReserved(page);
	}
	walk_leave(&w);
	walk_end(&w);
	return valid;
}

static bool zone_spans_last_pfn(const struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	return zone_spans_pfn(zone, start_pfn + nr_pages - 1);
}

/* The first range of the zone that can be had; 0 and *@pfn, or -EBUSY. */
static int alloc_contig_in_zone(struct zone *zone, u64 nr_pages, gfp_t gfp, u64 *pfn)
{
	unsigned long irq;

	spin_lock_irqsave(&zone->lock, irq);
	*pfn = ALIGN(READ_ONCE(zone->zone_start_pfn), nr_pages);
	for (; zone_spans_last_pfn(zone, *pfn, nr_pages); *pfn += nr_pages) {
		bool valid = pfn_range_valid_contig(zone, *pfn, nr_pages);

		if (!valid)
			continue;
		/* Isolation takes the lock too: what was valid may be anything by then. */
		spin_unlock_irqrestore(&zone->lock, irq);
		point(contig, range_checked, *pfn);
		if (alloc_contig_range(*pfn, *pfn + nr_pages, MIGRATE_MOVABLE, gfp) == 0)
			return 0;
		spin_lock_irqsave(&zone->lock, irq);
	}
	spin_unlock_irqrestore(&zone->lock, irq);
	return -EBUSY;
}

struct page *alloc_contig_pages(u32 order, gfp_t gfp, u32 nid, const nodemask_t *nodemask)
{
	u32 highest = gfp_zone(gfp);
	struct zoneref *z = first_zones_zonelist(node_zonelist(nid, gfp), highest, nodemask);
	struct zone *zone;
	u64 pfn;

	for (; (zone = zonelist_zone(z)) != NULL; z = next_zones_zonelist(z + 1, highest, nodemask))
		if (alloc_contig_in_zone(zone, BIT(order), gfp, &pfn) == 0)
			return pfn_to_page(pfn);
	return NULL;
}
