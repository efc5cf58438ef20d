/* SPDX-License-Identifier: MIT */
/* Free lists and freeing; allocation is in buddy_alloc.c, what isolation and compaction need in buddy_isolate.c. */
#include "core/mm/buddy.h"

#include "core/mm/hwpoison.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/mm/page_ext.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

/* ---- free lists ------------------------------------------------------------------------------------------------ */

/* Marked: compaction reads the order of a free block without zone->lock. */
static void set_buddy_order(struct page *page, u32 order)
{
	WRITE_ONCE(page->private, order);
	__SetPageBuddy(page);
}

void add_to_free_list(struct page *page, struct zone *zone, u32 order, enum migratetype mt, bool tail)
{
	struct free_area *area = &zone->free_area[order];

	if (tail)
		list_add_tail(&page->lru, &area->free_list[mt]);
	else
		list_add(&page->lru, &area->free_list[mt]);
	WRITE_ONCE(area->nr_free, area->nr_free + 1);
}

void (*zone_scarcer_hook)(const struct zone *zone, const struct page *leaving);

void del_page_from_free_list(struct page *page, struct zone *zone, u32 order)
{
	struct free_area *area = &zone->free_area[order];

	if (zone_scarcer_hook)
		zone_scarcer_hook(zone, page);
	list_del_init(&page->lru);
	__ClearPageBuddy(page);
	WRITE_ONCE(page->private, 0);
	WRITE_ONCE(area->nr_free, area->nr_free - 1);
}

void move_to_free_list(struct page *page, struct zone *zone, u32 order, enum migratetype mt)
{
	if (zone_scarcer_hook)
		zone_scarcer_hook(zone, page);
	list_move_tail(&page->lru, &zone->free_area[order].free_list[mt]);
}

void __mod_zone_freepage_state(struct zone *zone, s64 nr_pages, enum migratetype mt)
{
	if (is_migrate_isolate(mt))
		return;
	__mod_zone_page_state(zone, NR_FREE_PAGES, nr_pages);
	if (nr_pages < 0 && zone_scarcer_hook)
		zone_scarcer_hook(zone, NULL);
	if (mt == MIGRATE_CMA)
		__mod_zone_page_state(zone, NR_FREE_CMA_PAGES, nr_pages);
}

/* ---- merging --------------------------------------------------------------------------------------------------- */

static bool page_is_buddy(const struct page *page, const struct page *buddy, u32 order)
{
	if (!PageBuddy(buddy) || buddy_order(buddy) != order)
		return false;
	/* Zones of one node may meet inside the range of an order. */
	return page_zone_id(page) == page_zone_id(buddy);
}

/* The free block @page would merge with at @order, or NULL. Both are in one section. */
static struct page *find_buddy_page(struct page *page, u64 pfn, u32 order)
{
	struct page *buddy = pfn_to_page(pfn ^ BIT(order));

	return page_is_buddy(page, buddy, order) ? buddy : NULL;
}

/*
 * Blocks of pageblock size and more may meet one of another type. Only plain types mix: an isolated pageblock must not
 * be swallowed by one that is not, or its pages could be allocated.
 */
static bool types_merge(u64 buddy_pfn, u32 order, enum migratetype mt)
{
	enum migratetype buddy_mt;

	if (order < pageblock_order)
		return true;
	buddy_mt = get_pfnblock_migratetype(buddy_pfn);
	return mt == buddy_mt || (migratetype_is_mergeable(mt) && migratetype_is_mergeable(buddy_mt));
}

/* The next larger block is about to become free: keep this one at the end of its list for a while. */
static bool buddy_merge_likely(struct page *page, u64 pfn, u32 order)
{
	u64 higher_pfn = pfn & ~BIT(order);

	if (order + 1 >= geometry.max_order)
		return false;
	return find_buddy_page(page + (s64)(higher_pfn - pfn), higher_pfn, order + 1) != NULL;
}

/* Does the calling task wait for a block of this zone? Not on behalf of others: in an interrupt the task is another. */
static struct capture_control *task_capc(const struct zone *zone)
{
	struct capture_control *capc = current_capture;

	return capc && !capc->page && capc->zone == zone && !in_interrupt() ? capc : NULL;
}

/* Neither CMA nor isolated memory, nor a part of a movable pageblock, which would pollute it. (compaction_capture, 6.1)
 */
static bool compaction_capture(struct capture_control *capc, struct page *page, u32 order, enum migratetype mt)
{
	if (!capc || order != capc->order || mt == MIGRATE_CMA || is_migrate_isolate(mt))
		return false;
	if (order < pageblock_order && mt == MIGRATE_MOVABLE)
		return false;
	capc->page = page;
	point(buddy, captured, page_to_pfn(page));
	return true;
}

