/* SPDX-License-Identifier: MIT */
/* Free blocks taken off the lists as they are, split, and put back (mm/page_alloc.c, 6.1). */
#include "core/mm/buddy.h"

#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/mm/page_ext.h"
#include "core/rt/report.h"

u64 __isolate_free_page(struct page *page, u32 order)
{
	struct zone *zone = page_zone(page);
	enum migratetype mt = get_pageblock_migratetype(page);

	lockdep_assert_held(&zone->lock);
	if (bug(planted_free_page_dropped))
		del_page_from_free_list(page, zone, order);
	if (!is_migrate_isolate(mt)) {
		/* Taking it must not be what starves the next allocation. */
		if (!zone_watermark_ok(zone, 0, zone->_watermark[WMARK_MIN] + BIT(order), 0, ALLOC_CMA))
			return 0;
		__mod_zone_freepage_state(zone, -(s64)BIT(order), mt);
	}
	if (!bug(planted_free_page_dropped))
		del_page_from_free_list(page, zone, order);
	/* Most of the pageblock leaves for movable pages: let it be one of them. */
	if (order + 1 >= pageblock_order)
		for (u64 i = 0; i < BIT(order); i += pageblock_nr_pages)
			if (migratetype_is_mergeable(get_pageblock_migratetype(page + i)))
				set_pageblock_migratetype(page + i, MIGRATE_MOVABLE);
	return BIT(order);
}

void __putback_isolated_page(struct page *page, u32 order, enum migratetype mt)
{
	__free_one_page(page, page_to_pfn(page), page_zone(page), order, mt, true);
}

void split_map_isolated_page(struct page *page, u32 order)
{
	for (u64 i = 0; i < BIT(order); i++) {
		check_page_state(page + i, "allocated");
		WRITE_ONCE(page[i].private, 0);
		set_page_count(page + i, 1);
		set_page_owner(page + i, 0, __GFP_MOVABLE);
	}
}

static u32 highest_bit(u64 value)
{
	return 63 - (u32)__builtin_clzll(value);
}

int split_free_page(struct page *free_page, u32 order, u64 split_pfn_offset)
{
	u64 start_pfn = page_to_pfn(free_page), end_pfn = start_pfn + BIT(order), left = split_pfn_offset;
	struct zone *zone = page_zone(free_page);
	unsigned long flags;
	int ret = -ENOENT;

	if (split_pfn_offset == 0)
		return 0;
	spin_lock_irqsave(&zone->lock, flags);
	if (!PageBuddy(free_page) || buddy_order(free_page) != order)
		goto out;
	ret = 0;
	__mod_zone_freepage_state(zone, -(s64)BIT(order), get_pageblock_migratetype(free_page));
	del_page_from_free_list(free_page, zone, order);
	/* Largest aligned blocks up to the split, then from there to the end. */
	for (u64 pfn = start_pfn; pfn < end_pfn;) {
		u32 part = min(pfn ? (u32)__builtin_ctzll(pfn) : order, highest_bit(left));

		__free_one_page(pfn_to_page(pfn), pfn, zone, part, get_pfnblock_migratetype(pfn), false);
		pfn += BIT(part);
		left -= BIT(part);
		if (!left)
			left = end_pfn - pfn;
	}
out:
	spin_unlock_irqrestore(&zone->lock, flags);
	return ret;
}
