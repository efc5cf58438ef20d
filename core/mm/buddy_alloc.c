/* SPDX-License-Identifier: MIT */
/* Allocation: own lists, fallback and stealing, and the way through nodes and zones (mm/page_alloc.c, 6.1). */
#include "core/mm/buddy.h"

#include "core/mm/machine.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

/* ---- one zone, zone->lock held --------------------------------------------------------------------------------- */

static struct page *first_free_page(struct free_area *area, enum migratetype mt)
{
	return list_empty(&area->free_list[mt]) ? NULL : list_first_entry(&area->free_list[mt], struct page, lru);
}

/* Gives back the upper halves of a block of order @high, down to @low. */
static void expand(struct zone *zone, struct page *page, u32 low, u32 high, enum migratetype mt)
{
	while (high > low) {
		struct page *half = page + BIT(--high);

		WRITE_ONCE(half->private, high);
		__SetPageBuddy(half);
		add_to_free_list(half, zone, high, mt, false);
	}
}

static struct page *__rmqueue_smallest(struct zone *zone, u32 order, enum migratetype mt)
{
	for (u32 current_order = order; current_order <= geometry.max_order; current_order++) {
		struct page *page = first_free_page(&zone->free_area[current_order], mt);

		if (!page)
			continue;
		del_page_from_free_list(page, zone, current_order);
		expand(zone, page, order, current_order, mt);
		return page;
	}
	return NULL;
}

/* Whose lists each type may use when its own are empty, best first. The other types never help out. */
#define NR_FALLBACKS 2
static const enum migratetype fallbacks[MIGRATE_PCPTYPES][NR_FALLBACKS] = {
	[MIGRATE_UNMOVABLE] = {MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE},
	[MIGRATE_MOVABLE] = {MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE},
	[MIGRATE_RECLAIMABLE] = {MIGRATE_UNMOVABLE, MIGRATE_MOVABLE},
};

/* May an allocation of type @start_mt that found a block of @order take over the whole pageblock? */
static bool can_steal_fallback(u32 order, enum migratetype start_mt)
{
	return order >= pageblock_order / 2 || start_mt == MIGRATE_RECLAIMABLE || start_mt == MIGRATE_UNMOVABLE;
}

/* MIGRATE_TYPES if nothing suits. */
static enum migratetype find_suitable_fallback(const struct free_area *area, enum migratetype mt)
{
	if (area->nr_free == 0)
		return MIGRATE_TYPES;
	for (u32 i = 0; i < NR_FALLBACKS; i++)
		if (!list_empty(&area->free_list[fallbacks[mt][i]]))
			return fallbacks[mt][i];
	return MIGRATE_TYPES;
}

/* Free pages of the pageblock go to list @mt; pages in use that can move are counted. Number of pages moved. */
static u64 move_freepages(struct zone *zone, struct page *page, enum migratetype mt, u64 *nr_movable)
{
	u64 pfn = page_to_pfn(page), start_pfn = pageblock_start_pfn(pfn), end_pfn = start_pfn + pageblock_nr_pages;
	u64 moved = 0;

	/* Zones may meet inside a pageblock. */
	if (!zone_spans_pfn(zone, start_pfn))
		start_pfn = pfn;
	if (!zone_spans_pfn(zone, end_pfn - 1))
		return 0;
	for (pfn = start_pfn; pfn < end_pfn;) {
		struct page *p = pfn_to_page(pfn);
		u32 order;

		if (!PageBuddy(p)) {
			/* Without a reference: a hint for how useful the pageblock is. */
			if (nr_movable && PageLRU(p))
				(*nr_movable)++;
			pfn++;
			continue;
		}
		order = buddy_order(p);
		move_to_free_list(p, zone, order, mt);
		pfn += BIT(order);
		moved += BIT(order);
	}
	return moved;
}

u64 move_freepages_block(struct zone *zone, struct page *page, enum migratetype mt)
{
	lockdep_assert_held(&zone->lock);
	return move_freepages(zone, page, mt, NULL);
}

static void change_pageblock_range(struct page *page, u32 order, enum migratetype mt)
{
	for (u64 i = 0; i < BIT(order); i += pageblock_nr_pages)
		set_pageblock_migratetype(page + i, mt);
}

