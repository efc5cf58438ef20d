/* SPDX-License-Identifier: MIT */
/* Huge pages in and out of the pool; its size and reservations are in hugetlb_pool.c. */
#include "core/mm/hugetlb.h"
#include "core/mm/events.h"

#include "core/mm/hugetlb_page.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

/* ---- what a page is -------------------------------------------------------------------------------------------- */

bool hpage_test(const struct page *head, enum hugetlb_page_flags flag)
{
	page_access_check(head);
	return data_race(READ_ONCE(head->private), "without hugetlb_lock the huge page may become a free block") &
	       BIT(flag);
}

bool PageHuge(const struct page *page)
{
	const struct page *head = compound_head(page);

	return PageHeadHuge(head);
}

bool PageHeadHuge(const struct page *page)
{
	return PageHead(page) && (READ_ONCE(page[1].compound_dtor) & ~RAW_HWPOISON) == HUGETLB_PAGE_DTOR;
}

struct hstate *page_hstate(const struct page *page)
{
	return compound_order(compound_head(page)) == machine.hstate.order ? &machine.hstate : NULL;
}

/* In 6.1 a matter of architecture and size: pages that a page table entry of x86 maps can move. */
bool MAY_BE_WILD hugepage_migration_supported(const struct hstate *h)
{
	return READ_ONCE(h->order) <= pageblock_order;
}

void hugetlb_init(void)
{
	struct hstate *h = &machine.hstate;

	spin_lock_init(&h->hugetlb_lock, LOCK_hugetlb);
	mutex_init(&h->resize_lock, LOCK_hugetlb_resize);
	h->order = pageblock_order;
	INIT_LIST_HEAD(&h->hugepage_activelist);
	for (u32 nid = 0; nid < MAX_NODES; nid++)
		INIT_LIST_HEAD(&h->hugepage_freelists[nid]);
}

/* ---- lists ----------------------------------------------------------------------------------------------------- */

/* hugetlb_lock held. */
void enqueue_huge_page(struct hstate *h, struct page *page)
{
	u32 nid = page_to_nid(page);

	lockdep_assert_held(&h->hugetlb_lock);
	BUG_ON(page_ref_count(page));
	list_move(&page->lru, &h->hugepage_freelists[nid]);
	h->free_huge_pages++;
	h->free_huge_pages_node[nid]++;
	hpage_set(page, HPG_freed);
}

struct page *dequeue_huge_page_node(struct hstate *h, u32 nid)
{
	struct page *page;

	lockdep_assert_held(&h->hugetlb_lock);
	list_for_each_entry (page, &h->hugepage_freelists[nid], lru) {
		if (PageHWPoison(page))
			continue;
		/* Whoever empties a range would be handed the pages of that range, one for the other for ever. */
		if (is_migrate_isolate_page(page) && !bug(hugetlb_reuses_isolated))
			continue;
		list_move(&page->lru, &h->hugepage_activelist);
		set_page_count(page, 1);
		hpage_clear(page, HPG_freed);
		h->free_huge_pages--;
		h->free_huge_pages_node[nid]--;
		return page;
	}
	return NULL;
}

struct page *dequeue_huge_page_nodemask(struct hstate *h, gfp_t gfp, u32 nid, const nodemask_t *nodes)
{
	struct zonelist *list = node_zonelist(nid, gfp);
	u32 last = MAX_NODES;

	for (struct zoneref *z = first_zones_zonelist(list, gfp_zone(gfp), nodes); zonelist_zone(z);
	     z = next_zones_zonelist(z + 1, gfp_zone(gfp), nodes)) {
		const struct zone *zone = zonelist_zone(z);
		struct page *page;

		if (!zone)
			break;
		if (zone->node == last)
			continue;
		last = zone->node;
		page = dequeue_huge_page_node(h, last);
		if (page)
			return page;
	}
	return NULL;
}

