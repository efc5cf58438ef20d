/* SPDX-License-Identifier: MIT */
#include "core/mm/vmstat.h"

#include "core/mm/cpu.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

/* ---- names ----------------------------------------------------------------------------------------------------- */

const char *zone_stat_name(enum zone_stat_item item)
{
	static const char *const names[] = {
#define ZONE_STAT(id, text) [id] = text,
#define NODE_STAT(id, text)
#include "core/mm/vmstat.def"
#undef ZONE_STAT
#undef NODE_STAT
	};

	return names[item];
}

const char *node_stat_name(enum node_stat_item item)
{
	static const char *const names[] = {
#define ZONE_STAT(id, text)
#define NODE_STAT(id, text) [id] = text,
#include "core/mm/vmstat.def"
#undef ZONE_STAT
#undef NODE_STAT
	};

	return names[item];
}

/* ---- the shared part ------------------------------------------------------------------------------------------- */

static void zone_page_state_add(s64 delta, struct zone *zone, enum zone_stat_item item)
{
	atomic_long_add(delta, &zone->vm_stat[item]);
	atomic_long_add(delta, &machine.vm_zone_stat[item]);
}

static void node_page_state_add(s64 delta, pg_data_t *pgdat, enum node_stat_item item)
{
	atomic_long_add(delta, &pgdat->vm_stat[item]);
	atomic_long_add(delta, &machine.vm_node_stat[item]);
}

static u64 not_negative(s64 value)
{
	return value < 0 ? 0 : (u64)value;
}

u64 zone_page_state(const struct zone *zone, enum zone_stat_item item)
{
	return not_negative(atomic_long_read(&zone->vm_stat[item]));
}

u64 node_page_state(const pg_data_t *pgdat, enum node_stat_item item)
{
	return not_negative(atomic_long_read(&pgdat->vm_stat[item]));
}

u64 global_zone_page_state(enum zone_stat_item item)
{
	return not_negative(atomic_long_read(&machine.vm_zone_stat[item]));
}

u64 global_node_page_state(enum node_stat_item item)
{
	return not_negative(atomic_long_read(&machine.vm_node_stat[item]));
}

u64 zone_page_state_snapshot(struct zone *zone, enum zone_stat_item item)
{
	struct per_cpu_zonestat *stats = smp_load_acquire(&zone->per_cpu_zonestats);
	s64 value = atomic_long_read(&zone->vm_stat[item]);
	unsigned int cpu;

	for_each_online_cpu (cpu)
		value += data_race(per_cpu_ptr(stats, cpu)->vm_stat_diff[item], "an estimate: CPUs go on counting");
	return not_negative(value);
}

/* ---- changes --------------------------------------------------------------------------------------------------- */

/* What the CPU keeps to itself of @x, the rest goes to @spill: all or nothing. */
static s32 keep_or_spill(s64 x, s32 threshold, s64 *spill)
{
	*spill = x > threshold || x < -(s64)threshold ? x : 0;
	return (s32)(x - *spill);
}

/*
 * A CPU's difference is its own: plain accesses with preemption off. Who folds it from elsewhere must know that nobody
 * is here.
 */
void __mod_zone_page_state(struct zone *zone, enum zone_stat_item item, s64 delta)
{
	struct per_cpu_zonestat *stats;
	s64 spill;

	preempt_disable();
	stats = this_cpu_ptr(smp_load_acquire(&zone->per_cpu_zonestats));
	stats->vm_stat_diff[item] =
		keep_or_spill(stats->vm_stat_diff[item] + delta, READ_ONCE(stats->stat_threshold), &spill);
	preempt_enable();
	if (spill)
		zone_page_state_add(spill, zone, item);
}

void __mod_node_page_state(pg_data_t *pgdat, enum node_stat_item item, s64 delta)
{
	struct per_cpu_nodestat *stats;
	s64 spill;

	preempt_disable();
	stats = this_cpu_ptr(smp_load_acquire(&pgdat->per_cpu_nodestats));
	stats->vm_node_stat_diff[item] =
		keep_or_spill(stats->vm_node_stat_diff[item] + delta, READ_ONCE(stats->stat_threshold), &spill);
	preempt_enable();
	if (spill)
		node_page_state_add(spill, pgdat, item);
}

void mod_node_page_state(pg_data_t *pgdat, enum node_stat_item item, s64 delta)
{
	unsigned long flags;

	local_irq_save(flags);
	__mod_node_page_state(pgdat, item, delta);
	local_irq_restore(flags);
}

/* ---- thresholds ------------------------------------------------------------------------------------------------ */

static u32 fls(u64 value)
{
	return value ? 64 - (u32)__builtin_clzll(value) : 0;
}

static u32 nr_online_cpus(void)
{
	unsigned int cpu, count = 0;

	for_each_online_cpu (cpu)
		count++;
	return count;
}

