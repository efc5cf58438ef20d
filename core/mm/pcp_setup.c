/* SPDX-License-Identifier: MIT */
/* Per-CPU lists: how long they are, when they are off, and how they come and go with their zone. */
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/report.h"

/* ---- high and batch -------------------------------------------------------------------------------------------- */

#define PCP_FRACTION_MIN 8

/* At most a quarter of 1 MiB, and not a power of two: batches of many CPUs should not march in step. (6.1) */
static u32 zone_batchsize(const struct zone *zone)
{
	u64 batch = min(zone_managed_pages(zone) / 1024, (1UL << 20 >> geometry.page_shift)) / 4;

	batch = max(batch, 1UL);
	batch += batch / 2;
	return (u32)(BIT(63 - __builtin_clzll(batch)) - 1);
}

/* The CPUs near the zone share its low watermark, or the fraction the administrator wants. (zone_highsize, 6.1) */
static u32 zone_highsize(const struct zone *zone, u32 batch, bool coming)
{
	u32 fraction = READ_ONCE(machine.vm.percpu_pagelist_high_fraction);
	u64 total = fraction ? zone_managed_pages(zone) / fraction : low_wmark_pages(zone);
	u32 cpus = nr_cpus_of_node(zone->node) + coming;

	if (!cpus) {
		unsigned int cpu;

		for_each_online_cpu (cpu)
			cpus++;
	}
	return (u32)max(total / cpus, (u64)batch << 2);
}

/* High before batch, so that nobody sees a batch above it; but a moment of it would do no harm. */
static void pageset_update(struct per_cpu_pages *pcp, u32 high, u32 batch)
{
	WRITE_ONCE(pcp->batch, (s32)batch);
	WRITE_ONCE(pcp->high, (s32)high);
}

void zone_pcp_set_high_and_batch(struct zone *zone, u32 high, u32 batch)
{
	unsigned int cpu;

	for_each_possible_cpu (cpu)
		pageset_update(per_cpu_ptr(READ_ONCE(zone->per_cpu_pageset), cpu), high, batch);
}

void zone_set_pageset_high_and_batch(struct zone *zone, bool coming)
{
	u32 batch = max(zone_batchsize(zone), 1u), high = zone_highsize(zone, batch, coming);

	if (zone->pageset_high == high && zone->pageset_batch == batch)
		return;
	zone->pageset_high = high;
	zone->pageset_batch = batch;
	zone_pcp_set_high_and_batch(zone, high, batch);
}

/* Excludes others who set the length of lists, and whoever has disabled them. */
static void pcp_batch_high_lock(void)
{
	if (design(pcp_isolation) == ALT_pcp_isolation_disable_in_isolation)
		down_write(&machine.pcp_isolation_rwsem);
	mutex_lock(&machine.pcp_batch_high_lock);
}

static void pcp_batch_high_unlock(void)
{
	mutex_unlock(&machine.pcp_batch_high_lock);
	if (design(pcp_isolation) == ALT_pcp_isolation_disable_in_isolation)
		up_write(&machine.pcp_isolation_rwsem);
}

void zone_pcp_update(struct zone *zone, bool coming)
{
	pcp_batch_high_lock();
	zone_set_pageset_high_and_batch(zone, coming);
	pcp_batch_high_unlock();
}

void zone_pcp_update_all(bool coming)
{
	struct zone *zone;

	for_each_populated_zone (zone)
		zone_pcp_update(zone, coming);
}

int percpu_pagelist_high_fraction_set(u32 fraction)
{
	struct zone *zone;

	if (fraction && fraction < PCP_FRACTION_MIN)
		return -EINVAL;
	pcp_batch_high_lock();
	if (fraction != machine.vm.percpu_pagelist_high_fraction) {
		WRITE_ONCE(machine.vm.percpu_pagelist_high_fraction, fraction);
		for_each_populated_zone (zone)
			zone_set_pageset_high_and_batch(zone, false);
	}
	pcp_batch_high_unlock();
	return 0;
}

/* ---- off and on ------------------------------------------------------------------------------------------------ */

/*
 * High first, then the drain: a freer that read the old high has put its page there before its CPU's lists are drained,
 * since both hold pcp->lock; one that comes later sees 0.
 *
 *   freer:   lock  high=n  add         unlock
 *   here:                                    high:=0  lock drain unlock
 */
