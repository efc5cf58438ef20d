/* SPDX-License-Identifier: MIT */
/* How large the pool of huge pages is, and what of it is promised. */
#include "core/mm/hugetlb.h"

#include "core/mm/anon.h"
#include "core/mm/huge_memory.h"
#include "core/mm/hugetlb_page.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

/* ---- fresh pages ----------------------------------------------------------------------------------------------- */

/*
 * Frozen from the start: who still had a reference to look at what the page was before must not get hold of it. (6.1)
 */
static struct page *alloc_buddy_huge_page(struct hstate *h, gfp_t gfp, u32 nid, const nodemask_t *nodes)
{
	for (u32 tries = 0; tries < 2; tries++) {
		struct page *page = __alloc_pages(gfp | __GFP_COMP | __GFP_RETRY_MAYFAIL, h->order, nid, nodes);

		if (!page || page_ref_freeze(page, 1))
			return page;
		__free_pages(page, h->order);
	}
	return NULL;
}

struct page *alloc_fresh_huge_page(struct hstate *h, gfp_t gfp, u32 nid, const nodemask_t *nodes)
{
	struct page *page = alloc_buddy_huge_page(h, gfp, nid, nodes);
	unsigned long flags;

	if (!page)
		return NULL;
	INIT_LIST_HEAD(&page->lru);
	WRITE_ONCE(page[1].compound_dtor, HUGETLB_PAGE_DTOR);
	spin_lock_irqsave(&h->hugetlb_lock, flags);
	h->nr_huge_pages++;
	h->nr_huge_pages_node[page_to_nid(page)]++;
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	point(hugetlb, fresh, page_to_pfn(page));
	return page;
}

/* A page beyond the pool's size, if that many are allowed. (alloc_surplus_huge_page(), 6.1) */
static struct page *alloc_surplus_huge_page(struct hstate *h, u32 nid, const nodemask_t *nodes)
{
	struct page *page;
	unsigned long flags;
	bool allowed;

	spin_lock_irqsave(&h->hugetlb_lock, flags);
	allowed = h->surplus_huge_pages < h->nr_overcommit_huge_pages;
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	page = allowed ? alloc_fresh_huge_page(h, htlb_alloc_mask(), nid, nodes) : NULL;
	if (!page)
		return NULL;
	/* Others may have been faster meanwhile. */
	spin_lock_irqsave(&h->hugetlb_lock, flags);
	allowed = h->surplus_huge_pages < h->nr_overcommit_huge_pages;
	if (allowed) {
		h->surplus_huge_pages++;
		h->surplus_huge_pages_node[page_to_nid(page)]++;
	} else {
		hpage_set(page, HPG_temporary);
	}
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	if (allowed)
		return page;
	free_huge_page(page);
	return NULL;
}

/* ---- size ------------------------------------------------------------------------------------------------------ */

static u64 persistent_huge_pages(const struct hstate *h)
{
	return h->nr_huge_pages - h->surplus_huge_pages;
}

/* The node after @*next among @nodes, which becomes @*next. */
static u32 next_allowed_node(u32 *next, nodemask_t nodes)
{
	u32 nid = *next;

	do
		nid = (nid + 1) % machine_config.nodes;
	while (!(nodes & BIT(nid)));
	*next = nid;
	return nid;
}

static u32 nr_nodes_of(nodemask_t nodes)
{
	return (u32)__builtin_popcountll(nodes);
}

/* (alloc_pool_huge_page(), 6.1) */
static bool grow_pool(struct hstate *h, nodemask_t nodes)
{
	for (u32 i = 0; i < nr_nodes_of(nodes); i++) {
		u32 nid = next_allowed_node(&h->next_nid_to_alloc, nodes);
		struct page *page = alloc_fresh_huge_page(h, htlb_alloc_mask() | __GFP_THISNODE, nid, &nodes);

		if (page) {
			free_huge_page(page); /* into the pool */
			return true;
		}
	}
	return false;
}

