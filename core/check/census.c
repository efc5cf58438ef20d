/* SPDX-License-Identifier: MIT */
#include "core/check/census.h"

#include "core/check/scratch.h"
#include "core/mm/area.h"
#include "core/mm/lru.h"
#include "core/mm/pcp.h"
#include "core/mm/topology.h"
#include "core/rt/cpu.h"
#include "core/rt/report.h"

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
		if ((mt == MIGRATE_CMA) != (raw_pageblock_type(pfn) == MIGRATE_CMA))
			note(census.bad_cma, "pfn %llu is on the list of type %u, its pageblock has type %u",
			     (unsigned long long)pfn, mt, raw_pageblock_type(pfn));
		zc->listed[order]++;
		zc->listed_pages += BIT(order);
		if (mt == MIGRATE_ISOLATE)
			zc->isolated_pages += BIT(order);
		if (mt == MIGRATE_CMA)
			zc->cma_pages += BIT(order);
	}
}

static void take_free_lists(const struct zone *zone)
{
	for (u32 order = 0; order <= geometry.max_order; order++)
		for (u32 mt = 0; mt < MIGRATE_TYPES; mt++)
			take_list(zone, order, mt);
}

/* ---- per-CPU lists --------------------------------------------------------------------------------------------- */

/* Which pages are on per-CPU lists: an open hash by pfn, valid for the census that filled it. */
struct pcp_entry {
	u64 pfn, taken;
	u32 order;
};
static struct {
	struct scratch memory[2]; /* the other one is for the next size */
	struct pcp_entry *entry;
	u64 size, used, taken, grown;
} pcp_set;

static struct pcp_entry *pcp_slot(u64 pfn)
{
	u64 at = pfn * 0x9e3779b97f4a7c15ULL;

	for (at &= pcp_set.size - 1; pcp_set.entry[at].taken == pcp_set.taken && pcp_set.entry[at].pfn != pfn;)
		at = (at + 1) & (pcp_set.size - 1);
	return &pcp_set.entry[at];
}

static void pcp_set_put(u64 pfn, u32 order)
{
	struct pcp_entry *slot = pcp_slot(pfn);

	slot->pfn = pfn;
	slot->taken = pcp_set.taken;
	slot->order = order;
}

static void pcp_set_grow(void)
{
	const struct pcp_entry *old = pcp_set.entry;
	u64 size = pcp_set.size;

	pcp_set.size = size ? 2 * size : 1024;
	pcp_set.entry = scratch_reserve(&pcp_set.memory[pcp_set.grown++ % 2], pcp_set.size * sizeof(*pcp_set.entry));
	for (u64 i = 0; i < pcp_set.size; i++)
		pcp_set.entry[i].taken = 0;
	for (u64 i = 0; i < size; i++)
		if (old[i].taken == pcp_set.taken)
			pcp_set_put(old[i].pfn, old[i].order);
}

static void pcp_set_add(u64 pfn, u32 order)
{
	if (pcp_set.used * 2 >= pcp_set.size)
		pcp_set_grow();
	pcp_set_put(pfn, order);
	pcp_set.used++;
}

bool census_pcp_page(u64 pfn, u32 *order)
{
	const struct pcp_entry *slot = pcp_set.used ? pcp_slot(pfn) : NULL;

	if (!slot || slot->taken != pcp_set.taken)
		return false;
	*order = slot->order;
	return true;
}

static u32 pcp_list_order(u32 list)
{
	return list >= MIGRATE_PCPTYPES * (geometry.costly_order + 1) ? pageblock_order : list / MIGRATE_PCPTYPES;
}

static void take_pcp_list(const struct zone *zone, const struct per_cpu_pages *pcp, u32 cpu, u32 list, s64 *count)
{
	const struct list_head *head = &pcp->lists[list], *prev = head;
	u32 order = pcp_list_order(list);

	for (const struct list_head *entry = head->next; entry != head; prev = entry, entry = entry->next) {
		const struct page *page = container_of(entry, struct page, lru);
		u64 pfn = page_to_pfn(page);

		if (!raw_page_live(page) || entry->prev != prev || raw_page_zonenum(page) != zone->idx ||
		    raw_page_nid(page) != zone->node || page->_refcount.counter || raw_page_buddy(page) ||
		    page->index >= MIGRATE_ISOLATE) {
			note(census.bad_pcp,
			     "zone %s cpu %u list %u: pfn %llu is listed but no page of the zone without users",
			     zone_type_name(zone->idx), cpu, list, (unsigned long long)pfn);
			return;
		}
		pcp_set_add(pfn, order);
		*count += (s64)BIT(order);
	}
}

