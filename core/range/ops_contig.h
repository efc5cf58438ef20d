/* SPDX-License-Identifier: MIT */
/*
 * Operations of core/ops.def that take given page frames out of use; core/ops.c dispatches to them. Arguments are in
 * the ranges of the table. Task context (or boot), may sleep; no lock held.
 */
#ifndef PFNSTORM_RANGE_OPS_CONTIG_H
#define PFNSTORM_RANGE_OPS_CONTIG_H

#include "core/core.h"

/*
 * Number of pages; -EINVAL the range is not online memory of one zone, or has reserved pages; -ENOMEM also if the slot
 * has no room; else what alloc_contig_range() says.
 */
s64 op_contig(const struct op *op);
/* Number of pages, or -ENOMEM. (alloc_contig_pages(), as for gigantic pages) */
s64 op_contig_pages(const struct op *op);
/* Number of pages; -EINVAL the slot is not empty, -ENOMEM no area, or no room. (cma_alloc) */
s64 op_cma_alloc(const struct op *op);
/* Number of pages; -EINVAL the slot has others. (cma_release) */
s64 op_cma_release(const struct op *op);
/* As balloon_inflate() and balloon_deflate() say. */
s64 op_inflate(const struct op *op);
s64 op_deflate(const struct op *op);

#endif
