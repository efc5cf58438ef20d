/* SPDX-License-Identifier: MIT */
#include "core/range/isolation.h"

#include "core/mm/buddy.h"
#include "core/mm/events.h"
#include "core/mm/hugetlb.h"
#include "core/mm/hwpoison.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/range/migrate.h"
#include "core/range/pcp_isolation.h"
#include "core/range/walk.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

/* ---- one pageblock --------------------------------------------------------------------------------------------- */

/*
 * Can the compound page go elsewhere? Huge pages of a pool whose size can, else what is on an LRU list or what its
 * owner moves. Without a lock or a reference the huge page may be dissolved meanwhile, and then no pool has it.
 */
static bool compound_movable(const struct page *page)
{
	const struct hstate *h;

	if (!PageHuge(page))
		return PageLRU(compound_head(page)) || page_is_movable_ops(compound_head(page));
	point(isolation, huge_seen, page_to_pfn(page));
	h = page_hstate(page);
	if (!h && !bug(isolation_reads_dying_hugepage))
		return true;
	return hugepage_migration_supported(h);
}

/* Pages from the one at @pfn to the end of its compound page; 1 for a compound page that changed meanwhile. */
static u64 pages_to_compound_end(u64 pfn)
{
	const struct page *head = compound_head(pfn_to_page(pfn));
	u64 end = page_to_pfn(head) + (1ULL << compound_order(head));

	return end > pfn ? end - pfn : 1;
}

/* A single page in use: can it neither go elsewhere nor be left where it is? */
static bool page_unmovable(const struct page *page, u32 flags)
{
	if (flags & MEMORY_OFFLINE && (hwpoison_page_gone(page) || PageOffline(page)))
		return false;
	return !PageLRU(page) && !page_is_movable_ops(page);
}

/* The law of walkers is asked once for all pages of the pageblock: there are many. */
static struct page *first_reserved_page(struct page *page, const struct page *end)
{
	page_access_check(page);
	page_access_check(end - 1);
	for (; page < end; page++)
		if (page_flags(page) & BIT(PG_reserved))
			return page;
	return NULL;
}

struct page *has_unmovable_pages(u64 start_pfn, u64 end_pfn, enum migratetype mt, u32 flags)
{
	struct page *page = pfn_to_page(start_pfn);
	u64 pfn = start_pfn;

	if (get_pageblock_migratetype(page) == MIGRATE_CMA)
		return mt == MIGRATE_CMA ? NULL : page;
	/* Whatever got into this zone can be moved, unless it was there before the allocator was. */
	if (page_zonenum(page) == ZONE_MOVABLE)
		return first_reserved_page(page, pfn_to_page(end_pfn));
	while (pfn < end_pfn) {
		u64 step = 1;

		page = pfn_to_page(pfn);
		if (PageReserved(page))
			return page;
		if (PageCompound(page)) {
			if (!compound_movable(page))
				return page;
			step = pages_to_compound_end(pfn);
		} else if (page_ref_count(page) == 0) {
			/* Free, or on its way to or from a free list: not in the way. */
			if (PageBuddy(page))
				step = 1ULL << buddy_order(page);
		} else if (page_unmovable(page, flags)) {
			return page;
		}
		pfn += step;
	}
	return NULL;
}

/* Head of the free block that the page at @pfn is in, @pfn itself if it is in none. zone->lock held. */
static u64 free_block_head(u64 pfn)
{
	u64 head = pfn;

	for (u32 order = 0; !PageBuddy(pfn_to_page(head)); head = ALIGN_DOWN(pfn, 1ULL << order))
		if (++order > geometry.max_order)
			return pfn;
	return head + (1ULL << buddy_order(pfn_to_page(head))) > pfn ? head : pfn;
}

/*
 * Changes the type of @page's pageblock, and with it the list of its free pages. A free block that reaches into another
 * pageblock is taken apart: a half that is isolated must be neither allocated nor counted. (Since 6.10; 6.1 moves and
 * counts the block as a whole.) zone->lock held.
 */
