/* SPDX-License-Identifier: MIT */
#include "core/range/migrate.h"

#include "core/mm/anon.h"
#include "core/mm/buddy.h"
#include "core/mm/filemap.h"
#include "core/mm/huge_memory.h"
#include "core/mm/hugetlb.h"
#include "core/mm/hwpoison.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/mm/section.h"
#include "core/range/movable.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"
#include "core/rt/run.h"

/* One call of migrate_pages(). */
struct migration {
	new_page_t *get_new_page;
	free_page_t *put_new_page;
	void *private;
	enum migrate_mode mode;
	enum migrate_reason reason;
	u32 nr_succeeded; /* base pages */
};

static u64 nr_base_pages(const struct page *page)
{
	return 1ULL << compound_order(page);
}

/* ---- one page -------------------------------------------------------------------------------------------------- */

static void migrate_page_flags(struct page *dst, struct page *src)
{
	if (PageActive(src)) {
		ClearPageActive(src);
		SetPageActive(dst);
	}
	if (PageUnevictable(src)) {
		ClearPageUnevictable(src);
		SetPageUnevictable(dst);
	}
	if (PageReferenced(src))
		SetPageReferenced(dst);
	if (PageSwapBacked(src))
		SetPageSwapBacked(dst);
	if (PageDirty(src))
		SetPageDirty(dst);
}

static void copy_content(const struct page *dst, const struct page *src)
{
	u64 src_pfn = page_to_pfn(src), dst_pfn = page_to_pfn(dst), nr_pages = nr_base_pages(src);

	for (u64 i = 0; i < nr_pages; i++)
		page_content_write(dst_pfn + i, page_content_read(src_pfn + i));
}

/*
 * Both pages locked, @src unmapped. Whoever holds a reference besides the isolation (and, of a file, the cache) may use
 * the page at any time, so it must not move. A file's page is found through the cache as soon as its entry points to
 * it: its content comes first. (folio_migrate_mapping(), 6.1)
 */
static int move_to_new_page(struct page *dst, struct page *src)
{
	u64 mapping = READ_ONCE(src->mapping);
	int ret;

	if (should_fail(migrate))
		return -EAGAIN;
	/* Truncated under us; whoever still holds it lets it go soon, and then it is free. */
	if (!mapping)
		return -EAGAIN;
	if (!(mapping & PAGE_MAPPING_ANON)) {
		copy_content(dst, src);
		ret = filemap_migrate_mapping(dst, src, 0);
		if (ret)
			return ret;
	} else {
		if (page_ref_count(src) != 1)
			return -EAGAIN;
		WRITE_ONCE(dst->index, READ_ONCE(src->index));
		WRITE_ONCE(dst->mapping, mapping);
		if (!bug(planted_copy_before_unmap))
			copy_content(dst, src);
	}
	migrate_page_flags(dst, src);
	point(migrate, copied, page_to_pfn(src));
	return 0;
}

/* Both locked. */
static int move_by_owner(struct page *dst, struct page *src, enum migrate_mode mode)
{
	int ret;

	if (should_fail(migrate))
		return -EAGAIN;
	ret = migrate_movable_page(dst, src, mode);
	if (ret == 0)
		point(migrate, copied, page_to_pfn(src));
	return ret;
}

/* @src locked. */
static int unmap_and_copy(struct page *dst, struct page *src, enum migrate_mode mode)
{
	bool was_mapped;
	int ret = -EAGAIN;

	if (!trylock_page(dst))
		return -EAGAIN;
	if (page_is_movable_ops(src)) {
		ret = move_by_owner(dst, src, mode);
		unlock_page(dst);
		return ret;
	}
	was_mapped = page_mapped(src);
	if (bug(planted_copy_before_unmap))
		copy_content(dst, src);
	if (was_mapped)
		try_to_migrate(src);
	point(migrate, unmapped, page_to_pfn(src));
	if (!page_mapped(src))
		ret = move_to_new_page(dst, src);
	/* On the LRU before anybody can find it through a page table. */
	if (ret == 0)
		lru_cache_add(dst);
	if (was_mapped)
		remove_migration_ptes(src, ret == 0 ? dst : src);
	unlock_page(dst);
	return ret;
}

/* What is being written stays where it is; only who has all the time in the world waits. @src locked. */
static bool writeback_done(struct page *src, bool force, enum migrate_mode mode)
{
	if (!PageWriteback(src))
		return true;
	if (!force || mode != MIGRATE_SYNC)
		return false;
	wait_on_page_writeback(src);
	return true;
}

/* __unmap_and_move(), 6.1. */
static int lock_and_move(struct page *dst, struct page *src, bool force, enum migrate_mode mode)
{
	int ret;

	if (!trylock_page(src)) {
		if (!force || mode == MIGRATE_ASYNC)
			return -EAGAIN;
		lock_page(src);
	}
	point(migrate, locked, page_to_pfn(src));
	ret = writeback_done(src, force, mode) ? unmap_and_copy(dst, src, mode) : -EBUSY;
	unlock_page(src);
	/* Who maps it holds references of its own; if the owner is gone by now, this frees it. */
	if (ret == 0)
		put_page(dst);
	return ret;
}

