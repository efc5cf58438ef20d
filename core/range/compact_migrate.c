/* SPDX-License-Identifier: MIT */
/* The migrate scanner: pages in use, from the low end of the zone upwards. */
#include "core/mm/buddy.h"
#include "core/mm/huge_memory.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/range/compaction.h"
#include "core/range/movable.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

#define THROTTLE_MS 20 /* VMSCAN_THROTTLE_ISOLATED */

/* The scan of one pageblock, from low_pfn to end_pfn. */
struct migrate_scan {
	struct compact_control *cc;
	u64 low_pfn, end_pfn;
	struct lruvec *locked; /* whose lru_lock is held, NULL: none */
	unsigned long irq;
	u32 nr_isolated;
	bool skip_updated; /* the skip bit has been dealt with */
	bool stop;         /* the scan of this pageblock is over */
	bool abort;        /* the whole run is */
	bool gone;         /* the pageblock went offline: the walk does not cover it any more */
};

static void raise_to(u64 *cached, u64 pfn)
{
	if (pfn > READ_ONCE(*cached))
		WRITE_ONCE(*cached, pfn);
}

/* What a sync run looked at in vain, an async one need not look at either. */
static void update_cached_migrate(struct compact_control *cc, u64 pfn)
{
	pfn = pageblock_end_pfn(pfn - 1);
	raise_to(&cc->zone->compact_cached_migrate_pfn[0], pfn);
	if (cc->mode != MIGRATE_ASYNC)
		raise_to(&cc->zone->compact_cached_migrate_pfn[1], pfn);
}

static void unlock_lruvec(struct migrate_scan *s)
{
	if (!s->locked)
		return;
	spin_unlock_irqrestore(&s->locked->lru_lock, s->irq);
	s->locked = NULL;
}

/* The pageblock went offline during a break: what is left of it is not ours to look at. */
static void lose_pageblock(struct migrate_scan *s)
{
	s->gone = s->stop = true;
	s->low_pfn = s->end_pfn;
}

/*
 * When so many pages are isolated that somebody must get on first. That can be us, if we compact to make room for pages
 * that we have isolated ourselves: 6.1 waits all the same, until a fatal signal.
 */
static void throttle(struct migrate_scan *s)
{
	while (!s->stop && too_many_isolated(NODE_DATA(s->cc->zone->node))) {
		vmstat_shepherd();
		/* Those that are here already can be the ones others wait for. */
		if (s->cc->nr_migratepages > 0 || s->cc->mode == MIGRATE_ASYNC || fatal_signal_pending() ||
		    (current_flags & PF_MIGRATES && !bug(compaction_waits_for_itself)))
			s->abort = s->stop = true;
		else if (!walk_resched(&s->cc->walk, THROTTLE_MS))
			lose_pageblock(s);
	}
}

/* Every COMPACT_CLUSTER_MAX pages: without locks, let others run. */
static void take_a_break(struct migrate_scan *s)
{
	unlock_lruvec(s);
	if (fatal_signal_pending())
		s->cc->contended = s->abort = s->stop = true;
	else if (!walk_resched(&s->cc->walk, 0))
		lose_pageblock(s);
}

void (*pinned_page_hook)(const struct page *page, s32 count, s32 held);

/*
 * An anonymous page with more references than mappings is pinned: migration would fail. @held of the references are the
 * scan's. The count first: who maps the page meanwhile takes references before he counts mappings.
 */
static bool page_pinned(const struct page *page, s32 held, s32 (*mapcount)(const struct page *page))
{
	s32 count;

	if (!(READ_ONCE(compound_head(page)->mapping) & PAGE_MAPPING_ANON))
		return false;
	count = page_count(page);
	if (count - held <= mapcount(page))
		return false;
	if (pinned_page_hook)
		pinned_page_hook(compound_head(page), count, held);
	return true;
}

/* How it was looked at before a reference is held: nothing keeps the page what it is. */
static bool pinned_at_a_peek(const struct page *page)
{
	if (bug(thp_mapcount_head_only))
		return page_pinned(page, 0, page_mapcount);
	if (bug(thp_mapcount_before_reference))
		return page_pinned(page, 0, total_mapcount);
	return false;
}

/*
 * What can be seen without lock or reference: is the page worth one? It may be freed, split, allocated and isolated by
 * others meanwhile. Steps over what a free or compound page seems to cover.
 */
