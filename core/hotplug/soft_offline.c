/* SPDX-License-Identifier: MIT */
/* Pages that are going to break, and leave before. */
#include "core/hotplug/memory_failure.h"
#include "core/hotplug/poison.h"
#include "core/mm/filemap.h"
#include "core/mm/hugetlb.h"
#include "core/mm/hwpoison.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/range/migrate.h"
#include "core/rt/point.h"

static void poison_kept_page(struct page *page)
{
	page_ref_inc(page);
	num_poisoned_pages_inc(page_to_pfn(page));
	point(hwpoison, handled, true);
}

/*
 * It was free, or is a huge page by now. Such a page may have broken before without leaving its huge page: dissolving
 * marks it, and it is counted already. (page_handle_poison(page, true, false), 6.1)
 */
static bool handle_free_page(struct page *page)
{
	if (dissolve_and_take_off(page) <= 0)
		return false;
	if (TestSetPageHWPoison(page) && !bug(soft_offline_counts_twice)) {
		page_ref_inc(page);
		point(hwpoison, handled, false);
	} else {
		poison_kept_page(page);
	}
	return true;
}

/*
 * Nobody else uses the page. Marked before its last reference goes, it is not given to anybody when it is freed.
 * (page_handle_poison(page, false, true), 6.1)
 */
static void handle_released_page(struct page *page)
{
	if (bug(soft_offline_poisons_late)) {
		put_page(page);
		point(hwpoison, released, page_to_pfn(page));
		SetPageHWPoison(page);
	} else {
		SetPageHWPoison(page);
		put_page(page);
		point(hwpoison, released, page_to_pfn(page));
	}
	SetPageHWPoisonUsed(page);
	poison_kept_page(page);
}

/* Clean page cache that nobody maps goes without a copy. @page locked. (invalidate_inode_page(), 6.1) */
static bool invalidate_page(struct page *page)
{
	u64 mapping = READ_ONCE(page->mapping);

	if (!PageLRU(page) || !mapping || (mapping & PAGE_MAPPING_ANON) || PageDirty(page) || PageWriteback(page))
		return false;
	if (!remove_mapping(page))
		return false;
	page_ref_unfreeze(page, 1);
	return true;
}

static int migrate_away(struct page *page, bool huge)
{
	struct migration_target_control mtc = {
		.nid = page_to_nid(page),
		.gfp = GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL,
	};
	struct list_head pages;
	int ret;

	INIT_LIST_HEAD(&pages);
	ret = isolate_page_to_list(page, &pages);
	put_page(page);
	if (ret)
		return -EBUSY;
	ret = migrate_pages_for(MR_MEMORY_FAILURE, &pages, alloc_migration_target, NULL, &mtc, MIGRATE_SYNC, NULL);
	if (ret) {
		putback_movable_pages(&pages);
		return ret > 0 ? -EBUSY : ret;
	}
	if (huge)
		return handle_free_page(page) ? 0 : -EBUSY;
	handle_released_page(page);
	return 0;
}

/* A reference is held, and dropped. (soft_offline_in_use_page(), 6.1) */
static int soft_offline_in_use_page(struct page *page)
{
	bool huge = PageHuge(page), invalidated;

	if (!huge && PageCompound(page) && !try_to_split_thp_page(page))
		return -EBUSY;
	lock_page(page);
	if (!huge)
		wait_on_page_writeback(page);
	if (PageHWPoison(page)) {
		unlock_page(page);
		put_page(page);
		return 0;
	}
	invalidated = !huge && invalidate_page(page);
	unlock_page(page);
	if (!invalidated)
		return migrate_away(page, huge);
	handle_released_page(page);
	return 0;
}

/* mf_mutex held. */
static int soft_offline(struct page *page, u32 flags)
{
	if (PageHWPoison(page)) {
		if (flags & MF_COUNT_INCREASED)
			put_page(page);
		return 0;
	}
	for (u32 tries = 0; tries < 2; tries++) {
		int ret = get_hwpoison_page(page, flags | MF_SOFT_OFFLINE);

		if (ret > 0)
			return soft_offline_in_use_page(page);
		if (ret < 0)
			return ret;
		if (handle_free_page(page))
			return 0;
		flags &= ~MF_COUNT_INCREASED;
	}
	return -EBUSY;
}

int soft_offline_page(u64 pfn, u32 flags)
{
	struct page *page;
	int ret = -ENXIO;

	memory_failure_begin();
	page = pfn_to_online_page(pfn);
	point(hwpoison, found, pfn);
	if (page)
		ret = soft_offline(page, flags);
	else if (pfn_valid(pfn))
		ret = -EIO;
	memory_failure_end();
	return ret;
}
