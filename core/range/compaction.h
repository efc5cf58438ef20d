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

#include "core/mm/zone.h"
#include "core/range/migrate.h"
#include "core/range/walk.h"
#include "core/rt/list.h"
#include "core/rt/types.h"

#define COMPACT_CLUSTER_MAX WALK_CLUSTER

/* How a run ended; the kernel's order. */
enum compact_result {
	COMPACT_SKIPPED,         /* zone not populated */
	COMPACT_CONTINUE,        /* not ended */
	COMPACT_COMPLETE,        /* the scanners met, all of the zone was scanned */
	COMPACT_PARTIAL_SKIPPED, /* the scanners met, a part was skipped by cached positions */
	COMPACT_CONTENDED,       /* given up: lock contention, no free pages, or a fatal signal */
	COMPACT_SUCCESS,         /* a free block of the wanted order exists */
};

enum isolate_result { ISOLATE_ABORT, ISOLATE_NONE, ISOLATE_SUCCESS };

/* One run over one zone. The caller sets the first group; the rest belongs to the run. */
struct compact_control {
	struct zone *zone;
	s32 order; /* wanted free block; -1: compact all, as /proc/sys/vm/compact_memory */
	enum migrate_mode mode;
	bool ignore_skip_hint;      /* look into pageblocks marked as useless too */
	bool ignore_block_suitable; /* free scanner takes pageblocks of any type */
	bool whole_zone;            /* ignore the cached positions */

	struct list_head freepages;    /* order-0 pages with reference 1, taken by the free scanner */
	struct list_head migratepages; /* isolated from the LRU */
	u32 nr_freepages, nr_migratepages;
	u64 migrate_pfn, free_pfn; /* where the scanners are */
	bool contended;            /* some lock was contended, or a signal came: end soon */
	bool rescan;               /* second visit of a pageblock: take all of it */
	u64 migrate_scanned, free_scanned;
	u64 nr_migrated;
	struct walk walk;
};

/* Always returns with both lists empty. */
enum compact_result compact_zone(struct compact_control *cc);

/* Between the files of compaction: */
#define compact_scanners_met(cc) (((cc)->free_pfn / pageblock_nr_pages) <= ((cc)->migrate_pfn / pageblock_nr_pages))
/* Fills cc->migratepages from the next pageblock that has something, moving cc->migrate_pfn. Not in a read section. */
enum isolate_result isolate_migratepages(struct compact_control *cc);
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