static void change_pageblock_type(struct zone *zone, struct page *page, enum migratetype mt)
{
	u64 head = free_block_head(pageblock_start_pfn(page_to_pfn(page)));
	enum migratetype old = get_pageblock_migratetype(page);
	u32 order = PageBuddy(pfn_to_page(head)) ? buddy_order(pfn_to_page(head)) : 0;
	s64 moved;

	if (order <= pageblock_order || bug(straddling_free_block)) {
		set_pageblock_migratetype(page, mt);
		moved = (s64)move_freepages_block(zone, page, mt);
		__mod_zone_freepage_state(zone, -moved, old);
		__mod_zone_freepage_state(zone, moved, mt);
		return;
	}
	__mod_zone_freepage_state(zone, -(s64)(1ULL << order), old);
	del_page_from_free_list(pfn_to_page(head), zone, order);
	set_pageblock_migratetype(page, mt);
	for (u64 pfn = head; pfn < head + (1ULL << order); pfn += pageblock_nr_pages)
		__free_one_page(pfn_to_page(pfn), pfn, zone, pageblock_order, get_pfnblock_migratetype(pfn), false);
}

int set_migratetype_isolate(struct page *page, enum migratetype mt, u32 flags, u64 start_pfn, u64 end_pfn)
{
	struct zone *zone = page_zone(page);
	u64 pfn = page_to_pfn(page);
	struct page *unmovable;
	unsigned long irq;

	/* Excludes allocations, frees and other isolators: the type decides which list free pages are on. */
	spin_lock_irqsave(&zone->lock, irq);
	if (is_migrate_isolate_page(page)) {
		core_event(EVENT_busy, pfn, 0);
		spin_unlock_irqrestore(&zone->lock, irq);
		return -EBUSY;
	}
	unmovable = has_unmovable_pages(max(pfn, start_pfn), min(pageblock_end_pfn(pfn), end_pfn), mt, flags);
	if (!unmovable) {
		zone->nr_isolate_pageblock++;
		change_pageblock_type(zone, page, MIGRATE_ISOLATE);
	} else {
		core_event(EVENT_busy, page_to_pfn(unmovable), 0);
	}
	spin_unlock_irqrestore(&zone->lock, irq);
	if (unmovable) {
		if (flags & REPORT_FAILURE)
			pr_info("page isolation: pfn %llu is unmovable\n", (unsigned long long)page_to_pfn(unmovable));
		return -EBUSY;
	}
	point(isolation, pageblock_set, pfn);
	return 0;
}

/* The free buddy of the free block at @page, if the two are only kept apart by isolation of one of them. */
static bool mergeable_buddy(const struct page *page, u32 order)
{
	const struct page *buddy = pfn_to_page(page_to_pfn(page) ^ (1ULL << order));

	return PageBuddy(buddy) && buddy_order(buddy) == order && page_zone(buddy) == page_zone(page) &&
	       !is_migrate_isolate_page(buddy);
}

/* Freed again, the block at @page finds its buddy; moved to another list it would stay alone. zone->lock held. */
static bool merge_with_buddy(struct page *page, enum migratetype mt)
{
	u32 order = PageBuddy(page) ? buddy_order(page) : 0;

	if (order < pageblock_order || order >= geometry.max_order || !mergeable_buddy(page, order))
		return false;
	__isolate_free_page(page, order);
	set_pageblock_migratetype(page, mt);
	__putback_isolated_page(page, order, mt);
	return true;
}

void unset_migratetype_isolate(struct page *page, enum migratetype mt)
{
	struct zone *zone = page_zone(page);
	unsigned long irq;

	spin_lock_irqsave(&zone->lock, irq);
	if (!is_migrate_isolate_page(page)) {
		spin_unlock_irqrestore(&zone->lock, irq);
		return;
	}
	if (!merge_with_buddy(page, mt))
		change_pageblock_type(zone, page, mt);
	zone->nr_isolate_pageblock--;
	spin_unlock_irqrestore(&zone->lock, irq);
	point(isolation, pageblock_unset, page_to_pfn(page));
}

