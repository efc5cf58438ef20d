/* SPDX-License-Identifier: MIT */
/*
 * Memory compaction (mm/compaction.c, 6.1): movable pages from the low end of a zone into free pages of its high end.
 *
 * Two scanners walk towards each other: the migrate scanner (compact_migrate.c) upwards, isolating pages in use, and
 * the free scanner (compact_free.c) downwards, taking free pages off the buddy lists. Neither holds mem_hotplug_lock:
 * both look at struct pages as PFN walkers, by the rules of walk.h. Task context, may sleep.
 */
#ifndef PFNSTORM_RANGE_COMPACTION_H
#define PFNSTORM_RANGE_COMPACTION_H

#include "core/mm/page_alloc.h"
#include "core/range/migrate.h"
#include "core/range/walk.h"
#include "core/rt/list.h"
#include "core/rt/types.h"

#define COMPACT_CLUSTER_MAX WALK_CLUSTER
#define COMPACT_MAX_DEFER_SHIFT 6

enum isolate_result { ISOLATE_ABORT, ISOLATE_NONE, ISOLATE_SUCCESS };

/* One run over one zone. The caller sets the first group; the rest belongs to the run. */
struct compact_control {
	struct zone *zone;
	s32 order; /* wanted free block; -1: compact all, as /proc/sys/vm/compact_memory */
	enum migrate_mode mode;
	enum migratetype migratetype; /* of the request; of no account if order is -1 */
	u32 alloc_flags;
	u32 highest_zoneidx;
	bool direct_compaction;     /* an allocation waits */
	bool ignore_skip_hint;      /* look into pageblocks marked as useless too */
	bool ignore_block_suitable; /* free scanner takes pageblocks of any type */
	bool whole_zone;            /* ignore the cached positions */
	bool proactive;             /* until the zone is little fragmented, or kswapd has work */
	bool alloc_contig;          /* for alloc_contig_range(): compound pages too, and no skip bits */

	struct list_head freepages;    /* order-0 pages with reference 1, taken by the free scanner */
	struct list_head migratepages; /* isolated from the LRU */
	u32 nr_freepages, nr_migratepages;
	u64 migrate_pfn, free_pfn; /* where the scanners are */
	bool contended;            /* some lock was contended, or a signal came: end soon */
	bool rescan;               /* second visit of a pageblock: take all of it */
	u64 last_migrated_pfn;     /* since the last drain of local lists; 0: none */
	u64 migrate_scanned, free_scanned;
	u64 nr_migrated;
	struct capture_control *capc; /* NULL: nobody waits for the block itself */
	struct walk walk;
};

/* Always returns with both lists empty. */
enum compact_result compact_zone(struct compact_control *cc);
/*
 * Is a run over @zone for @order worth it: COMPACT_SUCCESS a block is there already, COMPACT_SKIPPED too few pages for
 * it to help, else COMPACT_CONTINUE. Lock-free: a hint. (compaction_suitable, 6.1)
 */
enum compact_result compaction_suitable(struct zone *zone, s32 order, u32 alloc_flags, u32 highest_zoneidx);
/* All populated zones of the node, as a write to its file `compact`. Task context. Number of pages moved. (6.1) */
u64 compact_node(u32 nid);

/* Registers compaction with the allocator; before the first boot. */
void compaction_init(void);

/* ---- kcompactd.c ------------------------------------------------------------------------------------------------ */

/* Starts the node's kcompactd unless it runs; failure is logged only. mem_hotplug_lock write, or boot. (6.1) */
void kcompactd_run(u32 nid);
/* Stops it and waits until it is gone: it looks at that only between zones. mem_hotplug_lock write. (6.1) */
void kcompactd_stop(u32 nid);
/* Free blocks of @order are wanted in the node's zones up to @highest_zoneidx. Any context. (6.1) */
void wakeup_kcompactd(pg_data_t *pgdat, u32 order, u32 highest_zoneidx);

/* ---- compact_proactive.c ---------------------------------------------------------------------------------------- */

/* Is the node so fragmented that kcompactd shall compact though nobody asked? Racy. kcompactd. (6.1) */
bool should_proactive_compact_node(const pg_data_t *pgdat);
/* Does so; false if it did not help. kcompactd. (proactive_compact_node, 6.1) */
bool proactive_compact_node(pg_data_t *pgdat);
/* External fragmentation of a zone in percent, and the percentages between which it shall be. (6.1) */
u32 fragmentation_score_zone(const struct zone *zone);
u32 fragmentation_score_wmark(bool low);
/* /proc/sys/vm/compaction_proactiveness: -EINVAL above 100. Wakes all kcompactds unless 0. Task context. */
int compaction_proactiveness_set(u32 percent);

/* ---- compact_defer.c: how often a zone is tried ------------------------------------------------------------------ */

/* It failed for @order: fewer attempts from now on. (6.1) */
void defer_compaction(struct zone *zone, s32 order);
/* Not this time: true until enough attempts were passed over. (6.1) */
bool compaction_deferred(struct zone *zone, s32 order);
/* It succeeded for @order; if an allocation did as well, all is forgotten. (6.1) */
void compaction_defer_reset(struct zone *zone, s32 order, bool alloc_success);
/* Did it fail so often that skip bits are better forgotten? (6.1) */
bool compaction_restarting(const struct zone *zone, s32 order);
/* Skip bits of the zone's pageblocks go, and scanners begin at its ends. Not in a read section. (6.1) */
void reset_isolation_suitable_zone(struct zone *zone);

/* ---- between the files of compaction ----------------------------------------------------------------------------- */

#define compact_scanners_met(cc) (((cc)->free_pfn / pageblock_nr_pages) <= ((cc)->migrate_pfn / pageblock_nr_pages))
#define is_via_compact_memory(order) ((order) == -1)
/* Which of the zone's cached positions of the migrate scanner. */
#define cached_migrate_index(cc) ((cc)->mode != MIGRATE_ASYNC)
/* Single pages that a run for a block of @order takes: the block and as many to move it to. (compact_gap, 6.1) */
#define compact_gap(order) (2ULL << (order))
/* Fills cc->migratepages from the next pageblock that has something, moving cc->migrate_pfn. Not in a read section. */
enum isolate_result isolate_migratepages(struct compact_control *cc);
/*
 * Isolates pages of [cc->migrate_pfn, end_pfn) onto cc->migratepages, moving cc->migrate_pfn, until there are many or
 * the range ends. 0; -EAGAIN too many are isolated already, -EINTR a fatal signal came. Not in a read section. (6.1)
 */
int isolate_migratepages_range(struct compact_control *cc, u64 end_pfn);
/*
 * A law (check/pinned.c) sees each anonymous page that the migrate scanner passes over since it had @count references,
 * @held of them the scanner's. NULL: nobody looks.
 */
extern void (*pinned_page_hook)(const struct page *page, s32 count, s32 held);
/* Fills cc->freepages with at least cc->nr_migratepages pages if it can, moving cc->free_pfn. Not in a read section. */
void isolate_freepages(struct compact_control *cc);
/* Frees all pages of @list; the highest pfn among them, 0 if it was empty. */
u64 release_freepages(struct list_head *list);
/* May the scanners look into @page's pageblock, as far as the skip bit says? @page covered by the walk. */
bool isolation_suitable(const struct compact_control *cc, const struct page *page);
/*
 * Takes @lock with interrupts off. In async mode it tries first and notes contention, but takes it all the same.
 * Returns the flags for spin_unlock_irqrestore(). (compact_lock_irqsave(), 6.1)
 */
unsigned long compact_lock_irqsave(spinlock_t *lock, struct compact_control *cc);

#endif
