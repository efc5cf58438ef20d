/* SPDX-License-Identifier: MIT */
/*
 * The law of pinned pages: the migrate scanner passes over none that nobody has pinned. Judged when it does.
 *
 * References come and go, so a page is judged only if it has as many as the scanner saw, and all of them are its
 * entry's.
 */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/range/compaction.h"
#include "core/rt/report.h"

static void pinned_law_check(const struct page *page, s32 count, s32 held)
{
	const struct area *area = (const struct area *)(page->mapping & ~PAGE_MAPPING_FLAGS);
	u64 index = page->index;

	/* On threads a page that was moving when its mappings were counted may be back by now. */
	if (!rt_holds_still() || page->_refcount.counter != count || !(page->mapping & PAGE_MAPPING_ANON) ||
	    index >= area->size)
		return;
	if (!(area->pte[index] & PTE_PRESENT) || pfn_to_page(pte_pfn(area->pte[index])) != page ||
	    area_pins_page(area, (u32)index))
		return;
	if (count == area_references(area, (u32)index) + held)
		rt_fail(VERDICT_invariant, "law pinned_page",
			"pfn %llu is taken for pinned with %d references: %d are its entry's, %d the scanner's",
			(unsigned long long)page_to_pfn(page), count, area_references(area, (u32)index), held);
}

void pinned_law_init(void)
{
	pinned_page_hook = pinned_law_check;
}
