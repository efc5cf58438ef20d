/* SPDX-License-Identifier: MIT */
/* The free scanner: free pages as targets of migration, from the high end of the zone downwards. */
#include "core/mm/buddy.h"
#include "core/mm/machine.h"
#include "core/range/compaction.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

/* The scan of one pageblock, from pfn to end_pfn. */
struct free_scan {
	struct compact_control *cc;
	u64 pfn, end_pfn;
	struct list_head isolated; /* free blocks, their order in page->private */
	unsigned long irq;
	bool locked;
	bool gone; /* the pageblock went offline */
};

static void unlock_zone(struct free_scan *s)
{
	if (s->locked)
		spin_unlock_irqrestore(&s->cc->zone->lock, s->irq);
	s->locked = false;
}

/* Every COMPACT_CLUSTER_MAX pages: without locks, let others run. False: the scan of this pageblock is over. */
static bool take_a_break(struct free_scan *s)
{
	unlock_zone(s);
	if (fatal_signal_pending()) {
		s->cc->contended = true;
		return false;
	}
	s->gone = !walk_resched(&s->cc->walk, 0);
	if (s->gone)
		s->pfn = s->end_pfn;
	return !s->gone;
}

/*
 * Under zone->lock nothing about free pages changes. The pageblock may have been isolated since it was found suitable,
 * and then its pages belong to the isolator, who may have counted them as gone already: they must stay.
 */
static bool still_takeable(struct free_scan *s, const struct page *page)
{
	if (s->locked)
		return true;
	s->irq = compact_lock_irqsave(&s->cc->zone->lock, s->cc);
	s->locked = true;
	if (!bug(free_scanner_stale_type) && is_migrate_isolate_page(page))
		s->pfn = s->end_pfn;
	return PageBuddy(page) && s->pfn < s->end_pfn;
}

/* One page; true while the scan of the pageblock goes on. Leaves s->pfn behind what was looked at. */
static bool scan_page(struct free_scan *s)
{
	struct page *page = pfn_to_page(s->pfn);
	struct compact_control *cc = s->cc;
	u64 isolated;
	u32 order;

	cc->free_scanned++;
	point(compaction, freepage_checked, s->pfn);
	if (PageCompound(page)) {
		order = compound_order(page);
		s->pfn += order <= geometry.max_order ? 1ULL << order : 1;
		return true;
	}
	if (!PageBuddy(page) || !still_takeable(s, page)) {
		s->pfn++;
		return true;
	}
	order = buddy_order(page);
	isolated = __isolate_free_page(page, order);
	if (!isolated)
		return false;             /* the watermark */
	WRITE_ONCE(page->private, order); /* peeked at without a lock by whoever thinks it is free */
	list_add_tail(&page->lru, &s->isolated);
	cc->free_scanned += isolated - 1;
	cc->nr_freepages += (u32)isolated;
	s->pfn += isolated;
	point(compaction, freepage_isolated, page_to_pfn(page));
	return cc->nr_freepages < cc->nr_migratepages;
}

/* Single pages with a reference each, ready to be migrated to. Nobody else knows the pages, in or out of the walk. */
static void split_to_freepages(struct free_scan *s)
{
	struct page *page, *next;

	walk_pause(&s->cc->walk);
	list_for_each_entry_safe (page, next, &s->isolated, lru) {
		u32 order = (u32)READ_ONCE(page->private);

		list_del_init(&page->lru);
		split_map_isolated_page(page, order);
		for (u64 i = 0; i < 1ULL << order; i++)
			list_add(&page[i].lru, &s->cc->freepages);
	}
	walk_resume(&s->cc->walk);
}

/* All free pages of a pageblock have been taken: no run need look there again soon. (update_pageblock_skip(), 6.1) */
static void mark_scanned(const struct compact_control *cc, struct page *first, u64 start_pfn)
{
	set_pageblock_skip(first);
	if (start_pfn < READ_ONCE(cc->zone->compact_cached_free_pfn))
		WRITE_ONCE(cc->zone->compact_cached_free_pfn, start_pfn);
}

/*
 * Takes free pages from @start_pfn to @end_pfn in the pageblock whose first page is @first and which the walk covers;
 * leaves the walk. Returns where it stopped: @end_pfn if all was looked at. (isolate_freepages_block(), 6.1)
 */
static u64 isolate_freepages_block(struct compact_control *cc, struct page *first, u64 start_pfn, u64 end_pfn)
{
	struct free_scan s = {.cc = cc, .pfn = start_pfn, .end_pfn = end_pfn};

	INIT_LIST_HEAD(&s.isolated);
	while (s.pfn < end_pfn) {
		if (s.pfn % COMPACT_CLUSTER_MAX == 0 && !take_a_break(&s))
			break;
		if (!scan_page(&s))
			break;
	}
	unlock_zone(&s);
	/* What a compound page seemed to cover may reach beyond, its order was read without a lock. */
	s.pfn = min(s.pfn, end_pfn);
	if (s.pfn == end_pfn && !s.gone)
		mark_scanned(cc, first, pageblock_start_pfn(start_pfn));
	walk_leave(&cc->walk);
	split_to_freepages(&s);
	return s.pfn;
}

/* Not a free page that is large already; and movable pages only go to pageblocks of movable type. */
static bool suitable_migration_target(const struct compact_control *cc, const struct page *page)
{
	enum migratetype mt;

	if (PageBuddy(page) && buddy_order_unsafe(page) >= pageblock_order)
		return false;
	if (cc->ignore_block_suitable)
		return true;
	mt = get_pageblock_migratetype(page);
	return mt == MIGRATE_MOVABLE || mt == MIGRATE_CMA;
}

/* The pageblock's first page if the scanner may take pages there; else NULL, and the walk is left. */
static struct page *enter_target(struct compact_control *cc, u64 start_pfn, u64 end_pfn)
{
	struct page *page = walk_pageblock(&cc->walk, start_pfn, end_pfn);

	point(compaction, free_pageblock_checked, start_pfn);
	if (page && (!suitable_migration_target(cc, page) || !isolation_suitable(cc, page))) {
		walk_leave(&cc->walk);
		page = NULL;
	}
	return page;
}

void isolate_freepages(struct compact_control *cc)
{
	u64 pfn = cc->free_pfn, start_pfn = pageblock_start_pfn(pfn);
	u64 end_pfn = min(start_pfn + pageblock_nr_pages, zone_end_pfn(cc->zone));
	u64 low_pfn = pageblock_end_pfn(cc->migrate_pfn);

	/* Only whole pageblocks above the migrate scanner, so the first is never reached and nothing wraps. */
	for (; start_pfn >= low_pfn; end_pfn = start_pfn, pfn = start_pfn -= pageblock_nr_pages) {
		struct page *first;

		if (start_pfn % ((u64)COMPACT_CLUSTER_MAX * pageblock_nr_pages) == 0)
			cond_resched();
		first = start_pfn < end_pfn ? enter_target(cc, start_pfn, end_pfn) : NULL;
		if (!first)
			continue;
		pfn = isolate_freepages_block(cc, first, pfn, end_pfn);
		if (cc->nr_freepages >= cc->nr_migratepages) {
			if (pfn >= end_pfn)
				pfn = start_pfn - pageblock_nr_pages;
			break;
		}
		if (pfn < end_pfn) /* the watermark, or a signal */
			break;
	}
	cc->free_pfn = pfn;
}
