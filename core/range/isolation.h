/* SPDX-License-Identifier: MIT */
/*
 * Page isolation (mm/page_isolation.c, 6.1): pageblocks nobody may allocate from, so that a range can be emptied.
 *
 * Callers that hold mem_hotplug_lock for writing (online, offline) or nothing at all (contiguous allocation) use the
 * same functions; only the first may rely on the range staying online before it is isolated. Task context, may sleep.
 */
#ifndef PFNSTORM_RANGE_ISOLATION_H
#define PFNSTORM_RANGE_ISOLATION_H

#include "core/mm/section.h"
#include "core/mm/zone.h"
#include "core/rt/types.h"

/* Flags, values of 6.1. */
#define MEMORY_OFFLINE 0x1u /* hwpoisoned and logically offline pages do not count as unmovable */
#define REPORT_FAILURE 0x2u /* log the page that is in the way */

/*
 * Isolates all pageblocks with an online page in [start_pfn, end_pfn), rounded outwards to pageblocks: first, last,
 * then those between. 0, or -EBUSY (an unmovable page, somebody else isolates, nothing online at an end) and then the
 * pageblocks it had isolated are of type @mt again. (start_isolate_page_range(), 6.1, since 6.0 in this order)
 */
int start_isolate_page_range(u64 start_pfn, u64 end_pfn, enum migratetype mt, u32 flags);
/*
 * Makes the isolated pageblocks of the range, rounded outwards, type @mt; their pages can be allocated again. Once for
 * each successful start_isolate_page_range() whose range did not go offline.
 */
void undo_isolate_page_range(u64 start_pfn, u64 end_pfn, enum migratetype mt);
/* The same for a range that is isolated because it has just come online. */
void unisolate_page_range(u64 start_pfn, u64 end_pfn, enum migratetype mt);
/* A law (check/isolated.c) is told when who isolated a range is about to use it or to give it back. NULL: nobody. */
extern void (*isolated_range_hook)(u64 start_pfn, u64 end_pfn);
/* By that one. */
static inline void check_range_isolated(u64 start_pfn, u64 end_pfn)
{
	if (isolated_range_hook)
		isolated_range_hook(start_pfn, end_pfn);
}
/*
 * 0 if all pageblocks of [start_pfn, end_pfn) are isolated and all its pages are free (with MEMORY_OFFLINE: or
 * hwpoisoned, or logically offline without users), else -EBUSY. All pages are of one zone. The answer was true while
 * zone->lock was held inside; nobody but a holder of free pages taken off before can change it until undo.
 */
int test_pages_isolated(u64 start_pfn, u64 end_pfn, u32 flags);

/*
 * One pageblock: that of @page, scanning its intersection with [start_pfn, end_pfn) for unmovable pages. 0 or -EBUSY.
 * @page is covered by the caller's walk, or cannot go away. Takes zone->lock. (set_migratetype_isolate(), 6.1)
 */
int set_migratetype_isolate(struct page *page, enum migratetype mt, u32 flags, u64 start_pfn, u64 end_pfn);
/* Nothing happens if it is not isolated. Same requirements. (unset_migratetype_isolate(), 6.1) */
void unset_migratetype_isolate(struct page *page, enum migratetype mt);
/*
 * The first page of [start_pfn, end_pfn), within one pageblock, that cannot be moved away, or NULL. zone->lock held.
 * Inexact by design: it holds no references. (has_unmovable_pages(), 6.1)
 */
struct page *has_unmovable_pages(u64 start_pfn, u64 end_pfn, enum migratetype mt, u32 flags);

#endif
