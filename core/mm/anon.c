/* SPDX-License-Identifier: MIT */
#include "core/mm/anon.h"

#include "core/mm/buddy.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

/* ---- content --------------------------------------------------------------------------------------------------- */

static u64 *page_content(u64 pfn)
{
	return (u64 *)RT_CONTENT_BASE + pfn;
}

/* Marked: loads and stores of user space are not for the race detector; what they lose, the stamps tell. */
u64 page_content_read(u64 pfn)
{
	return READ_ONCE(*page_content(pfn));
}

void page_content_write(u64 pfn, u64 stamp)
{
	WRITE_ONCE(*page_content(pfn), stamp);
}

/* ---- areas ----------------------------------------------------------------------------------------------------- */

struct anon_area *anon_area(u32 slot)
{
	BUG_ON(slot >= OP_SLOTS);
	return &machine.areas[slot];
}

void anon_areas_init(void)
{
	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		struct anon_area *area = anon_area(slot);

		mutex_init(&area->lock, LOCK_mmap);
		spin_lock_init(&area->ptl, LOCK_ptl);
		area->id = slot;
	}
}

static u64 make_pte(u64 pfn, u32 order, u64 flags)
{
	return pfn << 8 | (u64)order << 4 | flags;
}

/*
 * The entry, once it does not migrate. It may begin to again unless the caller holds ptl, which is held on return if
 * the entry is present. The ticket is taken before the second look at the entry, under ptl: while a migration entry is
 * there, its page is locked and cannot go away, and unlocking it wakes the holders of tickets.
 */
static u64 lock_stable_pte(struct anon_area *area, u32 index)
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
		if (!pte)
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

/* ptl held, so that the page stays where it is. */
static void verify_entry(const struct anon_area *area, u32 index, u64 pte)
{
	for (u64 k = 0; k < BIT(pte_order(pte)); k++) {
		u64 pfn = pte_pfn(pte) + k, found = page_content_read(pfn), want = area->stamp[index] + k;

		if (unlikely(found != want))
			rt_fail(VERDICT_invariant, "page content lost",
				"slot %u entry %u: pfn %llu holds %#llx, its user wrote %#llx", area->id, index,
				(unsigned long long)pfn, (unsigned long long)found, (unsigned long long)want);
	}
}

/* The stamps of no two allocations of a run are alike, nor those of an allocation's pages. */
static u64 next_stamp(struct anon_area *area)
{
	area->last_stamp += BIT(16);
	return (u64)(area->id + 1) << 56 | area->last_stamp;
}

/* The owner writes to its page. ptl held. */
static void rewrite_entry(struct anon_area *area, u32 index, u64 pte)
{
	u64 stamp = next_stamp(area);

	for (u64 k = 0; k < BIT(pte_order(pte)); k++)
		page_content_write(pte_pfn(pte) + k, stamp + k);
	area->stamp[index] = stamp;
}

/* ---- alloc ----------------------------------------------------------------------------------------------------- */

static void map_page(struct anon_area *area, u32 index, struct page *page, u32 order, bool movable)
{
	u64 pfn = page_to_pfn(page), stamp = next_stamp(area);

	for (u64 k = 0; k < BIT(order); k++)
		page_content_write(pfn + k, stamp + k);
	spin_lock(&area->ptl);
	area->stamp[index] = stamp;
	if (movable) {
		WRITE_ONCE(page->index, index);
		WRITE_ONCE(page->mapping, (u64)area | PAGE_MAPPING_ANON);
		atomic_set(&page->_mapcount, 0);
		lru_cache_add(page);
	}
	area->pte[index] = make_pte(pfn, order, PTE_PRESENT);
	spin_unlock(&area->ptl);
	area->used++;
	point(anon, mapped, pfn);
}

/* The first free entry; AREA_ENTRIES if there is none. */
static u32 find_free_entry(struct anon_area *area)
{
	u32 index;

	spin_lock(&area->ptl);
	for (index = 0; index < AREA_ENTRIES && area->pte[index]; index++)
		;
	spin_unlock(&area->ptl);
	return index;
}

s64 anon_alloc(struct anon_area *area, u32 order, u32 count, u32 mt)
{
	/* All CPUs are on node 0. */
	struct alloc_request req = {.order = order, .mt = mt, .movable_zone = mt == MIGRATE_MOVABLE, .nid = 0};
	u32 done;

	mutex_lock(&area->lock);
	for (done = 0; done < count && area->used < AREA_ENTRIES; done++) {
		struct page *page = alloc_pages(&req);

		if (!page)
			break;
		map_page(area, find_free_entry(area), page, order, mt == MIGRATE_MOVABLE);
	}
	mutex_unlock(&area->lock);
	return done ? (s64)done : -ENOMEM;
}

/* ---- free, pin, verify ----------------------------------------------------------------------------------------- */

