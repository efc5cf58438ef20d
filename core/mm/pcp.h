/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU lists of free pages (mm/page_alloc.c, include/linux/mmzone.h, 6.1).
 *
 * A CPU frees to and allocates from its own lists under their lock, which it only tries: whoever is interrupted in
 * there goes to the buddy lists. Others drain the lists under the same lock. A populated zone has lists of its own; all
 * unpopulated zones share the boot lists, which keep nothing (high 0, batch 1).
 *
 * When a zone loses its last page its lists go away: design pcp_teardown says how. What all alternatives rely on is
 * that nobody looks at the lists of a zone but through the functions below.
 */
#ifndef PFNSTORM_MM_PCP_H
#define PFNSTORM_MM_PCP_H

#include "core/mm/node.h"

/* Orders up to geometry.costly_order for three types each, and pageblock order for movable and other pages. */
#define NR_PCP_LISTS_MAX (MIGRATE_PCPTYPES * 4 + 2)
/* Locks are dropped after so many batches of a drain. (CONFIG_PCP_BATCH_SCALE_MAX, 6.1: 5) */
#define PCP_BATCH_SCALE_MAX 5

struct per_cpu_pages {
	spinlock_t lock;
	s32 count; /* pages on all lists */
	s32 high;  /* freeing above it gives a batch back; 0: gives everything back at once. Marked */
	s32 batch;
	s32 free_factor; /* batches grow while a task only frees */
	s32 expire;      /* ticks until the lists of a remote node are given back; 0: idle */
	u32 pad;
	struct list_head lists[NR_PCP_LISTS_MAX];
};

/* Is an order kept on per-CPU lists? (pcp_allowed_order, 6.1) */
bool pcp_allowed_order(u32 order);

/*
 * Frees 2^order pages, prepared by the caller, whose pageblock's type was read as @mt. False: the lists were busy, or
 * do not take the page. (free_unref_page_commit, 6.1)
 */
bool pcp_free_page(struct zone *zone, struct page *page, u32 order, enum migratetype mt);
/* A page off the CPU's lists, refilled from the buddy lists if empty; NULL: busy, or nothing there. (rmqueue_pcplist)
 */
struct page *rmqueue_pcplist(struct zone *zone, u32 order, enum migratetype mt, u32 alloc_flags);

/* Gives back what the calling CPU's lists of @zone hold, NULL: of all populated zones. (drain_local_pages, 6.1) */
void drain_local_pages(struct zone *zone);
/* What any CPU's lists of all populated zones hold. */
void drain_pages(unsigned int cpu);
/* What any CPU's lists of @zone hold; takes its pcp->lock and zone->lock. (drain_pages_zone, 6.1) */
void drain_pages_zone(unsigned int cpu, struct zone *zone);
/*
 * All online CPUs' lists of @zone (NULL: of all zones, and then gives up at once if somebody drains already). May miss
 * a page whose freer has not counted it yet. Task context. (drain_all_pages, 6.1)
 */
void drain_all_pages(struct zone *zone);
/* The same; with @force whatever the CPUs' counts say. (__drain_all_pages, 6.1) */
void drain_all_cpus(struct zone *zone, bool force);

/*
 * Until zone_pcp_enable() no page rests on the zone's lists: high 0 for every possible CPU, then a drain of all CPUs,
 * whatever their counts say. Holds pcp_batch_high_lock until enable. Task context. (6.1, since 5.11)
 */
void zone_pcp_disable(struct zone *zone);
void zone_pcp_enable(struct zone *zone);

/* High and batch for the zone's present size and CPUs (one more than online if one is @coming), to all lists if they
 * changed. pcp_batch_high_lock held or boot. */
void zone_set_pageset_high_and_batch(struct zone *zone, bool coming);
/* These values to all possible CPUs' lists. (__zone_set_pageset_high_and_batch, 6.1) */
void zone_pcp_set_high_and_batch(struct zone *zone, u32 high, u32 batch);
/* The same for one zone, taking the lock. (zone_pcp_update, 6.1) */
void zone_pcp_update(struct zone *zone, bool coming);
/* All populated zones, for a CPU that came or went. */
void zone_pcp_update_all(bool coming);
/* A zone gets its first page: lists and counters of its own, or -ENOMEM. mem_hotplug_lock write, or boot. (6.1) */
int setup_zone_pageset(struct zone *zone);
/* A zone has lost its last page: to the boot lists, statistics folded. mem_hotplug_lock write. (zone_pcp_reset, 6.1) */
void zone_pcp_reset(struct zone *zone);
/* Must zonelists be rebuilt before zone_pcp_reset(), so that no new allocation finds the zone? Else after it. */
bool zone_pcp_reset_after_zonelists(void);
/* Boot: the lists that unpopulated zones share, and the mutexes. */
void boot_pagesets_init(void);
/* A zone that has no lists of its own (any more): to the boot lists. */
void zone_pcp_init(struct zone *zone);
/* vmstat's tick: gives idle lists of remote nodes back after some ticks. @active: the zone's counters changed. */
void refresh_pageset(struct zone *zone, bool active);

/* percpu_pagelist_high_fraction: 0, or at least 8, else -EINVAL. Waits for an offline under way. */
int percpu_pagelist_high_fraction_set(u32 fraction);

#endif
