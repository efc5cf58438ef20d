/* SPDX-License-Identifier: MIT */
/*
 * Reclaim (mm/vmscan.c, 6.1): clean page cache is dropped, oldest first. There is no swap, so anonymous memory stays.
 */
#ifndef PFNSTORM_MM_VMSCAN_H
#define PFNSTORM_MM_VMSCAN_H

#include "core/mm/gfp.h"
#include "core/mm/node.h"

/* Pages taken off a list, or reclaimed, before others may run. (SWAP_CLUSTER_MAX, 6.1) */
#define SWAP_CLUSTER_MAX 32u

/* Direct reclaim for an allocation: number of pages freed, 0 if none could be. Task context. (6.1) */
u64 try_to_free_pages(struct zonelist *zonelist, u32 order, gfp_t gfp, const nodemask_t *nodemask);
/* Pages of the zone that reclaim could look at. (6.1) */
u64 zone_reclaimable_pages(const struct zone *zone);

/* Priorities of a run: the lists are looked at in portions of one page of 2^priority. */
#define DEF_PRIORITY 12
/* Runs without progress, after which nobody tries until somebody else made some. (6.1) */
#define MAX_RECLAIM_RETRIES 16

/* One run of reclaim. */
struct scan_control {
	u64 nr_to_reclaim, nr_reclaimed, nr_scanned;
	u32 order, priority;
	u32 reclaim_idx; /* pages of higher zones would not help */
};
/* One round over a node's lists at sc->priority; PF_MEMALLOC set. Task context. (shrink_node, 6.1) */
void shrink_node(pg_data_t *pgdat, struct scan_control *sc);

/*
 * Takes up to @nr pages of anonymous memory, compound ones counted once, off the old end of the node's inactive list
 * onto @to, each with a reference and counted in NR_ISOLATED. Number of base pages. Task context.
 */
u32 isolate_inactive_anon(pg_data_t *pgdat, u32 nr, struct list_head *to);
/*
 * Drops the clean page cache of a list of isolated pages, used lately or not: it need not be migrated. What could not
 * be dropped stays on the list. Number of pages dropped, which no longer count as isolated. Task context. (6.1)
 */
u32 reclaim_clean_pages_from_list(struct list_head *pages);

/*
 * An allocation of @gfp found @zone short of @order: wakes the node's kswapd; or kcompactd, if pages are there but
 * scattered and the caller will not compact itself. Any context. (6.1)
 */
void wakeup_kswapd(struct zone *zone, gfp_t gfp, u32 order, u32 highest_zoneidx);
/* Starts the node's kswapd unless it runs. mem_hotplug_lock write, or boot. Failure is logged only. (kswapd_run, 6.1)
 */
void kswapd_run(u32 nid);
/* Stops it and waits until it is gone. mem_hotplug_lock write. (kswapd_stop, 6.1) */
void kswapd_stop(u32 nid);
/* Does it reclaim now? Lock-free; the caller keeps it from being stopped: kcompactd is, before. (6.1) */
bool kswapd_is_running(const pg_data_t *pgdat);

#endif
