/* SPDX-License-Identifier: MIT */
#include "core/mm/anon.h"

#include "core/mm/filemap.h"
#include "core/mm/huge_memory.h"
#include "core/mm/hugetlb.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

/*
 * The entry, once it does not migrate. It may begin to again unless the caller holds ptl, which is held on return if
 * the entry is present. The ticket is taken before the second look at the entry, under ptl: while a migration entry is
 * there, its page is locked and cannot go away, and unlocking it wakes the holders of tickets.
 */
static u64 lock_stable_pte(struct area *area, u32 index)
{
	for (;;) {
		u64 pte, ticket;
		wait_queue_head_t *queue;
		struct page *page;

		spin_lock(&area->ptl);
		pte = area->pte[index];
		if (pte & PTE_PRESENT)
			return pte;
		spin_unlock(&area->ptl);
		if (!pte || (pte & PTE_HWPOISON))
			return 0;

		page = pfn_to_page(pte_pfn(pte));
		queue = page_waitqueue(page);
		ticket = rt_wait_prepare(queue);
		spin_lock(&area->ptl);
		if (area->pte[index] != pte) {
			spin_unlock(&area->ptl);
			continue;
		}
		page_set_flag(page, PG_waiters);
		spin_unlock(&area->ptl);
		point(anon, migration_wait, pte_pfn(pte));
		rt_wait_sleep(queue, ticket, false, 0);
	}
}

/* ---- alloc ----------------------------------------------------------------------------------------------------- */

/* Before anybody can find it through a page table. */
static void page_add_new_anon_rmap(struct area *area, u32 index, struct page *page, u32 order)
{
	WRITE_ONCE(page->index, index);
	WRITE_ONCE(page->mapping, (u64)area | PAGE_MAPPING_ANON);
	SetPageSwapBacked(page);
	page_map(page, order, false);
	lru_cache_add(page);
}

/* False: the area is full. *@from: no entry before it is free, in a table that is too long to be searched again. */
static bool map_page(struct area *area, struct page *page, u32 order, bool movable, u32 *from)
{
	u64 pfn = page_to_pfn(page), stamp = area_next_stamp(area);
	u32 index;

	spin_lock(&area->ptl);
	index = area_free_entry(area, area->size > AREA_ENTRIES ? *from : 0);
	*from = index;
	if (index == area->size) {
		spin_unlock(&area->ptl);
		return false;
	}
	area_write(area, index, make_pte(pfn, order, PTE_PRESENT), stamp);
	if (movable)
		page_add_new_anon_rmap(area, index, page, order);
	area->pte[index] = make_pte(pfn, order, PTE_PRESENT);
	area_count(area, 1);
	spin_unlock(&area->ptl);
	point(anon, mapped, pfn);
	return true;
}

bool area_map_kernel_page(struct area *area, struct page *page)
{
	u32 from = 0;

	return map_page(area, page, 0, false, &from);
}

s64 area_alloc_on(struct area *area, gfp_t gfp, u32 order, u32 count, u32 nid, const nodemask_t *nodes)
{
	bool movable = gfp & __GFP_MOVABLE;
	u32 from = 0;
	s64 done = 0;
	int ret;

	if (order && movable)
		gfp |= __GFP_COMP;
	mutex_lock(&area->lock);
	ret = area_set_kind(area, AREA_ANON);
	for (; !ret && done < count; done++) {
		struct page *page = __alloc_pages(gfp, order, nid, nodes);

		if (!page)
			break;
		if (map_page(area, page, order, movable, &from))
			continue;
		if (PageHead(page))
			put_page(page);
		else
			__free_pages(page, order);
		break;
	}
	mutex_unlock(&area->lock);
	return ret ? ret : done ? done : -ENOMEM;
}

s64 area_alloc(struct area *area, gfp_t gfp, u32 order, u32 count)
{
	return area_alloc_on(area, gfp, order, count, cpu_to_node(raw_smp_processor_id()), NULL);
}

/* Only its own operations know how to treat the pages: of a balloon's, entries do not even say when one is back.
 * area->lock held. */
static bool area_is_special(const struct area *area)
{
	return area_kind_is_special(area->kind);
}

/* ---- free, pin, verify ----------------------------------------------------------------------------------------- */