/* The first online page of [pfn, pfn + nr_pages), or NULL and then there is nothing to leave. */
static struct page *first_online_page(struct walk *w, u64 pfn, u64 nr_pages)
{
	for (u64 i = 0; i < nr_pages; i++) {
		struct page *page = walk_page(w, pfn + i);

		if (page)
			return page;
	}
	return NULL;
}

/* Isolates the pageblock that starts at @pfn. Its first page must be online. */
static int isolate_pageblock(struct walk *w, u64 pfn, enum migratetype mt, u32 flags)
{
	struct page *page = walk_page(w, pfn);
	int ret = -EBUSY;

	if (page) {
		ret = set_migratetype_isolate(page, mt, flags, pfn, pfn + pageblock_nr_pages);
		walk_leave(w);
	} else {
		core_event(EVENT_busy, pfn, 0);
	}
	return ret;
}

static void unisolate_pageblock(struct walk *w, u64 pfn, enum migratetype mt)
{
	struct page *page = first_online_page(w, pfn, pageblock_nr_pages);

	if (page) {
		unset_migratetype_isolate(page, mt);
		walk_leave(w);
	}
}

/* ---- pages across the boundary of an isolated range ------------------------------------------------------------ */

/*
 * Migrates the compound page whose head is at @head_pfn; its pageblock is isolated, so nobody else gets the room.
 * (__alloc_contig_migrate_range(), 6.1, for one page)
 */
static int migrate_compound(struct walk *w, u64 head_pfn)
{
	struct migration_target_control mtc = {.gfp = GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL};
	struct page *head = walk_page(w, head_pfn);
	struct list_head pages;
	bool held;
	int ret;

	if (!head)
		return -EBUSY;
	mtc.nid = page_to_nid(head);
	held = walk_hold(w, head);
	walk_leave(w);
	if (!held)
		return -EBUSY;
	INIT_LIST_HEAD(&pages);
	ret = isolate_page_to_list(head, &pages);
	walk_drop(w, head);
	if (ret)
		return ret;
	walk_pause(w);
	ret = migrate_pages(&pages, alloc_migration_target, NULL, &mtc, MIGRATE_SYNC, NULL);
	if (ret)
		putback_movable_pages(&pages);
	walk_resume(w);
	return ret ? -EBUSY : 0;
}

/* Moves a compound page that crosses the boundary out of the way. The walk is left. */
static int clear_compound(struct walk *w, u64 head_pfn, u64 nr_pages, u32 flags)
{
	struct page *head = pfn_to_page(head_pfn);
	enum migratetype mt = get_pageblock_migratetype(head);
	bool isolate = !is_migrate_isolate(mt);
	int ret = compound_movable(head) ? 0 : -EBUSY;

	if (ret == 0 && isolate)
		ret = set_migratetype_isolate(head, mt, flags, head_pfn, head_pfn + nr_pages);
	walk_leave(w);
	if (ret)
		return ret;
	ret = migrate_compound(w, head_pfn);
	if (isolate)
		unisolate_pageblock(w, pageblock_start_pfn(head_pfn), mt);
	return ret;
}

/*
 * One step of the scan towards @boundary: a free page that crosses it is split there, a compound page that does is
 * migrated. Moves *@pfn past what does not cross, and back to where the largest free block could begin whenever pages
 * changed: they may have merged with those before them.
 */
static int clear_boundary_step(struct walk *w, struct page *page, u64 *pfn, u64 boundary, u32 flags)
{
	if (PageBuddy(page)) {
		u64 order = buddy_order_unsafe(page);

		if (order > geometry.max_order)
			return 0;
		if (*pfn + (1ULL << order) > boundary && split_free_page(page, (u32)order, boundary - *pfn))
			*pfn = ALIGN_DOWN(*pfn, 1ULL << geometry.max_order);
		else
			*pfn += 1ULL << order;
		return 0;
	}
	if (PageCompound(page)) {
		u64 head_pfn = page_to_pfn(compound_head(page));
		u64 nr_pages = pages_to_compound_end(head_pfn);

		if (head_pfn + nr_pages > boundary) {
			*pfn = ALIGN_DOWN(head_pfn, 1ULL << geometry.max_order);
			return clear_compound(w, head_pfn, nr_pages, flags);
		}
		*pfn = max(*pfn + 1, head_pfn + nr_pages);
		return 0;
	}
	(*pfn)++;
	return 0;
}