/* Not a page of the pool any more, but a compound page with one reference. hugetlb_lock held. */
void remove_hugetlb_page(struct hstate *h, struct page *page, bool adjust_surplus)
{
	u32 nid = page_to_nid(page);

	lockdep_assert_held(&h->hugetlb_lock);
	list_del_init(&page->lru);
	if (hpage_test(page, HPG_freed)) {
		h->free_huge_pages--;
		h->free_huge_pages_node[nid]--;
	}
	if (adjust_surplus) {
		h->surplus_huge_pages--;
		h->surplus_huge_pages_node[nid]--;
	}
	/*
	 * The marks go to the broken pages while it is a page of the pool: hugetlb_lock excludes a memory_failure()
	 * that finds it no longer one and the broken page not yet marked, and counts that again.
	 */
	if (!bug(hugetlb_poison_moves_late) && PageHWPoison(page))
		hugetlb_clear_page_hwpoison(page);
	/* Whoever takes a reference from here on frees it as what it is then. */
	set_page_count(page, 1);
	WRITE_ONCE(page[1].compound_dtor, (READ_ONCE(page[1].compound_dtor) & RAW_HWPOISON) | COMPOUND_PAGE_DTOR);
	h->nr_huge_pages--;
	h->nr_huge_pages_node[nid]--;
}

void update_and_free_page(struct hstate *h, struct page *page)
{
	point(hugetlb, removed, page_to_pfn(page));
	if (bug(hugetlb_poison_moves_late) && PageHWPoison(page))
		hugetlb_clear_page_hwpoison(page);
	__free_pages(page, h->order);
}

/* ---- freeing --------------------------------------------------------------------------------------------------- */

/*
 * Not a temporary one: it was never part of the pool. But a pool that shrank while it was there took all pages of the
 * node for surplus, that one too, and without it they are one less. hugetlb_lock held.
 */
static bool counts_as_surplus(const struct hstate *h, const struct page *page)
{
	u32 nid = page_to_nid(page);

	if (!hpage_test(page, HPG_temporary))
		return true;
	return !bug(temporary_stays_surplus) && h->surplus_huge_pages_node[nid] == h->nr_huge_pages_node[nid];
}

void free_huge_page(struct page *page)
{
	struct hstate *h = &machine.hstate;
	u32 nid = page_to_nid(page);
	unsigned long flags;
	bool gone;

	BUG_ON(page_ref_count(page) || atomic_read(&page[1].compound_mapcount) != -1);
	WRITE_ONCE(page->mapping, 0);
	point(hugetlb, freeing, page_to_pfn(page));
	spin_lock_irqsave(&h->hugetlb_lock, flags);
	hpage_clear(page, HPG_migratable);
	gone = hpage_test(page, HPG_temporary) || h->surplus_huge_pages_node[nid];
	if (gone)
		remove_hugetlb_page(h, page, counts_as_surplus(h, page));
	else
		enqueue_huge_page(h, page);
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	if (gone)
		update_and_free_page(h, page);
	else
		point(hugetlb, enqueued, page_to_pfn(page));
}

/*
 * What is left of the pool if @page went: 0 if it can, -EAGAIN if it has no reference any more but is not on its list
 * either: whoever frees it will have put it there soon. hugetlb_lock held.
 */
static int may_dissolve(const struct hstate *h, const struct page *head)
{
	if (page_ref_count(head) || h->free_huge_pages <= h->resv_huge_pages) {
		core_event(EVENT_busy, page_to_pfn(head), 0);
		return -EBUSY;
	}
	return hpage_test(head, HPG_freed) || bug(dissolve_vs_free_huge) ? 0 : -EAGAIN;
}

