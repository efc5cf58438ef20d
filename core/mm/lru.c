/* SPDX-License-Identifier: MIT */
/* The lists; batches are in lru_batch.c. */
#include "core/mm/lru.h"

#include "core/mm/machine.h"
#include "core/mm/page.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

_Static_assert((u32)NR_INACTIVE_ANON + LRU_UNEVICTABLE == NR_UNEVICTABLE, "counters follow the order of the lists");
_Static_assert((u32)NR_ZONE_INACTIVE_ANON + LRU_UNEVICTABLE == NR_ZONE_UNEVICTABLE, "here too");

void lruvec_init(struct lruvec *lruvec)
{
	spin_lock_init(&lruvec->lru_lock, LOCK_lru);
	for (u32 i = 0; i < NR_LRU_LISTS; i++)
		INIT_LIST_HEAD(&lruvec->lists[i]);
}

struct lruvec *page_lruvec(const struct page *page)
{
	return &NODE_DATA(page_to_nid(page))->lruvec;
}

bool page_is_file_lru(const struct page *page)
{
	return !PageSwapBacked(page);
}

enum lru_list page_lru(const struct page *page)
{
	if (PageUnevictable(page))
		return LRU_UNEVICTABLE;
	return (page_is_file_lru(page) ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON) + PageActive(page);
}

static s64 nr_base_pages(const struct page *page)
{
	return (s64)BIT(compound_order(page));
}

/* lru_lock held, and with it interrupts off. */
static void update_lru_size(struct page *page, enum lru_list lru, s64 delta)
{
	__mod_node_page_state(NODE_DATA(page_to_nid(page)), NR_INACTIVE_ANON + lru, delta);
	__mod_zone_page_state(page_zone(page), NR_ZONE_INACTIVE_ANON + lru, delta);
}

void lruvec_add_page(struct lruvec *lruvec, struct page *page)
{
	enum lru_list lru = page_lru(page);

	update_lru_size(page, lru, nr_base_pages(page));
	list_add(&page->lru, &lruvec->lists[lru]);
}

void lruvec_del_page(struct lruvec *lruvec, struct page *page)
{
	(void)lruvec;
	list_del_init(&page->lru);
	update_lru_size(page, page_lru(page), -nr_base_pages(page));
}

void lru_cache_del(struct page *page)
{
	struct lruvec *lruvec;
	unsigned long flags;

	/* No reference is left, so nobody can isolate it any more and the flag is stable. */
	if (PageLRU(page)) {
		lruvec = page_lruvec(page);
		spin_lock_irqsave(&lruvec->lru_lock, flags);
		lruvec_del_page(lruvec, page);
		ClearPageLRU(page);
		spin_unlock_irqrestore(&lruvec->lru_lock, flags);
		point(lru, deleted, page_to_pfn(page));
	}
	/* What only its place on the lists was about; it may have been waiting in a batch. */
	if (page_flags(page) & (BIT(PG_active) | BIT(PG_unevictable) | BIT(PG_referenced))) {
		ClearPageActive(page);
		ClearPageUnevictable(page);
		ClearPageReferenced(page);
	}
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

void mark_page_accessed(struct page *page)
{
	struct lruvec *lruvec = page_lruvec(page);
	unsigned long flags;

	if (!PageReferenced(page)) {
		SetPageReferenced(page);
		return;
	}
	if (PageActive(page) || PageUnevictable(page) || !TestClearPageLRU(page))
		return;
	spin_lock_irqsave(&lruvec->lru_lock, flags);
	lruvec_del_page(lruvec, page);
	SetPageActive(page);
	ClearPageReferenced(page);
	SetPageLRU(page);
	lruvec_add_page(lruvec, page);
	spin_unlock_irqrestore(&lruvec->lru_lock, flags);
}

void mod_page_isolated(const struct page *page, s64 sign)
{
	mod_node_page_state(NODE_DATA(page_to_nid(page)), page_is_file_lru(page) ? NR_ISOLATED_FILE : NR_ISOLATED_ANON,
			    sign * nr_base_pages(page));
}

bool too_many_isolated(const pg_data_t *pgdat)
{
	u64 inactive = node_page_state(pgdat, NR_INACTIVE_FILE) + node_page_state(pgdat, NR_INACTIVE_ANON);
	u64 active = node_page_state(pgdat, NR_ACTIVE_FILE) + node_page_state(pgdat, NR_ACTIVE_ANON);
	u64 isolated = node_page_state(pgdat, NR_ISOLATED_FILE) + node_page_state(pgdat, NR_ISOLATED_ANON);

	return isolated > (inactive + active) / 2;
}
