/* SPDX-License-Identifier: MIT */
/* Allocation in one zone: own lists, fallback and stealing, reserves (mm/page_alloc.c, 6.1). */
#include "core/mm/buddy.h"

#include "core/mm/hwpoison.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
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
		WRITE_ONCE(page->index, (u64)mt);
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
	return order >= pageblock_order / 2 || start_mt == MIGRATE_RECLAIMABLE || start_mt == MIGRATE_UNMOVABLE ||
	       READ_ONCE(machine.vm.page_group_by_mobility_disabled);
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

/*
 * Types are about to mix in a pageblock: for a while kswapd shall keep more pages free, so that it happens less. True
 * if the mark was raised. (boost_watermark, 6.1)
 */
static bool boost_watermark(struct zone *zone)
{
	u64 most = zone->_watermark[WMARK_HIGH] * READ_ONCE(machine.vm.watermark_boost_factor) / 10000;

	/* Too small for it to help, or marks are not computed yet. */
	if (pageblock_nr_pages * 4ULL > zone_managed_pages(zone) || !most)
		return false;
	most = max(most, (u64)pageblock_nr_pages);
	WRITE_ONCE(zone->watermark_boost, min(zone->watermark_boost + pageblock_nr_pages, most));
	if (zone_scarcer_hook)
		zone_scarcer_hook(zone, NULL);
	return true;
}