/* Of zones without pages nothing may be there: they share lists. */
static void take_pcp(const struct zone *zone)
{
	for (u32 cpu = 0; zone->per_cpu_pageset && cpu < machine_config.cpus; cpu++) {
		const struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, cpu);
		s64 count = 0;

		for (u32 list = 0; list < MIGRATE_PCPTYPES * (geometry.costly_order + 1) + 2; list++)
			take_pcp_list(zone, pcp, cpu, list, &count);
		if (count != pcp->count)
			note(census.bad_pcp, "zone %s cpu %u: count %d, %lld pages are on its lists",
			     zone_type_name(zone->idx), cpu, pcp->count, (long long)count);
		census.zone[zone->node][zone->idx].pcp_pages += (u64)count;
	}
}

u32 census_batch_references(const struct page *page)
{
	u32 references = 0;

	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
		const struct lru_batch *batch = per_cpu_ptr(machine.lru_batches, cpu);

		for (u32 i = 0; i < batch->nr; i++)
			references += batch->page[i] == page;
	}
	return references;
}

s64 raw_zone_stat(const struct zone *zone, u32 item)
{
	s64 sum = zone->vm_stat[item].counter;

	/* A cleared node has no counters. */
	for (u32 cpu = 0; zone->per_cpu_zonestats && cpu < machine_config.cpus; cpu++)
		sum += per_cpu_ptr(zone->per_cpu_zonestats, cpu)->vm_stat_diff[item];
	return sum;
}

s64 raw_node_stat(const pg_data_t *pgdat, u32 item)
{
	s64 sum = pgdat->vm_stat[item].counter;

	for (u32 cpu = 0; pgdat->per_cpu_nodestats && cpu < machine_config.cpus; cpu++)
		sum += per_cpu_ptr(pgdat->per_cpu_nodestats, cpu)->vm_node_stat_diff[item];
	return sum;
}

/* ---- pages ----------------------------------------------------------------------------------------------------- */

/*
 * Two free blocks of one order that are the halves of a larger one. Within a pageblock only: how those of pageblocks
 * merge depends on the types that these had when they were freed.
 */
static void take_unmerged(u64 pfn, u64 order)
{
	u64 other = pfn ^ BIT(order);
	const struct page *page = pfn_to_page(other);

	if (order >= pageblock_order || !(pfn & BIT(order)) || !raw_pfn_online(other) || !raw_page_buddy(page))
		return;
	if (page->private == order && page->flags >> ZONES_PGSHIFT == pfn_to_page(pfn)->flags >> ZONES_PGSHIFT)
		note(census.unmerged, "free blocks at pfn %llu and %llu of order %llu are not merged",
		     (unsigned long long)other, (unsigned long long)pfn, (unsigned long long)order);
}

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
	    raw_page_flag(page, PG_head) || (u32)page->_mapcount.counter != ~PG_TYPE_buddy)
		note(census.bad_page, "free block at pfn %llu has references %d, flags %#llx", (unsigned long long)pfn,
		     page->_refcount.counter, (unsigned long long)page->flags);
	zc->buddies[order]++;
	zc->buddy_pages += BIT(order);
	for (u64 i = pageblock_nr_pages; i < BIT(order); i += pageblock_nr_pages)
		if ((raw_pageblock_type(pfn + i) == MIGRATE_ISOLATE) != (raw_pageblock_type(pfn) == MIGRATE_ISOLATE))
			note(census.bad_block, "free block at pfn %llu order %llu: its pageblocks have types %u and %u",
			     (unsigned long long)pfn, (unsigned long long)order, raw_pageblock_type(pfn),
			     raw_pageblock_type(pfn + i));
	take_unmerged(pfn, order);
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
	struct scratch memory;
	struct multi {
		u64 pfn, nr_pages;
	} * entry;
	u32 count;
} multi;

