/* SPDX-License-Identifier: MIT */
/* Laws of struct pages: states, conservation, LRU, poison, and the areas that use them. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/anon.h"
#include "core/mm/machine.h"
#include "core/rt/mem.h"

const char *law_page_links(void)
{
	return census.bad_link[0] ? census.bad_link : NULL;
}

const char *law_page_states(void)
{
	return census.bad_page[0] ? census.bad_page : NULL;
}

const char *law_page_conservation(void)
{
	if (census.lost_page[0])
		return census.lost_page;
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			const struct zone_census *zc = &census.zone[nid][idx];

			if (zc->buddy_pages + zc->used_pages + zc->reserved_pages != zc->online_pages)
				return broken("node %u zone %s: %llu free, %llu in use, %llu reserved, %llu online",
					      nid, zone_type_name(idx), (unsigned long long)zc->buddy_pages,
					      (unsigned long long)zc->used_pages,
					      (unsigned long long)zc->reserved_pages,
					      (unsigned long long)zc->online_pages);
		}
	}
	return NULL;
}

const char *law_page_lru(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		u64 listed = 0;

		for (u32 lru = 0; lru < NR_LRU_LISTS; lru++) {
			const struct list_head *head = &machine.nodes[nid].lruvec.lists[lru], *entry, *prev = head;

			/* A node that was never initialised. */
			if (!head->next)
				continue;
			for (entry = head->next; entry != head; prev = entry, entry = entry->next) {
				const struct page *page = container_of(entry, struct page, lru);

				if (!raw_page_live(page) || entry->prev != prev || !raw_page_flag(page, PG_lru) ||
				    page->_refcount.counter < 1)
					return broken("node %u: pfn %llu on LRU list %u is not an LRU page in use", nid,
						      (unsigned long long)page_to_pfn(page), lru);
				listed++;
			}
		}
		if (listed != census.lru_pages[nid])
			return broken("node %u: %llu pages on LRU lists, %llu flagged so", nid,
				      (unsigned long long)listed, (unsigned long long)census.lru_pages[nid]);
	}
	return NULL;
}

const char *law_page_isolated(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++)
		if (machine.nodes[nid].nr_isolated_anon.counter)
			return broken("node %u: NR_ISOLATED is %lld", nid,
				      (long long)machine.nodes[nid].nr_isolated_anon.counter);
	return NULL;
}

/* Poison is uninitialised to MSan, and read here all the same. */
static bool __attribute__((no_sanitize("memory"))) word_poisoned(const u64 *word)
{
	return *word == PAGE_POISON_PATTERN;
}

const char *law_page_poison(void)
{
	for (u64 nr = 0; nr < geometry.max_pfn / PAGES_PER_SECTION; nr++) {
		const struct mem_section *ms = raw_section(nr);
		u64 start = section_nr_to_pfn(nr), end = section_nr_to_pfn(nr + 1);

		if (!ms || !(ms->section_mem_map & SECTION_HAS_MEM_MAP) || (ms->section_mem_map & SECTION_IS_ONLINE) ||
		    !rt_memmap_live(pfn_to_page(start)))
			continue;
		for (const u64 *word = (const u64 *)pfn_to_page(start); word < (const u64 *)pfn_to_page(end); word++)
			if (!word_poisoned(word))
				return broken(
					"section %llu is offline, but the memmap of pfn %llu is not poisoned",
					(unsigned long long)nr,
					(unsigned long long)page_to_pfn((const struct page *)((u64)word & ~63ULL)));
	}
	return NULL;
}

/* What is wrong with entry @i of an area; NULL if nothing. */
static const char *entry_broken(const struct anon_area *area, u32 i)
{
	u64 pte = area->pte[i], pfn = pte >> 8;
	const struct page *page = pfn_to_page(pfn);

	if ((pte & 0xf) != PTE_PRESENT)
		return broken("area %u entry %u is %#llx at rest", area->id, i, (unsigned long long)pte);
	if (pfn >= geometry.max_pfn || !raw_pfn_online(pfn) || !raw_page_live(page))
		return broken("area %u entry %u maps pfn %llu, which is not online", area->id, i,
			      (unsigned long long)pfn);
	if (raw_page_buddy(page) || page->_refcount.counter < 1 + (s32)(area->pinned >> i & 1))
		return broken("area %u entry %u maps pfn %llu, which has %d references", area->id, i,
			      (unsigned long long)pfn, page->_refcount.counter);
	if (page->mapping && (page->mapping != ((u64)area | PAGE_MAPPING_ANON) || page->index != i))
		return broken("area %u entry %u maps pfn %llu, which belongs to %#llx entry %llu", area->id, i,
			      (unsigned long long)pfn, (unsigned long long)page->mapping,
			      (unsigned long long)page->index);
	return NULL;
}

const char *law_area_pages(void)
{
	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct anon_area *area = &machine.areas[slot];
		u32 used = 0;

		for (u32 i = 0; i < AREA_ENTRIES && used < area->used; i++) {
			const char *wrong = area->pte[i] ? entry_broken(area, i) : NULL;

			if (wrong)
				return wrong;
			used += area->pte[i] != 0;
		}
		if (used != area->used)
			return broken("area %u uses %u entries, %u are there", area->id, area->used, used);
	}
	return NULL;
}

const char *law_area_content(void)
{
	const u64 *content = (const u64 *)RT_CONTENT_BASE;

	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct anon_area *area = &machine.areas[slot];

		for (u32 i = 0; area->used && i < AREA_ENTRIES; i++) {
			u64 pfn = pte_pfn(area->pte[i]), nr = area->pte[i] ? BIT(pte_order(area->pte[i])) : 0;

			for (u64 k = 0; k < nr; k++)
				if (content[pfn + k] != area->stamp[i] + k)
					return broken("area %u entry %u: pfn %llu holds %#llx, its owner wrote %#llx",
						      area->id, i, (unsigned long long)(pfn + k),
						      (unsigned long long)content[pfn + k],
						      (unsigned long long)(area->stamp[i] + k));
		}
	}
	return NULL;
}
