/* SPDX-License-Identifier: MIT */
/* Laws of per-CPU lists and LRU batches. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"

#define for_each_zone_of(nid, idx, zone)                                                                               \
	for (u32 nid = 0; nid < machine_config.nodes; nid++)                                                           \
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)                                                           \
			for (const struct zone *zone = &machine.nodes[nid].node_zones[idx]; zone; zone = NULL)

const char *law_pageset_own(void)
{
	for_each_zone_of (nid, idx, zone) {
		bool shared = zone->per_cpu_pageset == machine.boot_pageset ||
			      zone->per_cpu_zonestats == machine.boot_zonestats;

		if (zone->present_pages && shared)
			return broken("node %u zone %s has %llu pages and uses the lists of empty zones", nid,
				      zone_type_name(idx), (unsigned long long)zone->present_pages);
		for (u32 other = 0; other < idx; other++)
			if (!shared && zone->per_cpu_pageset == zone[(s32)other - (s32)idx].per_cpu_pageset)
				return broken("node %u zones %s and %s share lists", nid, zone_type_name(other),
					      zone_type_name(idx));
	}
	return NULL;
}

const char *law_pageset_length(void)
{
	for_each_zone_of (nid, idx, zone) {
		/* What zones without pages share keeps nothing; those that are kept for later may say anything. */
		if (!zone->present_pages)
			continue;
		for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
			const struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, cpu);

			if (pcp->high != (s32)zone->pageset_high || pcp->batch != (s32)zone->pageset_batch)
				return broken("node %u zone %s cpu %u: high %d batch %d, not %u and %u", nid,
					      zone_type_name(idx), cpu, pcp->high, pcp->batch, zone->pageset_high,
					      zone->pageset_batch);
		}
	}
	return NULL;
}

const char *law_pageset_pages(void)
{
	return census.bad_pcp[0] ? broken("%s", census.bad_pcp) : NULL;
}

const char *law_lru_enabled(void)
{
	s32 count = machine.lru_disable_count.counter;

	return count ? broken("LRU batches are disabled %d times", count) : NULL;
}
