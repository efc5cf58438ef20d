/* SPDX-License-Identifier: MIT */
#include "core/range/scan.h"

#include "core/mm/buddy.h"
#include "core/mm/machine.h"
#include "core/mm/page_ext.h"
#include "core/range/walk.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

/* The zone's part of the range: spans are read without a lock, and may be those of a moment ago. */
static u64 first_pfn_in(const struct zone *zone, u64 start_pfn)
{
	return max(start_pfn, READ_ONCE(zone->zone_start_pfn));
}

/* ---- pagetypeinfo ----------------------------------------------------------------------------------------------- */

/* zone->lock excludes changes of types, not of what is online; and it lets nobody wait. */
static s64 count_pageblocks(struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	u64 pfn = first_pfn_in(zone, start_pfn), end = min(end_pfn, zone_end_pfn(zone));
	u64 count[MIGRATE_TYPES] = {0}, sum = 0;
	unsigned long flags;
	struct walk w;

	walk_begin_giving_way(&w, zone);
	spin_lock_irqsave(&zone->lock, flags);
	for (; pfn < end; pfn = pageblock_end_pfn(pfn)) {
		struct page *page = walk_page(&w, pfn);

		point(walk, page, pfn);
		if (page)
			count[get_pageblock_migratetype(page)]++;
		walk_leave(&w);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	walk_end(&w);
	for (u32 mt = 0; mt < MIGRATE_TYPES; mt++)
		sum += count[mt];
	return (s64)sum;
}

s64 scan_pagetypeinfo(u64 start_pfn, u64 end_pfn)
{
	struct zone *zone;
	s64 sum = 0;

	for_each_populated_zone (zone)
		sum += count_pageblocks(zone, start_pfn, end_pfn);
	return sum;
}

/* ---- page_owner ------------------------------------------------------------------------------------------------- */

/* Does the page begin an allocation? Its struct page need not be there any more: the record is kept by itself. */
static bool begins_allocation(const struct page *page)
{
	struct page_ext *page_ext = page_ext_get(page);
	bool allocated;

	if (!page_ext)
		return false;
	allocated = test_bit(PAGE_EXT_OWNER, &page_ext->flags) &&
		    test_bit(PAGE_EXT_OWNER_ALLOCATED, &page_ext->flags) &&
		    IS_ALIGNED(page_to_pfn(page), BIT(READ_ONCE(page_ext->order)));
	page_ext_put(page_ext);
	return allocated;
}

s64 scan_page_owner(u64 start_pfn, u64 end_pfn)
{
	s64 allocations = 0;
	struct walk w;

	if (!boot_param(page_owner))
		return -ENOENT;
	walk_begin(&w, NULL);
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn++) {
		const struct page *page;
		u64 order = 0;
		bool buddy;

		cond_resched();
		page = walk_page(&w, pfn);
		if (!page)
			continue;
		buddy = PageBuddy(page);
		if (buddy)
			order = buddy_order_unsafe(page);
		walk_leave(&w);
		if (buddy && order > 0 && order <= geometry.max_order)
			pfn += BIT(order) - 1;
		if (!buddy)
			allocations += begins_allocation(page);
	}
	walk_end(&w);
	return allocations;
}

/* ---- kmemleak --------------------------------------------------------------------------------------------------- */

/* Whatever the words mean: they may be pointers. */
static MAY_BE_WILD u64 scan_block(const struct page *page)
{
	const u64 *word = (const u64 *)page;
	u64 pointers = 0;

	page_access_check(page);
	for (u32 i = 0; i < sizeof(*page) / sizeof(*word); i++) {
		u64 value = data_race(READ_ONCE(word[i]),
				      "a word that changes meanwhile is looked at again by the next scan");

		pointers += value >= RT_HEAP_BASE && value < RT_HEAP_BASE + RT_ARENA_SIZE;
	}
	return pointers;
}

static s64 scan_zone(struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	u64 pfn = first_pfn_in(zone, start_pfn), end = min(end_pfn, zone_end_pfn(zone));
	u64 pointers = 0;
	s64 scanned = 0;
	struct walk w;

	walk_begin(&w, zone);
	for (; pfn < end; pfn++) {
		struct page *page;

		if (pfn % WALK_CLUSTER == 0) {
			walk_leave(&w);
			cond_resched();
		}
		page = walk_page(&w, pfn);
		if (!page || page_ref_count(page) == 0)
			continue;
		pointers += scan_block(page);
		scanned++;
	}
	walk_leave(&w);
	walk_end(&w);
	point(walk, scanned, pointers);
	return scanned;
}

s64 scan_kmemleak(u64 start_pfn, u64 end_pfn)
{
	struct zone *zone;
	s64 scanned = 0;

	/* Struct pages stay initialised, and zones as they are. */
	get_online_mems();
	for_each_populated_zone (zone) {
		if (bug(planted_nested_online_mems))
			get_online_mems();
		scanned += scan_zone(zone, start_pfn, end_pfn);
		if (bug(planted_nested_online_mems))
			put_online_mems();
	}
	put_online_mems();
	return scanned;
}