/* By the number of CPUs and the zone's size in units of 128 MiB: how stale a large machine's counters may be. */
static s32 calculate_normal_threshold(const struct zone *zone)
{
	u64 mem = zone_managed_pages(zone) >> (27 - geometry.page_shift);

	return (s32)min(2 * fls(nr_online_cpus()) * (1 + fls(mem)), (u32)STAT_THRESHOLD_MAX);
}

/* Between the low and the minimum mark the CPUs' differences together must not hide that the minimum is reached. */
static s32 calculate_pressure_threshold(const struct zone *zone)
{
	u64 room = READ_ONCE(zone->_watermark[WMARK_LOW]) - READ_ONCE(zone->_watermark[WMARK_MIN]);

	return (s32)clamp(room / nr_online_cpus(), 1, STAT_THRESHOLD_MAX);
}

static void set_zone_threshold(struct zone *zone)
{
	pg_data_t *pgdat = NODE_DATA(zone->node);
	s32 threshold = calculate_normal_threshold(zone);
	u64 max_drift = nr_online_cpus() * (u64)threshold;
	u64 tolerated = READ_ONCE(zone->_watermark[WMARK_LOW]) - READ_ONCE(zone->_watermark[WMARK_MIN]);
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		struct per_cpu_nodestat *node = per_cpu_ptr(pgdat->per_cpu_nodestats, cpu);

		WRITE_ONCE(per_cpu_ptr(zone->per_cpu_zonestats, cpu)->stat_threshold, threshold);
		/* A node's is that of its largest zone. */
		WRITE_ONCE(node->stat_threshold, max(threshold, READ_ONCE(node->stat_threshold)));
	}
	WRITE_ONCE(zone->percpu_drift_mark, max_drift > tolerated ? high_wmark_pages(zone) + max_drift : 0);
}

void refresh_zone_stat_thresholds(void)
{
	struct zone *zone;
	unsigned int cpu;
	u32 nid;

	for_each_node_state (nid, N_ONLINE)
		for_each_online_cpu (cpu)
			WRITE_ONCE(per_cpu_ptr(NODE_DATA(nid)->per_cpu_nodestats, cpu)->stat_threshold, 0);
	for_each_populated_zone (zone)
		set_zone_threshold(zone);
}

void set_pgdat_percpu_threshold(pg_data_t *pgdat, bool pressure)
{
	for (u32 idx = 0; idx < READ_ONCE(pgdat->nr_zones); idx++) {
		struct zone *zone = &pgdat->node_zones[idx];
		unsigned int cpu;
		s32 threshold;

		if (!READ_ONCE(zone->percpu_drift_mark))
			continue;
		threshold = pressure ? calculate_pressure_threshold(zone) : calculate_normal_threshold(zone);
		rcu_read_lock();
		for_each_online_cpu (cpu)
			WRITE_ONCE(per_cpu_ptr(smp_load_acquire(&zone->per_cpu_zonestats), cpu)->stat_threshold,
				   threshold);
		rcu_read_unlock();
	}
}

/* ---- folding --------------------------------------------------------------------------------------------------- */

/* A difference on its way: off the CPU, not yet in the sums. The caller adds it before anybody may rely on them. */
static s32 take_diff(s32 *diff)
{
	s32 value = *diff;

	if (value)
		*diff = 0;
	return value;
}

static int fold_zone_stats(struct zone *zone, struct per_cpu_zonestat *stats)
{
	int folded = 0;

	for (u32 i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++) {
		s32 value = take_diff(&stats->vm_stat_diff[i]);

		if (!value)
			continue;
		zone_page_state_add(value, zone, i);
		folded++;
	}
	return folded;
}

void drain_zonestat(struct zone *zone, struct per_cpu_zonestat *stats)
{
	fold_zone_stats(zone, stats);
}

static int fold_cpu_node_stats(pg_data_t *pgdat, struct per_cpu_nodestat *stats)
{
	int folded = 0;

	for (u32 i = 0; i < NR_VM_NODE_STAT_ITEMS; i++) {
		s32 value = take_diff(&stats->vm_node_stat_diff[i]);

		if (!value)
			continue;
		node_page_state_add(value, pgdat, i);
		folded++;
	}
	return folded;
}

void fold_node_stats(pg_data_t *pgdat)
{
	unsigned int cpu;

	for_each_possible_cpu (cpu)
		fold_cpu_node_stats(pgdat, per_cpu_ptr(pgdat->per_cpu_nodestats, cpu));
}

