/* SPDX-License-Identifier: MIT */
#include "core/range/compaction.h"

#include "core/mm/buddy.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/mm/vmscan.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

unsigned long compact_lock_irqsave(spinlock_t *lock, struct compact_control *cc)
{
	unsigned long flags;

	if (cc->mode == MIGRATE_ASYNC && !cc->contended) {
		if (spin_trylock_irqsave_flags(lock, &flags))
			return flags;
		cc->contended = true;
	}
	return spin_lock_irqsave_flags(lock);
}

bool isolation_suitable(const struct compact_control *cc, const struct page *page)
{
	return cc->ignore_skip_hint || !get_pageblock_skip(page);
}

u64 release_freepages(struct list_head *list)
{
	struct page *page, *next;
	u64 high_pfn = 0;

	list_for_each_entry_safe (page, next, list, lru) {
		high_pfn = max(high_pfn, page_to_pfn(page));
		list_del_init(&page->lru);
		__free_pages(page, 0);
	}
	return high_pfn;
}

/* ---- what migrate_pages() gets its targets from ---------------------------------------------------------------- */

static struct page *compaction_alloc(struct page *page, void *private)
{
	struct compact_control *cc = private;
	struct page *free;

	(void)page; /* of order 0, as all that the migrate scanner takes */
	if (list_empty(&cc->freepages)) {
		walk_resume(&cc->walk);
		isolate_freepages(cc);
		walk_pause(&cc->walk);
		if (list_empty(&cc->freepages))
			return NULL;
	}
	free = list_first_entry(&cc->freepages, struct page, lru);
	list_del_init(&free->lru);
	cc->nr_freepages--;
	return free;
}

static void compaction_free(struct page *page, void *private)
{
	struct compact_control *cc = private;

	list_add(&page->lru, &cc->freepages);
	cc->nr_freepages++;
}

/* ---- one run --------------------------------------------------------------------------------------------------- */

/*
 * The span's last pageblock, where the free scanner begins. The zone may have lost all its memory since somebody found
 * it populated: of a span that ends at 0 the last page is at the end of all numbers.
 */
static u64 last_pageblock(u64 start_pfn, u64 end_pfn)
{
	if (end_pfn <= start_pfn && !bug(compaction_wraps_around))
		return start_pfn;
	return pageblock_start_pfn(end_pfn - 1);
}

static void reset_cached_positions(struct zone *zone)
{
	u64 start_pfn = READ_ONCE(zone->zone_start_pfn);

	for (u32 i = 0; i < ASYNC_AND_SYNC; i++)
		WRITE_ONCE(zone->compact_cached_migrate_pfn[i], start_pfn);
	WRITE_ONCE(zone->compact_cached_free_pfn, last_pageblock(start_pfn, zone_end_pfn(zone)));
}

/* A free block that the request could have. Lock-free, so it may be gone when it is wanted. */
static bool suitable_page_free(const struct compact_control *cc)
{
	for (u32 order = (u32)cc->order; order <= geometry.max_order; order++) {
		const struct free_area *area = &cc->zone->free_area[order];

		if (!data_race(list_empty(&area->free_list[cc->migratetype]),
			       "only a hint whether to go on; the allocation takes zone->lock"))
			return true;
		/* Whole pageblocks of another type may be taken over. */
		if (order >= pageblock_order && READ_ONCE(area->nr_free))
			return true;
	}
	return false;
}

static enum compact_result compact_finished(struct compact_control *cc)
{
	if (compact_scanners_met(cc)) {
		reset_cached_positions(cc->zone);
		/* Skip bits were in the way: kswapd forgets them when it goes to sleep. */
		if (cc->direct_compaction)
			WRITE_ONCE(cc->zone->compact_blockskip_flush, 1);
		return cc->whole_zone ? COMPACT_COMPLETE : COMPACT_PARTIAL_SKIPPED;
	}
	if (cc->proactive) {
		if (kswapd_is_running(NODE_DATA(cc->zone->node)))
			return COMPACT_PARTIAL_SKIPPED;
		if (fragmentation_score_zone(cc->zone) <= fragmentation_score_wmark(true))
			return COMPACT_SUCCESS;
	}
	if (is_via_compact_memory(cc->order))
		return COMPACT_CONTINUE;
	if (!pageblock_aligned(cc->migrate_pfn)) /* a pageblock is always finished */
		return COMPACT_CONTINUE;
	if (suitable_page_free(cc))
		return COMPACT_SUCCESS;
	return cc->contended || fatal_signal_pending() ? COMPACT_CONTENDED : COMPACT_CONTINUE;
}

/*
 * Both scanners' starts. The span is read once and without a lock, so it may be torn, and a cached position may lie
 * outside of it: those are replaced, and what lies in a hole is found out pageblock by pageblock.
 */
