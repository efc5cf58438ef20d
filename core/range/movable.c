/* SPDX-License-Identifier: MIT */
#include "core/range/movable.h"

#include "core/mm/machine.h"
#include "core/range/balloon.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

static struct area *movable_area(const struct page *page)
{
	return (struct area *)(READ_ONCE(page->mapping) & ~PAGE_MAPPING_FLAGS);
}

/* By kind of area. */
static const struct movable_operations *page_movable_ops(const struct page *page)
{
	BUG_ON(READ_ONCE(movable_area(page)->kind) != AREA_BALLOON);
	return &balloon_mops;
}

void __SetPageMovable(struct page *page, struct area *area)
{
	BUG_ON(!PageLocked(page));
	WRITE_ONCE(page->mapping, (u64)area | PAGE_MAPPING_MOVABLE);
}

void __ClearPageMovable(struct page *page)
{
	BUG_ON(!PageMovable(page));
	WRITE_ONCE(page->mapping, PAGE_MAPPING_MOVABLE);
}

bool PageMovable(const struct page *page)
{
	BUG_ON(!PageLocked(page));
	return page_is_movable_ops(page) && movable_area(page);
}

/*
 * Before its lock is tried: a page that was just allocated may be its owner's to lock, who does not expect anybody else
 * to hold the lock.
 */
bool isolate_referenced_movable(struct page *page)
{
	bool isolated = false;

	if (!page_is_movable_ops(page) || !trylock_page(page))
		return false;
	if (PageMovable(page) && (!PageIsolated(page) || bug(planted_movable_isolated_twice)) &&
	    page_movable_ops(page)->isolate_page(page)) {
		SetPageIsolated(page);
		isolated = true;
	}
	unlock_page(page);
	if (isolated)
		point(movable, isolated, page_to_pfn(page));
	return isolated;
}

int isolate_movable_page(struct page *page)
{
	if (!get_page_unless_zero(page))
		return -EBUSY;
	if (isolate_referenced_movable(page))
		return 0;
	put_page(page);
	return -EBUSY;
}

void putback_movable_page(struct page *page)
{
	lock_page(page);
	if (PageMovable(page))
		page_movable_ops(page)->putback_page(page);
	ClearPageIsolated(page);
	unlock_page(page);
	put_page(page);
}

int migrate_movable_page(struct page *dst, struct page *src, enum migrate_mode mode)
{
	int ret = 0;

	BUG_ON(!PageIsolated(src));
	/* Let go by its owner since: nothing is left to move. */
	if (PageMovable(src))
		ret = page_movable_ops(src)->migrate_page(dst, src, mode);
	if (ret == 0)
		ClearPageIsolated(src);
	return ret;
}