void clear_node_stats(pg_data_t *pgdat)
{
	unsigned int cpu;

	for_each_possible_cpu (cpu)
		for (u32 i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
			per_cpu_ptr(pgdat->per_cpu_nodestats, cpu)->vm_node_stat_diff[i] = 0;
}

/* Interrupts off: a handler on this CPU that changes an item must not come between taking and clearing it. */
static int refresh_zone(struct zone *zone, bool do_pagesets)
{
	unsigned long flags;
	int folded;

	local_irq_save(flags);
	rcu_read_lock_sched();
	folded = fold_zone_stats(zone, this_cpu_ptr(smp_load_acquire(&zone->per_cpu_zonestats)));
	rcu_read_unlock_sched();
	local_irq_restore(flags);
	point(vmstat, folded, zone->idx);
	if (do_pagesets)
		refresh_pageset(zone, folded != 0);
	return folded;
}

int refresh_cpu_vm_stats(bool do_pagesets)
{
	struct zone *zone;
	int folded = 0;
	u32 nid;

	for_each_populated_zone (zone) {
		point(vmstat, zone_populated, zone->idx);
		folded += refresh_zone(zone, do_pagesets);
	}
	for_each_node_state (nid, N_ONLINE) {
		pg_data_t *pgdat = NODE_DATA(nid);
		unsigned long flags;

		local_irq_save(flags);
		preempt_disable();
		folded += fold_cpu_node_stats(pgdat, this_cpu_ptr(smp_load_acquire(&pgdat->per_cpu_nodestats)));
		preempt_enable();
		local_irq_restore(flags);
	}
	return folded;
}

void cpu_vm_stats_fold(unsigned int cpu)
{
	struct zone *zone;
	u32 nid;

	for_each_populated_zone (zone) {
		rcu_read_lock();
		fold_zone_stats(zone, per_cpu_ptr(smp_load_acquire(&zone->per_cpu_zonestats), cpu));
		rcu_read_unlock();
	}
	/*
	 * A node that went away may come back before the CPU does; that it does not now, cpu_hotplug_lock sees to.
	 * Nodes that never had memory share the counters of boot.
	 */
	for_each_node (nid) {
		struct per_cpu_nodestat *stats = NODE_DATA(nid)->per_cpu_nodestats;

		if (bug(dead_cpu_offline_node) && !node_state(nid, N_ONLINE))
			continue;
		if (stats != machine.boot_nodestats)
			fold_cpu_node_stats(NODE_DATA(nid), per_cpu_ptr(stats, cpu));
	}
}

/* ---- once a second --------------------------------------------------------------------------------------------- */

#define STAT_INTERVAL_NS 1000000000ULL

static void vmstat_update(struct work_struct *work)
{
	(void)work;
	refresh_cpu_vm_stats(true);
}

void vmstat_init(void)
{
	unsigned int cpu;

	machine.vmstat_works = alloc_percpu(struct work_struct, OBJ_work);
	BUG_ON(!machine.vmstat_works);
	rt_mark_permanent(machine.vmstat_works);
	for_each_possible_cpu (cpu)
		init_work(per_cpu_ptr(machine.vmstat_works, cpu), vmstat_update);
}

static bool zone_needs_update(struct zone *zone, unsigned int cpu)
{
	const struct per_cpu_zonestat *stats = per_cpu_ptr(smp_load_acquire(&zone->per_cpu_zonestats), cpu);

	for (u32 i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		if (data_race(stats->vm_stat_diff[i], "the next round folds what this one misses"))
			return true;
	return false;
}

static bool node_needs_update(pg_data_t *pgdat, unsigned int cpu)
{
	const struct per_cpu_nodestat *stats = per_cpu_ptr(smp_load_acquire(&pgdat->per_cpu_nodestats), cpu);

	for (u32 i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		if (data_race(stats->vm_node_stat_diff[i], "the next round folds what this one misses too"))
			return true;
	return false;
}

static bool need_update(unsigned int cpu)
{
	struct zone *zone;
	bool needed = false;
	u32 nid;

	rcu_read_lock();
	for_each_populated_zone (zone)
		needed |= zone_needs_update(zone, cpu);
	rcu_read_unlock();
	for_each_node_state (nid, N_ONLINE)
		needed |= node_needs_update(NODE_DATA(nid), cpu);
	return needed;
}

void vmstat_shepherd(void)
{
	u64 last = READ_ONCE(machine.vmstat_ns), now = rt_now_ns();
	unsigned int cpu;

	if (now - last < STAT_INTERVAL_NS || cmpxchg64(&machine.vmstat_ns, last, now) != last)
		return;
	for_each_online_cpu (cpu)
		if (need_update(cpu))
			schedule_work_on(cpu, per_cpu_ptr(machine.vmstat_works, cpu));
}

/* ---- on demand ------------------------------------------------------------------------------------------------- */

static int negative(const char *name, s64 value)
{
	if (value >= 0)
		return 0;
	pr_warn("%s: %lld\n", name, (long long)value);
	return -EINVAL;
}

static int negative_counter(void)
{
	int err = 0;

	for (u32 i = 0; i < NR_VM_ZONE_STAT_ITEMS && !err; i++)
		err = negative(zone_stat_name(i), atomic_long_read(&machine.vm_zone_stat[i]));
	for (u32 i = 0; i < NR_VM_NODE_STAT_ITEMS && !err; i++)
		err = negative(node_stat_name(i), atomic_long_read(&machine.vm_node_stat[i]));
	return err;
}

int vmstat_refresh(void)
{
	int err = schedule_on_each_cpu(vmstat_update);

	return err ? err : negative_counter();
}
