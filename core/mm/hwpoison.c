/* SPDX-License-Identifier: MIT */
#include "core/mm/hwpoison.h"

#include "core/mm/buddy.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/report.h"

bool PageHWPoisonTakenOff(const struct page *page)
{
	return PageHWPoison(page) && READ_ONCE(page->private) == MAGIC_HWPOISON;
}

void SetPageHWPoisonUsed(struct page *page)
{
	WRITE_ONCE(page->private, MAGIC_HWPOISON_USED);
}

/*
 * On no LRU list, where its neighbours would point at it, and nobody has it off its list: who does has a reference from
 * before until it is back. The flag is looked at first, and lru_lock excludes that the page comes back between the two
 * looks:
 *
 *	here                            migrate_pages()
 *	                                get_page_unless_zero(): 1 -> 2
 *	                                isolate_lru_page(): TestClearPageLRU
 *	PageLRU() ?
 *	                                lru_cache_add(): SetPageLRU, list_add    under lru_lock
 *	                                put_page(): 2 -> 1
 *	page_ref_count() == 1 ?
 */
static bool only_ours(const struct page *page)
{
	struct lruvec *lruvec = page_lruvec(page);
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&lruvec->lru_lock, flags);
	ours = !PageLRU(page) && page_ref_count(page) == 1;
	spin_unlock_irqrestore(&lruvec->lru_lock, flags);
	return ours;
}

bool hwpoison_page_gone(const struct page *page)
{
	u64 private;

	if (!PageHWPoison(page))
		return false;
	if (bug(offline_takes_poisoned))
		return true;
	if (PageCompound(page))
		return false;
	private = READ_ONCE(page->private);
	/* Without a reference it may also be on its way to or from a free list, in the hands of whoever moves it. */
	if (private == MAGIC_HWPOISON_DROPPED)
		return page_ref_count(page) == 0;
	return (private == MAGIC_HWPOISON || private == MAGIC_HWPOISON_USED) && only_ours(page);
}

/* The first page of the block of 2^order pages that @page would be in. */
static struct page *block_start(struct page *page, u32 order)
{
	return pfn_to_page(ALIGN_DOWN(page_to_pfn(page), 1ULL << order));
}

bool is_free_buddy_page(const struct page *page)
{
	for (u32 order = 0; order <= geometry.max_order; order++) {
		const struct page *head = block_start((struct page *)page, order);

		if (PageBuddy(head) && buddy_order_unsafe(head) >= order)
			return true;
	}
	return false;
}

/* The free block that @page is in; NULL if there is none. zone->lock held. */
static struct page *free_block_of(struct page *page)
{
	for (u32 order = 0; order <= geometry.max_order; order++) {
		struct page *head = block_start(page, order);

		if (PageBuddy(head) && buddy_order(head) >= order)
			return head;
		if (page_ref_count(head) > 0)
			return NULL;
	}
	return NULL;
}

/* The block at @head is on no list any more: its halves without @page are free again. (break_down_buddy_pages(), 6.1)
 */
static void free_all_but(struct zone *zone, const struct page *page, struct page *head, u32 order)
{
	while (order-- > 0) {
		struct page *half = head + BIT(order), *other = head;

		if (page >= half)
			head = half;
		else
			other = half;
		__free_one_page(other, page_to_pfn(other), zone, order, get_pageblock_migratetype(other), false);
	}
}

bool take_page_off_buddy(struct page *page)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;
	struct page *head;

	spin_lock_irqsave(&zone->lock, flags);
	head = free_block_of(page);
	if (head) {
		u32 order = buddy_order(head);

		del_page_from_free_list(head, zone, order);
		__mod_zone_freepage_state(zone, -(s64)BIT(order), get_pageblock_migratetype(head));
		free_all_but(zone, page, head, order);
		WRITE_ONCE(page->private, MAGIC_HWPOISON);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	point(hwpoison, taken_off, head != NULL);
	return head != NULL;
}

bool put_page_back_buddy(struct page *page)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;
	bool last;

	spin_lock_irqsave(&zone->lock, flags);
	last = put_page_testzero(page);
	if (last) {
		ClearPageHWPoison(page);
		WRITE_ONCE(page->private, 0);
		__free_one_page(page, page_to_pfn(page), zone, 0, get_pageblock_migratetype(page), false);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return last;
}

/*
 * Either this sees that the page is no longer poisoned, or whoever has unpoisoned it sees that it was dropped; if both
 * do, one of them gets it.
 *
 * To offline the page is gone as soon as it has the mark, so the look behind it is in a read section, which offline
 * waits for:
 *
 *	here                       offline_pages()
 *	rcu_read_lock()
 *	private = DROPPED          hwpoison_page_gone(): true
 *	PageHWPoison() ?           synchronize_rcu()
 *	rcu_read_unlock()          page_init_poison()
 */
bool drop_poisoned_page(struct page *page)
{
	bool dropped;

	if (!PageHWPoison(page))
		return false;
	rcu_read_lock();
	/* Whoever unpoisons it sees all that was done to it before. */
	smp_store_release(&page->private, MAGIC_HWPOISON_DROPPED);
	/* The mark is seen before the look. Pairs with unpoisoning, which clears the flag and takes the mark, both
	 * ordered. */
	if (!bug(planted_drop_unordered))
		smp_mb();
	dropped = PageHWPoison(page) || !reclaim_dropped_page(page);
	rcu_read_unlock();
	return dropped;
}

bool reclaim_dropped_page(struct page *page)
{
	return cmpxchg64(&page->private, MAGIC_HWPOISON_DROPPED, 0) == MAGIC_HWPOISON_DROPPED;
}

static bool any_poisoned(const struct page *page, u32 order)
{
	for (u64 i = 0; i < BIT(order); i++)
		if (PageHWPoison(page + i))
			return true;
	return false;
}

bool drop_poisoned_pages(struct page *page, u32 order)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;

	if (likely(!any_poisoned(page, order)))
		return false;
	point(hwpoison, dropped, page_to_pfn(page));
	if (bug(hwpoison_drops_block))
		return true;
	spin_lock_irqsave(&zone->lock, flags);
	for (struct page *p = page; p < page + BIT(order); p++)
		if (!drop_poisoned_page(p))
			__free_one_page(p, page_to_pfn(p), zone, 0, get_pageblock_migratetype(p), false);
	spin_unlock_irqrestore(&zone->lock, flags);
	return true;
}
