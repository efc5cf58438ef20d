/* SPDX-License-Identifier: MIT */
/*
 * Areas: the users of pages. An area is a small table of entries; its pages carry a content stamp.
 *
 * It stands for what makes pages be in use: a process's anonymous memory (anon.h), a file in the page cache
 * (filemap.h), or kernel memory, which cannot move. Slots of scenarios are areas; the first allocation into an empty
 * one decides its kind.
 */
#ifndef PFNSTORM_MM_AREA_H
#define PFNSTORM_MM_AREA_H

#include "core/mm/events.h"
#include "core/mm/page.h"
#include "core/rt/lock.h"

#define AREA_ENTRIES 64

enum area_kind {
	AREA_ANON,    /* mapped, on the LRU lists, movable; or kernel memory, which is neither of them */
	AREA_FILE,    /* page cache: entries by offset; movable, and reclaimable while clean */
	AREA_CMA,     /* one allocation from a CMA area: kernel memory that only its allocator takes back */
	AREA_BALLOON, /* a balloon's pages, range/balloon.h: movable by its own functions, nobody's memory */
	AREA_HUGETLB, /* huge pages of the pool, mapped like anonymous memory; on no LRU list */
};

/* An entry: 0, or pfn << 8 | order << 4 | flags. */
#define PTE_PRESENT 1UL
#define PTE_MIGRATION 2UL /* the page moves; wait for its page lock. A balloon's: it is isolated */
#define PTE_MAPPED 4UL    /* with PRESENT, order > 0: each page is mapped by itself, not the compound page as a whole */
#define PTE_HWPOISON 8UL  /* the page broke, what it held is lost: whoever looks is killed */
#define pte_pfn(pte) ((pte) >> 8)
#define pte_order(pte) ((u32)((pte) >> 4 & 0xf))

/* Who gives pages of such areas back knows more than that they are to be freed. */
#define area_kind_is_special(kind) ((kind) == AREA_CMA || (kind) == AREA_BALLOON)

struct area {
	struct mutex lock; /* serialises users of the area (mmap_lock): alloc, free, verify, pin */
	spinlock_t ptl;    /* page table lock, of a file i_pages: excludes migration's and reclaim's entry changes */
	u32 id;
	u32 kind; /* enum area_kind: under lock, and never changes while entries are in use */
	u32 used; /* entries in use: ptl */
	u32 size;
	u64 *pte;   /* size entries: ptl */
	u64 *stamp; /* content of the entry's first page; the k-th page holds k more. ptl */
	u64 pinned; /* number of entries with an extra reference, held by op pin; under lock */
	/* Of each entry what op pin holds: pfn + 1, or 0. The entry may be another page's by now. under lock */
	u64 *pins;
	u64 last_stamp;       /* under lock */
	u64 hugetlb_reserved; /* huge pages promised to the area and not touched yet: under lock */
};

static inline u64 make_pte(u64 pfn, u32 order, u64 flags)
{
	return pfn << 8 | (u64)order << 4 | flags;
}

/* ptl held. One entry more is in use, or less. */
static inline void area_count(struct area *area, s32 change)
{
	area->used += (u32)change;
	core_event(EVENT_entry, area->id, change);
}

/* @slot < OP_SLOTS. */
struct area *area_of_slot(u32 slot);
/* Boot: all areas empty, with AREA_ENTRIES entries each. */
void areas_init(void);
/* More entries for an empty area, and then for good. -EINVAL: in use, or too few. Boot or task context. */
int area_resize(struct area *area, u32 size);
/*
 * area->lock held. 0 if the area is of @kind or empty, and then it is of @kind; else -EINVAL. (Kinds do not mix.)
 */
int area_set_kind(struct area *area, enum area_kind kind);
/* ptl held. The first free entry at or behind @from; area->size if there is none. */
u32 area_free_entry(const struct area *area, u32 from);
/* area->lock held. Number of free entries. */
u32 area_room(struct area *area);
/* area->lock held. Stamps of no two allocations of a run are alike, nor those of an allocation's pages. */
u64 area_next_stamp(struct area *area);
/* ptl held, or nobody else knows the pages. Writes the stamps of an entry's pages; @stamp becomes the entry's. */
void area_write(struct area *area, u32 index, u64 pte, u64 stamp);
/* ptl held, so that the page stays where it is. Other content than the owner's: verdict `invariant`, "page content
 * lost". */
void area_verify(const struct area *area, u32 index, u64 pte);
/* The area that page->mapping points to, anonymous or a file's; the page is locked or its mapping cannot change. */
struct area *page_area(const struct page *page);

/* Content: a stamp per pfn. */
u64 page_content_read(u64 pfn);
void page_content_write(u64 pfn, u64 stamp);

#endif