/*
 * Has the node a free page to give that is of the kind wanted? Surplus pages are a number, no particular pages: a node
 * that has no others must not lose them as if they were the pool's. hugetlb_lock held.
 */
static bool node_can_shrink(const struct hstate *h, u32 nid, bool surplus)
{
	if (list_empty(&h->hugepage_freelists[nid]))
		return false;
	if (surplus)
		return h->surplus_huge_pages_node[nid];
	return h->nr_huge_pages_node[nid] > h->surplus_huge_pages_node[nid] || bug(pool_shrinks_surplus);
}

/* A free page out of the pool, with a reference, onto @list. hugetlb_lock held. (remove_pool_huge_page(), 6.1) */
static bool shrink_pool(struct hstate *h, nodemask_t nodes, bool surplus, struct list_head *list)
{
	for (u32 i = 0; i < nr_nodes_of(nodes); i++) {
		u32 nid = next_allowed_node(&h->next_nid_to_free, nodes);
		struct page *page;

		if (!node_can_shrink(h, nid, surplus))
			continue;
		page = list_first_entry(&h->hugepage_freelists[nid], struct page, lru);
		remove_hugetlb_page(h, page, surplus);
		list_add(&page->lru, list);
		return true;
	}
	return false;
}

static void update_and_free_pages_bulk(struct hstate *h, struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, list, lru) {
		list_del_init(&page->lru);
		update_and_free_page(h, page);
		cond_resched();
	}
}

/* One page of some node becomes surplus (1), or the pool's again (-1). hugetlb_lock held. */
static bool adjust_pool_surplus(struct hstate *h, nodemask_t nodes, s64 delta)
{
	for (u32 i = 0; i < nr_nodes_of(nodes); i++) {
		u32 nid = next_allowed_node(delta < 0 ? &h->next_nid_to_alloc : &h->next_nid_to_free, nodes);
		u64 surplus = h->surplus_huge_pages_node[nid];

		if (delta < 0 ? !surplus : surplus >= h->nr_huge_pages_node[nid])
			continue;
		h->surplus_huge_pages += (u64)delta;
		h->surplus_huge_pages_node[nid] += (u64)delta;
		return true;
	}
	return false;
}

/* hugetlb_lock held, dropped for each page. */
static void grow_to(struct hstate *h, u64 count, nodemask_t nodes, unsigned long *flags)
{
	while (h->surplus_huge_pages && count > persistent_huge_pages(h))
		if (!adjust_pool_surplus(h, nodes, -1))
			break;
	while (count > persistent_huge_pages(h)) {
		bool grown;

		spin_unlock_irqrestore(&h->hugetlb_lock, *flags);
		cond_resched();
		grown = grow_pool(h, nodes);
		spin_lock_irqsave(&h->hugetlb_lock, *flags);
		if (!grown || signal_pending())
			break;
	}
}

/* hugetlb_lock held, dropped while pages are freed. What is promised stays, what is in use becomes surplus. */
static void shrink_to(struct hstate *h, u64 count, nodemask_t nodes, unsigned long *flags)
{
	u64 min_count = max(count, h->resv_huge_pages + h->nr_huge_pages - h->free_huge_pages);
	struct list_head list;

	INIT_LIST_HEAD(&list);
	while (min_count < persistent_huge_pages(h))
		if (!shrink_pool(h, nodes, false, &list))
			break;
	spin_unlock_irqrestore(&h->hugetlb_lock, *flags);
	update_and_free_pages_bulk(h, &list);
	spin_lock_irqsave(&h->hugetlb_lock, *flags);
	while (count < persistent_huge_pages(h))
		if (!adjust_pool_surplus(h, nodes, 1))
			break;
}