/*
 * Isolates the pageblock that ends (@before) or starts at @boundary, unless @skip: it is isolated already, and sees to
 * it that no free or compound page crosses the boundary. (isolate_single_pageblock(), 6.1)
 */
static int isolate_single_pageblock(struct walk *w, u64 boundary, bool before, bool skip, enum migratetype mt,
				    u32 flags)
{
	u64 pageblock = before ? boundary - pageblock_nr_pages : boundary;
	u64 pfn = ALIGN_DOWN(pageblock, 1ULL << geometry.max_order);
	struct page *page;
	int ret = 0;

	if (!skip)
		ret = isolate_pageblock(w, pageblock, mt, flags);
	if (ret)
		return ret;
	page = before || boundary > 0 ? walk_page(w, before ? boundary : boundary - 1) : NULL;
	if (!page)
		return 0;
	walk_leave(w);
	while (pfn < boundary && ret == 0) {
		page = walk_page(w, pfn);
		if (page)
			ret = clear_boundary_step(w, page, &pfn, boundary, flags);
		else
			pfn++;
	}
	walk_leave(w);
	if (ret)
		core_event(EVENT_busy, pfn, 0);
	if (ret && !skip)
		unisolate_pageblock(w, pageblock, mt);
	return ret ? -EBUSY : 0;
}

/* ---- ranges ---------------------------------------------------------------------------------------------------- */

static void unisolate_range(struct walk *w, u64 start_pfn, u64 end_pfn, enum migratetype mt)
{
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn += pageblock_nr_pages)
		unisolate_pageblock(w, pfn, mt);
}

/* The pageblocks of [start_pfn, end_pfn); on failure those it had isolated are given back. */
static int isolate_middle(struct walk *w, u64 start_pfn, u64 end_pfn, enum migratetype mt, u32 flags)
{
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn += pageblock_nr_pages) {
		struct page *page = first_online_page(w, pfn, pageblock_nr_pages);
		int ret;

		if (!page)
			continue;
		ret = set_migratetype_isolate(page, mt, flags, start_pfn, end_pfn);
		walk_leave(w);
		if (ret) {
			unisolate_range(w, start_pfn, pfn, mt);
			return ret;
		}
	}
	return 0;
}

static int isolate_range(struct walk *w, u64 start_pfn, u64 end_pfn, enum migratetype mt, u32 flags)
{
	u64 first_end = start_pfn + pageblock_nr_pages, last = end_pfn - pageblock_nr_pages;
	int ret = isolate_single_pageblock(w, start_pfn, false, false, mt, flags);

	if (ret)
		return ret;
	ret = isolate_single_pageblock(w, end_pfn, true, last == start_pfn, mt, flags);
	if (ret) {
		unisolate_pageblock(w, start_pfn, mt);
		return ret;
	}
	if (last > start_pfn)
		ret = isolate_middle(w, first_end, last, mt, flags);
	if (ret) {
		unisolate_pageblock(w, start_pfn, mt);
		unisolate_pageblock(w, last, mt);
	}
	return ret;
}

/* The zone of the first online page of a range whose lists isolation has to disable; NULL if there is none. */
static struct zone *zone_to_disable(u64 start_pfn, u64 end_pfn)
{
	struct zone *zone;
	struct page *page;
	struct walk w;

	if (design(pcp_isolation) != ALT_pcp_isolation_disable_in_isolation)
		return NULL;
	walk_begin(&w, NULL);
	page = first_online_page(&w, start_pfn, end_pfn - start_pfn);
	zone = page ? page_zone(page) : NULL;
	walk_leave(&w);
	walk_end(&w);
	return zone;
}

