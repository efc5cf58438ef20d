/* SPDX-License-Identifier: MIT */
/* Between the files of the hugetlb pool: how a page gets into it and out. Not for others. */
#ifndef PFNSTORM_MM_HUGETLB_PAGE_H
#define PFNSTORM_MM_HUGETLB_PAGE_H

#include "core/mm/hugetlb.h"

/* hugetlb_lock held, or nobody else knows the page. */
static inline void hpage_set(struct page *head, enum hugetlb_page_flags flag)
{
	set_bit(flag, &head->private);
}

static inline void hpage_clear(struct page *head, enum hugetlb_page_flags flag)
{
	clear_bit(flag, &head->private);
}

/* Huge pages are movable on this architecture, so they may be anywhere. (htlb_alloc_mask(), 6.1) */
static inline gfp_t htlb_alloc_mask(void)
{
	return GFP_HIGHUSER_MOVABLE;
}

/* Each with hugetlb_lock held; names and steps of 6.1. */
void enqueue_huge_page(struct hstate *h, struct page *page);
/* With a reference; NULL if the node has none that is neither hwpoisoned nor isolated. */
struct page *dequeue_huge_page_node(struct hstate *h, u32 nid);
/* The first node in the order of @nid's zonelist that has one. */
struct page *dequeue_huge_page_nodemask(struct hstate *h, gfp_t gfp, u32 nid, const nodemask_t *nodes);
/* Leaves a compound page with one reference, which update_and_free_page() drops. @adjust_surplus: it was one. */
void remove_hugetlb_page(struct hstate *h, struct page *page, bool adjust_surplus);
/* hugetlb_lock not held. */
void update_and_free_page(struct hstate *h, struct page *page);
/* From the buddy allocator, without a reference, on no list, counted; NULL if there is none. Task context. */
struct page *alloc_fresh_huge_page(struct hstate *h, gfp_t gfp, u32 nid, const nodemask_t *nodes);

#endif
