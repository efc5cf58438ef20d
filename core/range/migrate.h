/* SPDX-License-Identifier: MIT */
/*
 * Page migration (mm/migrate.c, 6.1): moves the content and the users of isolated pages to other page frames.
 *
 * Lists of pages are private to the caller and linked through page->lru; each page on them holds the isolation's
 * reference, and is isolated from the LRU (isolate_lru_page()) and counted in NR_ISOLATED, or isolated from its owner
 * (movable.h). Task context, may sleep.
 */
#ifndef PFNSTORM_RANGE_MIGRATE_H
#define PFNSTORM_RANGE_MIGRATE_H

#include "core/mm/gfp.h"
#include "core/mm/page.h"
#include "core/mm/zonelist.h"
#include "core/rt/list.h"
#include "core/rt/types.h"

enum migrate_mode {
	MIGRATE_ASYNC,      /* never waits for a page lock */
	MIGRATE_SYNC_LIGHT, /* waits for page locks once the first passes have failed */
	MIGRATE_SYNC
};

#define MIGRATE_PASSES 10  /* attempts at a page that answers -EAGAIN */
#define MIGRATE_TRYLOCKS 3 /* passes that only try the page lock; later ones wait for it */

/* A page of @page's order with one reference, on no list; NULL if there is none. */
typedef struct page *new_page_t(struct page *page, void *private);
/* Takes back what new_page_t returned and migration did not use. */
typedef void free_page_t(struct page *page, void *private);

/*
 * Migrates the pages of @from. @put_new_page may be NULL: put_page(). @nr_succeeded, if not NULL, gets the number of
 * pages moved, in base pages. 0: @from is empty now. > 0: so many pages (a compound page counts once) did not move.
 * -ENOMEM: @get_new_page had none (nor for the pieces of a huge page), it stopped there. Unless 0, what did not move is
 * on @from and the caller's to put back. A page that nobody but the isolation holds any more is freed and counts as
 * moved. (migrate_pages(), 6.1)
 */
int migrate_pages(struct list_head *from, new_page_t *get_new_page, free_page_t *put_new_page, void *private,
		  enum migrate_mode mode, u32 *nr_succeeded);

/* Isolates @page from the LRU or its owner, counts it in NR_ISOLATED and adds it to @list; a huge page of the pool, of
 * which any page may be given, from there. The caller holds a reference (its own stays). 0 or -EBUSY. */
int isolate_page_to_list(struct page *page, struct list_head *list);
/* Gives every page of @list back to its LRU list or owner, drops the isolation's reference.
 * (putback_movable_pages(), 6.1) */
void putback_movable_pages(struct list_head *list);

/* Why pages migrate. */
enum migrate_reason {
	MR_OTHER,
	MR_MEMORY_FAILURE, /* the caller keeps the isolation's reference of pages that have moved (not of huge pages) */
};
int migrate_pages_for(enum migrate_reason reason, struct list_head *from, new_page_t *get_new_page,
		      free_page_t *put_new_page, void *private, enum migrate_mode mode, u32 *nr_succeeded);

struct migration_target_control {
	u32 nid;                    /* preferred node */
	const nodemask_t *nodemask; /* nodes allowed; NULL: all */
	gfp_t gfp; /* what the allocation may do; whether it may use ZONE_MOVABLE follows from the page */
};
/*
 * A new_page_t over the buddy allocator; @private is a struct migration_target_control. Pages of ZONE_MOVABLE may go
 * to any zone, others never to ZONE_MOVABLE. (alloc_migration_target(), 6.1)
 */
struct page *alloc_migration_target(struct page *page, void *private);

/*
 * The next pfn of [start_pfn, end_pfn) worth migrating, to *@movable_pfn: 0; none: -ENOENT; a page that cannot move
 * and has users: -EBUSY. mem_hotplug_lock held for writing; takes no lock or reference. (scan_movable_pages(), 6.1)
 */
int scan_movable_pages(u64 start_pfn, u64 end_pfn, u64 *movable_pfn);

#endif