static bool peek(struct migrate_scan *s, struct page *page)
{
	point(compaction, page_checked, s->low_pfn);
	if (PageBuddy(page)) {
		u64 order = buddy_order_unsafe(page);

		if (order > 0 && order <= geometry.max_order)
			s->low_pfn += (1ULL << order) - 1;
		return false;
	}
	if (PageCompound(page) && !s->cc->alloc_contig) {
		u32 order = compound_order(page);

		if (order <= geometry.max_order)
			s->low_pfn += (1ULL << order) - 1;
		return false;
	}
	if (pinned_at_a_peek(page))
		return false;
	return PageLRU(page) || (page_is_movable_ops(page) && !PageIsolated(page));
}

/* First page of the pageblock to be isolated: somebody else's skip bit ends the scan, else it is set now. */
static bool test_and_set_skip(struct migrate_scan *s, struct page *page)
{
	bool skip;

	if (s->cc->ignore_skip_hint || !pageblock_aligned(s->low_pfn))
		return false;
	skip = get_pageblock_skip(page);
	if (!skip)
		set_pageblock_skip(page);
	return skip;
}

/*
 * @page is referenced and its PG_lru ours. Under its lru_lock, which the scan keeps for the pages that follow, nobody
 * else can unlink it. False: put it back.
 */
static bool lock_and_check(struct migrate_scan *s, struct page *page)
{
	struct lruvec *lruvec = &NODE_DATA(page_to_nid(page))->lruvec;

	if (s->locked == lruvec)
		return true;
	unlock_lruvec(s);
	s->irq = compact_lock_irqsave(&lruvec->lru_lock, s->cc);
	s->locked = lruvec;
	if (!s->skip_updated) {
		s->skip_updated = true;
		if (test_and_set_skip(s, page)) {
			s->low_pfn = s->end_pfn - 1;
			s->stop = true;
			return false;
		}
	}
	if (!PageCompound(page) || s->cc->alloc_contig)
		return true;
	s->low_pfn += (1ULL << compound_order(page)) - 1; /* it became one before the reference was taken */
	return false;
}

/* From its owner, which takes other locks than the LRU's. */
static bool isolate_held_movable(struct migrate_scan *s, struct page *page)
{
	unlock_lruvec(s);
	if (!isolate_referenced_movable(page))
		return false;
	list_add(&page->lru, &s->cc->migratepages);
	s->cc->nr_migratepages++;
	s->nr_isolated++;
	return true;
}

/* @page is held by the walk. True: isolated, the reference belongs to cc->migratepages. */
static bool isolate_held(struct migrate_scan *s, struct page *page)
{
	struct compact_control *cc = s->cc;
	u32 nr_pages;

	if (!PageLRU(page) && page_is_movable_ops(page))
		return isolate_held_movable(s, page);

	if (!bug(thp_mapcount_head_only) && !bug(thp_mapcount_before_reference) && page_pinned(page, 1, total_mapcount))
		return false;
	/* Whoever may not wait has no use for what is being written, nor for what cannot be reclaimed. */
	if (cc->mode == MIGRATE_ASYNC && PageWriteback(page))
		return false;
	if (!TestClearPageLRU(page))
		return false;
	if (!lock_and_check(s, page)) {
		SetPageLRU(page);
		return false;
	}
	lruvec_del_page(s->locked, page);
	mod_page_isolated(page, 1);
	nr_pages = 1U << compound_order(page);
	s->low_pfn += nr_pages - 1;
	list_add(&page->lru, &cc->migratepages);
	cc->nr_migratepages += nr_pages;
	s->nr_isolated += nr_pages;
	return true;
}

static void scan_page(struct migrate_scan *s)
{
	struct page *page = pfn_to_page(s->low_pfn);
	struct compact_control *cc = s->cc;
	bool held;

	cc->migrate_scanned++;
	if (!peek(s, page))
		return;
	if (!walk_take(&cc->walk, page))
		return;
	held = walk_taken_holds(page);
	if (held)
		point(compaction, referenced, page_to_pfn(page));
	if (!held || !isolate_held(s, page)) {
		unlock_lruvec(s); /* the last reference frees the page, which takes the lock */
		walk_drop(&cc->walk, page);
		return;
	}
	walk_keep(&cc->walk, page);
	point(compaction, isolated, page_to_pfn(page));
	if (cc->nr_migratepages >= COMPACT_CLUSTER_MAX && !cc->rescan && !cc->contended)
		s->stop = true;
}

