/* SPDX-License-Identifier: MIT */
/*
 * The pool of huge pages (mm/hugetlb.c, include/linux/hugetlb.h, 6.1): one size, that of a pageblock.
 *
 * A huge page is a compound page whose first tail says so. It is free in the pool (no reference, on the free list of
 * its node), in use (on the active list, mapped by an area), isolated for migration, or on its way between these: its
 * last reference is gone, but hugetlb_lock is not taken yet. All numbers and lists change under hugetlb_lock.
 */
#ifndef PFNSTORM_MM_HUGETLB_H
#define PFNSTORM_MM_HUGETLB_H

#include "core/mm/area.h"
#include "core/mm/gfp.h"
#include "core/mm/node.h"
#include "core/mm/page.h"

struct hstate {
	spinlock_t hugetlb_lock;
	u32 order;
	u32 next_nid_to_alloc; /* where the pool grows and shrinks next: hugetlb_lock */
	u32 next_nid_to_free;
	u32 pad;
	struct mutex resize_lock; /* one change of the pool's size at a time */
	u64 max_huge_pages;       /* what the pool shall have, as nr_hugepages shows it */
	u64 nr_huge_pages;
	u64 free_huge_pages;
	u64 resv_huge_pages;    /* free ones that are promised to mappings */
	u64 surplus_huge_pages; /* beyond the pool's size: they leave it when they are freed */
	u64 nr_overcommit_huge_pages;
	u64 nr_huge_pages_node[MAX_NODES];
	u64 free_huge_pages_node[MAX_NODES];
	u64 surplus_huge_pages_node[MAX_NODES];
	struct list_head hugepage_activelist;
	struct list_head hugepage_freelists[MAX_NODES];
};

/* Values of page[1].compound_dtor: what a compound page is. */
enum compound_dtor_id { COMPOUND_PAGE_DTOR, HUGETLB_PAGE_DTOR };
/*
 * Added to compound_dtor of any page of a poisoned huge page: it is the broken one. (A list of such pages in 6.1, which
 * may be short of memory.)
 */
#define RAW_HWPOISON 0x100u

/* Bits of a huge page's head->private. HPageXxx() and so on; changed under hugetlb_lock or by the page's only owner. */
enum hugetlb_page_flags {
	HPG_migratable, /* in use and not isolated */
	HPG_temporary,  /* leaves the pool when it is freed */
	HPG_freed,      /* on a free list */
};
/* Lock-free too: whoever peeks may see the word of what the page has become meanwhile. */
bool hpage_test(const struct page *head, enum hugetlb_page_flags flag);

/* Is the page part of a huge page of the pool? Any page of it; lock-free: it may be dissolved at any time. (6.1) */
bool PageHuge(const struct page *page);
bool PageHeadHuge(const struct page *page);
/* The pool of the page's size; NULL if it is none that a pool has (it has been dissolved). Lock-free. (6.1) */
struct hstate *page_hstate(const struct page *page);
bool hugepage_migration_supported(const struct hstate *h);

/* Boot: an empty pool. */
void hugetlb_init(void);

/* ---- pages of the pool ------------------------------------------------------------------------------------------ */

/*
 * The last reference is gone: back to its free list, or, surplus or temporary, out of the pool to the buddy allocator.
 * Any context. (free_huge_page(), 6.1)
 */
void free_huge_page(struct page *page);
/*
 * Takes a free huge page out of the pool, whatever page of it is given; its pages go to the buddy allocator. 0, also if
 * it is none (any more); -EBUSY: in use, or promised to a mapping. Task context. (6.1)
 */
int dissolve_free_huge_page(struct page *page);
/* The same for all in the range, until one cannot be: its error. (6.1) */
int dissolve_free_huge_pages(u64 start_pfn, u64 end_pfn);
/*
 * Takes a huge page in use off the active list onto @list, with a reference. -EBUSY: it is free, being freed, or
 * isolated by somebody else. (6.1)
 */
