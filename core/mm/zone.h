/* SPDX-License-Identifier: MIT */
/*
 * Zones and nodes (include/linux/mmzone.h, 6.1).
 *
 * Spans, present pages and node states change only under mem_hotplug_lock (write); their lock-free readers use
 * READ_ONCE and may see a span torn. Free lists, pageblock types and nr_isolate_pageblock change under zone->lock.
 */
#ifndef PFNSTORM_MM_ZONE_H
#define PFNSTORM_MM_ZONE_H

#include "core/mm/geometry.h"
#include "core/mm/section.h"
#include "core/rt/atomic.h"
#include "core/rt/list.h"
#include "core/rt/lock.h"
#include "core/rt/types.h"

#define MAX_NODES 4

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE, ZONE_DEVICE, MAX_NR_ZONES };
const char *zone_type_name(u32 zone); /* "DMA", "DMA32", "Normal", "Movable", "Device" */

struct free_area {
	struct list_head free_list[MIGRATE_TYPES];
	u64 nr_free; /* free blocks of this order, isolated ones included */
};

struct zone {
	spinlock_t lock;
	u32 node;
	u32 idx;            /* enum zone_type */
	u64 zone_start_pfn; /* marked accesses: walkers read the span without a lock */
	u64 spanned_pages;
	u64 present_pages;
	u64 present_early_pages;
	atomic_long_t managed_pages;
	u64 nr_isolate_pageblock;
	u32 contiguous;
	u32 initialized;
	struct free_area free_area[NR_PAGE_ORDERS_MAX];
	atomic_long_t nr_free_pages; /* NR_FREE_PAGES: excludes pages on ISOLATE lists */
	u64 compact_cached_migrate_pfn;
	u64 compact_cached_free_pfn;
};

enum lru_list { LRU_INACTIVE_ANON, LRU_ACTIVE_ANON, NR_LRU_LISTS };

struct lruvec {
	spinlock_t lru_lock;
	struct list_head lists[NR_LRU_LISTS];
	atomic_long_t
		nr_pages; /* on the lists, in base pages: changes under lru_lock, read without (NR_LRU counters) */
};

typedef struct pglist_data {
	struct zone node_zones[MAX_NR_ZONES];
	u32 node_id;
	u32 nr_zones; /* highest initialised zone + 1 */
	u64 node_start_pfn;
	u64 node_spanned_pages;
	u64 node_present_pages;
	struct lruvec lruvec;
	atomic_long_t nr_isolated_anon;
} pg_data_t;

enum node_states { N_POSSIBLE, N_ONLINE, N_NORMAL_MEMORY, N_MEMORY, NR_NODE_STATES };
bool node_state(u32 nid, enum node_states state);
void node_set_state(u32 nid, enum node_states state);
void node_clear_state(u32 nid, enum node_states state);

pg_data_t *NODE_DATA(u32 nid);
struct zone *node_zone(u32 nid, u32 zone);
#define zone_end_pfn(zone) (READ_ONCE((zone)->zone_start_pfn) + READ_ONCE((zone)->spanned_pages))
bool zone_spans_pfn(const struct zone *zone, u64 pfn);
bool zone_is_empty(const struct zone *zone);
bool zone_intersects(const struct zone *zone, u64 start_pfn, u64 nr_pages);
bool populated_zone(const struct zone *zone);
u64 zone_managed_pages(const struct zone *zone);

/* Empty zones and node, at boot or when a node is initialised again (free_area_init_core_hotplug). */
void pgdat_init(pg_data_t *pgdat, u32 nid);
/* init_currently_empty_zone(): start pfn, nr_zones, all free lists empty. */
void init_currently_empty_zone(struct zone *zone, u64 start_pfn, u64 nr_pages);
void clear_zone_contiguous(struct zone *zone);
/* True only if every pageblock of the span is online and in the zone. mem_hotplug_lock write, or boot. */
void set_zone_contiguous(struct zone *zone);
/* present_pages of zone and node, early ones apart. mem_hotplug_lock write. */
void adjust_present_page_count(struct zone *zone, u64 pfn, s64 nr_pages);
u64 totalram_pages(void);
void totalram_pages_add(s64 count);

#endif
