/* SPDX-License-Identifier: MIT */
/* The law of page_ext and what page_owner says in it. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/machine.h"
#include "core/mm/page_ext.h"

static bool allocated(const struct page_ext *base, u64 pfn)
{
	return base[pfn & (PAGES_PER_SECTION - 1)].flags & BIT(PAGE_EXT_OWNER_ALLOCATED);
}

/*
 * Pages that are free, as the first of their block or on a list of a CPU, and pages with an owner's reference. Poisoned
 * pages and those of a driver may never have been allocated.
 */
static const char *section_broken(u64 nr, const struct page_ext *base)
{
	for (u64 pfn = section_nr_to_pfn(nr), next; pfn < section_nr_to_pfn(nr + 1); pfn = next) {
		const struct page *page = pfn_to_page(pfn);
		u32 order = 0;
		bool free = raw_page_buddy(page) || census_pcp_page(pfn, &order);
		u64 nr_pages = BIT(raw_page_buddy(page) ? page->private : order);

		next = pfn + 1;
		for (u64 i = 0; free && i < nr_pages; i++)
			if (allocated(base, pfn + i))
				return broken("pfn %llu is free, page_owner says that it is allocated",
					      (unsigned long long)(pfn + i));
		if (free)
			next = pfn + nr_pages;
		else if (page->_refcount.counter > 0 && !raw_page_flag(page, PG_reserved) &&
			 !raw_page_flag(page, PG_hwpoison) && !raw_page_offline(page) && !allocated(base, pfn))
			return broken("pfn %llu is in use, page_owner does not know that it was allocated",
				      (unsigned long long)pfn);
	}
	return NULL;
}

const char *law_page_ext(void)
{
	for (u64 nr = 0; nr < geometry.max_pfn / PAGES_PER_SECTION; nr++) {
		const struct mem_section *ms = raw_section(nr);
		bool online = ms && (ms->section_mem_map & SECTION_IS_ONLINE);
		const char *wrong;

		if (!ms || (!ms->page_ext && !(online && boot_param(page_owner))))
			continue;
		if (!ms->page_ext || (u64)ms->page_ext & PAGE_EXT_INVALID || !online)
			return broken("section %llu is %s and has %s page_ext", (unsigned long long)nr,
				      online ? "online" : "not online", ms->page_ext ? "a" : "no");
		wrong = section_broken(nr, ms->page_ext);
		if (wrong)
			return wrong;
	}
	return NULL;
}
