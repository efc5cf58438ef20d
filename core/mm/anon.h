/* SPDX-License-Identifier: MIT */
/*
 * Anonymous memory and kernel allocations in areas (mm/memory.c, mm/rmap.c, 6.1).
 *
 * Migration finds the pointer to an anonymous page through page->mapping and page->index, replaces it by a migration
 * entry, and whoever needs the page meanwhile waits.
 */
#ifndef PFNSTORM_MM_ANON_H
#define PFNSTORM_MM_ANON_H

#include "core/mm/area.h"
#include "core/mm/gfp.h"
#include "core/mm/zonelist.h"

/*
 * Task context or boot, may sleep; waits for entries that migrate. Numbers of entries, or:
 *   area_alloc   -ENOMEM: nothing could be allocated, or the area is full; less than @count if only that much could.
 *                -EINVAL: the area is of another kind.
 *   area_free    -EINVAL: the area is pinned, or special. Verifies first. Any other kind.
 *   area_pin     -EINVAL: pinned already, or empty.    area_unpin  -EINVAL: not pinned. (FOLL_PIN, FOLL_GET)
 * Special areas (area_kind_is_special()) know none of these: -EINVAL, or nothing happens.
 *   area_verify  content that is not what the user wrote is verdict `invariant`, "page content lost".
 * @gfp: movable requests are anonymous memory, others kernel memory.
 */
s64 area_alloc(struct area *area, gfp_t gfp, u32 order, u32 count);
/* The same, preferably from @nid, only from @nodes unless that is NULL: what a memory policy of the process says. */
s64 area_alloc_on(struct area *area, gfp_t gfp, u32 order, u32 count, u32 nid, const nodemask_t *nodes);
s64 area_free(struct area *area);
/* area->lock held, kind AREA_ANON or AREA_CMA. A page with one reference becomes kernel memory of the area. False: no
 * room. */
bool area_map_kernel_page(struct area *area, struct page *page);
s64 area_pin(struct area *area);
s64 area_unpin(struct area *area);
s64 area_verify_all(struct area *area);
/* Uses every page: those used twice go to the active list. (mark_page_accessed) */
s64 area_touch(struct area *area);
/* Keeps the pages from being reclaimed, or ends that: to or from the unevictable list. -EINVAL: not anonymous. (mlock)
 */
s64 area_mlock(struct area *area, bool lock);

/* The page at an entry that maps one, with a reference; NULL: it maps none, or memory that no process has mapped. */
struct page *area_get_mapped(struct area *area, u32 index);

/*
 * Migration's side (rmap). The page is locked, the caller holds a reference. An entry holds one reference and one
 * mapcount of its page while it is present, none while it migrates.
 *
 * try_to_migrate(): turns the entry into a migration entry. True if the page is not mapped afterwards.
 */
bool try_to_migrate(struct page *page);
/* The page is broken: the entry says so from now on. True if the page is not mapped afterwards. (TTU_HWPOISON) */
bool try_to_unmap_poison(struct page *page);
/*
 * Points the entry that holds a migration entry of @src to @dst (@dst == @src: back), with reference and mapcount.
 * Both pages have mapping and index of the area; unlock @src afterwards: that is what waiters wait for.
 */
void remove_migration_ptes(struct page *src, struct page *dst);

#endif
