/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator (mm/page_alloc.c, 6.1): orders, migratetype lists, fallback and stealing, isolation-aware
 * freeing.
 *
 * Each function says who holds zone->lock. Page frames are returned with reference count 1.
 */
#ifndef PFNSTORM_MM_BUDDY_H
#define PFNSTORM_MM_BUDDY_H

#include "core/mm/node.h"

/*
 * A law of its own (check/isolated.c) sees each block of free pages that is about to leave the lists for an allocation,
 * zone->lock held, on no list any more. NULL: nobody looks.
 */
extern void (*page_allocated_hook)(const struct page *page, u32 order);
/*
 * Another (check/oom.c) is told whenever a zone has less to give: fewer free pages, or higher marks; and before a block
 * of free pages, @leaving, is taken off its list, if only to go to another: who looks at the lists without zone->lock
 * may find it on neither. NULL: no block.
 */
extern void (*zone_scarcer_hook)(const struct zone *zone, const struct page *leaving);

/* 2^order pages without a reference, page->index the type of their list; NULL if there are none. Takes zone->lock.
 * (6.1) */
struct page *rmqueue_buddy(struct zone *zone, u32 order, enum migratetype mt, u32 alloc_flags);
/*
 * Up to @count blocks of @order to the tail of @list, under one holding of zone->lock; number of blocks. Pages in
 * between are accounted as no longer free. (rmqueue_bulk, 6.1)
 */
u32 rmqueue_bulk(struct zone *zone, u32 order, u32 count, struct list_head *list, enum migratetype mt, u32 alloc_flags);
/* After a successful high-order atomic allocation: keeps the page's pageblock for more of them. (6.1) */
void reserve_highatomic_pageblock(struct page *page, struct zone *zone);
/* Gives one such pageblock back to @ac's kind; all of them may go with @force. True if one did. (6.1) */
bool unreserve_highatomic_pageblock(struct zonelist *list, u32 highest_zoneidx, const nodemask_t *nodes,
				    enum migratetype mt, bool force);

/* Online: clears PG_reserved and reference counts, adds to managed pages, frees to the tail (6.1). */
void __free_pages_core(struct page *page, u32 order);
/* Boot: the same for pages of memmap_init_free_range(), which are without references already. */
void memblock_free_pages(struct page *page, u64 pfn, u32 order);

/* zone->lock held: merge and put on the free list of @mt; NR_FREE_PAGES grows unless @mt is ISOLATE. */
void __free_one_page(struct page *page, u64 pfn, struct zone *zone, u32 order, enum migratetype mt, bool to_tail);
/* The same for pages that may cover pageblocks of different types; the type was read under zone->lock or is sure. */
void free_one_page_locked(struct zone *zone, struct page *page, u64 pfn, u32 order, enum migratetype mt);
/* zone->lock taken inside; re-reads the migratetype under it when the zone has isolated pageblocks. */
void free_one_page(struct zone *zone, struct page *page, u64 pfn, u32 order, enum migratetype mt);

/* zone->lock held. */
static inline u32 buddy_order(const struct page *page)
{
	page_access_check(page);
	return (u32)READ_ONCE(page->private);
}

/* Without zone->lock: any value, if the page is no free block any more. (buddy_order_unsafe(), mm/internal.h, 6.1) */
static inline u64 buddy_order_unsafe(const struct page *page)
{
	page_access_check(page);
	return data_race(READ_ONCE(page->private), "no zone->lock: the caller uses the value only if it is in range");
}

void add_to_free_list(struct page *page, struct zone *zone, u32 order, enum migratetype mt, bool tail);
void del_page_from_free_list(struct page *page, struct zone *zone, u32 order);
void move_to_free_list(struct page *page, struct zone *zone, u32 order, enum migratetype mt);
/* Moves the free pages of @page's pageblock (within the zone) to list @mt; number of pages moved. zone->lock held. */
u64 move_freepages_block(struct zone *zone, struct page *page, enum migratetype mt);
/* NR_FREE_PAGES (and NR_FREE_CMA_PAGES) += @nr_pages for pages of pageblock type @mt. zone->lock held, irqs off. */
void __mod_zone_freepage_state(struct zone *zone, s64 nr_pages, enum migratetype mt);
/*
 * Takes a free block of @order off its list (refcount stays 0): 0 if the watermark forbids it and its pageblock is
 * not isolated, else 2^order. zone->lock held. (compaction's free scanner, isolate_freepages_range)
 */
u64 __isolate_free_page(struct page *page, u32 order);
/* Gives back what __isolate_free_page took. zone->lock held. (__putback_isolated_page) */
void __putback_isolated_page(struct page *page, u32 order, enum migratetype mt);
/* After __isolate_free_page: 2^order single pages with reference count 1. (post_alloc_hook + split_page) */
void split_map_isolated_page(struct page *page, u32 order);
/* Splits a free block at split_pfn_offset pages from its start, each part re-freed with its own pageblock type. 0,
 * -ENOENT if it changed. Takes zone->lock. */
int split_free_page(struct page *free_page, u32 order, u64 split_pfn_offset);
/* Between the files of the buddy allocator: */
/* Verdict `bug` unless the page is what a free page must be, but for flags that freeing clears. */
void check_page_state(const struct page *page, const char *when);
/* What every freed page goes through first. False: the page is dropped, because its memory is broken. (6.1) */
bool free_pages_prepare(struct page *page, u32 order);

#endif
