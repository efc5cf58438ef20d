/* SPDX-License-Identifier: MIT */
/*
 * Sizes of the address model: rows of core/geometries.def plus what follows from them.
 *
 * Constant while a machine lives, so it is kept outside the arena: reading it is not an access to shared memory.
 */
#ifndef PFNSTORM_MM_GEOMETRY_H
#define PFNSTORM_MM_GEOMETRY_H

#include "core/rt/types.h"

struct geometry {
	const char *name;
	u32 page_shift;
	u32 pageblock_order; /* pageblock_order, pages of one migratetype unit */
	u32 max_order;       /* largest buddy order, inclusive (6.1: MAX_ORDER - 1) */
	u32 costly_order;    /* PAGE_ALLOC_COSTLY_ORDER */
	u32 lru_batch;       /* PAGEVEC_SIZE */
	u32 memmap_pages;    /* pages of a section's memmap where a block holds its own */
	u32 pageblock_nr_pages;
	u32 pages_per_subsection;
	u32 pages_per_section;
	u32 subsections_per_section; /* ≤ 64 */
	u32 pageblocks_per_section;
	u32 section_shift; /* PFN_SECTION_SHIFT: log2 of pages_per_section */
	u32 sections_per_block;
	u32 pages_per_block; /* memory block */
	u64 max_pfn;         /* one past the last pfn the machine can ever have: blocks * pages_per_block */
};

/* Largest buddy order over all geometries, inclusive; sizes free_area[]. */
#define NR_PAGE_ORDERS_MAX 11

extern struct geometry geometry;

/* Row @id of geometries.def for a machine of @blocks memory blocks. */
void geometry_of(struct geometry *g, u32 id, u32 blocks);
/* The same, into `geometry`. */
void geometry_set(u32 id, u32 blocks);

#define pageblock_order (geometry.pageblock_order)
#define pageblock_nr_pages (geometry.pageblock_nr_pages)
#define PAGES_PER_SECTION (geometry.pages_per_section)
#define PFN_SECTION_SHIFT (geometry.section_shift)
#define PAGES_PER_SUBSECTION (geometry.pages_per_subsection)

#define pageblock_start_pfn(pfn) ALIGN_DOWN((u64)(pfn), (u64)pageblock_nr_pages)
#define pageblock_end_pfn(pfn) ALIGN((u64)(pfn) + 1, (u64)pageblock_nr_pages)
#define pageblock_aligned(pfn) IS_ALIGNED((u64)(pfn), (u64)pageblock_nr_pages)

#endif