/* ptl held; dropped. */
static void zap_entry(struct area *area, u32 index, u64 pte)
{
	struct page *page = pfn_to_page(pte_pfn(pte));
	/* Kernel memory is unknown to rmap. */
	bool mapped = READ_ONCE(page->mapping) != 0;
	u32 order = pte_order(pte), refs = 1;

	area_verify(area, index, pte);
	area->pte[index] = 0;
	area_count(area, -1);
	if (mapped)
		refs = page_unmap(page, order, pte & PTE_MAPPED);
	spin_unlock(&area->ptl);
	point(anon, unmapped, pte_pfn(pte));
	if (!mapped) {
		__free_pages(page, order);
		return;
	}
	while (refs--)
		put_page(page);
}

/* Was there an entry of a broken page? */
static bool zap_poison_entry(struct area *area, u32 index)
{
	bool poison;

	spin_lock(&area->ptl);
	poison = area->pte[index] & PTE_HWPOISON;
	if (poison) {
		area->pte[index] = 0;
		area_count(area, -1);
	}
	spin_unlock(&area->ptl);
	return poison;
}

static bool migrates(struct area *area, u32 index)
{
	bool ret;

	spin_lock(&area->ptl);
	ret = area->pte[index] & PTE_MIGRATION;
	spin_unlock(&area->ptl);
	return ret;
}

/* Migration that splits a huge page takes entries for its pieces, also such as were passed already. */
static bool area_empty(struct area *area)
{
	bool ret;

	spin_lock(&area->ptl);
	ret = !area->used || bug(planted_free_skips_migrating);
	spin_unlock(&area->ptl);
	return ret;
}

static s64 free_entries(struct area *area)
{
	s64 done = 0;

	for (u32 index = 0; index < area->size; index++) {
		u64 pte;

		if (area->kind == AREA_FILE) {
			done += filemap_truncate(area, index);
			continue;
		}
		if (bug(planted_free_skips_migrating) && migrates(area, index))
			continue;
		pte = lock_stable_pte(area, index);
		if (pte)
			zap_entry(area, index, pte);
		done += pte || zap_poison_entry(area, index);
	}
	return done;
}

s64 area_free(struct area *area)
{
	s64 done = 0;

	mutex_lock(&area->lock);
	if (area->pinned || area_is_special(area)) {
		mutex_unlock(&area->lock);
		return -EINVAL;
	}
	do
		done += free_entries(area);
	while (!area_empty(area));
	area_unreserve_huge(area);
	/* What was just unmapped may wait in this CPU's batch. (free_pages_and_swap_cache, 6.1) */
	lru_add_drain();
	core_event(EVENT_freed, area->id, 0);
	mutex_unlock(&area->lock);
	return done;
}

s64 area_pin(struct area *area)
{
	s64 done = 0;

	mutex_lock(&area->lock);
	for (u32 index = 0; !area->pinned && !area_is_special(area) && index < area->size; index++) {
		u64 pte = lock_stable_pte(area, index);

		if (!pte)
			continue;
		get_page(pfn_to_page(pte_pfn(pte)));
		spin_unlock(&area->ptl);
		area->pins[index] = pte_pfn(pte) + 1;
		done++;
		point(anon, pinned, pte_pfn(pte));
	}
	area->pinned += (u64)done;
	mutex_unlock(&area->lock);
	return done ? done : -EINVAL;
}

/*
 * A pinned page keeps its entry, since migration finds the reference and turns the entry back; but a file's page that
 * breaks leaves the cache, pinned or not, and its place is free for another one.
 */
s64 area_unpin(struct area *area)
{
	s64 done = 0;

	mutex_lock(&area->lock);
	for (u32 index = 0; area->pinned && index < area->size; index++) {
		u64 pin = area->pins[index];

		if (!pin)
			continue;
		area->pins[index] = 0;
		area->pinned--;
		put_page(pfn_to_page(pin - 1));
		done++;
	}
	mutex_unlock(&area->lock);
	return done ? done : -EINVAL;
}

s64 area_verify_all(struct area *area)
{
	s64 done = 0;

	mutex_lock(&area->lock);
	for (u32 index = 0; !area_is_special(area) && index < area->size; index++) {
		u64 pte = lock_stable_pte(area, index);

		if (!pte)
			continue;
		area_verify(area, index, pte);
		/* A file's pages keep their content: writing makes them dirty, which is an operation of its own. */
		if (area->kind != AREA_FILE)
			area_write(area, index, pte, area_next_stamp(area));
		spin_unlock(&area->ptl);
		done++;
	}
	mutex_unlock(&area->lock);
	return done;
}

