/* SPDX-License-Identifier: MIT */
#include "core/mm/filemap.h"

#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

/* How long the disk takes. */
#define WRITEBACK_MS 2

/* ---- finding --------------------------------------------------------------------------------------------------- */

/* The page at @index with a reference, NULL if it is not in the cache. (filemap_get_folio, 6.1) */
static struct page *find_get_page(struct area *area, u32 index)
{
	struct page *page = NULL;

	spin_lock(&area->ptl);
	if (area->pte[index]) {
		page = pfn_to_page(pte_pfn(area->pte[index]));
		get_page(page);
	}
	spin_unlock(&area->ptl);
	return page;
}

/* Locked and still there, with a reference. */
static struct page *find_lock_page(struct area *area, u32 index)
{
	for (;;) {
		struct page *page = find_get_page(area, index);

		if (!page)
			return NULL;
		lock_page(page);
		if (READ_ONCE(page->mapping) == (u64)area && READ_ONCE(page->index) == index)
			return page;
		/* Dropped, or moved elsewhere, while we waited. */
		unlock_page(page);
		put_page(page);
	}
}

/* ---- adding and dropping --------------------------------------------------------------------------------------- */

/* A new page that nobody knows; a file that was never read gets its content now, else what it had is read again. */
static void add_to_page_cache(struct area *area, u32 index, struct page *page)
{
	u64 pte = make_pte(page_to_pfn(page), 0, PTE_PRESENT);

	spin_lock(&area->ptl);
	area_write(area, index, pte, area->stamp[index] ? area->stamp[index] : area_next_stamp(area));
	WRITE_ONCE(page->index, index);
	WRITE_ONCE(page->mapping, (u64)area);
	/* The allocation's reference becomes the cache's. */
	area->pte[index] = pte;
	area_count(area, 1);
	spin_unlock(&area->ptl);
	mod_node_page_state(NODE_DATA(page_to_nid(page)), NR_FILE_PAGES, 1);
	lru_cache_add(page);
	point(filemap, added, page_to_pfn(page));
}

s64 filemap_read(struct area *area, u32 count)
{
	s64 there = 0;
	int ret;

	mutex_lock(&area->lock);
	ret = area_set_kind(area, AREA_FILE);
	for (u32 index = 0; !ret && index < min(count, area->size); index++) {
		struct page *page = find_get_page(area, index);

		if (page) {
			mark_page_accessed(page);
			put_page(page);
		} else {
			page = alloc_pages(GFP_HIGHUSER_MOVABLE, 0);
			if (!page)
				break;
			add_to_page_cache(area, index, page);
		}
		there++;
	}
	mutex_unlock(&area->lock);
	return ret ? ret : there ? there : -ENOMEM;
}

/* ptl held, page locked. The cache's reference is the caller's now. (__filemap_remove_folio, 6.1) */
static void delete_from_page_cache(struct area *area, struct page *page)
{
	area->pte[READ_ONCE(page->index)] = 0;
	area_count(area, -1);
	WRITE_ONCE(page->mapping, 0);
}

static void uncharge_page_cache(struct page *page)
{
	mod_node_page_state(NODE_DATA(page_to_nid(page)), NR_FILE_PAGES, -1);
}

s64 filemap_truncate(struct area *area, u32 index)
{
	struct page *page = find_lock_page(area, index);

	if (!page)
		return 0;
	wait_on_page_writeback(page);
	if (PageDirty(page)) {
		ClearPageDirty(page);
		mod_node_page_state(NODE_DATA(page_to_nid(page)), NR_FILE_DIRTY, -1);
	}
	spin_lock(&area->ptl);
	area_verify(area, index, area->pte[index]);
	area->stamp[index] = 0;
	delete_from_page_cache(area, page);
	spin_unlock(&area->ptl);
	uncharge_page_cache(page);
	unlock_page(page);
	point(filemap, truncated, page_to_pfn(page));
	put_page(page);
	put_page(page);
	return 1;
}

bool filemap_drop_page(struct page *page)
{
	struct area *area;

	if (!READ_ONCE(page->mapping))
		return false;
	area = page_area(page);
	spin_lock(&area->ptl);
	if (PageDirty(page)) {
		ClearPageDirty(page);
		mod_node_page_state(NODE_DATA(page_to_nid(page)), NR_FILE_DIRTY, -1);
		area->stamp[READ_ONCE(page->index)] = 0;
	}
	delete_from_page_cache(area, page);
	spin_unlock(&area->ptl);
	uncharge_page_cache(page);
	put_page(page);
	return true;
}

