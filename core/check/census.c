/* SPDX-License-Identifier: MIT */
#include "core/check/census.h"

#include "core/mm/anon.h"

#include <stdarg.h>
#include <stdio.h>

struct census census;
struct census_shifts census_shifts;

void census_shifts_init(void)
{
	census_shifts.section = (u32)__builtin_ctz(PAGES_PER_SECTION);
	census_shifts.pageblock = pageblock_order;
}

/* Keeps the first contradiction only: later ones follow from it. */
static void __attribute__((format(printf, 2, 3))) note(char *buf, const char *fmt, ...)
{
	va_list args;

	if (buf[0])
		return;
	va_start(args, fmt);
	vsnprintf(buf, sizeof(census.bad_list), fmt, args);
	va_end(args);
}

/* ---- free lists ------------------------------------------------------------------------------------------------ */

static void take_list(const struct zone *zone, u32 order, u32 mt)
{
	struct zone_census *zc = &census.zone[zone->node][zone->idx];
	const struct list_head *head = &zone->free_area[order].free_list[mt], *entry, *prev = head;
	const char *name = zone_type_name(zone->idx);

	for (entry = head->next; entry != head; prev = entry, entry = entry->next) {
		const struct page *page = container_of(entry, struct page, lru);
		u64 pfn = page_to_pfn(page);

		if (!raw_page_live(page)) {
			note(census.bad_list, "zone %s order %u type %u lists pfn %llu, which is not online", name,
			     order, mt, (unsigned long long)pfn);
			return;
		}
		if (entry->prev != prev || !raw_page_buddy(page) || page->private != order || pfn & (BIT(order) - 1)) {
			note(census.bad_list,
			     "zone %s order %u type %u: pfn %llu is listed but no free block of that order", name,
			     order, mt, (unsigned long long)pfn);
			return;
		}
		if (raw_page_zonenum(page) != zone->idx || raw_page_nid(page) != zone->node)
			note(census.bad_link, "pfn %llu is listed in node %u zone %s but links to node %u zone %s",
			     (unsigned long long)pfn, zone->node, name, raw_page_nid(page),
			     zone_type_name(raw_page_zonenum(page)));
		if ((mt == MIGRATE_ISOLATE) != (raw_pageblock_type(pfn) == MIGRATE_ISOLATE))
			note(census.bad_type, "pfn %llu is on the list of type %u, its pageblock has type %u",
			     (unsigned long long)pfn, mt, raw_pageblock_type(pfn));
		zc->listed[order]++;
		zc->listed_pages += BIT(order);
		if (mt == MIGRATE_ISOLATE)
			zc->isolated_pages += BIT(order);
	}
}

static void take_free_lists(const struct zone *zone)
{
	for (u32 order = 0; order <= geometry.max_order; order++)
		for (u32 mt = 0; mt < MIGRATE_TYPES; mt++)
			take_list(zone, order, mt);
}

/* ---- pages ----------------------------------------------------------------------------------------------------- */

/* A free block: everything behind its head must be a plain frozen page. Returns its length. */
static u64 take_buddy(const struct page *page, struct zone_census *zc)
{
	u64 pfn = page_to_pfn(page), order = page->private;
	u32 busy = 0;

	if (order > geometry.max_order || pfn & (BIT(order) - 1)) {
		note(census.bad_page, "free block at pfn %llu has order %llu", (unsigned long long)pfn,
		     (unsigned long long)order);
		return 1;
	}
	if (page->_refcount.counter || raw_page_flag(page, PG_lru) || raw_page_flag(page, PG_reserved) ||
	    raw_page_flag(page, PG_head))
		note(census.bad_page, "free block at pfn %llu has references %d, flags %#llx", (unsigned long long)pfn,
		     page->_refcount.counter, (unsigned long long)page->flags);
	zc->buddies[order]++;
	zc->buddy_pages += BIT(order);
	for (u64 i = pageblock_nr_pages; i < BIT(order); i += pageblock_nr_pages)
		if ((raw_pageblock_type(pfn + i) == MIGRATE_ISOLATE) != (raw_pageblock_type(pfn) == MIGRATE_ISOLATE))
			note(census.bad_block, "free block at pfn %llu order %llu: its pageblocks have types %u and %u",
			     (unsigned long long)pfn, (unsigned long long)order, raw_pageblock_type(pfn),
			     raw_pageblock_type(pfn + i));
	for (u64 i = 1; i < BIT(order); i++)
		busy |= (u32)page[i]._refcount.counter | ~(u32)page[i]._mapcount.counter;
	if (busy)
		note(census.bad_page, "a page inside the free block at pfn %llu order %llu is free or in use itself",
		     (unsigned long long)pfn, (unsigned long long)order);
	return BIT(order);
}

/*
 * Allocations of several pages that are not compound: only the first has a reference, and their length is known to the
 * area that owns them alone.
 */
static struct {
	u64 pfn[OP_SLOTS * AREA_ENTRIES], nr_pages[OP_SLOTS * AREA_ENTRIES];
	u32 count;
} multi;

