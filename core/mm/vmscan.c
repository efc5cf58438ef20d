/* SPDX-License-Identifier: MIT */
#include "core/mm/vmscan.h"

#include "core/mm/filemap.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

#define THROTTLE_MS 20 /* VMSCAN_THROTTLE_ISOLATED */

u64 zone_reclaimable_pages(const struct zone *zone)
{
	return zone_page_state(zone, NR_ZONE_INACTIVE_FILE) + zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
}

/* ---- taking pages off the lists -------------------------------------------------------------------------------- */

/* From the old end; what cannot be had, or lies in a zone that would not help, goes back to the young end. Base pages.
 * (6.1) */
static u32 isolate_lru_pages(struct lruvec *lruvec, u32 nr_to_scan, struct list_head *to, const struct scan_control *sc,
			     enum lru_list lru)
{
	struct list_head *from = &lruvec->lists[lru], skipped;
	u32 taken = 0;

	INIT_LIST_HEAD(&skipped);
	for (u32 scan = 0; scan < nr_to_scan && !list_empty(from); scan++) {
		struct page *page = list_last_entry(from, struct page, lru);

		if (page_zonenum(page) > sc->reclaim_idx || !get_page_unless_zero(page)) {
			list_move(&page->lru, &skipped);
			continue;
		}
		/* Somebody else is taking it, and waits for lru_lock with a reference: ours is not the last. */
		if (!TestClearPageLRU(page)) {
			list_move(&page->lru, &skipped);
			put_page(page);
			continue;
		}
		lruvec_del_page(lruvec, page);
		list_add(&page->lru, to);
		taken += (u32)BIT(compound_order(page));
	}
	list_splice_init(&skipped, from);
	return taken;
}

static u32 take_pages(pg_data_t *pgdat, u32 nr, struct list_head *to, const struct scan_control *sc, enum lru_list lru)
{
	struct lruvec *lruvec = &pgdat->lruvec;
	unsigned long flags;
	u32 taken;

	lru_add_drain();
	spin_lock_irqsave(&lruvec->lru_lock, flags);
	taken = isolate_lru_pages(lruvec, nr, to, sc, lru);
	__mod_node_page_state(pgdat, lru == LRU_INACTIVE_ANON ? NR_ISOLATED_ANON : NR_ISOLATED_FILE, taken);
	spin_unlock_irqrestore(&lruvec->lru_lock, flags);
	return taken;
}

u32 isolate_inactive_anon(pg_data_t *pgdat, u32 nr, struct list_head *to)
{
	const struct scan_control sc = {.reclaim_idx = MAX_NR_ZONES - 1};

	return take_pages(pgdat, nr, to, &sc, LRU_INACTIVE_ANON);
}

static void put_back(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, pages, lru) {
		list_del_init(&page->lru);
		putback_lru_page(page);
	}
}

/* ---- dropping pages -------------------------------------------------------------------------------------------- */

/* Dropped: frozen at no reference, to be freed. False: it stays, and is on the active list if it was used lately. */
static bool reclaim_page(struct page *page, bool ignore_references)
{
	bool dropped = false;

	if (!trylock_page(page))
		return false;
	if (!ignore_references && PageReferenced(page)) {
		ClearPageReferenced(page);
		SetPageActive(page);
	} else if (!PageDirty(page) && !PageWriteback(page) && !PageUnevictable(page) && READ_ONCE(page->mapping)) {
		dropped = remove_mapping(page);
	}
	/* Waiters for the lock hold references: of a frozen page there are none. */
	if (dropped)
		ClearPageLocked(page);
	else
		unlock_page(page);
	return dropped;
}

/* (shrink_folio_list, 6.1) */
static u32 shrink_page_list(struct list_head *pages, bool ignore_references)
{
	struct list_head kept;
	struct page *page, *next;
	u32 nr_reclaimed = 0;

	INIT_LIST_HEAD(&kept);
	list_for_each_entry_safe (page, next, pages, lru) {
		cond_resched();
		list_del_init(&page->lru);
		if (reclaim_page(page, ignore_references)) {
			point(vmscan, reclaimed, page_to_pfn(page));
			ClearPageActive(page);
			free_unref_page(page, 0);
			nr_reclaimed++;
		} else {
			list_add(&page->lru, &kept);
		}
	}
	list_splice_init(&kept, pages);
	return nr_reclaimed;
}

