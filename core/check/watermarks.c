/* SPDX-License-Identifier: MIT */
/* Laws of what follows from the amount of memory: marks and reserves are those of the memory there is now. */
#include "core/check/laws.h"
#include "core/mm/machine.h"

static u64 managed(const struct zone *zone)
{
	return (u64)zone->managed_pages.counter;
}

static bool node_online(u32 nid)
{
	return machine.node_states[N_ONLINE] >> nid & 1;
}

#define for_each_online_zone(nid, idx, zone)                                                                           \
	for (u32 nid = 0; nid < machine_config.nodes; nid++)                                                           \
		for (u32 idx = 0; idx < MAX_NR_ZONES && node_online(nid); idx++)                                       \
			for (const struct zone *zone = &machine.nodes[nid].node_zones[idx]; zone; zone = NULL)

/* What drivers take from zones and give back changes no marks: then they are in order only.
 * A zone without memory has been left out of the last computation, or not: its marks matter to nobody. */
const char *law_zone_watermarks(void)
{
	u64 pages_min = machine.vm.min_free_kbytes >> (geometry.page_shift - 10), total = 0;

	for_each_online_zone(nid, idx, zone) total += managed(zone);
	for_each_online_zone(nid, idx, zone)
	{
		const u64 *mark = zone->_watermark;

		if (!managed(zone))
			continue;
		if ((!machine.driver_adjusted && mark[WMARK_MIN] != pages_min * managed(zone) / total) ||
		    mark[WMARK_MIN] > mark[WMARK_LOW] || mark[WMARK_LOW] > mark[WMARK_HIGH] ||
		    mark[WMARK_HIGH] > mark[WMARK_PROMO])
			return broken(
				"node %u zone %s: min %llu (of %llu for %llu of %llu pages), low %llu, high %llu, "
				"promo %llu",
				nid, zone_type_name(idx), (unsigned long long)mark[WMARK_MIN],
				(unsigned long long)pages_min, (unsigned long long)managed(zone),
				(unsigned long long)total, (unsigned long long)mark[WMARK_LOW],
				(unsigned long long)mark[WMARK_HIGH], (unsigned long long)mark[WMARK_PROMO]);
	}
	return NULL;
}

const char *law_zone_reserves(void)
{
	if (machine.driver_adjusted)
		return NULL;
	for_each_online_zone(nid, idx, zone)
	{
		u32 ratio =
			idx < ARRAY_SIZE(machine.vm.lowmem_reserve_ratio) ? machine.vm.lowmem_reserve_ratio[idx] : 0;
		u64 above = 0;

		for (u32 j = idx + 1; j < MAX_NR_ZONES; j++) {
			u64 wanted;

			above += managed(&machine.nodes[nid].node_zones[j]);
			wanted = ratio && managed(zone) ? above / ratio : 0;
			if (zone->lowmem_reserve[j] != wanted)
				return broken("node %u zone %s keeps %llu pages from requests up to %s, not %llu", nid,
					      zone_type_name(idx), (unsigned long long)zone->lowmem_reserve[j],
					      zone_type_name(j), (unsigned long long)wanted);
		}
	}
	return NULL;
}