struct page *area_get_mapped(struct area *area, u32 index)
{
	struct page *page = NULL;
	u64 pte;

	mutex_lock(&area->lock);
	/* A process has it mapped: no file's page by itself, and nothing that a driver holds. */
	pte = index < area->size && area->kind != AREA_FILE && !area_is_special(area) ? lock_stable_pte(area, index)
										      : 0;
	if (pte) {
		page = pfn_to_page(pte_pfn(pte));
		if (READ_ONCE(page->mapping))
			get_page(page);
		else
			page = NULL;
		spin_unlock(&area->ptl);
	}
	mutex_unlock(&area->lock);
	return page;
}

/* Calls @fn for the page of each present entry that is on the LRU lists, with a reference. Number of pages. */
static s64 for_each_lru_page(struct area *area, void (*fn)(struct page *page, bool on), bool on)
{
	s64 done = 0;

	mutex_lock(&area->lock);
	for (u32 index = 0; !area_is_special(area) && index < area->size; index++) {
		u64 pte = lock_stable_pte(area, index);
		struct page *page = pfn_to_page(pte_pfn(pte));

		if (!pte)
			continue;
		if (READ_ONCE(page->mapping) && !PageHuge(page)) {
			get_page(page);
			spin_unlock(&area->ptl);
			fn(page, on);
			put_page(page);
			done++;
		} else {
			spin_unlock(&area->ptl);
		}
	}
	mutex_unlock(&area->lock);
	return done;
}

static void touch_page(struct page *page, bool on)
{
	(void)on;
	mark_page_accessed(page);
}

s64 area_touch(struct area *area)
{
	return for_each_lru_page(area, touch_page, true);
}

/* Off its list, the flag, and back to the list that is right then; a page that somebody has isolated is left alone. */
static void mlock_page(struct page *page, bool on)
{
	if (PageUnevictable(page) == on || isolate_lru_page(page))
		return;
	if (on) {
		ClearPageActive(page);
		SetPageUnevictable(page);
	} else {
		ClearPageUnevictable(page);
	}
	putback_lru_page(page);
}

s64 area_mlock(struct area *area, bool lock)
{
	if (READ_ONCE(area->kind) != AREA_ANON)
		return -EINVAL;
	/* So that the pages can be found on the lists. */
	lru_add_drain();
	return for_each_lru_page(area, mlock_page, lock);
}

/* ---- migration's side ------------------------------------------------------------------------------------------ */

/* The entry becomes one of @kind. True if the page is not mapped afterwards. */
static bool unmap_to(struct page *page, u64 kind)
{
	struct area *area = page_area(page);
	u64 index = READ_ONCE(page->index), pfn = page_to_pfn(page), pte;
	u32 refs = 0;

	BUG_ON(!PageLocked(page) || index >= area->size);
	spin_lock(&area->ptl);
	pte = area->pte[index];
	if ((pte & PTE_PRESENT) && pte_pfn(pte) == pfn) {
		area->pte[index] = make_pte(pfn, pte_order(pte), kind | (kind == PTE_MIGRATION ? pte & PTE_MAPPED : 0));
		refs = page_unmap(page, pte_order(pte), pte & PTE_MAPPED);
	}
	spin_unlock(&area->ptl);
	/* The isolation's reference is left, so none of these is the last one. */
	if (refs)
		point(anon, migration_entry, pfn);
	while (refs--)
		put_page(page);
	return !page_mapped(page);
}

bool try_to_migrate(struct page *page)
{
	return unmap_to(page, PTE_MIGRATION);
}

bool try_to_unmap_poison(struct page *page)
{
	return unmap_to(page, PTE_HWPOISON);
}

void remove_migration_ptes(struct page *src, struct page *dst)
{
	struct area *area = page_area(dst);
	u64 index = READ_ONCE(dst->index), pte;

	BUG_ON(index >= area->size);
	spin_lock(&area->ptl);
	pte = area->pte[index];
	if ((pte & PTE_MIGRATION) && pte_pfn(pte) == page_to_pfn(src)) {
		u32 refs = page_map(dst, pte_order(pte), pte & PTE_MAPPED);

		while (refs--)
			get_page(dst);
		area->pte[index] = make_pte(page_to_pfn(dst), pte_order(pte), PTE_PRESENT | (pte & PTE_MAPPED));
	}
	spin_unlock(&area->ptl);
	point(anon, migration_done, page_to_pfn(dst));
}