void zone_pcp_disable(struct zone *zone)
{
	mutex_lock(&machine.pcp_batch_high_lock);
	if (bug(pcp_drain_before_disable))
		drain_all_cpus(zone, true);
	zone_pcp_set_high_and_batch(zone, 0, 1);
	point(pcp, disabled, zone->idx);
	if (!bug(pcp_drain_before_disable))
		drain_all_cpus(zone, !bug(pcp_disable_without_force));
}

void zone_pcp_enable(struct zone *zone)
{
	zone_pcp_set_high_and_batch(zone, zone->pageset_high, zone->pageset_batch);
	mutex_unlock(&machine.pcp_batch_high_lock);
	point(pcp, enabled, zone->idx);
}

/* ---- lists and counters of their own --------------------------------------------------------------------------- */

/* @pcp may be NULL under bug(pageset_alloc_unchecked): the first store is where the kernel would oops. */
static MAY_BE_WILD void per_cpu_pages_init(struct per_cpu_pages *pcp)
{
	pcp->count = 0;
	spin_lock_init(&pcp->lock, LOCK_pcp);
	pcp->free_factor = 0;
	pcp->expire = 0;
	for (u32 i = 0; i < NR_PCP_LISTS_MAX; i++)
		INIT_LIST_HEAD(&pcp->lists[i]);
	/* Until somebody says otherwise, nothing stays on the lists. */
	pageset_update(pcp, 0, 1);
}

static void init_pageset(struct per_cpu_pages *pageset)
{
	unsigned int cpu;

	for_each_possible_cpu (cpu)
		per_cpu_pages_init(per_cpu_ptr(pageset, cpu));
}

void boot_pagesets_init(void)
{
	machine.boot_pageset = alloc_percpu(struct per_cpu_pages, OBJ_pageset);
	machine.boot_zonestats = alloc_percpu(struct per_cpu_zonestat, OBJ_zonestat);
	machine.boot_nodestats = alloc_percpu(struct per_cpu_nodestat, OBJ_nodestat);
	BUG_ON(!machine.boot_pageset || !machine.boot_zonestats || !machine.boot_nodestats);
	rt_mark_permanent(machine.boot_pageset);
	rt_mark_permanent(machine.boot_zonestats);
	rt_mark_permanent(machine.boot_nodestats);
	init_pageset(machine.boot_pageset);
	mutex_init(&machine.pcp_batch_high_lock, LOCK_pcp_batch_high);
	init_rwsem(&machine.pcp_isolation_rwsem, LOCK_pcp_isolation);
	mutex_init(&machine.pcpu_drain_mutex, LOCK_pcpu_drain);
}

void zone_pcp_init(struct zone *zone)
{
	/* Ordered before whoever finds the lists: they are initialised. */
	smp_store_release(&zone->per_cpu_pageset, machine.boot_pageset);
	smp_store_release(&zone->per_cpu_zonestats, machine.boot_zonestats);
	zone->pageset_high = 0;
	zone->pageset_batch = 1;
	atomic_set(&zone->pcp_isolators, 0);
}

static bool has_own_pageset(const struct zone *zone)
{
	/* Lists that were never given away look like boot lists to whoever compares with NULL. */
	if (bug(pageset_null_test))
		return zone->per_cpu_pageset != NULL;
	return zone->per_cpu_pageset != machine.boot_pageset;
}

/* Both allocations or none. 6.1 does not look at the results. */
static bool alloc_own_pageset(struct zone *zone)
{
	struct per_cpu_zonestat *stats = alloc_percpu(struct per_cpu_zonestat, OBJ_zonestat);
	struct per_cpu_pages *pageset = alloc_percpu(struct per_cpu_pages, OBJ_pageset);

	if ((!stats || !pageset) && !bug(pageset_alloc_unchecked)) {
		free_percpu(stats);
		free_percpu(pageset);
		return false;
	}
	init_pageset(pageset);
	smp_store_release(&zone->per_cpu_zonestats, stats);
	smp_store_release(&zone->per_cpu_pageset, pageset);
	return true;
}

