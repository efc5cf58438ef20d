/* SPDX-License-Identifier: MIT */
/* Laws of struct pages: states, conservation, LRU, poison, and the areas that use them. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/area.h"
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

const char *law_page_tails(void)
{
	return census.bad_tail[0] ? census.bad_tail : NULL;
}

const char *law_page_conservation(void)
{
	if (census.lost_page[0])
		return census.lost_page;
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			const struct zone_census *zc = &census.zone[nid][idx];

			if (zc->buddy_pages + zc->pcp_pages + zc->used_pages + zc->pool_pages + zc->poisoned_pages +
				    zc->reserved_pages + zc->unplugged_pages !=
			    zc->online_pages)
				return broken(
					"node %u zone %s: %llu free, %llu on per-CPU lists, %llu in use, %llu "
					"in the pool, %llu poisoned, %llu reserved, %llu unplugged, %llu online",
					nid, zone_type_name(idx), (unsigned long long)zc->buddy_pages,
					(unsigned long long)zc->pcp_pages, (unsigned long long)zc->used_pages,
					(unsigned long long)zc->pool_pages, (unsigned long long)zc->poisoned_pages,
					(unsigned long long)zc->reserved_pages, (unsigned long long)zc->unplugged_pages,
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

/* Pages of a node's LRU list, by zone. */
static void count_lru(const pg_data_t *pgdat, u32 lru, s64 *pages)
{
	const struct list_head *head = &pgdat->lruvec.lists[lru];

	for (const struct list_head *entry = head->next; entry && entry != head; entry = entry->next) {
		const struct page *page = container_of(entry, struct page, lru);
		u32 order = raw_page_flag(page, PG_head) ? (u32)page[1].private : 0;

		pages[raw_page_zonenum(page)] += (s64)BIT(order);
	}
}

const char *law_lru_counters(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		const pg_data_t *pgdat = &machine.nodes[nid];

		for (u32 lru = 0; lru < NR_LRU_LISTS; lru++) {
			s64 pages[MAX_NR_ZONES] = {0}, sum = 0;

			count_lru(pgdat, lru, pages);
			for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
				s64 counted = raw_zone_stat(&pgdat->node_zones[idx], NR_ZONE_INACTIVE_ANON + lru);

				sum += pages[idx];
				if (counted != pages[idx])
					return broken("node %u zone %s: %s is %lld, %lld pages are on the list", nid,
						      zone_type_name(idx), zone_stat_name(NR_ZONE_INACTIVE_ANON + lru),
						      (long long)counted, (long long)pages[idx]);
			}
			if (raw_node_stat(pgdat, NR_INACTIVE_ANON + lru) != sum)
				return broken("node %u: %s is %lld, %lld pages are on the list", nid,
					      node_stat_name(NR_INACTIVE_ANON + lru),
					      (long long)raw_node_stat(pgdat, NR_INACTIVE_ANON + lru), (long long)sum);
		}
	}
	return NULL;
}

const char *law_page_isolated(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		const pg_data_t *pgdat = &machine.nodes[nid];
		s64 anon = raw_node_stat(pgdat, NR_ISOLATED_ANON), file = raw_node_stat(pgdat, NR_ISOLATED_FILE);

		if (anon || file)
			return broken("node %u: NR_ISOLATED_ANON %lld, NR_ISOLATED_FILE %lld at rest", nid,
				      (long long)anon, (long long)file);
	}
	return NULL;
}

/* Poison is uninitialised to MSan, and read here all the same. */
static bool __attribute__((no_sanitize("memory"))) word_poisoned(const u64 *word)
{
	return *word == PAGE_POISON_PATTERN;
}

/* Struct pages of [start, end) that are not poison, the first; NULL: all are. */
static const struct page *not_poisoned(const struct page *start, const struct page *end)
{
	for (const u64 *word = (const u64 *)start; word < (const u64 *)end; word++)
		if (!word_poisoned(word))
			return (const struct page *)((u64)word & ~63ULL);
	return NULL;
}

const char *law_page_poison(void)
{
	for (u64 nr = 0; nr < geometry.max_pfn / PAGES_PER_SECTION; nr++) {
		const struct mem_section *ms = raw_section(nr);
		const struct page *page = pfn_to_page(section_nr_to_pfn(nr)), *bad;
		u64 map, devices;

		if (!ms || !(ms->section_mem_map & SECTION_HAS_MEM_MAP) || (ms->section_mem_map & SECTION_IS_ONLINE) ||
		    !ms->usage)
			continue;
		devices = device_subsections(nr);
		map = ms->usage->subsection_map & ~devices;
		for (; map; map >>= 1, page += PAGES_PER_SUBSECTION) {
			bad = map & 1 && rt_memmap_live(page) ? not_poisoned(page, page + PAGES_PER_SUBSECTION) : NULL;
			if (bad)
				return broken("section %llu is offline, but the memmap of pfn %llu is not poisoned",
					      (unsigned long long)nr, (unsigned long long)page_to_pfn(bad));
		}
	}
	return NULL;
}

/* What is wrong with entry @i of an area; NULL if nothing. */
static const char *entry_broken(const struct area *area, u32 i)
{
	u64 pte = area->pte[i], pfn = pte >> 8;
	const struct page *page = pfn_to_page(pfn);
	u64 mapping = (u64)area | (area->kind == AREA_ANON || area->kind == AREA_HUGETLB ? PAGE_MAPPING_ANON
				   : area->kind == AREA_BALLOON                          ? PAGE_MAPPING_MOVABLE
											 : 0);

	if ((pte & 0xf) == PTE_HWPOISON)
		return NULL;
	if ((pte & 0xf & ~PTE_MAPPED) != PTE_PRESENT)
		return broken("area %u entry %u is %#llx at rest", area->id, i, (unsigned long long)pte);
	if (pfn >= geometry.max_pfn || !raw_pfn_online(pfn) || !raw_page_live(page))
		return broken("area %u entry %u maps pfn %llu, which is not online", area->id, i,
			      (unsigned long long)pfn);
	if (raw_page_buddy(page) || page->_refcount.counter < area_references(area, i))
		return broken("area %u entry %u maps pfn %llu, which has %d references", area->id, i,
			      (unsigned long long)pfn, page->_refcount.counter);
	if (page->mapping && (page->mapping != mapping || page->index != i))
		return broken("area %u entry %u maps pfn %llu, which belongs to %#llx entry %llu", area->id, i,
			      (unsigned long long)pfn, (unsigned long long)page->mapping,
			      (unsigned long long)page->index);
	return NULL;
}

const char *law_area_pages(void)
{
	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct area *area = &machine.areas[slot];
		u32 used = 0;

		for (u32 i = 0; i < area->size && used < area->used; i++) {
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
		const struct area *area = &machine.areas[slot];

		for (u32 i = 0; area->used && i < area->size; i++) {
			u64 pfn = pte_pfn(area->pte[i]),
			    nr = area->pte[i] & PTE_PRESENT ? BIT(pte_order(area->pte[i])) : 0;

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
