/* SPDX-License-Identifier: MIT */
/*
 * Laws of isolation: while a pageblock is isolated, nobody gets a page of it (judged at each allocation), and it stays
 * isolated until who isolated it gives it back (judged by then); a contiguous allocation gets single pages nobody uses.
 */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/buddy.h"
#include "core/range/contig.h"
#include "core/range/isolation.h"
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

/*
 * Holes of early memory have struct pages, but are not online: isolation passes them over, with or without a device in
 * them. A device's mapping is there before its struct pages are, and until they are gone.
 */
static bool pageblock_online(u64 pfn)
{
	const struct mem_section *ms = raw_section(pfn_to_section_nr(pfn));
	u64 subsection = BIT(pfn % PAGES_PER_SECTION / PAGES_PER_SUBSECTION);

	return raw_pfn_online(pfn) && ms->usage->subsection_map & subsection &&
	       !(device_subsections(pfn_to_section_nr(pfn)) & subsection) &&
	       raw_page_zonenum(pfn_to_page(pfn)) != ZONE_DEVICE;
}

static void isolated_range_check(u64 start_pfn, u64 end_pfn)
{
	for (u64 pfn = pageblock_start_pfn(start_pfn); pfn < end_pfn; pfn += pageblock_nr_pages)
		if (pageblock_online(pfn) && raw_pageblock_type(pfn) != MIGRATE_ISOLATE)
			rt_fail(VERDICT_invariant, "law isolated_range",
				"the pageblock at pfn %llu has type %u, but who isolated it did not give it back",
				(unsigned long long)pfn, raw_pageblock_type(pfn));
}

/* Walkers may take references on any page in use, so there may be more than the owner's. */
static void contig_range_check(u64 start_pfn, u64 end_pfn)
{
	const struct page *first = pfn_to_page(start_pfn);

	isolated_range_check(start_pfn, end_pfn);
	for (const struct page *page = first; page < pfn_to_page(end_pfn); page++)
		if (page->_refcount.counter < 1 || raw_page_buddy(page) || raw_page_flag(page, PG_lru) ||
		    raw_page_flag(page, PG_reserved) || raw_page_flag(page, PG_head) || page->mapping ||
		    page->flags >> ZONES_PGSHIFT != first->flags >> ZONES_PGSHIFT)
			rt_fail(VERDICT_invariant, "law contig_range",
				"pfn %llu is given out with %d references, flags %#llx, mapping %#llx",
				(unsigned long long)page_to_pfn(page), page->_refcount.counter,
				(unsigned long long)page->flags, (unsigned long long)page->mapping);
}

void isolated_law_init(void)
{
	census_shifts_init();
	page_allocated_hook = isolated_law_check;
	isolated_range_hook = isolated_range_check;
	contig_range_hook = contig_range_check;
}
