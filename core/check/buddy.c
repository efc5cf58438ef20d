/* SPDX-License-Identifier: MIT */
/* Laws of the buddy lists and of pageblock types. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/machine.h"

const char *law_free_list_links(void)
{
	return census.bad_list[0] ? census.bad_list : NULL;
}

const char *law_free_list_type(void)
{
	return census.bad_type[0] ? census.bad_type : NULL;
}

const char *law_free_list_count(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			const struct zone *zone = &machine.nodes[nid].node_zones[idx];
			const struct zone_census *zc = &census.zone[nid][idx];

			for (u32 order = 0; order <= geometry.max_order; order++) {
				u64 nr_free = zone->free_area[order].nr_free;

				if (nr_free != zc->listed[order] || nr_free != zc->buddies[order])
					return broken(
						"node %u zone %s order %u: nr_free %llu, %llu blocks on its lists, "
						"%llu among its pages",
						nid, zone_type_name(idx), order, (unsigned long long)nr_free,
						(unsigned long long)zc->listed[order],
						(unsigned long long)zc->buddies[order]);
			}
		}
	}
	return NULL;
}

const char *law_free_pages_count(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			const struct zone *zone = &machine.nodes[nid].node_zones[idx];
			const struct zone_census *zc = &census.zone[nid][idx];
			u64 free = zc->listed_pages - zc->isolated_pages;

			if (raw_zone_stat(zone, NR_FREE_PAGES) != (s64)free)
				return broken("node %u zone %s: NR_FREE_PAGES %lld, %llu pages free and not isolated",
					      nid, zone_type_name(idx), (long long)raw_zone_stat(zone, NR_FREE_PAGES),
					      (unsigned long long)free);
		}
	}
	return NULL;
}

const char *law_free_block_types(void)
{
	return census.bad_block[0] ? census.bad_block : NULL;
}

const char *law_isolate_count(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			u64 counted = machine.nodes[nid].node_zones[idx].nr_isolate_pageblock;
			u64 found = census.zone[nid][idx].isolated_pageblocks;

			if (counted != found)
				return broken(
					"node %u zone %s: nr_isolate_pageblock %lld, %llu pageblocks are isolated", nid,
					zone_type_name(idx), (long long)counted, (unsigned long long)found);
		}
	}
	return NULL;
}

const char *law_isolate_none(void)
{
	return census.isolated[0] ? census.isolated : NULL;
}

const char *law_free_block_merged(void)
{
	return census.unmerged[0] ? census.unmerged : NULL;
}

const char *law_pageblock_types(void)
{
	return census.bad_mt[0] ? census.bad_mt : NULL;
}
