/* SPDX-License-Identifier: MIT */
/* Laws of statistics: sums over the machine, and how much a CPU may keep to itself. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/rt/cpu.h"

const char *law_stat_sums(void)
{
	for (u32 item = 0; item < NR_VM_ZONE_STAT_ITEMS; item++) {
		s64 sum = 0, total = machine.vm_zone_stat[item].counter;

		for (u32 nid = 0; nid < machine_config.nodes; nid++)
			for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
				sum += machine.nodes[nid].node_zones[idx].vm_stat[item].counter;
		if (sum != total)
			return broken("%s: %lld in all, zones have %lld", zone_stat_name(item), (long long)total,
				      (long long)sum);
	}
	for (u32 item = 0; item < NR_VM_NODE_STAT_ITEMS; item++) {
		s64 sum = 0, total = machine.vm_node_stat[item].counter;

		for (u32 nid = 0; nid < machine_config.nodes; nid++)
			sum += machine.nodes[nid].vm_stat[item].counter;
		if (sum != total)
			return broken("%s: %lld in all, nodes have %lld", node_stat_name(item), (long long)total,
				      (long long)sum);
	}
	return NULL;
}

static bool out_of_bounds(s32 diff)
{
	return diff > STAT_THRESHOLD_MAX || diff < -STAT_THRESHOLD_MAX;
}

static const char *cpu_out_of_bounds(u32 cpu, const struct zone *zone)
{
	const struct per_cpu_zonestat *zs = per_cpu_ptr(zone->per_cpu_zonestats, cpu);
	const struct per_cpu_nodestat *ns = per_cpu_ptr(machine.nodes[zone->node].per_cpu_nodestats, cpu);

	if (out_of_bounds(zs->stat_threshold) || out_of_bounds(ns->stat_threshold))
		return "its threshold";
	for (u32 item = 0; item < NR_VM_ZONE_STAT_ITEMS; item++)
		if (out_of_bounds(zs->vm_stat_diff[item]))
			return zone_stat_name(item);
	for (u32 item = 0; item < NR_VM_NODE_STAT_ITEMS; item++)
		if (out_of_bounds(ns->vm_node_stat_diff[item]))
			return node_stat_name(item);
	return NULL;
}

const char *law_stat_bounds(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		/* Cleared: it has no counters. */
		if (!machine.nodes[nid].per_cpu_nodestats)
			continue;
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
			for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
				const char *what = cpu_out_of_bounds(cpu, &machine.nodes[nid].node_zones[idx]);

				if (what)
					return broken("cpu %u, node %u zone %s: %s beyond %d", cpu, nid,
						      zone_type_name(idx), what, STAT_THRESHOLD_MAX);
			}
	}
	return NULL;
}