static void multi_add(u64 pfn, u64 nr_pages)
{
	multi.entry = scratch_reserve(&multi.memory, (multi.count + 1) * sizeof(*multi.entry));
	multi.entry[multi.count].pfn = pfn;
	multi.entry[multi.count++].nr_pages = nr_pages;
}

static void take_areas(void)
{
	multi.count = 0;
	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct area *area = &machine.areas[slot];

		for (u32 i = 0; area->used && i < area->size; i++) {
			if (!(area->pte[i] & PTE_PRESENT) || !pte_order(area->pte[i]))
				continue;
			multi_add(pte_pfn(area->pte[i]), BIT(pte_order(area->pte[i])));
		}
	}
}

static u64 allocation_length(u64 pfn)
{
	for (u32 i = 0; i < multi.count; i++)
		if (multi.entry[i].pfn == pfn)
			return multi.entry[i].nr_pages;
	return 1;
}

/* The length of a compound page: as many tails as its order says, each without references of its own. */
static u64 take_tails(const struct page *head, u64 end_pfn)
{
	u64 pfn = page_to_pfn(head), nr = 1;
	s32 references = 0;

	for (; pfn + nr < end_pfn && (u64)head[nr].lru.next == ((u64)head | 1); nr++)
		references |= head[nr]._refcount.counter;
	if (nr == 1 || head[1].private > geometry.max_order || nr != BIT(head[1].private) || references)
		note(census.bad_tail,
		     "the compound page at pfn %llu of order %llu has %llu pages, references of tails: %d",
		     (unsigned long long)pfn, nr == 1 ? 0 : (unsigned long long)head[1].private, (unsigned long long)nr,
		     references != 0);
	return nr;
}

/* An online page that is not the head of a free block. Returns how many pages it stands for: its whole allocation. */
static u64 take_other(const struct page *page, struct zone_census *zc, u64 end_pfn)
{
	u64 pfn = page_to_pfn(page), nr = 1;
	u32 order;

	if (raw_page_flag(page, PG_reserved)) {
		zc->reserved_pages++;
		return 1;
	}
	if (page->_refcount.counter == 0 && census_pcp_page(pfn, &order))
		return BIT(order);
	zc->logically_offline_pages += raw_page_offline(page);
	if (raw_page_huge(page)) {
		census.huge_pages[raw_page_nid(page) % MAX_NODES]++;
		census.huge_free[raw_page_nid(page) % MAX_NODES] += page->_refcount.counter == 0;
	} else if (page->_refcount.counter == 0 && raw_page_flag(page, PG_hwpoison)) {
		zc->poisoned_pages++;
		return 1;
	} else if (page->_refcount.counter <= 0) {
		note(census.lost_page, "pfn %llu has %d references but is not free: flags %#llx, private %llu",
		     (unsigned long long)pfn, page->_refcount.counter, (unsigned long long)page->flags,
		     (unsigned long long)page->private);
		return 1;
	}
	if (raw_page_offline(page) && !page->mapping) {
		zc->unplugged_pages++;
		return 1;
	}
	if (raw_page_flag(page, PG_head))
		nr = take_tails(page, end_pfn);
	else
		nr = min(allocation_length(pfn), end_pfn - pfn);
	if (page->_refcount.counter)
		zc->used_pages += nr;
	else
		zc->pool_pages += nr;
	census.slab_pages += raw_page_flag(page, PG_slab);
	census.lru_pages[raw_page_nid(page) % MAX_NODES] += raw_page_flag(page, PG_lru);
	return nr;
}

static void take_pageblock_types(u64 start_pfn, u64 end_pfn, struct zone_census *zc)
{
	for (u64 pfn = ALIGN(start_pfn, (u64)pageblock_nr_pages); pfn < end_pfn; pfn += pageblock_nr_pages) {
		enum migratetype mt = raw_pageblock_type(pfn);

		zc->isolated_pageblocks += mt == MIGRATE_ISOLATE;
		if (mt >= MIGRATE_TYPES)
			note(census.bad_mt, "pageblock at pfn %llu has type %u", (unsigned long long)pfn, mt);
		if (mt == MIGRATE_ISOLATE)
			note(census.isolated, "pageblock at pfn %llu has type %u", (unsigned long long)pfn, mt);
	}
}