/* What the whole pool must have so that node @nid has @count: not of other nodes' surplus pages. hugetlb_lock held. */
static u64 count_with_others(const struct hstate *h, u64 count, u32 nid)
{
	if (bug(nr_hugepages_counts_surplus))
		return count + h->nr_huge_pages - h->nr_huge_pages_node[nid];
	return count + persistent_huge_pages(h) - (h->nr_huge_pages_node[nid] - h->surplus_huge_pages_node[nid]);
}

int set_nr_hugepages(u64 count, s32 nid)
{
	nodemask_t nodes = node_states_mask(N_MEMORY);
	struct hstate *h = &machine.hstate;
	unsigned long flags;

	if (nid != NUMA_NO_NODE) {
		if (nid >= (s32)machine_config.nodes || !node_state((u32)nid, N_ONLINE))
			return -ENOENT;
		nodes = BIT((u32)nid);
	}
	mutex_lock(&h->resize_lock);
	spin_lock_irqsave(&h->hugetlb_lock, flags);
	if (nid != NUMA_NO_NODE)
		count = count_with_others(h, count, (u32)nid);
	if (count > persistent_huge_pages(h))
		grow_to(h, count, nodes, &flags);
	else
		shrink_to(h, count, nodes, &flags);
	h->max_huge_pages = persistent_huge_pages(h);
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	mutex_unlock(&h->resize_lock);
	return 0;
}

int set_nr_overcommit_hugepages(u64 count)
{
	struct hstate *h = &machine.hstate;
	unsigned long flags;

	spin_lock_irqsave(&h->hugetlb_lock, flags);
	h->nr_overcommit_huge_pages = count;
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	return 0;
}

/* ---- reservations ---------------------------------------------------------------------------------------------- */

/* Enough free pages for what is promised and @delta more? How many are missing. hugetlb_lock held. */
static s64 missing_pages(const struct hstate *h, u64 delta, u64 allocated)
{
	return (s64)(h->resv_huge_pages + delta) - (s64)(h->free_huge_pages + allocated);
}

/* hugetlb_lock held, dropped while pages are allocated. (gather_surplus_pages(), 6.1) */
static int gather_surplus_pages(struct hstate *h, u64 delta, unsigned long *flags)
{
	s64 needed = missing_pages(h, delta, 0), allocated = 0;
	struct page *page = NULL, *next;
	struct list_head list;

	INIT_LIST_HEAD(&list);
	while (needed > 0) {
		spin_unlock_irqrestore(&h->hugetlb_lock, *flags);
		for (s64 i = 0; i < needed; i++, allocated++) {
			page = alloc_surplus_huge_page(h, cpu_to_node(raw_smp_processor_id()), NULL);
			if (!page)
				break;
			list_add(&page->lru, &list);
			cond_resched();
		}
		spin_lock_irqsave(&h->hugetlb_lock, *flags);
		needed = bug(planted_reserve_not_rechecked) ? (page ? 0 : needed)
							    : missing_pages(h, delta, (u64)allocated);
		if (needed > 0 && !page)
			break;
	}
	if (needed <= 0) {
		h->resv_huge_pages += delta;
		/* As many as are needed by now, the others were freed meanwhile. */
		for (needed += allocated; needed > 0; needed--)
			enqueue_huge_page(h, list_first_entry(&list, struct page, lru));
	}
	spin_unlock_irqrestore(&h->hugetlb_lock, *flags);
	list_for_each_entry_safe (page, next, &list, lru)
		free_huge_page(page);
	spin_lock_irqsave(&h->hugetlb_lock, *flags);
	return needed <= 0 ? 0 : -ENOMEM;
}

