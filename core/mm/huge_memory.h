/* SPDX-License-Identifier: MIT */
/*
 * Compound pages as user memory: how they are mapped, and how they come apart (mm/huge_memory.c, mm/rmap.c, 6.1).
 *
 * A compound page is mapped as a whole (compound_mapcount, one reference) or page by page (a mapcount and a reference
 * for each). Huge pages of any order up to the largest are allowed here; the kernel has those of pageblock order.
 */
#ifndef PFNSTORM_MM_HUGE_MEMORY_H
#define PFNSTORM_MM_HUGE_MEMORY_H

#include "core/mm/area.h"

/*
 * The page of an entry of @order is mapped now; @ptes: page by page. Returns the number of references that the mapping
 * holds. Page table lock held.
 */
u32 page_map(struct page *page, u32 order, bool ptes);
/* Its opposite; returns the number of references to drop. Page table lock held. */
u32 page_unmap(struct page *page, u32 order, bool ptes);

/* How often the page itself, plus the compound page it is part of, is mapped. (page_mapcount, 6.1) */
s32 page_mapcount(const struct page *page);
/* All mappings of all pages of a compound page, whose head is @page. The caller holds a reference. (6.1) */
s32 total_mapcount(const struct page *page);
bool page_mapped(const struct page *page);

/*
 * Page by page instead of as a whole, in every area entry that maps @page; nothing if it is so already. The caller
 * holds a reference. Number of references added. (__split_huge_pmd, 6.1)
 */
u32 split_huge_pmd(struct page *page);
/*
 * Takes a locked compound page apart: its pages are single ones with a reference each, mapped as before; all but @page
 * are added to @list behind it, or to the LRU if @list is NULL. -EBUSY: somebody else holds it, -EAGAIN: its area has
 * no room for so many entries. The caller's reference (isolation's) stays with each page of a list. (6.1)
 */
int split_huge_page_to_list(struct page *page, struct list_head *list);

#endif
