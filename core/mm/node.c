/* SPDX-License-Identifier: MIT */
#include "core/mm/node.h"

#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc_slow.h"
#include "core/mm/pcp.h"
#include "core/mm/topology.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

/* ---- states ---------------------------------------------------------------------------------------------------- */

bool node_state(u32 nid, enum node_states state)
{
	return test_bit(nid, &machine.node_states[state]);
}

void node_set_state(u32 nid, enum node_states state)
{
	set_bit(nid, &machine.node_states[state]);
}

void node_clear_state(u32 nid, enum node_states state)
{
	clear_bit(nid, &machine.node_states[state]);
}

nodemask_t node_states_mask(enum node_states state)
{
	return READ_ONCE(machine.node_states[state]);
}

u32 nr_online_nodes(void)
{
	return (u32)__builtin_popcountll(node_states_mask(N_ONLINE));
}

/* ---- look-up --------------------------------------------------------------------------------------------------- */

pg_data_t *NODE_DATA(u32 nid)
{
	BUG_ON(nid >= MAX_NODES);
	return &machine.nodes[nid];
}

struct zone *node_zone(u32 nid, u32 zone)
{
	BUG_ON(zone >= MAX_NR_ZONES);
	return &NODE_DATA(nid)->node_zones[zone];
}

struct zone *online_node_zone(u64 number)
{
	u32 nid = (u32)(number / MAX_NR_ZONES);

	return node_state(nid, N_ONLINE) ? &NODE_DATA(nid)->node_zones[number % MAX_NR_ZONES] : NULL;
}

u32 cpu_to_node(unsigned int cpu)
{
	return topology->cpu_nid[cpu];
}

u32 node_distance(u32 from, u32 to)
{
	return topology->distance[from][to];
}

bool node_has_present_cpu(u32 nid)
{
	for (unsigned int cpu = 0; cpu < nr_cpu_ids(); cpu++)
		if (cpu_to_node(cpu) == nid)
			return true;
	return false;
}

u32 nr_cpus_of_node(u32 nid)
{
	unsigned int cpu;
	u32 count = 0;

	for_each_online_cpu (cpu)
		count += cpu_to_node(cpu) == nid;
	return count;
}

unsigned int first_cpu_of_node(u32 nid)
{
	unsigned int cpu;

	for_each_online_cpu (cpu)
		if (cpu_to_node(cpu) == nid)
			return cpu;
	return 0;
}

/* ---- initialisation -------------------------------------------------------------------------------------------- */

/* What a zone without memory has. Spans are not touched: those of a node that comes back are empty already. */
static void zone_init_internals(struct zone *zone, u32 nid, u32 idx)
{
	spin_lock_init(&zone->lock, LOCK_zone);
	seqlock_init(&zone->span_seqlock, LOCK_span);
	zone->node = nid;
	zone->idx = idx;
	atomic_long_set(&zone->managed_pages, 0);
	WRITE_ONCE(zone->present_pages, 0);
	zone->present_early_pages = 0;
	zone_pcp_init(zone);
}

/* Compaction begins at the zone's ends, and fails at no order yet. */
static void zone_init_compaction(struct zone *zone)
{
	WRITE_ONCE(zone->compact_order_failed, 0);
	WRITE_ONCE(zone->compact_considered, 0);
	WRITE_ONCE(zone->compact_defer_shift, 0);
}

static void pgdat_init_internals(pg_data_t *pgdat, u32 nid)
{
	pgdat->node_id = nid;
	WRITE_ONCE(pgdat->nr_zones, 0);
	pgdat->node_present_pages = 0;
	WRITE_ONCE(pgdat->node_start_pfn, 0);
	WRITE_ONCE(pgdat->kswapd_order, 0);
	WRITE_ONCE(pgdat->kswapd_highest_zoneidx, MAX_NR_ZONES);
	WRITE_ONCE(pgdat->kswapd_failures, 0);
	lruvec_init(&pgdat->lruvec);
	mutex_init(&pgdat->kswapd_lock, LOCK_kswapd);
	init_waitqueue_head(&pgdat->kswapd_wait, LOCK_waitqueue);
	init_waitqueue_head(&pgdat->kcompactd_wait, LOCK_waitqueue);
	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
		zone_init_internals(&pgdat->node_zones[idx], nid, idx);
		zone_init_compaction(&pgdat->node_zones[idx]);
	}
}

void pgdat_clear(pg_data_t *pgdat)
{
	mem_fill(pgdat, 0, sizeof(*pgdat), 8);
}

/*
 * A node that comes back is empty, but not new to everybody: an allocation may have found its zones in a zonelist
 * before they were emptied, and look at their locks and lists now. So those stay as they are. (6.1 initialises all.)
 */
static void pgdat_renew(pg_data_t *pgdat)
{
	WRITE_ONCE(pgdat->kswapd_order, 0);
	WRITE_ONCE(pgdat->kswapd_highest_zoneidx, MAX_NR_ZONES);
	WRITE_ONCE(pgdat->kswapd_failures, 0);
	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
		zone_init_compaction(&pgdat->node_zones[idx]);
}

void pgdat_init(pg_data_t *pgdat, u32 nid)
{
	pgdat_init_internals(pgdat, nid);
	smp_store_release(&pgdat->per_cpu_nodestats, machine.boot_nodestats);
}

/*
 * Differences that CPUs kept of the node's counters since it went away stay theirs to fold. Cleared, as 6.1 did before
 * its stable fix, they would be missing for ever; folded for them, as since, a reclaimer that found the node before it
 * went away may count its last isolated page at the same time:
 *
 *   reclaimer  free_unref_page()                                      diff -= taken
 *   remover                      offline, remove; add: value = diff,                diff = 0
 */
static int init_node_stats(pg_data_t *pgdat)
{
	struct per_cpu_nodestat *stats = pgdat->per_cpu_nodestats;

	if (stats != machine.boot_nodestats) {
		if (bug(nodestats_cleared))
			clear_node_stats(pgdat);
		else if (bug(nodestats_folded_remotely))
			fold_node_stats(pgdat);
		return 0;
	}
	stats = alloc_percpu(struct per_cpu_nodestat, OBJ_nodestat);
	if (!stats)
		return -ENOMEM;
	rt_mark_permanent(stats);
	smp_store_release(&pgdat->per_cpu_nodestats, stats);
	return 0;
}

int hotadd_init_pgdat(u32 nid)
{
	pg_data_t *pgdat = NODE_DATA(nid);
	int ret;

	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	if (bug(pgdat_cleared_in_use))
		pgdat_init(pgdat, nid);
	else if (bug(pgdat_reinit))
		pgdat_init_internals(pgdat, nid);
	else
		pgdat_renew(pgdat);
	ret = init_node_stats(pgdat);
	if (ret)
		return ret;
	build_all_zonelists(pgdat);
	return 0;
}

void node_stats_init_boot(u32 nid)
{
	pg_data_t *pgdat = NODE_DATA(nid);

	BUG_ON(init_node_stats(pgdat));
}