/* Pages of one zone: from @start_pfn as long as they link to it; where that may end, it is no contradiction. */
static u64 take_pages(u64 start_pfn, u64 end_pfn, bool early)
{
	const struct page *first = pfn_to_page(start_pfn);
	u32 nid = raw_page_nid(first), idx = raw_page_zonenum(first);
	struct zone_census *zc;
	u64 pfn = start_pfn;

	if (nid >= MAX_NODES || idx >= MAX_NR_ZONES) {
		note(census.bad_link, "pfn %llu is online but links to node %u zone %u", (unsigned long long)start_pfn,
		     nid, idx);
		return end_pfn;
	}
	zc = &census.zone[nid][idx];
	while (pfn < end_pfn) {
		const struct page *page = pfn_to_page(pfn);
		bool other = raw_page_zonenum(page) != idx || raw_page_nid(page) != nid;

		if (other && early)
			break;
		if (other)
			note(census.bad_link, "pfn %llu links to node %u zone %u, its section to node %u zone %u",
			     (unsigned long long)pfn, raw_page_nid(page), raw_page_zonenum(page), nid, idx);
		pfn += raw_page_buddy(page) ? take_buddy(page, zc) : take_other(page, zc, end_pfn);
	}
	if (zc->first_pfn > zc->last_pfn)
		zc->first_pfn = start_pfn;
	zc->last_pfn = pfn - 1;
	zc->online_pages += pfn - start_pfn;
	if (early)
		zc->early_pages += pfn - start_pfn;
	take_pageblock_types(start_pfn, pfn, zc);
	return pfn;
}

static void take_slice(u64 start_pfn, u64 end_pfn, bool early)
{
	while (start_pfn < end_pfn)
		start_pfn = take_pages(start_pfn, end_pfn, early);
}

u64 early_memory_pages(u64 start_pfn, u64 end_pfn)
{
	u64 pages = 0;

	for (u32 i = 0; i < topology->nr_ranges; i++) {
		u64 first = ALIGN(topology->range[i].start, 1UL << geometry.page_shift) >> geometry.page_shift;
		u64 end = topology->range[i].end >> geometry.page_shift;

		if (first < end_pfn && end > start_pfn)
			pages += min(end, end_pfn) - max(first, start_pfn);
	}
	return pages;
}

u64 early_memory_bytes(u64 start, u64 end)
{
	u64 bytes = 0;

	for (u32 i = 0; i < topology->nr_ranges; i++)
		if (topology->range[i].start < end && topology->range[i].end > start)
			bytes += min(topology->range[i].end, end) - max(topology->range[i].start, start);
	return bytes;
}

/* Of an early section only what is memory: the struct pages of its holes belong to no zone's counters. */
static void take_section(u64 start_pfn, u64 end_pfn, bool early)
{
	if (!early) {
		take_slice(start_pfn, end_pfn, false);
		return;
	}
	for (u32 i = 0; i < topology->nr_ranges; i++) {
		u64 first = ALIGN(topology->range[i].start, 1UL << geometry.page_shift) >> geometry.page_shift;
		u64 end = topology->range[i].end >> geometry.page_shift;

		if (first < end_pfn && end > start_pfn)
			take_slice(max(first, start_pfn), min(end, end_pfn), true);
	}
}

/* As far as the machine has nodes: laws look at no others. */
static void census_clear(void)
{
	for (u64 *word = (u64 *)census.zone; word < (u64 *)(census.zone + machine_config.nodes); word++)
		*word = 0;
	for (u32 nid = 0; nid < MAX_NODES; nid++)
		census.lru_pages[nid] = census.huge_pages[nid] = census.huge_free[nid] = 0;
	census.slab_pages = 0;
	census.bad_list[0] = census.bad_page[0] = census.bad_link[0] = census.bad_type[0] = 0;
	census.bad_cma[0] = 0;
	census.bad_block[0] = census.isolated[0] = census.lost_page[0] = census.bad_pcp[0] = 0;
	census.bad_tail[0] = census.unmerged[0] = census.bad_mt[0] = 0;
	pcp_set.used = 0;
	pcp_set.taken++;
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
			if (zone->per_cpu_pageset != machine.boot_pageset)
				take_pcp(zone);
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