/* The end of a pageblock: nobody need look again soon if nothing came out of it, or everything did not move. */
static void finish_pageblock(struct migrate_scan *s, struct page *first)
{
	struct compact_control *cc = s->cc;
	bool scanned = !cc->alloc_contig && s->low_pfn == s->end_pfn && (s->nr_isolated == 0 || cc->rescan);

	unlock_lruvec(s);
	if (bug(walk_stale_pointer))
		walk_leave(&cc->walk);
	if (scanned && !s->skip_updated && !s->gone)
		set_pageblock_skip(first);
	walk_leave(&cc->walk);
	if (scanned)
		update_cached_migrate(cc, s->low_pfn);
}

/*
 * Isolates pages from cc->migrate_pfn to @end_pfn, in the pageblock whose first page is @first and which the walk
 * covers; leaves the walk. False: abort. (isolate_migratepages_block(), 6.1)
 */
static bool isolate_migratepages_block(struct compact_control *cc, struct page *first, u64 end_pfn)
{
	struct migrate_scan s = {.cc = cc, .low_pfn = cc->migrate_pfn, .end_pfn = end_pfn};

	throttle(&s);
	while (s.low_pfn < end_pfn && !s.stop) {
		if (s.low_pfn % COMPACT_CLUSTER_MAX == 0)
			take_a_break(&s);
		if (s.stop)
			break;
		scan_page(&s);
		s.low_pfn++;
	}
	/* What a free or compound page seemed to cover may reach beyond, its order was read without a lock. */
	s.low_pfn = min(s.low_pfn, end_pfn);
	finish_pageblock(&s, first);
	cc->migrate_pfn = s.low_pfn;
	return !s.abort;
}

/* A whole huge page is none; and an allocation that may not wait looks into pageblocks of its own type only. */
static bool suitable_migration_source(const struct compact_control *cc, const struct page *page)
{
	enum migratetype mt;

	if (PageCompound(page) && compound_order(compound_head(page)) >= pageblock_order)
		return false;
	if (cc->mode != MIGRATE_ASYNC || !cc->direct_compaction)
		return true;
	mt = get_pageblock_migratetype(page);
	if (cc->migratetype == MIGRATE_MOVABLE)
		return mt == MIGRATE_MOVABLE || mt == MIGRATE_CMA;
	return mt == cc->migratetype;
}

enum isolate_result isolate_migratepages(struct compact_control *cc)
{
	u64 low_pfn = cc->migrate_pfn;
	u64 start_pfn = max(pageblock_start_pfn(low_pfn), READ_ONCE(cc->zone->zone_start_pfn));
	u64 end_pfn = pageblock_end_pfn(low_pfn);

	/* Only whole pageblocks below the free scanner. */
	for (; end_pfn <= cc->free_pfn;
	     start_pfn = low_pfn = cc->migrate_pfn = end_pfn, end_pfn += pageblock_nr_pages) {
		struct page *page;

		if (low_pfn % ((u64)COMPACT_CLUSTER_MAX * pageblock_nr_pages) == 0)
			cond_resched();
		/* The zone's start may have moved up, past the pageblock, since the scanner got here. */
		page = start_pfn < end_pfn || bug(compaction_start_beyond_end)
			       ? walk_pageblock(&cc->walk, start_pfn, end_pfn)
			       : NULL;
		point(compaction, pageblock_checked, start_pfn);
		if (!page)
			continue;
		if (low_pfn == start_pfn && !isolation_suitable(cc, page)) {
			walk_leave(&cc->walk);
			continue;
		}
		if (!suitable_migration_source(cc, page)) {
			walk_leave(&cc->walk);
			update_cached_migrate(cc, end_pfn);
			continue;
		}
		if (!isolate_migratepages_block(cc, page, end_pfn))
			return ISOLATE_ABORT;
		break;
	}
	return cc->nr_migratepages > 0 ? ISOLATE_SUCCESS : ISOLATE_NONE;
}

int isolate_migratepages_range(struct compact_control *cc, u64 end_pfn)
{
	while (cc->migrate_pfn < end_pfn && cc->nr_migratepages < COMPACT_CLUSTER_MAX) {
		u64 block_end_pfn = min(pageblock_end_pfn(cc->migrate_pfn), end_pfn);
		struct page *page = walk_pageblock(&cc->walk, cc->migrate_pfn, block_end_pfn);

		if (!page)
			cc->migrate_pfn = block_end_pfn;
		else if (!isolate_migratepages_block(cc, page, block_end_pfn))
			return fatal_signal_pending() ? -EINTR : -EAGAIN;
	}
	return 0;
}
