/* SPDX-License-Identifier: MIT */
/* The law of isolation: while a pageblock is isolated, nobody gets a page of it. Judged at each allocation. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/buddy.h"
#include "core/rt/report.h"

/* zone->lock is held: pageblock types of the zone do not change meanwhile. */
static void isolated_law_check(const struct page *page, u32 order)
{
	u64 start_pfn = pageblock_start_pfn(page_to_pfn(page)), end_pfn = page_to_pfn(page) + BIT(order);

	for (u64 pfn = start_pfn; pfn < end_pfn; pfn += pageblock_nr_pages)
		if (raw_pageblock_type(pfn) == MIGRATE_ISOLATE)
			rt_fail(VERDICT_invariant, "law isolated_page_allocated",
				"pfn %llu order %u is allocated, but the pageblock at pfn %llu is isolated",
				(unsigned long long)page_to_pfn(page), order, (unsigned long long)pfn);
}

void isolated_law_init(void)
{
	census_shifts_init();
	page_allocated_hook = isolated_law_check;
}