/* ptl held; dropped. */
static void unmap_entry(struct anon_area *area, u32 index, u64 pte)
{
	struct page *page = pfn_to_page(pte_pfn(pte));
	/* Unmovable and reclaimable pages are unknown to rmap. */
	bool mapped = READ_ONCE(page->mapping) != 0;

	verify_entry(area, index, pte);
	area->pte[index] = 0;
	if (mapped)
		atomic_set(&page->_mapcount, -1);
	spin_unlock(&area->ptl);
	point(anon, unmapped, pte_pfn(pte));
	if (mapped)
		put_page(page);
	else
		__free_pages(page, pte_order(pte));
}

s64 anon_free(struct anon_area *area)
{
	s64 done = 0;

	mutex_lock(&area->lock);
	if (area->pinned) {
		mutex_unlock(&area->lock);
		return -EINVAL;
	}
	for (u32 index = 0; index < AREA_ENTRIES && area->used; index++) {
		u64 pte = lock_stable_pte(area, index);

		if (!pte)
			continue;
		unmap_entry(area, index, pte);
		area->used--;
		done++;
	}
	mutex_unlock(&area->lock);
	return done;
}

s64 anon_pin(struct anon_area *area)
{
	s64 done = 0;

	mutex_lock(&area->lock);
	if (area->pinned || !area->used) {
		mutex_unlock(&area->lock);
		return -EINVAL;
	}
	for (u32 index = 0; index < AREA_ENTRIES && done < area->used; index++) {
		u64 pte = lock_stable_pte(area, index);

		if (!pte)
			continue;
		get_page(pfn_to_page(pte_pfn(pte)));
		spin_unlock(&area->ptl);
		area->pinned |= BIT(index);
		point(anon, pinned, pte_pfn(pte));
		done++;
	}
	mutex_unlock(&area->lock);
	return done;
}

/* The entry of a pinned page keeps its pfn: migration finds the reference and turns the entry back. */
s64 anon_unpin(struct anon_area *area)
{
	s64 done = 0;

	mutex_lock(&area->lock);
	for (u32 index = 0; index < AREA_ENTRIES; index++) {
		u64 pte;

		if (!(area->pinned & BIT(index)))
			continue;
		spin_lock(&area->ptl);
		pte = area->pte[index];
		spin_unlock(&area->ptl);
		area->pinned &= ~BIT(index);
		put_page(pfn_to_page(pte_pfn(pte)));
		done++;
	}
	mutex_unlock(&area->lock);
	return done ? done : -EINVAL;
}

s64 anon_verify(struct anon_area *area)
{
	s64 done = 0;

	mutex_lock(&area->lock);
	for (u32 index = 0; index < AREA_ENTRIES && done < area->used; index++) {
		u64 pte = lock_stable_pte(area, index);

		if (!pte)
			continue;
		verify_entry(area, index, pte);
		rewrite_entry(area, index, pte);
		spin_unlock(&area->ptl);
		done++;
	}
	mutex_unlock(&area->lock);
	return done;
}

/* ---- migration's side ------------------------------------------------------------------------------------------ */

static struct anon_area *page_area(const struct page *page)
{
	u64 mapping = READ_ONCE(page->mapping);

	BUG_ON(!(mapping & PAGE_MAPPING_ANON));
	return (struct anon_area *)(mapping & ~PAGE_MAPPING_FLAGS);
}

bool try_to_migrate(struct page *page)
{
	struct anon_area *area = page_area(page);
	u64 index = READ_ONCE(page->index), pfn = page_to_pfn(page), pte;
	bool mapped;

	BUG_ON(!PageLocked(page) || index >= AREA_ENTRIES);
	spin_lock(&area->ptl);
	pte = area->pte[index];
	mapped = (pte & PTE_PRESENT) && pte_pfn(pte) == pfn;
	if (mapped) {
		area->pte[index] = make_pte(pfn, pte_order(pte), PTE_MIGRATION);
		atomic_set(&page->_mapcount, -1);
	}
	spin_unlock(&area->ptl);
	/* The isolation's reference is left, so this is not the last one. */
	if (mapped) {
		point(anon, migration_entry, pfn);
		put_page(page);
	}
	return page_mapcount(page) == 0;
}

void remove_migration_ptes(struct page *src, struct page *dst)
{
	struct anon_area *area = page_area(dst);
	u64 index = READ_ONCE(dst->index), pte;

	BUG_ON(index >= AREA_ENTRIES);
	spin_lock(&area->ptl);
	pte = area->pte[index];
	if ((pte & PTE_MIGRATION) && pte_pfn(pte) == page_to_pfn(src)) {
		get_page(dst);
		atomic_set(&dst->_mapcount, 0);
		area->pte[index] = make_pte(page_to_pfn(dst), pte_order(pte), PTE_PRESENT);
	}
	spin_unlock(&area->ptl);
	point(anon, migration_done, page_to_pfn(dst));
}
