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

struct anon_area {
	struct mutex lock;  /* serialises users of the area (mmap_lock): alloc, free, verify, pin */
	spinlock_t ptl;     /* page table lock: excludes migration's entry changes from the users' reads */
	u32 id;
	u32 used;           /* entries in use, under lock */
	u64 pte[AREA_ENTRIES];
	u64 stamp[AREA_ENTRIES];  /* what the content of the page must be */
	u64 pinned;         /* bit per entry: extra reference held by op pin */
};

struct anon_area *anon_area(u32 slot);
void anon_areas_init(void);
/* Ops alloc, free, pin, unpin, verify: 0, count, -ENOMEM, -EINVAL (wrong state). Task context, may sleep. */
s64 anon_alloc(struct anon_area *area, u32 order, u32 count, u32 mt);
s64 anon_free(struct anon_area *area);
s64 anon_pin(struct anon_area *area);
s64 anon_unpin(struct anon_area *area);
s64 anon_verify(struct anon_area *area);

/* Migration's side (rmap). Page locked. try_to_migrate: installs migration entries, mapcount drops to 0. */
bool try_to_migrate(struct page *page);
/* Points the entries that hold migration entries of @src to @dst (or back to @src if equal); mapcount restored. */
void remove_migration_ptes(struct page *src, struct page *dst);

/* Content: a stamp per pfn. */
u64 page_content_read(u64 pfn);
void page_content_write(u64 pfn, u64 stamp);

#endif
