/* SPDX-License-Identifier: MIT */
/* Hard errors, and how they are undone. */
#include "core/hotplug/memory_failure.h"

#include "core/hotplug/poison.h"
#include "core/mm/anon.h"
#include "core/mm/filemap.h"
#include "core/mm/huge_memory.h"
#include "core/mm/hugetlb.h"
#include "core/mm/hwpoison.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/rt/atomic.h"
#include "core/rt/point.h"

static int action_result(u64 pfn, bool recovered)
{
	num_poisoned_pages_inc(pfn);
	point(hwpoison, handled, recovered);
	return recovered ? 0 : -EBUSY;
}

/* ---- pages in use ---------------------------------------------------------------------------------------------- */

/* Besides ours, and @extra of the page cache. */
static bool has_extra_refcount(const struct page *page, s32 extra)
{
	return page_count(page) - 1 - extra > 0;
}

/* @page locked, ours is a reference. What was in a file is read again, or lost if it was dirty.
 * (me_pagecache_clean, 6.1)
 */
static bool take_lru_page(struct page *page)
{
	bool taken = false;

	if (!isolate_lru_page(page)) {
		/* The flags that freeing would meet; the isolation's reference goes at once. */
		ClearPageActive(page);
		ClearPageUnevictable(page);
		put_page(page);
		if (READ_ONCE(page->mapping) & PAGE_MAPPING_ANON)
			taken = true;
		else
			taken = filemap_drop_page(page);
	}
	unlock_page(page);
	return taken && !has_extra_refcount(page, 0);
}

/* @head locked, and unmapped by now; ours is a reference, which is dropped. (me_huge_page(), 6.1) */
static bool take_huge_page(struct page *page, struct page *head)
{
	bool taken;

	unlock_page(head);
	/* What is left of it is on its free list by then, and its healthy pages may be used again. */
	put_page(head);
	taken = page_taken_off(dissolve_and_take_off(page));
	if (taken)
		page_ref_inc(page);
	return taken && !has_extra_refcount(page, 0);
}

/* False: somebody still has it mapped. (hwpoison_user_mappings(), 6.1) */
static bool unmap_poisoned(struct page *head)
{
	if (!(PageLRU(head) || PageHuge(head)) || !page_mapped(head))
		return true;
	return try_to_unmap_poison(head);
}

/* ---- huge pages of the pool ------------------------------------------------------------------------------------ */

/* -EAGAIN: it is none. (try_memory_failure_hugetlb(), 6.1) */
static int memory_failure_hugetlb(struct page *page, u32 flags)
{
	u64 pfn = page_to_pfn(page);
	bool another;
	struct page *head;
	int ret = get_huge_page_for_hwpoison(page, flags & MF_COUNT_INCREASED, true, &another);

	if (ret == -EBUSY)
		ret = get_huge_page_for_hwpoison(page, flags & MF_COUNT_INCREASED, false, &another);
	if (ret == MF_NO_HUGETLB)
		return -EAGAIN;
	if (another)
		num_poisoned_pages_inc(pfn);
	if (ret == -EHWPOISON)
		return ret;
	if (ret == -EBUSY)
		return action_result(pfn, false);
	head = compound_head(page);
	if (ret == 0) {
		bool taken = page_taken_off(dissolve_and_take_off(page));

		if (taken)
			page_ref_inc(page);
		return action_result(pfn, taken);
	}
	lock_page(head);
	if (!unmap_poisoned(head)) {
		unlock_page(head);
		return action_result(pfn, false);
	}
	return action_result(pfn, take_huge_page(page, head));
}

/* ---- other pages ----------------------------------------------------------------------------------------------- */

/* No reference could be had. *@again: it has found an owner meanwhile. */
static int poison_unused(struct page *page, bool *again)
{
	u64 pfn = page_to_pfn(page);

	if (!is_free_buddy_page(page)) {
		*again = false;
		return action_result(pfn, false);
	}
	if (take_page_off_buddy(page)) {
		page_ref_inc(page);
		*again = false;
		return action_result(pfn, true);
	}
	if (*again) {
		ClearPageHWPoison(page);
		return 0;
	}
	return action_result(pfn, false);
}

