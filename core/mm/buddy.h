/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator (mm/page_alloc.c, 6.1): orders, migratetype lists, fallback and stealing, isolation-aware
 * freeing.
 *
 * Each function says who holds zone->lock. Page frames are returned with reference count 1.
 */
#ifndef PFNSTORM_MM_BUDDY_H
#define PFNSTORM_MM_BUDDY_H

#include "core/mm/zone.h"

/* Highest zone an allocation may use, and its migratetype; stands for the gfp bits that matter here. */
struct alloc_request {
	u32 order;
	enum migratetype mt; /* UNMOVABLE, MOVABLE, RECLAIMABLE */
	bool movable_zone;   /* __GFP_MOVABLE and __GFP_HIGHMEM: ZONE_MOVABLE allowed */
	u32 nid;             /* preferred node */
	u32 nodemask;        /* bits of nodes allowed; 0: all with memory */
};

/* NULL if there is no room. Compound if order > 0 and @mt is MOVABLE, as for a THP. Any context but interrupts. */
struct page *alloc_pages(const struct alloc_request *req);
/*
 * A law of its own (check/isolated.c) sees each block of free pages that is about to be allocated, zone->lock held, on
 * no list any more. NULL: nobody looks.
 */
extern void (*page_allocated_hook)(const struct page *page, u32 order);
/* Drops one reference and frees 2^order pages when it was the last. Any context. */
void __free_pages(struct page *page, u32 order);

/*
 * Frees 2^order pages whose last reference is gone and which are on no list. Any context. Where per-CPU lists of free
 * pages will sit.
 */
void free_unref_page(struct page *page, u32 order);

/* Online: clears PG_reserved and reference counts, adds to managed pages, frees to the tail (6.1). */
void __free_pages_core(struct page *page, u32 order);
/* Boot: the same for pages of memmap_init_free_range(), which are without references already. */
void memblock_free_pages(struct page *page, u64 pfn, u32 order);

/* zone->lock held: merge and put on the free list of @mt; NR_FREE_PAGES grows unless @mt is ISOLATE. */
void __free_one_page(struct page *page, u64 pfn, struct zone *zone, u32 order, enum migratetype mt, bool to_tail);
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
/* NR_FREE_PAGES += / -= @nr_pages for pages of pageblock type @mt. zone->lock held. */
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
u64 zone_free_pages(const struct zone *zone);
/* Pages an allocation leaves in a zone (WMARK_MIN): a fixed small number, not tuned to the zone's size. */
u64 min_wmark_pages(const struct zone *zone);
/* Would @nr_pages free pages stay above the mark after taking 2^order? No lock: a hint. (zone_watermark_ok) */
bool zone_watermark_ok(const struct zone *zone, u32 order, u64 mark);

/* Between the files of the buddy allocator: */
/* Verdict `bug` unless the page is what a free page must be, but for flags that freeing clears. */
void check_page_state(const struct page *page, const char *when);

#endif
