/* SPDX-License-Identifier: MIT */
#include "core/range/demote.h"

#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/memory_tiers.h"
#include "core/mm/page_alloc.h"
#include "core/mm/vmscan.h"
#include "core/range/migrate.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

/* Slow nodes may have ZONE_MOVABLE only, and what is demoted is movable. */
static struct page *alloc_on(const struct page *page, u32 nid, gfp_t gfp, const nodemask_t *nodes)
{
	u32 order = compound_order(page);

	if (order)
		gfp = (gfp & ~__GFP_RECLAIM) | GFP_TRANSHUGE;
	return __alloc_pages(gfp, order, nid, nodes);
}

/* The nearest node of the next tier, else any lower one; who waits for memory there would not help anybody here. */
static struct page *alloc_demote_page(struct page *page, void *private)
{
	const struct migration_target_control *mtc = private;
	struct page *target = alloc_on(page, mtc->nid, mtc->gfp | __GFP_THISNODE, NULL);

	return target ? target : alloc_on(page, mtc->nid, mtc->gfp, mtc->nodemask);
}

/* Those that someone needs here stay: used since they were looked at last, or locked in memory. */
static void keep_used_pages(struct list_head *pages, struct list_head *kept)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, pages, lru) {
		if (!PageReferenced(page) && !PageUnevictable(page))
			continue;
		if (PageReferenced(page)) {
			ClearPageReferenced(page);
			SetPageActive(page);
		}
		list_move(&page->lru, kept);
	}
}

s64 demote_pages(u32 nid, u32 nr)
{
	s32 target = next_demotion_node(nid);
	struct list_head pages, kept;
	struct migration_target_control mtc;
	nodemask_t allowed;
	u32 moved = 0;

	if (target < 0)
		return 0;
	INIT_LIST_HEAD(&pages);
	INIT_LIST_HEAD(&kept);
	isolate_inactive_anon(NODE_DATA(nid), nr, &pages);
	keep_used_pages(&pages, &kept);
	allowed = node_get_allowed_targets(nid);
	mtc.nid = (u32)target;
	mtc.nodemask = &allowed;
	mtc.gfp = (GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM) | __GFP_NOMEMALLOC | GFP_NOWAIT;
	point(memtier, isolated, nid);
	if (!list_empty(&pages) && migrate_pages(&pages, alloc_demote_page, NULL, &mtc, MIGRATE_ASYNC, &moved))
		putback_movable_pages(&pages);
	putback_movable_pages(&kept);
	point(memtier, demoted, moved);
	return moved;
}