/* A reference is held. *@again: it has become part of a compound page. */
static int poison_used(struct page *page, bool *again)
{
	bool retry = *again;
	u64 pfn = page_to_pfn(page);

	*again = false;
	if (PageCompound(page) && !PageHuge(page) && !try_to_split_thp_page(page))
		return action_result(pfn, false);
	shake_page();
	lock_page(page);
	point(hwpoison, locked, pfn);
	if (!PageCompound(page))
		SetPageHWPoisonUsed(page);
	if (PageCompound(page)) {
		unlock_page(page);
		if (!retry)
			return action_result(pfn, false);
		ClearPageHWPoison(page);
		put_page(page);
		*again = true;
		return 0;
	}
	if (!PageLRU(page) && !PageWriteback(page)) {
		unlock_page(page);
		return action_result(pfn, false);
	}
	wait_on_page_writeback(page);
	if (!unmap_poisoned(page) || !READ_ONCE(page->mapping)) {
		unlock_page(page);
		return action_result(pfn, false);
	}
	return action_result(pfn, take_lru_page(page));
}

/* mf_mutex held. */
static int poison_page(struct page *page, u32 flags)
{
	bool again = true;

	for (;;) {
		int ret = memory_failure_hugetlb(page, flags);

		if (ret != -EAGAIN)
			return ret;
		if (TestSetPageHWPoison(page)) {
			if (flags & MF_COUNT_INCREASED)
				put_page(page);
			return -EHWPOISON;
		}
		point(hwpoison, set, page_to_pfn(page));
		ret = flags & MF_COUNT_INCREASED ? 1 : get_hwpoison_page(page, flags);
		if (ret < 0)
			return action_result(page_to_pfn(page), false);
		ret = ret ? poison_used(page, &again) : poison_unused(page, &again);
		if (!again)
			return ret;
		/* Once more only. */
		again = false;
		flags &= ~MF_COUNT_INCREASED;
	}
}

int memory_failure(u64 pfn, u32 flags)
{
	struct page *page;
	int ret = -ENXIO;

	memory_failure_begin();
	if (!(flags & MF_SW_SIMULATED))
		machine.hw_memory_failure = true;
	page = pfn_to_online_page(pfn);
	point(hwpoison, found, pfn);
	if (page)
		ret = poison_page(page, flags);
	memory_failure_end();
	return ret;
}

/* ---- undoing it ------------------------------------------------------------------------------------------------ */

/* mf_mutex held. Number of pages that are no longer poisoned, or -EBUSY. */
static int unpoison_page(struct page *page)
{
	struct page *head = compound_head(page);
	bool huge = PageHuge(page);
	bool kept;
	u32 count = 1;
	int ret;

	if (!PageHWPoison(page) || page_count(head) > 1 || page_mapped(head) || PageReserved(page) || PageSlab(page))
		return -EBUSY;
	/* Still a file's. */
	if (READ_ONCE(head->mapping) && !(READ_ONCE(head->mapping) & PAGE_MAPPING_ANON))
		return -EBUSY;
	ret = get_unpoison_page(page);
	if (ret == -EHWPOISON)
		return put_page_back_buddy(page) ? 1 : -EBUSY;
	if (ret < 0)
		return -EBUSY;
	if (huge)
		count = free_raw_hwp_pages(head);
	kept = !huge && READ_ONCE(page->private) == MAGIC_HWPOISON_USED;
	if (!count || !TestClearPageHWPoison(huge ? head : page)) {
		if (ret)
			put_page(head);
		return -EBUSY;
	}
	if (ret == 0 && !huge && !bug(unpoison_trusts_count) && reclaim_dropped_page(page)) {
		/* Nobody has it, and it is on no list. */
		page_ref_inc(page);
		put_page(page);
	}
	if (ret)
		put_page(head);
	/* The one that memory_failure() has kept. */
	if (ret && (kept || bug(unpoison_trusts_count)))
		put_page(head);
	return (int)count;
}

int unpoison_memory(u64 pfn)
{
	int ret = -ENXIO;

	memory_failure_begin();
	if (pfn_valid(pfn) && machine.hw_memory_failure)
		ret = -EOPNOTSUPP;
	else if (pfn_valid(pfn))
		ret = pfn_to_online_page(pfn) ? unpoison_page(pfn_to_page(pfn)) : -EBUSY;
	if (ret > 0)
		num_poisoned_pages_sub(pfn, (u64)ret);
	memory_failure_end();
	return min(ret, 0);
}
