/* SPDX-License-Identifier: MIT */
/* Laws of per-CPU lists and LRU batches. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/lru.h"
#include "core/mm/pcp.h"
#include "core/mm/vmstat.h"
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
		if (!zone->present_pages && !shared && zone->per_cpu_pageset &&
		    design(pcp_teardown) != ALT_pcp_teardown_keep)
			return broken("node %u zone %s has no pages, and lists of its own", nid, zone_type_name(idx));
		for (u32 other = 0; other < idx; other++)
			if (!shared && zone->per_cpu_pageset &&
			    zone->per_cpu_pageset == zone[(s32)other - (s32)idx].per_cpu_pageset)
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

/* What a CPU keeps of a zone or its node; NULL: nothing. */
static const char *kept_by(u32 cpu, const struct zone *zone)
{
	const pg_data_t *pgdat = &machine.nodes[zone->node];

	if (per_cpu_ptr(zone->per_cpu_pageset, cpu)->count)
		return "pages";
	for (u32 item = 0; item < NR_VM_ZONE_STAT_ITEMS; item++)
		if (per_cpu_ptr(zone->per_cpu_zonestats, cpu)->vm_stat_diff[item])
			return zone_stat_name(item);
	for (u32 item = 0; item < NR_VM_NODE_STAT_ITEMS; item++)
		if (per_cpu_ptr(pgdat->per_cpu_nodestats, cpu)->vm_node_stat_diff[item])
			return node_stat_name(item);
	return NULL;
}

const char *law_cpu_dead(void)
{
	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
		if (cpu_online(cpu))
			continue;
		if (per_cpu_ptr(machine.lru_batches, cpu)->nr)
			return broken("cpu %u is down and has a page in its LRU batch", cpu);
		for_each_zone_of (nid, idx, zone) {
			const char *kept = kept_by(cpu, zone);

			if (kept)
				return broken("cpu %u is down and keeps %s of node %u zone %s", cpu, kept, nid,
					      zone_type_name(idx));
		}
	}
	return NULL;
}

/* Their high is set with that of a zone that has none of its own, as in the kernel; their batch stays. */
const char *law_pageset_shared(void)
{
	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
		const struct per_cpu_pages *pcp = per_cpu_ptr(machine.boot_pageset, cpu);
		bool listed = false;

		for (u32 i = 0; i < NR_PCP_LISTS_MAX; i++)
			listed |= pcp->lists[i].next != &pcp->lists[i];
		if (pcp->count || pcp->batch != 1 || listed)
			return broken("cpu %u: count %d, batch %d, pages on the lists: %d", cpu, pcp->count, pcp->batch,
				      listed);
	}
	return NULL;
}

const char *law_pageset_ratio(void)
{
	for_each_zone_of (nid, idx, zone) {
		if (zone->present_pages && zone->pageset_high && zone->pageset_high < 4 * zone->pageset_batch)
			return broken("node %u zone %s: high %u, batch %u", nid, zone_type_name(idx),
				      zone->pageset_high, zone->pageset_batch);
	}
	return NULL;
}

const char *law_batch_pages(void)
{
	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
		const struct lru_batch *batch = per_cpu_ptr(machine.lru_batches, cpu);

		for (u32 i = 0; i < batch->nr; i++) {
			const struct page *page = batch->page[i];

			if (!raw_page_live(page) || raw_page_flag(page, PG_lru) || page->_refcount.counter < 1)
				return broken("the LRU batch of cpu %u holds pfn %llu, which is not in use", cpu,
					      (unsigned long long)page_to_pfn(page));
		}
	}
	return NULL;
}