static u32 shrink_inactive_list(pg_data_t *pgdat, u32 nr, struct scan_control *sc)
{
	struct list_head pages;
	u32 taken, reclaimed;

	/* Those isolated must come back first: else all pages would be on somebody's private list. */
	if (too_many_isolated(pgdat)) {
		vmstat_shepherd();
		msleep(THROTTLE_MS);
	}
	INIT_LIST_HEAD(&pages);
	taken = take_pages(pgdat, nr, &pages, sc, LRU_INACTIVE_FILE);
	if (!taken)
		return 0;
	reclaimed = shrink_page_list(&pages, false);
	put_back(&pages);
	mod_node_page_state(pgdat, NR_ISOLATED_FILE, -(s64)taken);
	sc->nr_scanned += taken;
	return reclaimed;
}

u32 reclaim_clean_pages_from_list(struct list_head *pages)
{
	struct page *page, *next;
	struct list_head clean;
	pg_data_t *pgdat;
	u32 nr_reclaimed;

	INIT_LIST_HEAD(&clean);
	list_for_each_entry_safe (page, next, pages, lru) {
		if (page_is_movable_ops(page) || !page_is_file_lru(page) || PageDirty(page) || PageUnevictable(page))
			continue;
		ClearPageActive(page);
		list_move(&page->lru, &clean);
	}
	if (list_empty(&clean))
		return 0;
	/* Once dropped they cannot be asked any more. */
	pgdat = NODE_DATA(page_to_nid(list_first_entry(&clean, struct page, lru)));
	nr_reclaimed = shrink_page_list(&clean, true);
	list_splice_init(&clean, pages);
	mod_node_page_state(pgdat, NR_ISOLATED_FILE, -(s64)nr_reclaimed);
	return nr_reclaimed;
}

/* Pages not used since they became active get old again. (shrink_active_list, 6.1) */
static void shrink_active_list(pg_data_t *pgdat, u32 nr, const struct scan_control *sc)
{
	struct list_head pages;
	struct page *page;
	u32 taken;

	INIT_LIST_HEAD(&pages);
	taken = take_pages(pgdat, nr, &pages, sc, LRU_ACTIVE_FILE);
	list_for_each_entry (page, &pages, lru)
		ClearPageActive(page);
	put_back(&pages);
	mod_node_page_state(pgdat, NR_ISOLATED_FILE, -(s64)taken);
}

/* ---- nodes ----------------------------------------------------------------------------------------------------- */

void shrink_node(pg_data_t *pgdat, struct scan_control *sc)
{
	u64 inactive = node_page_state(pgdat, NR_INACTIVE_FILE), active = node_page_state(pgdat, NR_ACTIVE_FILE);
	u64 nr_to_scan = inactive >> sc->priority;

	if (active > inactive && active >> sc->priority)
		shrink_active_list(pgdat, (u32)min(active >> sc->priority, (u64)SWAP_CLUSTER_MAX), sc);
	while (nr_to_scan && sc->nr_reclaimed < sc->nr_to_reclaim) {
		u32 nr = (u32)min(nr_to_scan, (u64)SWAP_CLUSTER_MAX);

		sc->nr_reclaimed += shrink_inactive_list(pgdat, nr, sc);
		nr_to_scan -= nr;
		cond_resched();
	}
	if (sc->nr_reclaimed)
		WRITE_ONCE(pgdat->kswapd_failures, 0);
}

/* Each node of the list once. */
static void shrink_zones(struct zonelist *zonelist, const nodemask_t *nodemask, struct scan_control *sc)
{
	struct zoneref *z = first_zones_zonelist(zonelist, sc->reclaim_idx, nodemask);
	pg_data_t *last = NULL;

	for (struct zone *zone; (zone = zonelist_zone(z)) != NULL;
	     z = next_zones_zonelist(z + 1, sc->reclaim_idx, nodemask)) {
		pg_data_t *pgdat = NODE_DATA(zone->node);

		if (pgdat == last)
			continue;
		last = pgdat;
		shrink_node(pgdat, sc);
	}
}

u64 try_to_free_pages(struct zonelist *zonelist, u32 order, gfp_t gfp, const nodemask_t *nodemask)
{
	struct scan_control sc = {
		.nr_to_reclaim = SWAP_CLUSTER_MAX,
		.order = order,
		.priority = DEF_PRIORITY,
		.reclaim_idx = gfp_zone(gfp),
	};
	u64 flags = current_flags;

	/* Freeing may need a page or two itself: those come from the reserves, and never reclaim again. */
	current_flags = flags | PF_MEMALLOC;
	do
		shrink_zones(zonelist, nodemask, &sc);
	while (sc.nr_reclaimed < sc.nr_to_reclaim && sc.priority-- > 0);
	current_flags = flags;
	return sc.nr_reclaimed;
}
