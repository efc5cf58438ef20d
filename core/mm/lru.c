/* SPDX-License-Identifier: MIT */
#include "core/mm/lru.h"

#include "core/mm/page.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

void lruvec_init(struct lruvec *lruvec)
{
	spin_lock_init(&lruvec->lru_lock, LOCK_lru);
	for (u32 i = 0; i < NR_LRU_LISTS; i++)
		INIT_LIST_HEAD(&lruvec->lists[i]);
	atomic_long_set(&lruvec->nr_pages, 0);
}

s64 lruvec_nr_pages(const struct lruvec *lruvec)
{
	return atomic_long_read(&lruvec->nr_pages);
}

void lruvec_del_page(struct lruvec *lruvec, struct page *page)
{
	list_del_init(&page->lru);
	atomic_long_add(-(s64)BIT(compound_order(page)), &lruvec->nr_pages);
}

static struct lruvec *page_lruvec(const struct page *page)
{
	return &NODE_DATA(page_to_nid(page))->lruvec;
}

void lru_cache_add(struct page *page)
{
	struct lruvec *lruvec = page_lruvec(page);
	unsigned long flags;

	spin_lock_irqsave(&lruvec->lru_lock, flags);
	BUG_ON(PageLRU(page));
	SetPageLRU(page);
	list_add(&page->lru, &lruvec->lists[PageActive(page) ? LRU_ACTIVE_ANON : LRU_INACTIVE_ANON]);
	atomic_long_add((s64)BIT(compound_order(page)), &lruvec->nr_pages);
	spin_unlock_irqrestore(&lruvec->lru_lock, flags);
	point(lru, added, page_to_pfn(page));
}

void lru_cache_del(struct page *page)
{
	struct lruvec *lruvec;
	unsigned long flags;

	/* No reference is left, so nobody can isolate it any more and the flag is stable. */
	if (!PageLRU(page))
		return;
	lruvec = page_lruvec(page);
	spin_lock_irqsave(&lruvec->lru_lock, flags);
	lruvec_del_page(lruvec, page);
	ClearPageLRU(page);
	ClearPageActive(page);
	spin_unlock_irqrestore(&lruvec->lru_lock, flags);
	point(lru, deleted, page_to_pfn(page));
}

int isolate_lru_page(struct page *page)
{
	struct lruvec *lruvec;
	unsigned long flags;

	BUG_ON(page_ref_count(page) <= 0);
	point(lru, isolate, page_to_pfn(page));
	/* Whoever clears the flag owns the page's place on the list; others find it clear and leave. */
	if (!TestClearPageLRU(page))
		return -EBUSY;
	get_page(page);
	lruvec = page_lruvec(page);
	spin_lock_irqsave(&lruvec->lru_lock, flags);
	lruvec_del_page(lruvec, page);
	spin_unlock_irqrestore(&lruvec->lru_lock, flags);
	return 0;
}

void putback_lru_page(struct page *page)
{
	lru_cache_add(page);
	put_page(page);
}

void mod_node_isolated(u32 nid, s64 delta)
{
	atomic_long_add(delta, &NODE_DATA(nid)->nr_isolated_anon);
}
