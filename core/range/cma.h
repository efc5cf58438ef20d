/* SPDX-License-Identifier: MIT */
/*
 * A CMA area: memory set aside at boot for contiguous allocations, lent to movable pages meanwhile (mm/cma.c, 6.1).
 *
 * Boot parameter `cma` declares one: four pageblocks at the end of node 0's early memory in zone Normal. Its pageblocks
 * are of type CMA, so that nothing unmovable gets into them and nobody but the area isolates them: a block that has
 * some of them does not go offline.
 */
#ifndef PFNSTORM_RANGE_CMA_H
#define PFNSTORM_RANGE_CMA_H

#include "core/mm/page.h"
#include "core/mm/zone.h"
#include "core/rt/lock.h"

#define CMA_AREA_PAGEBLOCKS 4u

struct cma {
	u64 base_pfn, count; /* pages */
	u64 bitmap;          /* a bit for 2^order_per_bit pages that are allocated, or about to be: lock */
	u32 order_per_bit;
	u32 pad;
	spinlock_t lock;
	struct mutex mutex; /* cma_mutex: one contiguous allocation at a time, two would meet in a pageblock */
};

/* Boot, before early memory is given to the allocator: finds the place, if there is one. */
void cma_declare_area(void);
/* Boot: early memory [start_pfn, end_pfn) of @zone is about to be freed. (cma_init_reserved_areas, 6.1) */
void cma_init_pageblocks(struct zone *zone, u64 start_pfn, u64 end_pfn);

/*
 * @count pages, the first aligned to 2^align, each with one reference; NULL if there is no area, or none of its ranges
 * can be emptied. Task context. (6.1)
 */
struct page *cma_alloc(struct cma *cma, u64 count, u32 align);
/* Gives pages of one cma_alloc() back; false if they are not the area's. Task context. (6.1) */
bool cma_release(struct cma *cma, struct page *pages, u64 count);

/* A law (check/cma.c) sees each range about to be isolated. NULL: nobody looks. */
extern void (*cma_range_hook)(u64 start_pfn, u64 end_pfn);

#endif
