/* SPDX-License-Identifier: MIT */
/*
 * PFN walkers: how code that visits pages by number, holding nothing, may look at a struct page.
 *
 * Everything that differs between the alternatives of design pfn_walk is behind these functions:
 *
 *   unsynchronised  what Linux 6.1 does: one check per pageblock (none at all while zone->contiguous), then plain
 *                   pfn_to_page(). Nothing stops a concurrent offline and remove from taking the memmap away.
 *   rcu             walk_pageblock() and walk_page() open a read section and check in it that the section is online;
 *                   offline clears the online bit and waits a grace period before it touches the memmap. Pointers die
 *                   with the read section, except of a page that walk_hold() returned true for.
 *   notifier_pause  the check of `unsynchronised`, between walk_pageblock() or walk_page() and walk_leave() counted. A
 *                   memory notifier keeps new ones out from MEM_GOING_OFFLINE on and waits for those inside; the
 *                   writer of mem_hotplug_lock itself passes. At MEM_OFFLINE the sections say that they are offline.
 *   hotplug_lock    mem_hotplug_lock is held for reading from walk_begin() to walk_end(), unless the task has it.
 *
 * A walk, in the order of calls ([] = any number of times):
 *
 *   walk_begin  [ walk_pageblock or walk_page  [peeks, walk_hold, walk_drop, walk_resched]  walk_leave ]  walk_end
 *
 * Between walk_pageblock() (if it found a page) and walk_leave() the caller must not sleep: under rcu it is a read
 * section. Entering may sleep, if no page of the walk is held. A walk belongs to one task and lives on its stack; walks
 * of a task nest.
 *
 * The law (walk_law.h): inside a walk, each struct page a task touches is covered by the current read section or held.
 */
#ifndef PFNSTORM_RANGE_WALK_H
#define PFNSTORM_RANGE_WALK_H

#include "core/mm/page.h"
#include "core/mm/zone.h"
#include "core/rt/types.h"

/* Pages looked at before locks are dropped and others may run (COMPACT_CLUSTER_MAX = SWAP_CLUSTER_MAX, 6.1). */
#define WALK_CLUSTER 32u

struct walk {
	struct page_cover cover;            /* pfns whose pages the current read section covers; equal: none */
	struct page_cover online;           /* of them, those that were seen online in it */
	struct walk *outer;                 /* the walk this one interrupts */
	struct zone *zone;                  /* pages of other zones are not ours; NULL: any zone */
	u64 block_start_pfn, block_end_pfn; /* of the last walk_pageblock() or walk_page(), for walk_resched() */
	u64 held_start, held_end;           /* pfns of the page held by walk_hold(); equal: none */
	u32 reading;                        /* a read section is open */
	u32 paused;                         /* depth of walk_pause() */
	u32 gives_way;                      /* while memory goes offline it sees no page, instead of waiting */
	u32 counted;                        /* the open read section is, among the walkers */
	u32 locked;                         /* the walk holds mem_hotplug_lock */
};

/* Task context or boot. @zone may be NULL. May sleep. */
void walk_begin(struct walk *w, struct zone *zone);
/*
 * A walk that must not wait for an offline to end: by whoever the offline may wait for, as it does for kcompactd, for
 * kswapd, and for those who allocate.
 */
void walk_begin_giving_way(struct walk *w, struct zone *zone);
/* No read section is open and nothing is held. */
void walk_end(struct walk *w);

/*
 * The first page of [start_pfn, end_pfn), a part of one pageblock, if the whole of it is online memory of w->zone, else
 * NULL, and then there is nothing to leave. (pageblock_pfn_to_page(), mm/internal.h, 6.1)
 */
struct page *walk_pageblock(struct walk *w, u64 start_pfn, u64 end_pfn);
/*
 * The page at @pfn if it is online (and of w->zone unless that is NULL), else NULL, and then there is nothing to leave.
 * (pfn_to_online_page(), mm/memory_hotplug.c, 6.1)
 */
struct page *walk_page(struct walk *w, u64 pfn);
/* Pointers that are not held are dead after this. */
void walk_leave(struct walk *w);
/*
 * A break inside a pageblock or page: others may run (@ms 0), or the task sleeps so many milliseconds. False: the
 * memory went away meanwhile, and there is nothing to leave. True: pointers of the pageblock are good again. Needs a
 * context that may sleep once the read section is left.
 */
bool walk_resched(struct walk *w, u32 ms);

/*
 * Takes a reference on @page, which the walk covers. True: it is ours until walk_drop() or walk_keep(), across
 * walk_leave() and sleeping too, because its section was still online after the reference was taken: offline waits
 * for it. False: the page is free, or its memory goes away, or it is poisoned (references on those never count).
 */
bool walk_hold(struct walk *w, struct page *page);
/*
 * The two halves of walk_hold(), for who has a lock that freeing the page takes: false of the first, there is nothing
 * to drop; false of the second, the reference does not hold the page, and must be dropped without that lock.
 */
bool walk_take(struct walk *w, struct page *page);
bool walk_taken_holds(const struct page *page);
/* Drops the reference; the last one frees the page. No lock of the LRU or a zone is held. */
void walk_drop(struct walk *w, struct page *page);
/* The reference now belongs to a list of isolated pages: the walk must not touch the page any more. */
void walk_keep(struct walk *w, struct page *page);

/*
 * Around calls that leave the walker and work by their own rules: the allocator (zone->lock), migration (references).
 * The law does not look at what happens in between.
 */
void walk_pause(struct walk *w);
void walk_resume(struct walk *w);

/* Who walks, for design notifier_pause. */
struct walkers {
	atomic_t inside; /* open read sections */
	u32 paused;      /* no new ones. Marked accesses */
	wait_queue_head_t changed;
};
/* Boot. */
void walkers_init(void);
/* Keeps new walkers out and waits for those inside, or lets them in again. mem_hotplug_lock write. */
void walkers_pause(void);
void walkers_resume(void);

#endif
