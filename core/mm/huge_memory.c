/* SPDX-License-Identifier: MIT */
#include "core/mm/huge_memory.h"

#include "core/mm/anon.h"
#include "core/mm/hugetlb.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

/* ---- mapcounts ------------------------------------------------------------------------------------------------- */

static void account_mapped(const struct page *page, s64 nr_pages)
{
	if (!PageHuge(page))
		mod_node_page_state(NODE_DATA(page_to_nid(page)), NR_ANON_MAPPED, nr_pages);
}

u32 page_map(struct page *page, u32 order, bool ptes)
{
	page_access_check(page);
	account_mapped(page, (s64)BIT(order));
	if (order && !ptes) {
		atomic_set(&page[1].compound_mapcount, 0);
		return 1;
	}
	for (u64 i = 0; i < BIT(order); i++)
		atomic_set(&page[i]._mapcount, 0);
	return (u32)BIT(order);
}

u32 page_unmap(struct page *page, u32 order, bool ptes)
{
	page_access_check(page);
	account_mapped(page, -(s64)BIT(order));
	if (order && !ptes) {
		atomic_set(&page[1].compound_mapcount, -1);
		return 1;
	}
	for (u64 i = 0; i < BIT(order); i++)
		atomic_set(&page[i]._mapcount, -1);
	return (u32)BIT(order);
}

static s32 compound_mapcount(const struct page *head)
{
	return atomic_read(&head[1].compound_mapcount) + 1;
}

s32 page_mapcount(const struct page *page)
{
	s32 count;

	page_access_check(page);
	count = atomic_read(&page->_mapcount) + 1;
	if (PageCompound(page))
		count += compound_mapcount(compound_head(page));
	return count;
}

s32 total_mapcount(const struct page *page)
{
	const struct page *head = compound_head(page);
	u32 order = compound_order(head);
	s32 count = order ? compound_mapcount(head) : 0;

	BUG_ON(page != head);
	for (u64 i = 0; i < BIT(order); i++)
		count += atomic_read(&head[i]._mapcount) + 1;
	return count;
}

bool page_mapped(const struct page *page)
{
	return total_mapcount(page) > 0;
}

/* ---- splitting ------------------------------------------------------------------------------------------------- */

u32 split_huge_pmd(struct page *page)
{
	struct area *area = page_area(page);
	u64 index = READ_ONCE(page->index), pte;
	u32 added = 0;

	spin_lock(&area->ptl);
	pte = area->pte[index];
	if ((pte & PTE_PRESENT) && !(pte & PTE_MAPPED) && pte_order(pte) && pte_pfn(pte) == page_to_pfn(page)) {
		/* References before mappings: whoever compares the two must not find too few. */
		for (added = 0; added < BIT(pte_order(pte)) - 1; added++)
			get_page(page);
		page_unmap(page, pte_order(pte), false);
		page_map(page, pte_order(pte), true);
		area->pte[index] = pte | PTE_MAPPED;
	}
	spin_unlock(&area->ptl);
	return added;
}

/* Entries for all pieces but the first, or none. area->ptl held. */
static bool reserve_entries(struct area *area, u64 pfn, u64 nr, u64 stamp, u64 flags)
{
	u32 index = 0, room = 0;

	for (u32 i = 0; i < area->size && room < nr; i++)
		room += !area->pte[i];
	if (room < nr)
		return false;
	for (u64 k = 1; k <= nr; k++) {
		index = area_free_entry(area, index);
		area->pte[index] = make_pte(pfn + k, 0, flags);
		area->stamp[index] = stamp + k;
		area->used++;
		core_event(EVENT_split, area->id, 1);
		WRITE_ONCE(pfn_to_page(pfn + k)->index, index);
	}
	return true;
}

/* Each piece becomes a locked page like the head; nobody else can reach them: the head is frozen. */
static void split_pieces(struct page *page, u32 order, u64 mapping)
{
	const u64 kept = BIT(PG_swapbacked) | BIT(PG_active) | BIT(PG_unevictable) | BIT(PG_dirty) | BIT(PG_referenced);
	u64 flags = page_flags(page) & kept;

	WRITE_ONCE(page[1].private, 0);
	atomic_set(&page[1].compound_mapcount, 0);
	for (u64 i = 1; i < BIT(order); i++) {
		WRITE_ONCE(page[i].lru.next, NULL);
		WRITE_ONCE(page[i].mapping, mapping);
		page_change_flags(page + i, 0, flags | BIT(PG_locked));
	}
	ClearPageHead(page);
}

/*
 * Unmapped, only the isolation's reference is left. Frozen at that count nobody can take another, so the pages are ours
 * to change. (__split_huge_page, 6.1)
 */
static int split_unmapped(struct area *area, struct page *page, u32 order)
{
	u64 index = READ_ONCE(page->index), pfn = page_to_pfn(page), pte;
	int ret = 0;

	spin_lock(&area->ptl);
	pte = area->pte[index];
	if (!page_ref_freeze(page, 1)) {
		ret = -EBUSY;
	} else {
		if (!(pte & PTE_MIGRATION) || pte_pfn(pte) != pfn)
			; /* its owner has freed it: no entries to divide */
		else if (reserve_entries(area, pfn, BIT(order) - 1, area->stamp[index], PTE_MIGRATION))
			area->pte[index] = make_pte(pfn, 0, PTE_MIGRATION);
		else
			ret = -EAGAIN;
		if (!ret)
			split_pieces(page, order, READ_ONCE(page->mapping));
		page_ref_unfreeze(page, 1);
	}
	spin_unlock(&area->ptl);
	return ret;
}

int split_huge_page_to_list(struct page *page, struct list_head *list)
{
	struct area *area = page_area(page);
	u32 order = compound_order(page);
	int ret;

	BUG_ON(!PageLocked(page) || !order);
	point(huge, split, page_to_pfn(page));
	try_to_migrate(page);
	ret = split_unmapped(area, page, order);
	remove_migration_ptes(page, page);
	for (u64 i = 1; !ret && i < BIT(order); i++) {
		set_page_count(page + i, 1);
		remove_migration_ptes(page + i, page + i);
		unlock_page(page + i);
		if (list)
			list_add_tail(&page[i].lru, list);
		else
			putback_lru_page(page + i);
	}
	return ret;
}