/* hugetlb_lock held, dropped while pages are freed. (return_unused_surplus_pages(), 6.1) */
static void return_unused_surplus_pages(struct hstate *h, u64 unused, unsigned long *flags)
{
	u64 nr_pages = min(unused, h->surplus_huge_pages);
	struct list_head list;

	INIT_LIST_HEAD(&list);
	h->resv_huge_pages -= unused;
	while (nr_pages--)
		if (!shrink_pool(h, node_states_mask(N_MEMORY), true, &list))
			break;
	spin_unlock_irqrestore(&h->hugetlb_lock, *flags);
	update_and_free_pages_bulk(h, &list);
	spin_lock_irqsave(&h->hugetlb_lock, *flags);
}

int hugetlb_acct_memory(s64 delta)
{
	struct hstate *h = &machine.hstate;
	unsigned long flags;
	int ret = 0;

	if (!delta)
		return 0;
	spin_lock_irqsave(&h->hugetlb_lock, flags);
	if (delta > 0)
		ret = gather_surplus_pages(h, (u64)delta, &flags);
	else
		return_unused_surplus_pages(h, (u64)-delta, &flags);
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	point(hugetlb, reserved, ret);
	return ret;
}

struct page *alloc_huge_page(u32 nid, const nodemask_t *nodes)
{
	struct hstate *h = &machine.hstate;
	unsigned long flags;
	struct page *page;

	spin_lock_irqsave(&h->hugetlb_lock, flags);
	page = dequeue_huge_page_nodemask(h, htlb_alloc_mask(), nid, nodes);
	if (!page) {
		/* The pages that were promised are broken, or where the walk over nodes did not come. */
		spin_unlock_irqrestore(&h->hugetlb_lock, flags);
		page = alloc_surplus_huge_page(h, nid, nodes);
		if (!page)
			return NULL;
		spin_lock_irqsave(&h->hugetlb_lock, flags);
		list_add(&page->lru, &h->hugepage_activelist);
		set_page_count(page, 1);
	}
	h->resv_huge_pages--;
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	point(hugetlb, dequeued, page_to_pfn(page));
	return page;
}

/* ---- users ------------------------------------------------------------------------------------------------------ */

/* area->lock held, so that nobody else takes the entry. */
static bool area_full(struct area *area)
{
	bool full;

	spin_lock(&area->ptl);
	full = area_free_entry(area, 0) == area->size;
	spin_unlock(&area->ptl);
	return full;
}

/* (hugetlb_no_page(), 6.1, of a private mapping) */
static void map_huge_page(struct area *area, struct page *page)
{
	u64 pte = make_pte(page_to_pfn(page), machine.hstate.order, PTE_PRESENT);
	u32 index;

	spin_lock(&area->ptl);
	index = area_free_entry(area, 0);
	area_write(area, index, pte, area_next_stamp(area));
	WRITE_ONCE(page->index, index);
	WRITE_ONCE(page->mapping, (u64)area | PAGE_MAPPING_ANON);
	page_map(page, machine.hstate.order, false);
	area->pte[index] = pte;
	area_count(area, 1);
	hpage_set(page, HPG_migratable);
	spin_unlock(&area->ptl);
	point(anon, mapped, page_to_pfn(page));
}

s64 area_alloc_huge(struct area *area, u32 count, u32 reserve, const nodemask_t *nodes)
{
	s64 done = 0;
	int ret;

	mutex_lock(&area->lock);
	ret = area_set_kind(area, AREA_HUGETLB);
	if (!ret)
		ret = hugetlb_acct_memory((s64)count + reserve);
	if (!ret)
		area->hugetlb_reserved += count + reserve;
	for (; !ret && done < count && !area_full(area); done++) {
		struct page *page = alloc_huge_page(cpu_to_node(raw_smp_processor_id()), nodes);

		if (!page)
			break;
		map_huge_page(area, page);
		area->hugetlb_reserved--;
	}
	mutex_unlock(&area->lock);
	return ret ? ret : done || !count ? done : -ENOMEM;
}

void area_unreserve_huge(struct area *area)
{
	u64 reserved = area->hugetlb_reserved;

	area->hugetlb_reserved = 0;
	hugetlb_acct_memory(-(s64)reserved);
}