int start_isolate_page_range(u64 start_pfn, u64 end_pfn, enum migratetype mt, u32 flags)
{
	struct zone *zone;
	struct walk w;
	int ret;

	BUG_ON(start_pfn >= end_pfn);
	point(isolation, begin, start_pfn);
	zone = zone_to_disable(start_pfn, end_pfn);
	if (zone)
		pcp_isolation_begin(zone);
	walk_begin(&w, NULL);
	ret = isolate_range(&w, pageblock_start_pfn(start_pfn), ALIGN(end_pfn, (u64)pageblock_nr_pages), mt, flags);
	walk_end(&w);
	if (ret && zone)
		pcp_isolation_end(zone);
	if (ret)
		point(isolation, busy, start_pfn);
	return ret;
}

void unisolate_page_range(u64 start_pfn, u64 end_pfn, enum migratetype mt)
{
	struct walk w;

	walk_begin(&w, NULL);
	unisolate_range(&w, pageblock_start_pfn(start_pfn), ALIGN(end_pfn, (u64)pageblock_nr_pages), mt);
	walk_end(&w);
}

void (*isolated_range_hook)(u64 start_pfn, u64 end_pfn);

void undo_isolate_page_range(u64 start_pfn, u64 end_pfn, enum migratetype mt)
{
	/* Isolated, the range can not have gone offline: it is the zone it was. */
	struct zone *zone = zone_to_disable(start_pfn, end_pfn);

	check_range_isolated(start_pfn, end_pfn);
	unisolate_page_range(start_pfn, end_pfn, mt);
	if (zone)
		pcp_isolation_end(zone);
}

/* ---- the test -------------------------------------------------------------------------------------------------- */

/* Pages from @pfn on that are as good as gone, 0 if the page is in the way. zone->lock held. */
static u64 isolated_pages_at(const struct page *page, u32 flags)
{
	if (PageBuddy(page))
		return 1ULL << buddy_order(page);
	if (flags & MEMORY_OFFLINE && (hwpoison_page_gone(page) || (PageOffline(page) && page_ref_count(page) == 0)))
		return 1;
	return 0;
}

/* The zone of the range if all its pageblocks with online pages are isolated and there is one, else NULL. */
static struct zone *range_isolated_in(struct walk *w, u64 start_pfn, u64 end_pfn)
{
	struct zone *zone = NULL;

	for (u64 pfn = start_pfn; pfn < end_pfn; pfn = pageblock_end_pfn(pfn)) {
		struct page *page = first_online_page(w, pfn, min(pageblock_end_pfn(pfn), end_pfn) - pfn);
		bool isolated;

		if (!page)
			continue;
		isolated = is_migrate_isolate_page(page);
		if (!zone)
			zone = page_zone(page);
		walk_leave(w);
		if (!isolated)
			return NULL;
	}
	return zone;
}

int test_pages_isolated(u64 start_pfn, u64 end_pfn, u32 flags)
{
	unsigned long irq;
	struct zone *zone;
	u64 pfn = start_pfn;
	struct walk w;

	walk_begin(&w, NULL);
	zone = range_isolated_in(&w, start_pfn, end_pfn);
	if (zone) {
		/* Excludes frees into the range and the free scanner of compaction while it is looked at as a whole. */
		spin_lock_irqsave(&zone->lock, irq);
		while (pfn < end_pfn) {
			struct page *page = walk_page(&w, pfn);
			u64 gone = page ? isolated_pages_at(page, flags) : 1;

			if (!gone)
				break;
			pfn += gone;
		}
		walk_leave(&w);
		if (pfn < end_pfn)
			core_event(EVENT_busy, pfn, 0);
		spin_unlock_irqrestore(&zone->lock, irq);
	}
	walk_end(&w);
	point(isolation, tested, pfn);
	return zone && pfn >= end_pfn ? 0 : -EBUSY;
}