static void take_areas(void)
{
	multi.count = 0;
	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct anon_area *area = &machine.areas[slot];

		for (u32 i = 0; area->used && i < AREA_ENTRIES; i++) {
			if (!area->pte[i] || !pte_order(area->pte[i]))
				continue;
			multi.pfn[multi.count] = pte_pfn(area->pte[i]);
			multi.nr_pages[multi.count++] = BIT(pte_order(area->pte[i]));
		}
	}
}

static u64 allocation_length(u64 pfn)
{
	for (u32 i = 0; i < multi.count; i++)
		if (multi.pfn[i] == pfn)
			return multi.nr_pages[i];
	return 1;
}

/* An online page that is not the head of a free block. Returns how many pages it stands for: its whole allocation. */
static u64 take_other(const struct page *page, struct zone_census *zc, u64 end_pfn)
{
	u64 pfn = page_to_pfn(page), nr = 1;

	if (raw_page_flag(page, PG_reserved)) {
		zc->reserved_pages++;
		return 1;
	}
	if (page->_refcount.counter <= 0) {
		note(census.lost_page, "pfn %llu has %d references but is not free: flags %#llx, private %llu",
		     (unsigned long long)pfn, page->_refcount.counter, (unsigned long long)page->flags,
		     (unsigned long long)page->private);
		return 1;
	}
	if (raw_page_flag(page, PG_head))
		while (pfn + nr < end_pfn && (u64)page[nr].lru.next == ((u64)page | 1))
			nr++;
	else
		nr = min(allocation_length(pfn), end_pfn - pfn);
	zc->used_pages += nr;
	census.lru_pages[raw_page_nid(page) % MAX_NODES] += raw_page_flag(page, PG_lru);
	return nr;
}

static void take_pageblock_types(u64 start_pfn, u64 end_pfn, struct zone_census *zc)
{
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn += pageblock_nr_pages) {
		enum migratetype mt = raw_pageblock_type(pfn);

		zc->isolated_pageblocks += mt == MIGRATE_ISOLATE;
		if (mt >= MIGRATE_PCPTYPES)
			note(census.isolated, "pageblock at pfn %llu has type %u", (unsigned long long)pfn, mt);
	}
}

static void take_section(u64 start_pfn, u64 end_pfn, bool early)
{
	const struct page *first = pfn_to_page(start_pfn);
	u32 nid = raw_page_nid(first), idx = raw_page_zonenum(first);
	struct zone_census *zc;

	if (nid >= MAX_NODES || idx >= MAX_NR_ZONES) {
		note(census.bad_link, "pfn %llu is online but links to node %u zone %u", (unsigned long long)start_pfn,
		     nid, idx);
		return;
	}
	zc = &census.zone[nid][idx];
	if (zc->first_pfn > zc->last_pfn)
		zc->first_pfn = start_pfn;
	zc->last_pfn = end_pfn - 1;
	zc->online_pages += end_pfn - start_pfn;
	if (early)
		zc->early_pages += end_pfn - start_pfn;
	take_pageblock_types(start_pfn, end_pfn, zc);
	for (u64 pfn = start_pfn; pfn < end_pfn;) {
		const struct page *page = pfn_to_page(pfn);

		if (raw_page_zonenum(page) != idx || raw_page_nid(page) != nid)
			note(census.bad_link, "pfn %llu links to node %u zone %u, its section to node %u zone %u",
			     (unsigned long long)pfn, raw_page_nid(page), raw_page_zonenum(page), nid, idx);
		pfn += raw_page_buddy(page) ? take_buddy(page, zc) : take_other(page, zc, end_pfn);
	}
}

/* As far as the machine has nodes: laws look at no others. */
static void census_clear(void)
{
	for (u64 *word = (u64 *)census.zone; word < (u64 *)(census.zone + machine_config.nodes); word++)
		*word = 0;
	for (u32 nid = 0; nid < MAX_NODES; nid++)
		census.lru_pages[nid] = 0;
	census.bad_list[0] = census.bad_page[0] = census.bad_link[0] = census.bad_type[0] = 0;
	census.bad_block[0] = census.isolated[0] = census.lost_page[0] = 0;
}

void census_take(void)
{
	u64 sections;

	census_clear();
	take_areas();
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			const struct zone *zone = &machine.nodes[nid].node_zones[idx];

			census.zone[nid][idx].first_pfn = 1;
			if (zone->initialized)
				take_free_lists(zone);
		}
	}
	sections = geometry.max_pfn >> census_shifts.section;
	for (u64 nr = 0; nr < sections; nr++) {
		const struct mem_section *ms = raw_section(nr);

		if (ms && (ms->section_mem_map & SECTION_IS_ONLINE) && ms->usage &&
		    rt_memmap_live(pfn_to_page(section_nr_to_pfn(nr))))
			take_section(section_nr_to_pfn(nr), section_nr_to_pfn(nr + 1),
				     ms->section_mem_map & SECTION_IS_EARLY);
	}
}