/* Off the list for good: the isolation ends and with it its reference. */
static void migration_succeeded(struct migration *m, struct page *page)
{
	u64 nr_pages = nr_base_pages(page);

	if (PageHuge(page)) {
		m->nr_succeeded += (u32)nr_pages;
		point(migrate, done, page_to_pfn(page));
		putback_active_hugepage(page);
		return;
	}
	list_del_init(&page->lru);
	if (!page_is_movable_ops(page))
		mod_page_isolated(page, -1);
	m->nr_succeeded += (u32)nr_pages;
	point(migrate, done, page_to_pfn(page));
	if (m->reason != MR_MEMORY_FAILURE)
		put_page(page);
}

/* @src locked, which is dropped. */
static int move_huge_page(struct page *dst, struct page *src)
{
	bool was_mapped = page_mapped(src);
	int ret = -EAGAIN;

	if (trylock_page(dst)) {
		if (was_mapped)
			try_to_migrate(src);
		point(migrate, unmapped, page_to_pfn(src));
		if (!page_mapped(src))
			ret = move_to_new_page(dst, src);
		if (was_mapped)
			remove_migration_ptes(src, ret == 0 ? dst : src);
		unlock_page(dst);
	}
	if (ret == 0)
		move_hugetlb_state(src, dst);
	unlock_page(src);
	return ret;
}

/* Of the pool: it is on no LRU list, and its target becomes one of the pool. (unmap_and_move_huge_page(), 6.1) */
static int migrate_huge_page(struct migration *m, struct page *page, bool force)
{
	struct page *dst;
	int ret;

	if (page_ref_count(page) == 1) { /* freed under us */
		migration_succeeded(m, page);
		return 0;
	}
	dst = m->get_new_page(page, m->private);
	if (!dst)
		return -ENOMEM;
	if (trylock_page(page)) {
		ret = move_huge_page(dst, page);
	} else if (force && m->mode == MIGRATE_SYNC) {
		lock_page(page);
		ret = move_huge_page(dst, page);
	} else {
		ret = -EAGAIN;
	}
	if (ret == 0)
		migration_succeeded(m, page);
	if (ret && m->put_new_page)
		m->put_new_page(dst, m->private);
	else
		putback_active_hugepage(dst);
	return ret;
}

/* 0, or -EAGAIN or -ENOMEM and then the page stays on its list. (unmap_and_move(), 6.1) */
static int migrate_one(struct migration *m, struct page *page, bool force)
{
	struct page *dst;
	int ret;

	if (PageHuge(page))
		return migrate_huge_page(m, page, force);
	if (page_ref_count(page) == 1) { /* freed under us: only the isolation holds it */
		ClearPageActive(page);
		ClearPageUnevictable(page);
		migration_succeeded(m, page);
		return 0;
	}
	dst = m->get_new_page(page, m->private);
	if (!dst)
		return -ENOMEM;
	ret = lock_and_move(dst, page, force, m->mode);
	if (ret == 0) {
		migration_succeeded(m, page);
		return 0;
	}
	if (m->put_new_page)
		m->put_new_page(dst, m->private);
	else
		put_page(dst);
	return ret;
}

/* ---- lists of pages -------------------------------------------------------------------------------------------- */

/*
 * No huge page could be had for one: in pieces it may find room. They come behind it on the list and are met by this
 * pass already. (try_split_folio, 6.1)
 */
static bool split_for_room(struct page *page, struct list_head *behind)
{
	int ret;

	if (!compound_order(page) || PageHuge(page) || !trylock_page(page))
		return false;
	ret = READ_ONCE(page->mapping) & PAGE_MAPPING_ANON ? split_huge_page_to_list(page, behind) : -EINVAL;
	unlock_page(page);
	return ret == 0;
}

/*
 * One pass over @from; number of pages to try again, or -ENOMEM. What failed for good (-EBUSY) goes to @failed.
 * (migrate_pages_batch, 6.1)
 */
static int migrate_pass(struct migration *m, struct list_head *from, struct list_head *failed, bool force)
{
	struct page *page, *next;
	int retry = 0;

	list_for_each_entry_safe (page, next, from, lru) {
		int ret = migrate_one(m, page, force);

		cond_resched();
		if (ret == -ENOMEM && split_for_room(page, from)) {
			retry++;
			continue;
		}
		if (ret == -ENOMEM)
			return ret;
		if (ret == -EAGAIN)
			retry++;
		else if (ret)
			list_move_tail(&page->lru, failed);
	}
	return retry;
}

static int list_length(const struct list_head *list)
{
	int length = 0;

	for (const struct list_head *entry = list->next; entry != list; entry = entry->next)
		length++;
	return length;
}

