/* SPDX-License-Identifier: MIT */
/*
 * Extended struct pages: a word and more for each page of an online section, kept apart from the memmap
 * (mm/page_ext.c), and who uses them, the record of who owns a page (mm/page_owner.c, 6.1). There are none unless the
 * machine boots with page_owner.
 *
 * A section has its array from MEM_GOING_ONLINE to MEM_OFFLINE. Who reads one may hold no reference to the page, so the
 * array goes in three steps: its pointer is marked invalid, a grace period passes, it is freed.
 */
#ifndef PFNSTORM_MM_PAGE_EXT_H
#define PFNSTORM_MM_PAGE_EXT_H

#include "core/mm/gfp.h"
#include "core/mm/section.h"

enum page_ext_flags { PAGE_EXT_OWNER, PAGE_EXT_OWNER_ALLOCATED };

struct page_ext {
	u64 flags; /* bits of enum page_ext_flags; atomic */
	u32 order; /* of the allocation; marked */
	gfp_t gfp;
};

#define PAGE_EXT_INVALID BIT(0) /* of the pointer in the section */

/* Boot, once the early sections are there: an array for each. */
void page_ext_init(void);

/*
 * Of @page, whose struct page is not touched; NULL if its section has none, or loses it. Until page_ext_put() the
 * caller must not sleep: it is a read section. Any context. (6.1)
 */
struct page_ext *page_ext_get(const struct page *page);
void page_ext_put(struct page_ext *page_ext);

/* Arrays for all sections of a range, or none: 0 or -ENOMEM. mem_hotplug_lock write. (online_page_ext, 6.1) */
int online_page_ext(u64 start_pfn, u64 nr_pages);
/* Takes those away that are there. May sleep. mem_hotplug_lock write. (offline_page_ext, 6.1) */
void offline_page_ext(u64 start_pfn, u64 nr_pages);

/* 2^order pages were allocated, or are freed. Any context. (6.1) */
void set_page_owner(const struct page *page, u32 order, gfp_t gfp);
void reset_page_owner(const struct page *page, u32 order);

#endif