/* Puts @page, a free block of another type, on the lists of @start_mt; with the rest of its pageblock if worth it. */
static void steal_suitable_fallback(struct zone *zone, struct page *page, enum migratetype start_mt, u32 alloc_flags,
				    bool whole_block)
{
	enum migratetype old_mt = get_pageblock_migratetype(page);
	u64 free_pages, movable_pages = 0, alike_pages = 0;
	u32 order = buddy_order(page);

	point(buddy, stolen, page_to_pfn(page));
	if (order >= pageblock_order && old_mt != MIGRATE_HIGHATOMIC)
		change_pageblock_range(page, order, start_mt);
	else if (old_mt != MIGRATE_HIGHATOMIC && boost_watermark(zone) && (alloc_flags & ALLOC_KSWAPD))
		set_bit(ZONE_BOOSTED_WATERMARK, &zone->flags);
	if (order >= pageblock_order || old_mt == MIGRATE_HIGHATOMIC || !whole_block) {
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
static bool __rmqueue_fallback(struct zone *zone, u32 order, enum migratetype start_mt, u32 alloc_flags)
{
	/* Rather another zone than a part of a pageblock of another type. */
	u32 least_order = alloc_flags & ALLOC_NOFRAGMENT ? max(order, pageblock_order) : order;
	enum migratetype mt = MIGRATE_TYPES;
	u32 current_order = geometry.max_order + 1;

	while (mt == MIGRATE_TYPES && current_order-- > least_order)
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
	steal_suitable_fallback(zone, first_free_page(&zone->free_area[current_order], mt), start_mt, alloc_flags,
				can_steal_fallback(current_order, start_mt));
	return true;
}

/* (__rmqueue, 6.1) Remembers in page->index which list the page came from: what it counts as when it is freed. */
static struct page *__rmqueue(struct zone *zone, u32 order, enum migratetype mt, u32 alloc_flags)
{
	struct page *page = NULL;

	/* Half of the free pages are CMA's: movable pages go there first, so that the others last. */
	if ((alloc_flags & ALLOC_CMA) &&
	    zone_page_state(zone, NR_FREE_CMA_PAGES) > zone_page_state(zone, NR_FREE_PAGES) / 2)
		page = __rmqueue_smallest(zone, order, MIGRATE_CMA);
	while (!page) {
		page = __rmqueue_smallest(zone, order, mt);
		if (!page && (alloc_flags & ALLOC_CMA))
			page = __rmqueue_smallest(zone, order, MIGRATE_CMA);
		if (!page && !__rmqueue_fallback(zone, order, mt, alloc_flags))
			break;
	}
	return page;
}

void (*page_allocated_hook)(const struct page *page, u32 order);

/* zone->lock held; the caller counts it as no longer free. */
static void left_lists(struct zone *zone, struct page *page, u32 order)
{
	if (page_allocated_hook)
		page_allocated_hook(page, order);
	if (READ_ONCE(page->index) == MIGRATE_CMA)
		__mod_zone_page_state(zone, NR_FREE_CMA_PAGES, -(s64)BIT(order));
}

/* (rmqueue_buddy() without its loop, 6.1) */
static struct page *rmqueue_once(struct zone *zone, u32 order, enum migratetype mt, u32 alloc_flags)
{
	struct page *page = NULL;
	unsigned long flags;

	point(buddy, rmqueue, zone->idx);
	spin_lock_irqsave(&zone->lock, flags);
	if (alloc_flags & ALLOC_HIGHATOMIC)
		page = __rmqueue_smallest(zone, order, MIGRATE_HIGHATOMIC);
	if (!page)
		page = __rmqueue(zone, order, mt, alloc_flags);
	if (page) {
		left_lists(zone, page, order);
		__mod_zone_freepage_state(zone, -(s64)BIT(order), mt);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

struct page *rmqueue_buddy(struct zone *zone, u32 order, enum migratetype mt, u32 alloc_flags)
{
	struct page *page;

	do
		page = rmqueue_once(zone, order, mt, alloc_flags);
	while (page && drop_poisoned_pages(page, order));
	return page;
}

u32 rmqueue_bulk(struct zone *zone, u32 order, u32 count, struct list_head *list, enum migratetype mt, u32 alloc_flags)
{
	unsigned long flags;
	u32 done;

	point(buddy, rmqueue, zone->idx);
	spin_lock_irqsave(&zone->lock, flags);
	for (done = 0; done < count; done++) {
		struct page *page = __rmqueue(zone, order, mt, alloc_flags);

		if (!page)
			break;
		left_lists(zone, page, order);
		/* In the order they were found: the next allocations get neighbouring pages. */
		list_add_tail(&page->lru, list);
	}
	__mod_zone_freepage_state(zone, -((s64)done << order), mt);
	spin_unlock_irqrestore(&zone->lock, flags);
	return done;
}

/* ---- reserves for high-order atomic allocations ---------------------------------------------------------------- */

void reserve_highatomic_pageblock(struct page *page, struct zone *zone)
{
	u64 most = zone_managed_pages(zone) / 100 + pageblock_nr_pages;
	unsigned long flags;
	enum migratetype mt;

	/* Racy, and looked at again under the lock. */
	if (READ_ONCE(zone->nr_reserved_highatomic) >= most)
		return;
	spin_lock_irqsave(&zone->lock, flags);
	mt = get_pageblock_migratetype(page);
	if (zone->nr_reserved_highatomic < most && migratetype_is_mergeable(mt)) {
		WRITE_ONCE(zone->nr_reserved_highatomic, zone->nr_reserved_highatomic + pageblock_nr_pages);
		set_pageblock_migratetype(page, MIGRATE_HIGHATOMIC);
		move_freepages_block(zone, page, MIGRATE_HIGHATOMIC);
		if (zone_scarcer_hook)
			zone_scarcer_hook(zone, NULL);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* A reserved pageblock with a free page becomes one of type @mt. zone->lock held. */
static bool unreserve_one(struct zone *zone, enum migratetype mt)
{
	for (u32 order = 0; order <= geometry.max_order; order++) {
		struct page *page = first_free_page(&zone->free_area[order], MIGRATE_HIGHATOMIC);

		if (!page)
			continue;
		/* Isolation takes reserved pageblocks without telling the counter: never below zero. */
		if (get_pageblock_migratetype(page) == MIGRATE_HIGHATOMIC)
			WRITE_ONCE(zone->nr_reserved_highatomic,
				   zone->nr_reserved_highatomic -
					   min((u64)pageblock_nr_pages, zone->nr_reserved_highatomic));
		set_pageblock_migratetype(page, mt);
		if (move_freepages_block(zone, page, mt))
			return true;
	}
	return false;
}

bool unreserve_highatomic_pageblock(struct zonelist *list, u32 highest_zoneidx, const nodemask_t *nodes,
				    enum migratetype mt, bool force)
{
	struct zoneref *z = first_zones_zonelist(list, highest_zoneidx, nodes);

	for (struct zone *zone; (zone = zonelist_zone(z)) != NULL;
	     z = next_zones_zonelist(z + 1, highest_zoneidx, nodes)) {
		unsigned long flags;
		bool done;

		/* One is kept until there is no other way. */
		if (!force && READ_ONCE(zone->nr_reserved_highatomic) <= pageblock_nr_pages)
			continue;
		spin_lock_irqsave(&zone->lock, flags);
		done = unreserve_one(zone, mt);
		spin_unlock_irqrestore(&zone->lock, flags);
		if (done)
			return true;
	}
	return false;
}
