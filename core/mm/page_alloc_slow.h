/* SPDX-License-Identifier: MIT */
/* Between the files of page allocation: the fast path's search and the slow path (mm/page_alloc.c, 6.1). */
#ifndef PFNSTORM_MM_PAGE_ALLOC_SLOW_H
#define PFNSTORM_MM_PAGE_ALLOC_SLOW_H

#include "core/mm/page_alloc.h"

/* One search through the zonelist from ac->preferred_zoneref on. Any context. */
struct page *get_page_from_freelist(gfp_t gfp, u32 order, u32 alloc_flags, const struct alloc_context *ac);
/* After a search in vain: reserves, kswapd, reclaim, compaction, again. Sets ac->preferred_zoneref anew. */
struct page *__alloc_pages_slowpath(gfp_t gfp, u32 order, struct alloc_context *ac);
u32 nr_online_nodes(void);

/* A page off the free lists becomes what the allocator returns. */
void prep_new_page(struct page *page, u32 order, gfp_t gfp);
/* zone_watermark_ok() for @free pages. (6.1) */
bool __zone_watermark_ok(struct zone *zone, u32 order, u64 mark, u32 highest_zoneidx, u32 alloc_flags, u64 free);

/*
 * Laws of their own (check/oom.c) look at allocations. The slow path is a search: it opens, begins as often as the
 * zonelist is looked at anew, fails if nothing was found, closes. NULL: nobody looks; no search: too many are open.
 */
struct oom_law {
	struct oom_search *(*opens)(void);
	void (*begins)(struct oom_search *search, const struct alloc_context *ac, u32 order);
	void (*failed)(struct oom_search *search);
	void (*closes)(struct oom_search *search);
	/* Any allocation, fast path or slow: @page is about to be the caller's. */
	void (*allocated)(const struct page *page, const struct alloc_context *ac);
};
extern const struct oom_law *oom_law;

#endif
