/* SPDX-License-Identifier: MIT */
/* Laws of zones and nodes: counters, spans and node states. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/hotplug/memory_block.h"
#include "core/mm/machine.h"

#define for_each_zone_of(nid, idx, zone)                                                                               \
	for (u32 nid = 0; nid < machine_config.nodes; nid++)                                                           \
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)                                                           \
			for (const struct zone *zone = &machine.nodes[nid].node_zones[idx]; zone; zone = NULL)

static u64 managed(const struct zone *zone)
{
	return (u64)zone->managed_pages.counter;
}

static bool has_state(u32 nid, enum node_states state)
{
	return machine.node_states[state] >> nid & 1;
}

const char *law_zone_counters(void)
{
	for_each_zone_of (nid, idx, zone) {
		if (zone->present_early_pages > zone->present_pages || managed(zone) > zone->present_pages ||
		    zone->present_pages > zone->spanned_pages)
			return broken("node %u zone %s: early %llu, managed %llu, present %llu, spanned %llu", nid,
				      zone_type_name(idx), (unsigned long long)zone->present_early_pages,
				      (unsigned long long)managed(zone), (unsigned long long)zone->present_pages,
				      (unsigned long long)zone->spanned_pages);
	}
	return NULL;
}

const char *law_zone_present(void)
{
	u64 present[MAX_NODES][MAX_NR_ZONES] = {0};

	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];
		u64 start_pfn = block_id_to_pfn(id), pages = geometry.pages_per_block;

		if (!mem)
			continue;
		/* Several zones share the block: its pages tell, at quiescence. */
		if (!mem->zone && mem->state == BLOCK_ONLINE)
			return NULL;
		if (block_is_early(id))
			pages = early_memory_pages(start_pfn, start_pfn + pages);
		if (mem->zone)
			present[mem->zone->node][mem->zone->idx] += pages;
	}
	for_each_zone_of (nid, idx, zone) {
		if (zone->present_pages != present[nid][idx])
			return broken("node %u zone %s has %llu present pages, its blocks %llu", nid,
				      zone_type_name(idx), (unsigned long long)zone->present_pages,
				      (unsigned long long)present[nid][idx]);
	}
	return NULL;
}

const char *law_node_present(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		const pg_data_t *pgdat = &machine.nodes[nid];
		u64 sum = 0;

		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
			sum += pgdat->node_zones[idx].present_pages;
		if (sum != pgdat->node_present_pages)
			return broken("node %u has %llu present pages, its zones %llu", nid,
				      (unsigned long long)pgdat->node_present_pages, (unsigned long long)sum);
	}
	return NULL;
}

const char *law_totalram(void)
{
	u64 sum = 0, total = (u64)machine.totalram_pages.counter;

	for_each_zone_of (nid, idx, zone)
		sum += managed(zone);
	if (sum != total)
		return broken("totalram is %llu pages, zones manage %llu", (unsigned long long)total,
			      (unsigned long long)sum);
	return NULL;
}

const char *law_zone_populated(void)
{
	for_each_zone_of (nid, idx, zone) {
		const struct zone_census *zc = &census.zone[nid][idx];

		if (zone->present_pages != zc->online_pages || zone->present_early_pages != zc->early_pages)
			return broken(
				"node %u zone %s: present %llu, early %llu; online sections have %llu, early %llu", nid,
				zone_type_name(idx), (unsigned long long)zone->present_pages,
				(unsigned long long)zone->present_early_pages, (unsigned long long)zc->online_pages,
				(unsigned long long)zc->early_pages);
	}
	return NULL;
}

const char *law_zone_managed(void)
{
	for_each_zone_of (nid, idx, zone) {
		const struct zone_census *zc = &census.zone[nid][idx];

		if (managed(zone) + zc->reserved_pages + zc->logically_offline_pages != zc->online_pages)
			return broken("node %u zone %s manages %llu pages; %llu are online, %llu of them reserved, "
				      "%llu logically offline",
				      nid, zone_type_name(idx), (unsigned long long)managed(zone),
				      (unsigned long long)zc->online_pages, (unsigned long long)zc->reserved_pages,
				      (unsigned long long)zc->logically_offline_pages);
	}
	return NULL;
}

const char *law_zone_empty(void)
{
	for_each_zone_of (nid, idx, zone) {
		u64 nr_free = 0;

		for (u32 order = 0; order <= geometry.max_order; order++)
			nr_free += zone->free_area[order].nr_free;
		if (!zone->spanned_pages && (zone->present_pages || managed(zone) || nr_free))
			return broken("node %u zone %s is empty: present %llu, managed %llu, free blocks %llu", nid,
				      zone_type_name(idx), (unsigned long long)zone->present_pages,
				      (unsigned long long)managed(zone), (unsigned long long)nr_free);
	}
	return NULL;
}