static void start_scanners(struct compact_control *cc)
{
	struct zone *zone = cc->zone;
	u64 start_pfn = READ_ONCE(zone->zone_start_pfn), end_pfn = zone_end_pfn(zone);
	u64 *cached_migrate_pfn = &zone->compact_cached_migrate_pfn[cached_migrate_index(cc)];

	cc->migrate_pfn = start_pfn;
	cc->free_pfn = last_pageblock(start_pfn, end_pfn);
	if (cc->whole_zone)
		return;
	cc->migrate_pfn = READ_ONCE(*cached_migrate_pfn);
	cc->free_pfn = READ_ONCE(zone->compact_cached_free_pfn);
	if (cc->free_pfn < start_pfn || cc->free_pfn >= end_pfn) {
		cc->free_pfn = last_pageblock(start_pfn, end_pfn);
		WRITE_ONCE(zone->compact_cached_free_pfn, cc->free_pfn);
	}
	if (cc->migrate_pfn < start_pfn || cc->migrate_pfn >= end_pfn) {
		cc->migrate_pfn = start_pfn;
		WRITE_ONCE(*cached_migrate_pfn, cc->migrate_pfn);
	}
	if (cc->migrate_pfn <= start_pfn)
		cc->whole_zone = true;
}

/*
 * Pages that were moved out of a block of the wanted order rest on this CPU's lists: there they would not merge. Once
 * the scanner has left the block. (compact_zone, 6.1)
 */
static void drain_left_block(struct compact_control *cc)
{
	u64 block;

	if (cc->order <= 0 || !cc->last_migrated_pfn)
		return;
	block = ALIGN_DOWN(cc->migrate_pfn, 1ULL << cc->order);
	if (cc->last_migrated_pfn >= block)
		return;
	walk_pause(&cc->walk);
	lru_add_drain();
	drain_local_pages(cc->zone);
	walk_resume(&cc->walk);
	cc->last_migrated_pfn = 0;
}

/* Moves what the migrate scanner collected; true if the run must end: no target is left to be found. */
static bool migrate_collected(struct compact_control *cc)
{
	u32 nr_succeeded = 0;
	int ret;

	point(compaction, migrate, cc->nr_migratepages);
	walk_pause(&cc->walk);
	ret = migrate_pages(&cc->migratepages, compaction_alloc, compaction_free, cc, cc->mode, &nr_succeeded);
	cc->nr_migratepages = 0; /* moved, or put back now */
	cc->nr_migrated += nr_succeeded;
	if (ret)
		putback_movable_pages(&cc->migratepages);
	walk_resume(&cc->walk);
	return ret == -ENOMEM && !compact_scanners_met(cc);
}

static enum compact_result compact_loop(struct compact_control *cc)
{
	u64 last_migrated_block = UINT64_MAX;
	enum compact_result ret;

	while ((ret = compact_finished(cc)) == COMPACT_CONTINUE) {
		u64 iteration_block = pageblock_start_pfn(cc->migrate_pfn);

		/* Here again although pages were isolated: the block holds more than one batch. Take all of it now. */
		cc->rescan = last_migrated_block == iteration_block;
		switch (isolate_migratepages(cc)) {
		case ISOLATE_ABORT:
			walk_pause(&cc->walk);
			putback_movable_pages(&cc->migratepages);
			walk_resume(&cc->walk);
			cc->nr_migratepages = 0;
			return COMPACT_CONTENDED;
		case ISOLATE_NONE:
			break;
		case ISOLATE_SUCCESS:
			last_migrated_block = iteration_block;
			cc->last_migrated_pfn = max(iteration_block, 1UL);
			if (migrate_collected(cc))
				return COMPACT_CONTENDED;
			break;
		}
		drain_left_block(cc);
		/* Freed by this very task, and already its own. */
		if (cc->capc && cc->capc->page)
			return COMPACT_SUCCESS;
	}
	return ret;
}

/* Free pages that no migration took go back, and the next run may look for free pages there again. */
static void return_unused(struct compact_control *cc)
{
	u64 free_pfn;

	if (cc->nr_freepages == 0)
		return;
	walk_pause(&cc->walk);
	free_pfn = pageblock_start_pfn(release_freepages(&cc->freepages));
	walk_resume(&cc->walk);
	cc->nr_freepages = 0;
	if (free_pfn > READ_ONCE(cc->zone->compact_cached_free_pfn))
		WRITE_ONCE(cc->zone->compact_cached_free_pfn, free_pfn);
}

enum compact_result compact_zone(struct compact_control *cc)
{
	enum compact_result ret;

	might_sleep();
	INIT_LIST_HEAD(&cc->freepages);
	INIT_LIST_HEAD(&cc->migratepages);
	cc->nr_freepages = cc->nr_migratepages = 0;
	cc->contended = cc->rescan = false;
	cc->migrate_scanned = cc->free_scanned = cc->nr_migrated = cc->last_migrated_pfn = 0;
	if (!populated_zone(cc->zone))
		return COMPACT_SKIPPED;
	if (!is_via_compact_memory(cc->order)) {
		ret = compaction_suitable(cc->zone, cc->order, cc->alloc_flags, cc->highest_zoneidx);
		if (ret == COMPACT_SUCCESS || ret == COMPACT_SKIPPED)
			return ret;
		/* After so many failures what was in the way may be gone. */
		if (compaction_restarting(cc->zone, cc->order))
			reset_isolation_suitable_zone(cc->zone);
	}
	start_scanners(cc);
	lru_add_drain();
	point(compaction, start, cc->migrate_pfn);
	walk_begin_giving_way(&cc->walk, cc->zone);
	ret = compact_loop(cc);
	return_unused(cc);
	walk_end(&cc->walk);
	BUG_ON(!list_empty(&cc->freepages) || !list_empty(&cc->migratepages));
	point(compaction, end, ret);
	return ret;
}