int dissolve_free_huge_page(struct page *page)
{
	struct hstate *h = &machine.hstate;
	struct page *head;
	int ret;

	for (;;) {
		unsigned long flags;

		if (!PageHuge(page))
			return 0;
		spin_lock_irqsave(&h->hugetlb_lock, flags);
		head = compound_head(page);
		ret = PageHuge(page) ? may_dissolve(h, head) : 1;
		if (!ret) {
			bool surplus = h->surplus_huge_pages_node[page_to_nid(head)] && !bug(dissolve_keeps_surplus);

			remove_hugetlb_page(h, head, surplus);
			h->max_huge_pages -= !surplus;
		}
		spin_unlock_irqrestore(&h->hugetlb_lock, flags);
		point(hugetlb, dissolve, ret);
		if (ret != -EAGAIN)
			break;
		cond_resched();
	}
	if (ret)
		return min(ret, 0);
	update_and_free_page(h, head);
	return 0;
}

int dissolve_free_huge_pages(u64 start_pfn, u64 end_pfn)
{
	int ret = 0;

	for (u64 pfn = start_pfn; pfn < end_pfn && !ret; pfn += BIT(machine.hstate.order))
		ret = dissolve_free_huge_page(pfn_to_page(pfn));
	return ret;
}

/* ---- migration ------------------------------------------------------------------------------------------------- */

int isolate_hugetlb(struct page *page, struct list_head *list)
{
	struct hstate *h = &machine.hstate;
	unsigned long flags;
	int ret = -EBUSY;

	spin_lock_irqsave(&h->hugetlb_lock, flags);
	/* What is being freed is still marked as migratable, but has no reference to be added to. */
	if (PageHeadHuge(page) && hpage_test(page, HPG_migratable) && get_page_unless_zero(page)) {
		hpage_clear(page, HPG_migratable);
		list_move_tail(&page->lru, list);
		ret = 0;
	}
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	point(hugetlb, isolated, ret);
	return ret;
}

void putback_active_hugepage(struct page *page)
{
	struct hstate *h = &machine.hstate;
	unsigned long flags;

	spin_lock_irqsave(&h->hugetlb_lock, flags);
	hpage_set(page, HPG_migratable);
	list_move_tail(&page->lru, &h->hugepage_activelist);
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	put_page(page);
}

struct page *alloc_huge_page_nodemask(struct hstate *h, u32 nid, const nodemask_t *nodes, gfp_t gfp)
{
	struct page *page = NULL;
	unsigned long flags;

	spin_lock_irqsave(&h->hugetlb_lock, flags);
	if (h->free_huge_pages > h->resv_huge_pages)
		page = dequeue_huge_page_nodemask(h, gfp, nid, nodes);
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	if (page)
		return page;
	page = alloc_fresh_huge_page(h, gfp, nid, nodes);
	if (!page)
		return NULL;
	/* Not counted as surplus: it goes with its last reference, whatever the pool's size is. */
	hpage_set(page, HPG_temporary);
	set_page_count(page, 1);
	return page;
}

void move_hugetlb_state(struct page *old, struct page *new)
{
	struct hstate *h = &machine.hstate;
	u32 old_nid = page_to_nid(old), new_nid = page_to_nid(new);
	unsigned long flags;

	/* The new page stays, the old one will be freed: so that is the temporary one now. */
	if (!hpage_test(new, HPG_temporary))
		return;
	hpage_set(old, HPG_temporary);
	hpage_clear(new, HPG_temporary);
	if (old_nid == new_nid)
		return;
	spin_lock_irqsave(&h->hugetlb_lock, flags);
	/* A pool that shrank meanwhile may have taken the new page for surplus already, with all others of its node. */
	if (h->surplus_huge_pages_node[old_nid] &&
	    (bug(temporary_stays_surplus) || h->surplus_huge_pages_node[new_nid] < h->nr_huge_pages_node[new_nid])) {
		h->surplus_huge_pages_node[old_nid]--;
		h->surplus_huge_pages_node[new_nid]++;
	}
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
}

gfp_t htlb_modify_alloc_mask(gfp_t gfp)
{
	return htlb_alloc_mask() | (gfp & __GFP_THISNODE);
}