/* Puts @page, a free block of another type, on the lists of @start_mt; with the rest of its pageblock if worth it. */
static void steal_suitable_fallback(struct zone *zone, struct page *page, enum migratetype start_mt, bool whole_block)
{
	enum migratetype old_mt = get_pageblock_migratetype(page);
	u64 free_pages, movable_pages = 0, alike_pages = 0;
	u32 order = buddy_order(page);

	point(buddy, stolen, page_to_pfn(page));
	if (order >= pageblock_order)
		change_pageblock_range(page, order, start_mt);
	if (order >= pageblock_order || !whole_block) {
		move_to_free_list(page, zone, order, start_mt);
		return;
	}
	free_pages = move_freepages(zone, page, start_mt, &movable_pages);
	if (!free_pages) {
		move_to_free_list(page, zone, order, start_mt);
		return;
	}
	if (start_mt == MIGRATE_MOVABLE)
		alike_pages = movable_pages;
	else if (old_mt == MIGRATE_MOVABLE)
		alike_pages = pageblock_nr_pages - (free_pages + movable_pages);
	if (free_pages + alike_pages >= pageblock_nr_pages / 2)
		set_pageblock_migratetype(page, start_mt);
}

/* Largest block first, so that the type spreads over few pageblocks; true if there is something on the own lists now.
 */
static bool __rmqueue_fallback(struct zone *zone, u32 order, enum migratetype start_mt)
{
	enum migratetype mt = MIGRATE_TYPES;
	u32 current_order = geometry.max_order + 1;

	while (mt == MIGRATE_TYPES && current_order-- > order)
		mt = find_suitable_fallback(&zone->free_area[current_order], start_mt);
	if (mt == MIGRATE_TYPES)
		return false;
	/* A movable page that can not take the pageblock over takes the smallest block that does. */
	if (!can_steal_fallback(current_order, start_mt) && start_mt == MIGRATE_MOVABLE && current_order > order) {
		for (current_order = order;; current_order++) {
			mt = find_suitable_fallback(&zone->free_area[current_order], start_mt);
			if (mt != MIGRATE_TYPES)
				break;
		}
	}
	steal_suitable_fallback(zone, first_free_page(&zone->free_area[current_order], mt), start_mt,
				can_steal_fallback(current_order, start_mt));
	return true;
}

static struct page *__rmqueue(struct zone *zone, u32 order, enum migratetype mt)
{
	struct page *page;

	do
		page = __rmqueue_smallest(zone, order, mt);
	while (!page && __rmqueue_fallback(zone, order, mt));
	return page;
}

void (*page_allocated_hook)(const struct page *page, u32 order);

/* ---- pages for users ------------------------------------------------------------------------------------------- */

/* The buddy lists' side of rmqueue(): where a layer of per-CPU lists falls through to. */
static struct page *rmqueue_buddy(struct zone *zone, u32 order, enum migratetype mt)
{
	unsigned long flags;
	struct page *page;

	point(buddy, rmqueue, zone->idx);
	spin_lock_irqsave(&zone->lock, flags);
	page = __rmqueue(zone, order, mt);
	if (page && page_allocated_hook)
		page_allocated_hook(page, order);
	if (page)
		__mod_zone_freepage_state(zone, -(s64)BIT(order), mt);
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

static void prep_new_page(struct page *page, u32 order, enum migratetype mt)
{
	for (u64 i = 0; i < BIT(order); i++)
		check_page_state(page + i, "allocated");
	WRITE_ONCE(page->private, 0);
	set_page_count(page, 1);
	if (order && mt == MIGRATE_MOVABLE)
		prep_compound_page(page, order);
}

/* The node's zones an allocation may use, from the highest down. */
static struct page *alloc_pages_node(u32 nid, const struct alloc_request *req)
{
	for (u32 idx = req->movable_zone ? ZONE_MOVABLE : ZONE_NORMAL;; idx--) {
		struct zone *zone = node_zone(nid, idx);
		struct page *page = NULL;

		if (populated_zone(zone) && zone_watermark_ok(zone, req->order, min_wmark_pages(zone)))
			page = rmqueue_buddy(zone, req->order, req->mt);
		if (page || idx == 0)
			return page;
	}
}

struct page *alloc_pages(const struct alloc_request *req)
{
	BUG_ON(req->mt >= MIGRATE_PCPTYPES || req->nid >= MAX_NODES);
	if (WARN_ON(req->order > geometry.max_order))
		return NULL;
	for (u32 i = 0; i < MAX_NODES; i++) {
		u32 nid = (req->nid + i) % MAX_NODES;
		struct page *page;

		if (!node_state(nid, N_MEMORY) || (req->nodemask && !(req->nodemask & BIT(nid))))
			continue;
		page = alloc_pages_node(nid, req);
		if (!page)
			continue;
		prep_new_page(page, req->order, req->mt);
		point(buddy, alloc, page_to_pfn(page));
		return page;
	}
	return NULL;
}
