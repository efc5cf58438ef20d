/* SPDX-License-Identifier: MIT */
/*
 * Pages whose memory is broken, as the allocators see them (mm/page_alloc.c, mm/memory-failure.c, 6.1). Who finds them
 * and what becomes of their users is hotplug/memory_failure.h.
 *
 * PG_hwpoison says that the frame must not be used. A poisoned page is in the hands of memory_failure(), which holds
 * one reference and says so in page->private; or it still has its old user; or it is free but not taken off its list
 * yet; or it was dropped on its way to or from the allocator and has no reference at all.
 */
#ifndef PFNSTORM_MM_HWPOISON_H
#define PFNSTORM_MM_HWPOISON_H

#include "core/mm/page.h"
#include "core/mm/zone.h"

/* page->private of a poisoned page with a reference of memory_failure(). */
#define MAGIC_HWPOISON 0x48575053UL         /* taken off the buddy lists */
#define MAGIC_HWPOISON_USED 0x48575055UL    /* taken from its user */
#define MAGIC_HWPOISON_DROPPED 0x48575044UL /* it has none: dropped when it was freed, or about to be allocated */

/* Taken off the buddy lists; unpoisoning puts it back there. (6.1) */
bool PageHWPoisonTakenOff(const struct page *page);
/* The page was taken from its user: remember that the one reference left is ours. */
void SetPageHWPoisonUsed(struct page *page);
/*
 * Poisoned, and nobody uses it any more: its block may go without it. True as long as nobody unpoisons it. Takes
 * lru_lock; zone->lock may be held. 6.1 takes any poisoned page for one.
 */
bool hwpoison_page_gone(const struct page *page);

/* Is the page part of a free block? Lock-free. (6.1) */
bool is_free_buddy_page(const struct page *page);
/* Takes one page out of the free block that it is part of: still without reference. False: it is in none. Takes
 * zone->lock. (6.1) */
bool take_page_off_buddy(struct page *page);
/* Drops the reference of a page taken off and frees it. False: others hold it. Takes zone->lock. (6.1) */
bool put_page_back_buddy(struct page *page);
/*
 * A page without references that is on no list: if it is poisoned it stays so, and true is returned. False: it is not,
 * or no longer.
 */
bool drop_poisoned_page(struct page *page);
/* Was the page, which was poisoned until now, dropped? Then it is the caller's, without reference. */
bool reclaim_dropped_page(struct page *page);
/*
 * 2^order pages have just left their list to be allocated. True: a page of them is poisoned, so they must not be; the
 * others are free again. Takes zone->lock. (check_new_pages(), 6.1, which drops all of them)
 */
bool drop_poisoned_pages(struct page *page, u32 order);

#endif