void __free_one_page(struct page *page, u64 pfn, struct zone *zone, u32 order, enum migratetype mt, bool to_tail)
{
	struct capture_control *capc = task_capc(zone);

	lockdep_assert_held(&zone->lock);
	BUG_ON(!zone->initialized || order > geometry.max_order || pfn & (BIT(order) - 1));
	__mod_zone_freepage_state(zone, (s64)BIT(order), mt);
	while (order < geometry.max_order) {
		struct page *buddy;

		if (compaction_capture(capc, page, order, mt)) {
			__mod_zone_freepage_state(zone, -(s64)BIT(order), mt);
			if (page_allocated_hook)
				page_allocated_hook(page, order);
			return;
		}
		buddy = find_buddy_page(page, pfn, order);
		if (!buddy || !types_merge(pfn ^ BIT(order), order, mt))
			break;
		del_page_from_free_list(buddy, zone, order);
		pfn &= ~BIT(order);
		page = pfn_to_page(pfn);
		order++;
	}
	set_buddy_order(page, order);
	add_to_free_list(page, zone, order, mt, to_tail || buddy_merge_likely(page, pfn, order));
}

/* ---- freeing --------------------------------------------------------------------------------------------------- */

#define PAGE_FLAGS_CHECK_AT_FREE                                                                                       \
	(BIT(PG_lru) | BIT(PG_locked) | BIT(PG_private) | BIT(PG_writeback) | BIT(PG_reserved) | BIT(PG_slab) |        \
	 BIT(PG_active) | BIT(PG_unevictable))
#define PAGE_FLAGS_CHECK_AT_PREP ((BIT(NR_PAGEFLAGS) - 1) & ~BIT(PG_hwpoison))

void check_page_state(const struct page *page, const char *when)
{
	u64 flags = READ_ONCE(page->flags);

	s32 mapcount = atomic_read(&page->_mapcount) + 1;

	if (likely(page_ref_count(page) == 0 && mapcount == 0 && !READ_ONCE(page->mapping) &&
		   !(flags & PAGE_FLAGS_CHECK_AT_FREE)))
		return;
	rt_fail(VERDICT_bug, "bad page state", "pfn %llu %s: flags %#llx, refcount %d, mapcount %d, mapping %#llx",
		(unsigned long long)page_to_pfn(page), when, (unsigned long long)flags, page_ref_count(page), mapcount,
		(unsigned long long)READ_ONCE(page->mapping));
}

bool free_pages_prepare(struct page *page, u32 order)
{
	if (order == 0 && drop_poisoned_page(page))
		return false;
	reset_page_owner(page, order);
	if (PageHead(page))
		destroy_compound_page(page, order);
	if (READ_ONCE(page->mapping) & PAGE_MAPPING_FLAGS)
		WRITE_ONCE(page->mapping, 0);
	for (u64 i = 0; i < BIT(order); i++) {
		check_page_state(page + i, "freed");
		page_change_flags(page + i, PAGE_FLAGS_CHECK_AT_PREP, 0);
	}
	WRITE_ONCE(page->private, 0);
	return true;
}

/* Some of its pageblocks may be isolated and others not (split_large_buddy(), 6.10). zone->lock held. */
static void free_by_pageblock(struct zone *zone, struct page *page, u64 pfn, u32 order)
{
	for (u64 i = 0; i < BIT(order); i += pageblock_nr_pages)
		__free_one_page(page + i, pfn + i, zone, pageblock_order, get_pfnblock_migratetype(pfn + i), false);
}

void free_one_page_locked(struct zone *zone, struct page *page, u64 pfn, u32 order, enum migratetype mt)
{
	if (order > pageblock_order && zone->nr_isolate_pageblock && !bug(straddling_free_block))
		free_by_pageblock(zone, page, pfn, order);
	else
		__free_one_page(page, pfn, zone, order, mt, false);
}

void free_one_page(struct zone *zone, struct page *page, u64 pfn, u32 order, enum migratetype mt)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	/* The type was read without the lock: meanwhile somebody may have isolated the pageblock, or stopped to. */
	if (!bug(planted_type_not_rechecked) &&
	    (zone->nr_isolate_pageblock || (is_migrate_isolate(mt) && !bug(isolate_type_trusted))))
		mt = get_pfnblock_migratetype(pfn);
	free_one_page_locked(zone, page, pfn, order, mt);
	spin_unlock_irqrestore(&zone->lock, flags);
	point(buddy, freed, pfn);
}

void __free_pages_core(struct page *page, u32 order)
{
	page_access_check(page);
	for (struct page *p = page; p < page + BIT(order); p++) {
		WRITE_ONCE(p->flags, READ_ONCE(p->flags) & ~BIT(PG_reserved));
		WRITE_ONCE(p->_refcount.counter, 0);
	}
	memblock_free_pages(page, page_to_pfn(page), order);
}

void memblock_free_pages(struct page *page, u64 pfn, u32 order)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;

	atomic_long_add((s64)BIT(order), &zone->managed_pages);
	spin_lock_irqsave(&zone->lock, flags);
	__free_one_page(page, pfn, zone, order, get_pfnblock_migratetype(pfn), true);
	spin_unlock_irqrestore(&zone->lock, flags);
	point(buddy, core_freed, pfn);
}
