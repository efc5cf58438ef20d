/* SPDX-License-Identifier: MIT */
#include "core/range/balloon.h"

#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

static struct area *balloon_of(const struct page *page)
{
	return (struct area *)(READ_ONCE(page->mapping) & ~PAGE_MAPPING_FLAGS);
}

/* ---- the list of pages: page lock and area->ptl held ------------------------------------------------------------ */

/* The host takes the page: what it holds is nobody's, the stamp says that nobody else gets it. */
static void balloon_page_insert(struct area *area, u32 index, struct page *page, u64 stamp)
{
	u64 pte = make_pte(page_to_pfn(page), 0, PTE_PRESENT);

	__SetPageOffline(page);
	__SetPageMovable(page, area);
	WRITE_ONCE(page->index, index);
	area_write(area, index, pte, stamp);
	area->pte[index] = pte;
}

static void balloon_page_delete(struct page *page)
{
	__ClearPageOffline(page);
	__ClearPageMovable(page);
}

/* ---- inflating and deflating ------------------------------------------------------------------------------------ */

/* False: the balloon is full. */
static bool balloon_page_enqueue(struct area *area, struct page *page)
{
	bool room;
	u32 index;

	/* Just allocated: nobody else can have it locked. */
	BUG_ON(!trylock_page(page));
	spin_lock(&area->ptl);
	index = area_free_entry(area, 0);
	room = index < area->size;
	if (room) {
		balloon_page_insert(area, index, page, area_next_stamp(area));
		area_count(area, 1);
	}
	spin_unlock(&area->ptl);
	unlock_page(page);
	return room;
}

s64 balloon_inflate(struct area *area, u32 count)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOMEMALLOC;
	s64 done = 0;
	int ret;

	mutex_lock(&area->lock);
	ret = area_set_kind(area, AREA_BALLOON);
	for (; !ret && done < count; done++) {
		struct page *page = alloc_pages(gfp, 0);

		if (!page)
			break;
		if (!balloon_page_enqueue(area, page)) {
			put_page(page);
			break;
		}
		driver_adjust_managed_page_count(page_zone(page), -1);
		point(balloon, inflated, page_to_pfn(page));
	}
	mutex_unlock(&area->lock);
	return ret ? ret : done ? done : -ENOMEM;
}

/* The page of an entry, out of the balloon; NULL if it cannot be had now. */
static struct page *balloon_page_dequeue(struct area *area, u32 index)
{
	struct page *page = NULL;
	u64 pte;

	spin_lock(&area->ptl);
	pte = area->pte[index];
	/* The lock keeps out who wants to isolate it; who has done so has taken it off the list. */
	if (pte & PTE_PRESENT)
		page = pfn_to_page(pte_pfn(pte));
	if (page && !trylock_page(page))
		page = NULL;
	if (page) {
		area_verify(area, index, pte);
		balloon_page_delete(page);
		area->pte[index] = 0;
		area_count(area, -1);
	}
	spin_unlock(&area->ptl);
	if (page)
		unlock_page(page);
	return page;
}

s64 balloon_deflate(struct area *area, u32 count)
{
	s64 done = 0;
	int ret;

	mutex_lock(&area->lock);
	ret = area_set_kind(area, AREA_BALLOON);
	for (u32 index = 0; !ret && done < count && index < area->size; index++) {
		struct page *page = balloon_page_dequeue(area, index);

		if (!page)
			continue;
		driver_adjust_managed_page_count(page_zone(page), 1);
		point(balloon, deflated, page_to_pfn(page));
		put_page(page);
		done++;
	}
	mutex_unlock(&area->lock);
	return ret ? ret : done;
}

/* ---- migration -------------------------------------------------------------------------------------------------- */

static bool balloon_page_isolate(struct page *page)
{
	struct area *area = balloon_of(page);
	u64 index = READ_ONCE(page->index);

	spin_lock(&area->ptl);
	area->pte[index] = make_pte(page_to_pfn(page), 0, PTE_MIGRATION);
	spin_unlock(&area->ptl);
	return true;
}

static void balloon_page_putback(struct page *page)
{
	struct area *area = balloon_of(page);
	u64 index = READ_ONCE(page->index);

	spin_lock(&area->ptl);
	area->pte[index] = make_pte(page_to_pfn(page), 0, PTE_PRESENT);
	spin_unlock(&area->ptl);
}

/* Each page counts as managed by the zone it is in, or not. */
static void move_managed_count(struct page *dst, struct page *src)
{
	if (page_zone(dst) == page_zone(src) || bug(balloon_managed_not_moved))
		return;
	driver_adjust_managed_page_count(page_zone(src), 1);
	driver_adjust_managed_page_count(page_zone(dst), -1);
}

/*
 * The page lock is held, which inflating and deflating take inside the balloon's: so that one is only tried.
 * (virtballoon_migratepage, 6.1)
 */
static int balloon_page_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct area *area = balloon_of(src);
	u64 index = READ_ONCE(src->index);

	(void)mode;
	if (!mutex_trylock(&area->lock))
		return -EAGAIN;
	get_page(dst);
	move_managed_count(dst, src);
	spin_lock(&area->ptl);
	balloon_page_insert(area, (u32)index, dst, area->stamp[index]);
	balloon_page_delete(src);
	spin_unlock(&area->ptl);
	mutex_unlock(&area->lock);
	/* The balloon's own. */
	put_page(src);
	return 0;
}

const struct movable_operations balloon_mops = {
	.isolate_page = balloon_page_isolate,
	.migrate_page = balloon_page_migrate,
	.putback_page = balloon_page_putback,
};