bool remove_mapping(struct page *page)
{
	struct area *area = page_area(page);
	bool removed = false;

	spin_lock(&area->ptl);
	/* Frozen at the cache's reference and ours: found by nobody, used by nobody. */
	if (page_ref_freeze(page, 2)) {
		if (PageDirty(page)) {
			page_ref_unfreeze(page, 2);
		} else {
			delete_from_page_cache(area, page);
			removed = true;
		}
	}
	spin_unlock(&area->ptl);
	if (removed)
		uncharge_page_cache(page);
	return removed;
}

int filemap_migrate_mapping(struct page *dst, struct page *src, s32 extra)
{
	struct area *area = page_area(src);
	u32 index = (u32)READ_ONCE(src->index);
	bool dirty;

	spin_lock(&area->ptl);
	if (!page_ref_freeze(src, 2 + extra)) {
		spin_unlock(&area->ptl);
		return -EAGAIN;
	}
	WRITE_ONCE(dst->index, index);
	WRITE_ONCE(dst->mapping, (u64)area);
	get_page(dst);
	dirty = PageDirty(src);
	if (dirty) {
		ClearPageDirty(src);
		SetPageDirty(dst);
	}
	area->pte[index] = make_pte(page_to_pfn(dst), 0, PTE_PRESENT);
	/* The cache's reference is gone; the isolation's is left. */
	page_ref_unfreeze(src, 1 + extra);
	WRITE_ONCE(src->mapping, 0);
	spin_unlock(&area->ptl);
	uncharge_page_cache(src);
	mod_node_page_state(NODE_DATA(page_to_nid(dst)), NR_FILE_PAGES, 1);
	if (dirty && page_to_nid(src) != page_to_nid(dst)) {
		mod_node_page_state(NODE_DATA(page_to_nid(src)), NR_FILE_DIRTY, -1);
		mod_node_page_state(NODE_DATA(page_to_nid(dst)), NR_FILE_DIRTY, 1);
	}
	return 0;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

/* With no content to copy meanwhile: the page is locked, so it neither moves nor goes away. */
static void write_page(struct area *area, u32 index, struct page *page)
{
	if (!TestSetPageDirty(page))
		mod_node_page_state(NODE_DATA(page_to_nid(page)), NR_FILE_DIRTY, 1);
	spin_lock(&area->ptl);
	area_write(area, index, area->pte[index], area_next_stamp(area));
	spin_unlock(&area->ptl);
}

/* Back from the disk. Without the page lock: who waits for this may hold it. (folio_end_writeback, 6.1) */
static void end_page_writeback(struct page *page)
{
	if (bug(planted_writeback_ends_locked))
		lock_page(page);
	mod_node_page_state(NODE_DATA(page_to_nid(page)), NR_WRITEBACK, -1);
	ClearPageWriteback(page);
	wake_up_all(page_waitqueue(page));
	point(filemap, written, page_to_pfn(page));
	if (bug(planted_writeback_ends_locked))
		unlock_page(page);
	put_page(page);
}

static bool start_writeback(struct page *page)
{
	if (!TestClearPageDirty(page))
		return false;
	mod_node_page_state(NODE_DATA(page_to_nid(page)), NR_FILE_DIRTY, -1);
	mod_node_page_state(NODE_DATA(page_to_nid(page)), NR_WRITEBACK, 1);
	SetPageWriteback(page);
	get_page(page);
	return true;
}

s64 filemap_write(struct area *area)
{
	s64 done = 0;

	mutex_lock(&area->lock);
	for (u32 index = 0; area->kind == AREA_FILE && index < area->size; index++) {
		struct page *page = find_lock_page(area, index);

		if (!page)
			continue;
		wait_on_page_writeback(page);
		write_page(area, index, page);
		unlock_page(page);
		put_page(page);
		done++;
	}
	mutex_unlock(&area->lock);
	return done;
}

s64 filemap_writeback(struct area *area)
{
	struct page *under_way[AREA_ENTRIES];
	u32 nr = 0;

	mutex_lock(&area->lock);
	for (u32 index = 0; area->kind == AREA_FILE && index < AREA_ENTRIES; index++) {
		struct page *page = find_lock_page(area, index);

		if (!page)
			continue;
		wait_on_page_writeback(page);
		if (start_writeback(page))
			under_way[nr++] = page;
		unlock_page(page);
		put_page(page);
	}
	mutex_unlock(&area->lock);
	if (nr)
		msleep(WRITEBACK_MS);
	for (u32 i = 0; i < nr; i++)
		end_page_writeback(under_way[i]);
	return nr;
}

void wait_on_page_writeback(struct page *page)
{
	wait_event(page_waitqueue(page), !PageWriteback(page));
}
