/* SPDX-License-Identifier: MIT */
/*
 * Anonymous areas: the users of pages. An area is a small page table; its pages carry a content stamp.
 *
 * It stands for a process's anonymous memory: migration finds the pointer to a page through page->mapping and
 * page->index, replaces it by a migration entry, and whoever needs the page meanwhile waits. Slots of scenarios are
 * areas. Unmovable and reclaimable allocations live in an area too, but without LRU or mapping: they cannot move.
 */
#ifndef PFNSTORM_MM_ANON_H
#define PFNSTORM_MM_ANON_H

#include "core/mm/page.h"
#include "core/rt/lock.h"

#define AREA_ENTRIES 64

/* A page table entry: 0, or pfn << 8 | order << 4 | flags. */
#define PTE_PRESENT 1UL
#define PTE_MIGRATION 2UL /* the page moves; wait for its page lock */
#define pte_pfn(pte) ((pte) >> 8)
#define pte_order(pte) ((u32)((pte) >> 4 & 0xf))

struct anon_area {
	struct mutex lock; /* serialises users of the area (mmap_lock): alloc, free, verify, pin */
	spinlock_t ptl;    /* page table lock: excludes migration's entry changes from the users' reads */
	u32 id;
	u32 used; /* entries in use, under lock */
	u64 pte[AREA_ENTRIES];
	u64 stamp[AREA_ENTRIES]; /* content of the entry's first page; the k-th page holds k more. Under ptl */
	u64 pinned;              /* bit per entry: extra reference held by op pin; under lock */
	u64 last_stamp;          /* under lock */
};

struct anon_area *anon_area(u32 slot);
void anon_areas_init(void);
/*
 * Task context or boot, may sleep; waits for entries that migrate. Numbers of entries, or:
 *   anon_alloc   -ENOMEM: nothing could be allocated, or the area is full. Less than @count if only that much could.
 *   anon_free    -EINVAL: the area is pinned. Verifies first.
 *   anon_pin     -EINVAL: pinned already, or empty.    anon_unpin  -EINVAL: not pinned.
 *   anon_verify  content that is not what the user wrote is verdict `invariant`, "page content lost".
 */
s64 anon_alloc(struct anon_area *area, u32 order, u32 count, u32 mt);
s64 anon_free(struct anon_area *area);
s64 anon_pin(struct anon_area *area);
s64 anon_unpin(struct anon_area *area);
s64 anon_verify(struct anon_area *area);

/*
 * Migration's side (rmap). The page is locked, the caller holds a reference. An entry holds one reference and one
 * mapcount of its page while it is present, none while it migrates.
 *
 * try_to_migrate(): turns the entry into a migration entry. True if the page is not mapped afterwards.
 */
bool try_to_migrate(struct page *page);
/*
 * Points the entry that holds a migration entry of @src to @dst (@dst == @src: back), with reference and mapcount.
 * Both pages have mapping and index of the area; unlock @src afterwards: that is what waiters wait for.
 */
void remove_migration_ptes(struct page *src, struct page *dst);

/* Content: a stamp per pfn. */
u64 page_content_read(u64 pfn);
void page_content_write(u64 pfn, u64 stamp);

#endif
