/* SPDX-License-Identifier: MIT */
/*
 * Contiguous allocation: a given range of pages, whoever has them now (mm/page_alloc.c, 6.1).
 *
 * The range is isolated, what is in use is migrated away, and what is free then is taken. Nothing keeps the range
 * online until it is isolated: callers that hold no lock of memory hotplug can find it gone, and get -EBUSY.
 */
#ifndef PFNSTORM_RANGE_CONTIG_H
#define PFNSTORM_RANGE_CONTIG_H

#include "core/mm/gfp.h"
#include "core/mm/page.h"
#include "core/mm/zonelist.h"

/* How often one batch of pages that do not move is tried. */
#define CONTIG_MIGRATE_TRIES 5

/*
 * Takes [start_pfn, end_pfn), pages of one zone: 0 and each of them is a single page with one reference, or -EBUSY a
 * page would not move or somebody else isolates, -EINTR a fatal signal came, -ENOMEM no room for what had to move. Its
 * pageblocks are of type @mt afterwards (MIGRATE_MOVABLE or MIGRATE_CMA), whatever came of it. Task context. (6.1)
 */
int alloc_contig_range(u64 start_pfn, u64 end_pfn, enum migratetype mt, gfp_t gfp);
/* Gives pages of alloc_contig_range() back, all or some of them. Warns if anybody else holds one. (6.1) */
void free_contig_range(u64 pfn, u64 nr_pages);
/*
 * 2^order pages aligned to their number, from the first zone of the zonelist that has such a range without reserved
 * pages which can be emptied. NULL: none. Task context. (alloc_contig_pages, 6.1)
 */
struct page *alloc_contig_pages(u32 order, gfp_t gfp, u32 nid, const nodemask_t *nodemask);
/* Are all pages of the range online, in one zone (@zone unless that is NULL) and none reserved? Racy. (6.1) */
bool pfn_range_valid_contig(const struct zone *zone, u64 start_pfn, u64 nr_pages);

/* A law (check/isolated.c) sees each range about to be given out, still isolated. NULL: nobody looks. */
extern void (*contig_range_hook)(u64 start_pfn, u64 end_pfn);

#endif
