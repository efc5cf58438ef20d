/* SPDX-License-Identifier: MIT */
/*
 * Operations of core/ops.def that work on PFN ranges; core/ops.c dispatches to them. Arguments are in the ranges of the
 * table. Task context (or boot), may sleep; no lock held.
 */
#ifndef PFNSTORM_RANGE_OPS_RANGE_H
#define PFNSTORM_RANGE_OPS_RANGE_H

#include "core/core.h"

/* Compacts the zone on node 0; number of pages moved. (sysctl_compaction_handler() for one zone) */
s64 op_compact(const struct op *op);
/* Number of online pages seen. (kpageflags_read(), fs/proc/page.c) */
s64 op_walk(const struct op *op);
/* 0: could be isolated and was given back; -EBUSY. (alloc_contig_range() that gives up) */
s64 op_isolate(const struct op *op);
/* Number of pages that moved, or -ENOMEM if there was no room for any of them. (migrate_pages() as move_pages() uses
 * it) */
s64 op_migrate(const struct op *op);
/* Number of remembered pages that still are what they were. (ksm_scan_thread()) */
s64 op_ksm(const struct op *op);
/* Number of pages moved to a lower tier; -ENOENT no such node. (demote_folio_list()) */
s64 op_demote(const struct op *op);
/* Number of compound pages taken apart; those that somebody else holds stay. */
s64 op_split(const struct op *op);
/* Number of compound pages mapped page by page that were mapped as a whole. */
s64 op_split_pmd(const struct op *op);

#endif
