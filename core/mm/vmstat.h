/* SPDX-License-Identifier: MIT */
/*
 * Statistics of zones and nodes with per-CPU differences (mm/vmstat.c, include/linux/vmstat.h, 6.1).
 *
 * The true value of a counter is the zone's (node's) own plus the difference each CPU still keeps to itself; a CPU
 * passes its difference on once it exceeds the threshold. Readers see the zone's own part only, and negative values as
 * 0. Differences are 32 bits wide here (8 in the kernel); their bound is the kernel's.
 */
#ifndef PFNSTORM_MM_VMSTAT_H
#define PFNSTORM_MM_VMSTAT_H

#include "core/rt/atomic.h"
#include "core/rt/types.h"

enum zone_stat_item {
#define ZONE_STAT(id, text) id,
#define NODE_STAT(id, text)
#include "core/mm/vmstat.def"
#undef ZONE_STAT
#undef NODE_STAT
	NR_VM_ZONE_STAT_ITEMS
};

enum node_stat_item {
#define ZONE_STAT(id, text)
#define NODE_STAT(id, text) id,
#include "core/mm/vmstat.def"
#undef ZONE_STAT
#undef NODE_STAT
	NR_VM_NODE_STAT_ITEMS
};

/* The largest threshold, and so the largest difference (calculate_normal_threshold, 6.1). */
#define STAT_THRESHOLD_MAX 125

/* Of one CPU; its own CPU changes it with preemption off. */
struct per_cpu_zonestat {
	s32 stat_threshold; /* changed by refresh_zone_stat_thresholds(), read by anybody */
	s32 pad;
	s32 vm_stat_diff[NR_VM_ZONE_STAT_ITEMS + 1];
};

struct per_cpu_nodestat {
	s32 stat_threshold;
	s32 vm_node_stat_diff[NR_VM_NODE_STAT_ITEMS];
};

struct zone;
struct pglist_data;

const char *zone_stat_name(enum zone_stat_item item);
const char *node_stat_name(enum node_stat_item item);

/* Preemption off, and off the reach of interrupts that change the same item. (__mod_zone_page_state, 6.1) */
void __mod_zone_page_state(struct zone *zone, enum zone_stat_item item, s64 delta);
void __mod_node_page_state(struct pglist_data *pgdat, enum node_stat_item item, s64 delta);
/* Any context. */
void mod_node_page_state(struct pglist_data *pgdat, enum node_stat_item item, s64 delta);

/* Lock-free reads; what CPUs keep to themselves is not in them, and never negative. */
u64 zone_page_state(const struct zone *zone, enum zone_stat_item item);
u64 node_page_state(const struct pglist_data *pgdat, enum node_stat_item item);
u64 global_zone_page_state(enum zone_stat_item item);
u64 global_node_page_state(enum node_stat_item item);
/* With all CPUs' differences, read racily. The caller is in an RCU read section, or nobody can empty the zone. */
u64 zone_page_state_snapshot(struct zone *zone, enum zone_stat_item item);

/*
 * Thresholds of all zones and nodes for their size and the number of CPUs. Called by init_per_zone_wmark_min() and when
 * CPUs come and go; task context or boot. (refresh_zone_stat_thresholds, 6.1)
 */
void refresh_zone_stat_thresholds(void);
/*
 * While kswapd is awake (@pressure) CPUs keep less to themselves in zones whose marks lie close together.
 * (set_pgdat_percpu_threshold, 6.1)
 */
void set_pgdat_percpu_threshold(struct pglist_data *pgdat, bool pressure);
/*
 * Folds the calling task's CPU's differences of populated zones and online nodes into the counters; with @do_pagesets
 * also ages idle lists of remote nodes. Number of differences folded. (refresh_cpu_vm_stats, 6.1)
 */
int refresh_cpu_vm_stats(bool do_pagesets);
/* The same for a CPU that is gone. */
void cpu_vm_stats_fold(unsigned int cpu);
/* A zone is about to lose @stats of one CPU: folds what is in there. (drain_zonestat, 6.1) */
void drain_zonestat(struct zone *zone, struct per_cpu_zonestat *stats);
/* A node is about to be used again: folds all possible CPUs' differences. (2026 fix, in 6.1.192) */
void fold_node_stats(struct pglist_data *pgdat);
/* Forgets them instead. */
void clear_node_stats(struct pglist_data *pgdat);
/* Boot: the CPUs' work items. */
void vmstat_init(void);
/*
 * For who sleeps until counters change: once a second, as the kernel's shepherd does by itself, CPUs that keep
 * something to themselves fold it. Any context that may queue work. (vmstat_shepherd, 6.1)
 */
void vmstat_shepherd(void);
/* /proc/sys/vm/stat_refresh: each online CPU folds, by a work item. 0, or -EINVAL if a counter is negative. */
int vmstat_refresh(void);

#endif
