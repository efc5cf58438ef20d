/* SPDX-License-Identifier: MIT */
#include "core/hotplug/poison.h"

#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_failure.h"
#include "core/mm/huge_memory.h"
#include "core/mm/hugetlb.h"
#include "core/mm/hwpoison.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

#define GRAB_PASSES 3

/* ---- counting -------------------------------------------------------------------------------------------------- */

static bool flags_are_all(void)
{
	return design(hwpoison_hotplug) == ALT_hwpoison_hotplug_forget;
}

static void count_poisoned(u64 pfn, s64 count)
{
	struct memory_block *mem;

	atomic_long_add(count, &machine.num_poisoned_pages);
	if (flags_are_all())
		return;
	/* A block that is found cannot be freed while this is held; who removes it looks at its number afterwards. */
	spin_lock(&machine.kernfs_lock);
	mem = machine.blocks[pfn_to_block_id(pfn)];
	if (mem)
		atomic_long_add(count, &mem->nr_hwpoison);
	spin_unlock(&machine.kernfs_lock);
}

void num_poisoned_pages_inc(u64 pfn)
{
	count_poisoned(pfn, 1);
}

void num_poisoned_pages_sub(u64 pfn, u64 count)
{
	count_poisoned(pfn, -(s64)count);
}

void remember_hwpoison_flags(u64 start_pfn, u64 nr_pages)
{
	struct memory_block *mem = machine.blocks[pfn_to_block_id(start_pfn)];
	s64 count = 0;

	if (!flags_are_all() || !atomic_long_read(&machine.num_poisoned_pages))
		return;
	for (u64 pfn = start_pfn; pfn < start_pfn + nr_pages; pfn++)
		count += PageHWPoison(pfn_to_page(pfn));
	atomic_long_add(count, &mem->nr_hwpoison);
}

void forget_hwpoison_flags(struct memory_block *mem)
{
	if (flags_are_all())
		atomic_long_add(-atomic_long_read(&mem->nr_hwpoison), &mem->nr_hwpoison);
}

/* Offline skips poisoned pages whoever looks at them, so a reference on one does not keep its memmap. */
void memory_failure_begin(void)
{
	if (!bug(memory_failure_unlocked))
		get_online_mems();
	mutex_lock(&machine.mf_mutex);
	machine.mf_calls++;
}

void memory_failure_end(void)
{
	mutex_unlock(&machine.mf_mutex);
	if (!bug(memory_failure_unlocked))
		put_online_mems();
}

/* ---- taking references ----------------------------------------------------------------------------------------- */

/* What its owner moves can be moved, but not taken from him. (HWPoisonHandlable(), 6.1) */
static bool hwpoison_handlable(const struct page *head, u32 flags)
{
	if (flags & MF_SOFT_OFFLINE && page_is_movable_ops(head))
		return true;
	return PageLRU(head) || is_free_buddy_page(head);
}

/* 1: taken; 0: it has no reference, or is not the page it was; -EBUSY: of a kind that is not handled. (6.1) */
static int try_get_hwpoison_page(struct page *page, u32 flags)
{
	struct page *head = compound_head(page);
	bool hugetlb;
	int ret = get_hwpoison_huge_page(head, &hugetlb, false);

	if (hugetlb && head == compound_head(page))
		return ret;
	if (hugetlb && ret > 0)
		put_page(head);
	if (!hwpoison_handlable(head, flags))
		return -EBUSY;
	if (!get_page_unless_zero(head))
		return 0;
	if (head == compound_head(page))
		return 1;
	put_page(head);
	return 0;
}

/* A reference is held: 1 if the page can be handled, else it is dropped and -EAGAIN returned. */
static int keep_if_handlable(struct page *page, u32 flags)
{
	if (PageHuge(page) || hwpoison_handlable(compound_head(page), flags))
		return 1;
	put_page(page);
	return -EAGAIN;
}

/* What to make of try_get_hwpoison_page(): the final answer, or -EAGAIN, and then @last when it was the last try. */
static int judge_grab(struct page *page, u32 flags, int ret, int *last)
{
	if (ret > 0)
		return keep_if_handlable(page, flags);
	if (ret == -EBUSY)
		return -EAGAIN;
	if (page_count(page)) {
		/* Allocated meanwhile. */
		*last = -EBUSY;
		return -EAGAIN;
	}
	/* Freed meanwhile, and not there yet. */
	return PageHuge(page) || is_free_buddy_page(page) ? 0 : -EAGAIN;
}

/* (get_any_page(), 6.1) */
static int get_any_page(struct page *page, u32 flags)
{
	bool referenced = flags & MF_COUNT_INCREASED;
	int last = -EIO;

	for (u32 pass = 0; pass <= GRAB_PASSES; pass++) {
		int ret;

		last = -EIO;
		ret = referenced ? keep_if_handlable(page, flags)
				 : judge_grab(page, flags, try_get_hwpoison_page(page, flags), &last);
		point(hwpoison, grabbed, ret);
		if (ret != -EAGAIN)
			return ret;
		referenced = false;
		if (last == -EIO)
			shake_page();
	}
	return last;
}

int get_hwpoison_page(struct page *page, u32 flags)
{
	struct zone *zone = page_zone(page);
	int ret;

	if (bug(poison_misses_pcp_page))
		return get_any_page(page, flags);
	zone_pcp_disable(zone);
	ret = get_any_page(page, flags);
	zone_pcp_enable(zone);
	return ret;
}

int get_unpoison_page(struct page *page)
{
	struct page *head = compound_head(page);
	bool hugetlb;
	int ret = get_hwpoison_huge_page(head, &hugetlb, true);

	if (hugetlb)
		return ret;
	if (PageHWPoisonTakenOff(page))
		return -EHWPOISON;
	return get_page_unless_zero(page);
}

void shake_page(void)
{
	lru_add_drain_all();
}

/* ---- taking pages off ------------------------------------------------------------------------------------------ */

int dissolve_and_take_off(struct page *page)
{
	struct zone *zone = page_zone(page);
	int ret;

	zone_pcp_disable(zone);
	ret = dissolve_free_huge_page(page);
	point(hwpoison, dissolved, ret);
	if (!ret)
		ret = take_page_off_buddy(page);
	zone_pcp_enable(zone);
	return ret;
}

bool page_taken_off(int dissolved)
{
	return bug(poison_takeoff_misreport) ? dissolved >= 0 : dissolved > 0;
}

bool try_to_split_thp_page(struct page *page)
{
	struct page *head = compound_head(page), *piece, *next;
	struct list_head pieces;
	int ret = -EBUSY;

	INIT_LIST_HEAD(&pieces);
	/* Its pieces may not be on the lists of others while it comes apart. */
	if (isolate_lru_page(head)) {
		put_page(head);
		return false;
	}
	put_page(head);
	lock_page(head);
	if (READ_ONCE(head->mapping) & PAGE_MAPPING_ANON)
		ret = split_huge_page_to_list(head, &pieces);
	unlock_page(head);
	if (!ret)
		get_page(page);
	list_for_each_entry_safe (piece, next, &pieces, lru) {
		list_del_init(&piece->lru);
		putback_lru_page(piece);
	}
	putback_lru_page(head);
	return !ret;
}