/*
 * A zone that shrinks looks for its last page by subsection. Boot memory that ends inside one has struct pages up to
 * the subsection's end, which link to the zone though no memory is behind them:
 *
 *     boot    [......................|....]      spans to where memory ends
 *     shrunk  [......................|....xxx]   spans to where its last subsection ends
 */
static bool ends_with(u64 end, u64 online_end)
{
	return end >= online_end && end <= ALIGN(online_end, (u64)PAGES_PER_SUBSECTION);
}

/* Of zone Device nothing is online, and it never shrinks. */
const char *law_zone_span(void)
{
	for_each_zone_of (nid, idx, zone) {
		const struct zone_census *zc = &census.zone[nid][idx];
		u64 end = zone->zone_start_pfn + zone->spanned_pages;
		bool none = zc->first_pfn > zc->last_pfn;

		if (idx == ZONE_DEVICE)
			continue;
		if (none ? zone->spanned_pages
			 : zone->zone_start_pfn != zc->first_pfn || !ends_with(end, zc->last_pfn + 1))
			return broken("node %u zone %s spans [%llu, %llu), its online pages [%llu, %llu)", nid,
				      zone_type_name(idx), (unsigned long long)zone->zone_start_pfn,
				      (unsigned long long)end, (unsigned long long)(none ? 0 : zc->first_pfn),
				      (unsigned long long)(none ? 0 : zc->last_pfn + 1));
	}
	return NULL;
}

const char *law_node_span(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		const pg_data_t *pgdat = &machine.nodes[nid];
		u64 start = ~0ULL, end = 0;

		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			const struct zone *zone = &pgdat->node_zones[idx];

			if (!zone->spanned_pages)
				continue;
			start = min(start, zone->zone_start_pfn);
			end = max(end, zone->zone_start_pfn + zone->spanned_pages);
		}
		if (!end)
			start = 0;
		if (pgdat->node_start_pfn != start || pgdat->node_spanned_pages != end - start)
			return broken("node %u spans %llu+%llu, its zones %llu+%llu", nid,
				      (unsigned long long)pgdat->node_start_pfn,
				      (unsigned long long)pgdat->node_spanned_pages, (unsigned long long)start,
				      (unsigned long long)(end - start));
	}
	return NULL;
}

const char *law_zone_contiguous(void)
{
	for_each_zone_of (nid, idx, zone) {
		u64 end = zone->zone_start_pfn + zone->spanned_pages;

		if (!zone->contiguous)
			continue;
		for (u64 pfn = zone->zone_start_pfn; pfn < end; pfn += pageblock_nr_pages) {
			const struct page *page = pfn_to_page(pfn);

			if (!raw_page_live(page) || raw_page_nid(page) != nid || raw_page_zonenum(page) != idx)
				return broken("node %u zone %s is contiguous, but pfn %llu is not its online page", nid,
					      zone_type_name(idx), (unsigned long long)pfn);
		}
	}
	return NULL;
}

const char *law_nr_zones(void)
{
	for_each_zone_of (nid, idx, zone) {
		if (zone->present_pages && machine.nodes[nid].nr_zones <= idx)
			return broken("node %u has nr_zones %u, zone %s is populated", nid, machine.nodes[nid].nr_zones,
				      zone_type_name(idx));
	}
	return NULL;
}

const char *law_node_states(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		const pg_data_t *pgdat = &machine.nodes[nid];
		u64 normal = 0;

		for (u32 idx = 0; idx <= ZONE_NORMAL; idx++)
			normal += pgdat->node_zones[idx].present_pages;
		if (has_state(nid, N_MEMORY) != (pgdat->node_present_pages != 0) ||
		    has_state(nid, N_NORMAL_MEMORY) != (normal != 0))
			return broken("node %u: N_MEMORY %d, N_NORMAL_MEMORY %d; present %llu, in kernel zones %llu",
				      nid, has_state(nid, N_MEMORY), has_state(nid, N_NORMAL_MEMORY),
				      (unsigned long long)pgdat->node_present_pages, (unsigned long long)normal);
		if (has_state(nid, N_MEMORY) && !has_state(nid, N_ONLINE))
			return broken("node %u has memory but is not online", nid);
		if (pgdat->node_spanned_pages && !has_state(nid, N_ONLINE))
			return broken("node %u spans %llu pages but is not online", nid,
				      (unsigned long long)pgdat->node_spanned_pages);
	}
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];

		if (mem && !has_state((u32)mem->nid, N_ONLINE))
			return broken("block %llu belongs to node %d, which is not online", (unsigned long long)id,
				      mem->nid);
	}
	return NULL;
}
