/* SPDX-License-Identifier: MIT */
/* Nodes (include/linux/mmzone.h, include/linux/nodemask.h, 6.1). */
#ifndef PFNSTORM_MM_NODE_H
#define PFNSTORM_MM_NODE_H

#include "core/core.h"
#include "core/mm/zone.h"
#include "core/mm/zonelist.h"
#include "core/rt/wait.h"

#define MAX_NODES CORE_NODES_MAX
#define NUMA_NO_NODE (-1)

enum lru_list { LRU_INACTIVE_ANON, LRU_ACTIVE_ANON, LRU_INACTIVE_FILE, LRU_ACTIVE_FILE, LRU_UNEVICTABLE, NR_LRU_LISTS };

struct lruvec {
	spinlock_t lru_lock;
	struct list_head lists[NR_LRU_LISTS];
};

struct task_struct;

typedef struct pglist_data {
	struct zone node_zones[MAX_NR_ZONES];
	struct zonelist node_zonelists[MAX_ZONELISTS];
	u32 node_id;
	u32 nr_zones; /* highest initialised zone + 1; marked accesses: kswapd and kcompactd look without a lock */
	u64 node_start_pfn;
	u64 node_spanned_pages;
	u64 node_present_pages;
	u64 totalreserve_pages;
	struct lruvec lruvec;

	struct kswapd *kswapd;    /* kswapd_lock; kcompactd looks at it without */
	struct mutex kswapd_lock; /* keeps kswapd there for those who look at it, and start and stop apart */
	wait_queue_head_t kswapd_wait;
	u32 kswapd_order;           /* what it was woken for; marked accesses */
	u32 kswapd_highest_zoneidx; /* MAX_NR_ZONES: nobody asked */
	u32 kswapd_failures;        /* runs without progress in a row */
	u32 kcompactd_max_order;
	u32 kcompactd_highest_zoneidx;
	u32 proactive_compact_trigger;
	struct task_struct *kcompactd; /* mem_hotplug_lock write */
	wait_queue_head_t kcompactd_wait;

	struct per_cpu_nodestat *per_cpu_nodestats;
	atomic_long_t vm_stat[NR_VM_NODE_STAT_ITEMS];
} pg_data_t;

enum node_states { N_POSSIBLE, N_ONLINE, N_NORMAL_MEMORY, N_MEMORY, N_CPU, NR_NODE_STATES };
bool node_state(u32 nid, enum node_states state);
void node_set_state(u32 nid, enum node_states state);
void node_clear_state(u32 nid, enum node_states state);
/* The whole mask, as it is now. */
nodemask_t node_states_mask(enum node_states state);

pg_data_t *NODE_DATA(u32 nid);
struct zone *node_zone(u32 nid, u32 zone);
u32 cpu_to_node(unsigned int cpu);
u32 node_distance(u32 from, u32 to);
/* Whether a CPU is the node's, in use or not. (check_cpu_on_node, 6.1) */
bool node_has_present_cpu(u32 nid);
/* Number of online CPUs of the node. */
u32 nr_cpus_of_node(u32 nid);
/* Its first online CPU; CPU 0 if it has none. */
unsigned int first_cpu_of_node(u32 nid);

#define for_each_node(nid) for ((nid) = 0; (nid) < machine_config.nodes; (nid)++)
#define for_each_node_state(nid, state) for_each_node(nid) if (node_state(nid, state))
/* All zones of online nodes, ascending; populated ones only, by a lock-free look at each. */
#define for_each_zone(zone)                                                                                            \
	for (u64 _i = 0; _i < (u64)machine_config.nodes * MAX_NR_ZONES; _i++)                                          \
		if (((zone) = online_node_zone(_i)) != NULL)
#define for_each_populated_zone(zone)                                                                                  \
	for_each_zone (zone)                                                                                           \
		if (populated_zone(zone))
/* For these loops: the zone of that number if its node is online. */
struct zone *online_node_zone(u64 number);

/* Boot: an empty node, not online, with the counters that all such nodes share. (free_area_init_node, 6.1) */
void pgdat_init(pg_data_t *pgdat, u32 nid);
/* Boot: counters of its own, for a node that is online. */
void node_stats_init_boot(u32 nid);
/*
 * A node that comes back, or comes for the first time after boot: locks, queues, counters, empty zones, its zonelists.
 * -ENOMEM if its per-CPU counters cannot be had. mem_hotplug_lock write. (hotadd_init_pgdat, 6.1)
 */
int hotadd_init_pgdat(u32 nid);
/* All of it is zero, as until 4.0 when a node went offline; hotadd_init_pgdat() makes it usable again. */
void pgdat_clear(pg_data_t *pgdat);

#endif