int setup_zone_pageset(struct zone *zone)
{
	if (current && design(pcp_teardown) == ALT_pcp_teardown_keep && has_own_pageset(zone))
		init_pageset(zone->per_cpu_pageset);
	else if (!alloc_own_pageset(zone))
		return -ENOMEM;
	point(pcp, setup, zone->idx);
	/* Excludes writers of min_free_kbytes and the like, who set the lists of all zones. */
	if (!bug(pageset_setup_unlocked) && current)
		pcp_batch_high_lock();
	zone_set_pageset_high_and_batch(zone, false);
	/* The lists are new: values that the zone had before it was emptied are not in them, though they are cached. */
	if (!bug(pageset_cached_values))
		zone_pcp_set_high_and_batch(zone, zone->pageset_high, zone->pageset_batch);
	if (!bug(pageset_setup_unlocked) && current)
		pcp_batch_high_unlock();
	return 0;
}

/* ---- teardown: the alternatives of design pcp_teardown --------------------------------------------------------- */

/* Offline CPUs have folded theirs when they went. */
static void fold_zonestats(struct zone *zone, struct per_cpu_zonestat *stats)
{
	unsigned int cpu;

	if (bug(zonestat_not_folded))
		return;
	for_each_online_cpu (cpu)
		drain_zonestat(zone, per_cpu_ptr(stats, cpu));
}

/* Nobody is waited for: whoever found the lists before goes on using them. */
static void reset_at_once(struct zone *zone)
{
	struct per_cpu_pages *pageset = zone->per_cpu_pageset;
	struct per_cpu_zonestat *stats = zone->per_cpu_zonestats;

	if (pageset == machine.boot_pageset)
		return;
	fold_zonestats(zone, stats);
	point(pcp, folded, zone->idx);
	free_percpu(pageset);
	smp_store_release(&zone->per_cpu_pageset, machine.boot_pageset);
	if (stats == machine.boot_zonestats)
		return;
	free_percpu(stats);
	smp_store_release(&zone->per_cpu_zonestats, machine.boot_zonestats);
}

/* Keeps the calling CPU's own interrupts out, and nobody else. */
static void reset_irqoff(struct zone *zone)
{
	unsigned long flags;

	local_irq_save(flags);
	reset_at_once(zone);
	local_irq_restore(flags);
}

/* The lists stay, for when the zone comes back; what the CPUs keep of its counters must not. */
static void keep(struct zone *zone)
{
	if (zone->per_cpu_pageset != machine.boot_pageset)
		fold_zonestats(zone, zone->per_cpu_zonestats);
}

/*
 * The pointers first, then a grace period: whoever found the old lists has left its read section, and only then they
 * are folded and freed. Late users meet the boot lists, which keep nothing.
 */
static void quiesce(struct zone *zone)
{
	struct per_cpu_pages *pageset = zone->per_cpu_pageset;
	struct per_cpu_zonestat *stats = zone->per_cpu_zonestats;

	if (pageset == machine.boot_pageset)
		return;
	smp_store_release(&zone->per_cpu_pageset, machine.boot_pageset);
	smp_store_release(&zone->per_cpu_zonestats, machine.boot_zonestats);
	point(pcp, unreachable, zone->idx);
	synchronize_rcu();
	fold_zonestats(zone, stats);
	point(pcp, folded, zone->idx);
	free_percpu(pageset);
	free_percpu(stats);
}

/* One alternative. */
struct pcp_teardown {
	void (*reset)(struct zone *zone);
	bool after_zonelists;
};

static const struct pcp_teardown *pcp_teardown(void)
{
	static const struct pcp_teardown alternatives[] = {
		[ALT_pcp_teardown_reset_irqoff] = {reset_irqoff, false},
		[ALT_pcp_teardown_reset] = {reset_at_once, false},
		[ALT_pcp_teardown_reorder] = {reset_at_once, true},
		[ALT_pcp_teardown_keep] = {keep, false},
		[ALT_pcp_teardown_quiesce] = {quiesce, true},
	};

	return &alternatives[design(pcp_teardown)];
}

void zone_pcp_reset(struct zone *zone)
{
	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	pcp_teardown()->reset(zone);
	point(pcp, reset, zone->idx);
}

bool zone_pcp_reset_after_zonelists(void)
{
	return pcp_teardown()->after_zonelists;
}