int migrate_pages(struct list_head *from, new_page_t *get_new_page, free_page_t *put_new_page, void *private,
		  enum migrate_mode mode, u32 *nr_succeeded)
{
	return migrate_pages_for(MR_OTHER, from, get_new_page, put_new_page, private, mode, nr_succeeded);
}

int migrate_pages_for(enum migrate_reason reason, struct list_head *from, new_page_t *get_new_page,
		      free_page_t *put_new_page, void *private, enum migrate_mode mode, u32 *nr_succeeded)
{
	struct migration m = {
		.get_new_page = get_new_page,
		.put_new_page = put_new_page,
		.private = private,
		.mode = mode,
		.reason = reason,
	};
	u64 outer = current_flags & PF_MIGRATES;
	struct list_head failed;
	int retry = 1, ret;

	might_sleep();
	INIT_LIST_HEAD(&failed);
	current_flags |= PF_MIGRATES;
	for (u32 pass = 0; pass < MIGRATE_PASSES && retry > 0; pass++)
		retry = migrate_pass(&m, from, &failed, pass >= MIGRATE_TRYLOCKS);
	current_flags = (current_flags & ~PF_MIGRATES) | outer;
	if (nr_succeeded)
		*nr_succeeded = m.nr_succeeded;
	BUG_ON(retry == 0 && !list_empty(from));
	ret = retry < 0 ? retry : retry + list_length(&failed);
	list_splice_init(&failed, from);
	return ret;
}

int isolate_page_to_list(struct page *page, struct list_head *list)
{
	int ret;

	if (PageHuge(page))
		return isolate_hugetlb(compound_head(page), list);
	ret = PageLRU(page) ? isolate_lru_page(page) : isolate_movable_page(page);
	if (ret)
		return ret;
	if (!page_is_movable_ops(page))
		mod_page_isolated(page, 1);
	list_add_tail(&page->lru, list);
	return 0;
}

void putback_movable_pages(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, list, lru) {
		if (PageHuge(page)) {
			putback_active_hugepage(page);
			continue;
		}
		list_del_init(&page->lru);
		if (page_is_movable_ops(page)) {
			putback_movable_page(page);
			continue;
		}
		mod_page_isolated(page, -1);
		putback_lru_page(page);
	}
}

struct page *alloc_migration_target(struct page *page, void *private)
{
	const struct migration_target_control *mtc = private;
	u32 order = compound_order(page);
	gfp_t gfp = mtc->gfp;

	if (PageHuge(page))
		return alloc_huge_page_nodemask(page_hstate(page), mtc->nid, mtc->nodemask,
						htlb_modify_alloc_mask(gfp));
	if (order)
		/* A huge page is not worth reclaim: its pieces may find room without. */
		gfp = (gfp & ~__GFP_RECLAIM) | GFP_TRANSHUGE;
	/* What was not in a movable zone may be there for a reason: it does not get into one. */
	if (page_zonenum(page) == ZONE_MOVABLE)
		gfp |= __GFP_HIGHMEM;
	else
		gfp &= ~__GFP_HIGHMEM;
	return __alloc_pages(gfp, order, mtc->nid, mtc->nodemask);
}

/*
 * Being valid is a property of whole sections here: pages are never added to a part of an early one. So pfn_valid() is
 * asked once a section, where 6.1 asks for each pfn and later kernels do not ask at all.
 */
int scan_movable_pages(u64 start_pfn, u64 end_pfn, u64 *movable_pfn)
{
	u64 section_end = start_pfn;

	for (u64 pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (pfn >= section_end) {
			section_end = section_nr_to_pfn(pfn_to_section_nr(pfn) + 1);
			if (!pfn_valid(pfn)) {
				pfn = section_end - 1;
				continue;
			}
		}
		/* The range is isolated: what is free stays free. Else as if it had been looked at all at once. */
		if (PageBuddy(page)) {
			u64 order = buddy_order_unsafe(page);

			if (order <= geometry.max_order)
				pfn += BIT(order) - 1;
			continue;
		}
		/* Its driver has let it go, but memory_failure() has not, so it still says that it is movable. */
		if (!bug(offline_takes_poisoned) && !PageLRU(page) && hwpoison_page_gone(page))
			continue;
		if (PageLRU(page) || page_is_movable_ops(page)) {
			*movable_pfn = pfn;
			return 0;
		}
		if (PageOffline(page) && page_ref_count(page) > 0) {
			core_event(EVENT_busy, pfn, 0);
			return -EBUSY;
		}
		if (PageHuge(page)) {
			const struct page *head = compound_head(page);

			/* Without a lock: it may be isolated, freed or dissolved, and the next scan sees it. */
			if (hpage_test(head, HPG_migratable)) {
				*movable_pfn = pfn;
				return 0;
			}
			pfn = max(pfn, page_to_pfn(head) + (1ULL << compound_order(head)) - 1);
		}
	}
	return -ENOENT;
}
