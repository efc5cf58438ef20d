/* SPDX-License-Identifier: MIT */
/*
 * Zones (include/linux/mmzone.h, 6.1).
 *
 * Spans and present pages change only under mem_hotplug_lock (write); their lock-free readers use READ_ONCE and may see
 * a span torn. Free lists, pageblock types, nr_isolate_pageblock and watermarks change under zone->lock. The pointers
 * to per-CPU data change when the zone gets its first page or loses its last: see pcp.h.
 */
#ifndef PFNSTORM_MM_ZONE_H
#define PFNSTORM_MM_ZONE_H

#include "core/mm/geometry.h"
#include "core/mm/section.h"
#include "core/mm/vmstat.h"
#include "core/rt/atomic.h"
#include "core/rt/list.h"
#include "core/rt/lock.h"
#include "core/rt/types.h"

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE, ZONE_DEVICE, MAX_NR_ZONES };
const char *zone_type_name(u32 zone); /* "DMA", "DMA32", "Normal", "Movable", "Device" */

struct free_area {
	struct list_head free_list[MIGRATE_TYPES];
	u64 nr_free; /* free blocks of this order, isolated ones included */
};

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, WMARK_PROMO, NR_WMARK };

/* Bits of zone->flags. */
enum zone_flags {
	ZONE_BOOSTED_WATERMARK, /* the mark was boosted: wake kswapd */
	ZONE_RECLAIM_ACTIVE,    /* kswapd is at work: per-CPU lists stay short */
};

/* Positions of the migrate scanner are kept for each of these. */
#define ASYNC_AND_SYNC 2

struct per_cpu_pages;

struct zone {
	spinlock_t lock;
	u32 node;
	u32 idx; /* enum zone_type */
	u64 flags;
	seqlock_t span_seqlock; /* the two below, for those who need a range that the zone really had */
	u64 zone_start_pfn;     /* marked accesses: walkers read the span without a lock */
	u64 spanned_pages;
	u64 present_pages;
	u64 present_early_pages;
	atomic_long_t managed_pages;
	u64 cma_pages; /* boot only */
	u64 nr_isolate_pageblock;
	u64 nr_reserved_highatomic;
	u32 contiguous;
	u32 initialized;
	u64 hole_pfn; /* where the span was not of the zone when that was last looked for: mem_hotplug_lock */
	u64 _watermark[NR_WMARK];
	u64 watermark_boost;
	u64 lowmem_reserve[MAX_NR_ZONES]; /* pages kept from requests that may use a zone that high */
	u64 percpu_drift_mark;            /* below it a watermark check counts the CPUs' differences too; 0: never */

	struct per_cpu_pages *per_cpu_pageset; /* of possible CPUs; the shared boot pageset while unpopulated */
	struct per_cpu_zonestat *per_cpu_zonestats;
	u32 pageset_high; /* what all CPUs' lists are set to, unless disabled: pcp_batch_high_lock */
	u32 pageset_batch;
	atomic_t pcp_isolators; /* who isolates here: design pcp_isolation=disable_in_isolation */
	u32 pcp_pad;

	struct free_area free_area[NR_PAGE_ORDERS_MAX];
	atomic_long_t vm_stat[NR_VM_ZONE_STAT_ITEMS];

	u64 compact_cached_migrate_pfn[ASYNC_AND_SYNC];
	u64 compact_cached_free_pfn;
	u64 compact_init_migrate_pfn; /* where scans began after the last reset: a scan from there is of the whole zone
				       */
	u64 compact_init_free_pfn;
	u32 compact_considered; /* attempts since the last failure */
	u32 compact_defer_shift;
	s32 compact_order_failed; /* lowest order that failed */
	u32 compact_blockskip_flush;
};

#define min_wmark_pages(zone) (READ_ONCE((zone)->_watermark[WMARK_MIN]) + READ_ONCE((zone)->watermark_boost))
#define low_wmark_pages(zone) (READ_ONCE((zone)->_watermark[WMARK_LOW]) + READ_ONCE((zone)->watermark_boost))
#define high_wmark_pages(zone) (READ_ONCE((zone)->_watermark[WMARK_HIGH]) + READ_ONCE((zone)->watermark_boost))

#define zone_end_pfn(zone) (READ_ONCE((zone)->zone_start_pfn) + READ_ONCE((zone)->spanned_pages))
/*
 * Is @pfn in the zone's span? A span that changes is seen as before or after, never start of one and size of the other.
 * Any context. (include/linux/mmzone.h, 6.1; there the writers of span_seqlock are gone since 5.14)
 */
bool zone_spans_pfn(const struct zone *zone, u64 pfn);
/*
 * The span's new start and size; 0, 0: the zone is empty. mem_hotplug_lock held for writing. Interrupts are off
 * meanwhile: a handler that allocates asks for the span too.
 */
void zone_set_span(struct zone *zone, u64 start_pfn, u64 nr_pages);
bool zone_is_empty(const struct zone *zone);
static inline bool zone_is_zone_device(const struct zone *zone)
{
	return zone->idx == ZONE_DEVICE;
}

bool zone_intersects(const struct zone *zone, u64 start_pfn, u64 nr_pages);
/* Has it pages that are present? Lock-free: it may lose its last one at any time. */
bool populated_zone(const struct zone *zone);
u64 zone_managed_pages(const struct zone *zone);
bool managed_zone(const struct zone *zone);

/* init_currently_empty_zone(): start pfn, nr_zones, all free lists empty. */
void init_currently_empty_zone(struct zone *zone, u64 start_pfn, u64 nr_pages);
void clear_zone_contiguous(struct zone *zone);
/* True only if every pageblock of the span is online and in the zone. mem_hotplug_lock write, or boot. */
void set_zone_contiguous(struct zone *zone);
/* managed_pages and totalram together, in two steps as in the kernel. Any context. */
void adjust_managed_page_count(struct zone *zone, s64 nr_pages);
/* The same by a driver that takes pages out of use or gives them back: nobody computes marks again. (6.1) */
void driver_adjust_managed_page_count(struct zone *zone, s64 nr_pages);
u64 totalram_pages(void);
void totalram_pages_add(s64 count);

#endif