int isolate_hugetlb(struct page *page, struct list_head *list);
/* To the active list, migratable, and drops the reference: ends an isolation. (putback_active_hugepage(), 6.1) */
void putback_active_hugepage(struct page *page);
/*
 * A huge page for migration, with a reference: from the pool if it has one that is not promised, else a temporary one.
 * NULL if there is no room. (alloc_huge_page_nodemask(), 6.1)
 */
struct page *alloc_huge_page_nodemask(struct hstate *h, u32 nid, const nodemask_t *nodes, gfp_t gfp);
/* Migration of @old to @new is done: being temporary and surplus go the other way. (6.1) */
void move_hugetlb_state(struct page *old, struct page *new);
/* What an allocation of huge pages may do: @gfp decides only about the node. (htlb_modify_alloc_mask(), 6.1) */
gfp_t htlb_modify_alloc_mask(gfp_t gfp);

/* ---- broken pages of it ----------------------------------------------------------------------------------------- */

#define MF_NO_HUGETLB 2
/*
 * Marks the huge page that @page is part of as poisoned, and @page as what is broken in it. 1: with a reference, the
 * caller's if it has one (@referenced); 0: it is free; -EBUSY: neither, and then it is marked unless @retry;
 * -EHWPOISON: it was marked already, no reference; *@another: but not for this page. MF_NO_HUGETLB: it is none. Any
 * context. (__get_huge_page_for_hwpoison(), 6.1)
 */
int get_huge_page_for_hwpoison(struct page *page, bool referenced, bool retry, bool *another);
/*
 * *@hugetlb: is it the head of a huge page? Then 1: with a reference; 0: it is free; -EBUSY: neither, or isolated,
 * which does not matter to who unpoisons. (6.1)
 */
int get_hwpoison_huge_page(struct page *head, bool *hugetlb, bool unpoison);
/* It leaves the pool: those of its pages that are broken are marked themselves. (6.1) */
void hugetlb_clear_page_hwpoison(struct page *head);
/* Forgets which pages of it are broken: how many were. (6.1) */
u32 free_raw_hwp_pages(struct page *head);

/* ---- the size of the pool --------------------------------------------------------------------------------------- */

/*
 * Grows or shrinks the pool to @count pages, those of node @nid only unless that is NUMA_NO_NODE. What is in use
 * becomes surplus, what cannot be had is missing: still 0. -ENOENT: no such node, or it is not online; -EINTR is never
 * returned, a signal ends it early. Task context. (nr_hugepages_store_common(), 6.1)
 */
int set_nr_hugepages(u64 count, s32 nid);
int set_nr_overcommit_hugepages(u64 count);
/*
 * Promises @delta free pages to a mapping, growing the pool by surplus pages if it must and may: 0 or -ENOMEM.
 * Negative: the promise is taken back, and surplus pages it kept go. Task context. (hugetlb_acct_memory(), 6.1)
 */
int hugetlb_acct_memory(s64 delta);
/*
 * A huge page that was promised, with a reference, near node @nid, of @nodes only unless that is NULL; NULL if there is
 * none all the same. (alloc_huge_page(), 6.1)
 */
struct page *alloc_huge_page(u32 nid, const nodemask_t *nodes);

/* ---- users ------------------------------------------------------------------------------------------------------ */

/*
 * Maps @count + @reserve huge pages into an area and touches @count of them, on @nodes (NULL: anywhere) as mbind()
 * would have it. Number of those; -EINVAL: the area is of another kind; -ENOMEM: they could not be promised, or none
 * could be had. (hugetlbfs mmap and fault, 6.1)
 */
s64 area_alloc_huge(struct area *area, u32 count, u32 reserve, const nodemask_t *nodes);
/* What the area was promised and has not touched is given back. area->lock held. */
void area_unreserve_huge(struct area *area);

#endif
