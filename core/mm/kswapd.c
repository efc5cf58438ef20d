/* SPDX-License-Identifier: MIT */
/* kswapd: a thread of each node with memory that keeps pages free (mm/vmscan.c, 6.1). */
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/mm/vmscan.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/run.h"

#include <stdio.h>

/* What others look at of the thread; as its task_struct it goes away with it. */
struct kswapd {
	pg_data_t *pgdat; /* constant: the thread may run before its node knows of it */
	struct task_struct *task;
	u32 running; /* marked accesses */
	u32 pad;
};

#define NAP_NS 100000000ULL /* HZ / 10 */

/* ---- when there is enough -------------------------------------------------------------------------------------- */

static u64 watermark_boosts(pg_data_t *pgdat, u32 highest_zoneidx)
{
	u64 sum = 0;

	for (u32 idx = 0; idx <= highest_zoneidx; idx++)
		if (managed_zone(&pgdat->node_zones[idx]))
			sum += READ_ONCE(pgdat->node_zones[idx].watermark_boost);
	return sum;
}

/* One zone with enough will do; so does a node without any. */
static bool pgdat_balanced(pg_data_t *pgdat, u32 order, u32 highest_zoneidx)
{
	bool any = false;

	for (u32 idx = 0; idx <= highest_zoneidx; idx++) {
		struct zone *zone = &pgdat->node_zones[idx];

		if (!managed_zone(zone))
			continue;
		any = true;
		if (zone_watermark_ok_safe(zone, order, high_wmark_pages(zone), highest_zoneidx))
			return true;
	}
	return !any;
}

/* ---- work ------------------------------------------------------------------------------------------------------ */

static void set_reclaim_active(pg_data_t *pgdat, u32 highest_zoneidx, bool active)
{
	for (u32 idx = 0; idx <= highest_zoneidx; idx++) {
		struct zone *zone = &pgdat->node_zones[idx];

		if (!managed_zone(zone))
			continue;
		if (active)
			set_bit(ZONE_RECLAIM_ACTIVE, &zone->flags);
		else
			clear_bit(ZONE_RECLAIM_ACTIVE, &zone->flags);
	}
}

/* True if as much was looked at as was wanted: then there is no need to look harder. */
static bool kswapd_shrink_node(pg_data_t *pgdat, struct scan_control *sc)
{
	sc->nr_to_reclaim = 0;
	for (u32 idx = 0; idx <= sc->reclaim_idx; idx++) {
		struct zone *zone = &pgdat->node_zones[idx];

		if (managed_zone(zone))
			sc->nr_to_reclaim += max(high_wmark_pages(zone), (u64)SWAP_CLUSTER_MAX);
	}
	shrink_node(pgdat, sc);
	/* Enough single pages for compaction to make one of that order. */
	if (sc->order && sc->nr_reclaimed >= 2UL << sc->order)
		sc->order = 0;
	return sc->nr_scanned >= sc->nr_to_reclaim;
}

/* Boosts that were there when the run began have had their effect. */
static void end_boosts(pg_data_t *pgdat, u32 highest_zoneidx, const u64 *boosts)
{
	for (u32 idx = 0; idx <= highest_zoneidx; idx++) {
		struct zone *zone = &pgdat->node_zones[idx];
		unsigned long flags;

		if (!boosts[idx])
			continue;
		spin_lock_irqsave(&zone->lock, flags);
		WRITE_ONCE(zone->watermark_boost, zone->watermark_boost - min(zone->watermark_boost, boosts[idx]));
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}

/* Until a zone has enough, or nothing helps. Returns the order that pages were reclaimed for. (6.1) */
static u32 balance_pgdat(pg_data_t *pgdat, u32 order, u32 highest_zoneidx)
{
	struct scan_control sc = {.order = order, .priority = DEF_PRIORITY, .reclaim_idx = highest_zoneidx};
	u64 boosts[MAX_NR_ZONES], boosted = watermark_boosts(pgdat, highest_zoneidx);
	bool enough = false;

	for (u32 idx = 0; idx <= highest_zoneidx; idx++)
		boosts[idx] = READ_ONCE(pgdat->node_zones[idx].watermark_boost);
	point(vmscan, balance, pgdat->node_id);
	set_reclaim_active(pgdat, highest_zoneidx, true);
	while (sc.priority >= 1 && !kthread_should_stop()) {
		u64 before = sc.nr_reclaimed;

		enough = pgdat_balanced(pgdat, sc.order, highest_zoneidx);
		if (enough && sc.nr_reclaimed >= boosted)
			break;
		if (!kswapd_shrink_node(pgdat, &sc) || sc.nr_reclaimed == before)
			sc.priority--;
		/* For a boost alone nobody looks harder than once. */
		if (enough && sc.nr_reclaimed == before)
			break;
	}
	if (!enough && !sc.nr_reclaimed)
		WRITE_ONCE(pgdat->kswapd_failures, READ_ONCE(pgdat->kswapd_failures) + 1);
	set_reclaim_active(pgdat, highest_zoneidx, false);
	if (boosted) {
		end_boosts(pgdat, highest_zoneidx, boosts);
		if (compaction_ops)
			compaction_ops->wakeup_kcompactd(pgdat, pageblock_order, highest_zoneidx);
	}
	return sc.order;
}

/* ---- sleep ----------------------------------------------------------------------------------------------------- */

static bool wanted(const pg_data_t *pgdat)
{
	return READ_ONCE(pgdat->kswapd_highest_zoneidx) != MAX_NR_ZONES;
}

static void set_running(struct kswapd *self, bool running)
{
	WRITE_ONCE(self->running, running);
}

/* A short sleep first: if memory is still there after it, compaction can have a go, and a long one. (6.1) */
static void kswapd_try_to_sleep(struct kswapd *self, u32 order, u32 highest_zoneidx)
{
	pg_data_t *pgdat = self->pgdat;
	bool balanced = pgdat_balanced(pgdat, order, highest_zoneidx) ||
			READ_ONCE(pgdat->kswapd_failures) >= MAX_RECLAIM_RETRIES;

	if (balanced) {
		if (compaction_ops) {
			compaction_ops->reset_isolation_suitable(pgdat);
			compaction_ops->wakeup_kcompactd(pgdat, order, highest_zoneidx);
		}
		set_running(self, false);
		wait_event_timeout(&pgdat->kswapd_wait, wanted(pgdat) || kthread_should_stop(), NAP_NS);
		set_running(self, true);
	}
	if (!balanced || wanted(pgdat))
		return;
	set_running(self, false);
	set_pgdat_percpu_threshold(pgdat, false);
	wait_event(&pgdat->kswapd_wait, wanted(pgdat) || kthread_should_stop());
	set_pgdat_percpu_threshold(pgdat, true);
	set_running(self, true);
}

static int kswapd(void *data)
{
	struct kswapd *self = data;
	pg_data_t *pgdat = self->pgdat;

	current_flags |= PF_MEMALLOC;
	set_running(self, true);
	while (!kthread_should_stop()) {
		u32 highest = READ_ONCE(pgdat->kswapd_highest_zoneidx), order = READ_ONCE(pgdat->kswapd_order), done;

		/* A wake-up that comes after these stores is a new request. */
		WRITE_ONCE(pgdat->kswapd_order, 0);
		WRITE_ONCE(pgdat->kswapd_highest_zoneidx, MAX_NR_ZONES);
		highest = min(highest, (u32)MAX_NR_ZONES - 1);
		done = balance_pgdat(pgdat, order, highest);
		kswapd_try_to_sleep(self, done, highest);
	}
	return 0;
}

void wakeup_kswapd(struct zone *zone, gfp_t gfp, u32 order, u32 highest_zoneidx)
{
	pg_data_t *pgdat = NODE_DATA(zone->node);
	u32 wanted_idx;

	if (!managed_zone(zone))
		return;
	if (READ_ONCE(pgdat->kswapd_failures) >= MAX_RECLAIM_RETRIES ||
	    (pgdat_balanced(pgdat, order, highest_zoneidx) && !watermark_boosts(pgdat, highest_zoneidx))) {
		if (compaction_ops && !(gfp & __GFP_DIRECT_RECLAIM))
			compaction_ops->wakeup_kcompactd(pgdat, order, highest_zoneidx);
		return;
	}
	wanted_idx = READ_ONCE(pgdat->kswapd_highest_zoneidx);
	if (wanted_idx == MAX_NR_ZONES || wanted_idx < highest_zoneidx)
		WRITE_ONCE(pgdat->kswapd_highest_zoneidx, highest_zoneidx);
	if (READ_ONCE(pgdat->kswapd_order) < order)
		WRITE_ONCE(pgdat->kswapd_order, order);
	point(vmscan, wake_kswapd, pgdat->node_id);
	wake_up_all(&pgdat->kswapd_wait);
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static struct kswapd *kswapd_create(pg_data_t *pgdat)
{
	struct kswapd *self = rt_kzalloc(sizeof(*self), OBJ_kswapd);
	char name[RT_TASK_NAME_MAX];

	if (!self)
		return NULL;
	self->pgdat = pgdat;
	snprintf(name, sizeof(name), "kswapd%u", pgdat->node_id);
	if (!should_fail(kthread))
		self->task =
			kthread_run_waiting(kswapd, self, first_cpu_of_node(pgdat->node_id), name, &pgdat->kswapd_wait);
	if (!self->task) {
		kfree(self);
		return NULL;
	}
	return self;
}

void kswapd_run(u32 nid)
{
	pg_data_t *pgdat = NODE_DATA(nid);

	mutex_lock(&pgdat->kswapd_lock);
	if (!pgdat->kswapd) {
		WRITE_ONCE(pgdat->kswapd_order, 0);
		WRITE_ONCE(pgdat->kswapd_highest_zoneidx, MAX_NR_ZONES);
		WRITE_ONCE(pgdat->kswapd, kswapd_create(pgdat));
		if (!pgdat->kswapd)
			pr_warn("Failed to start kswapd on node %u\n", nid);
	}
	mutex_unlock(&pgdat->kswapd_lock);
}

void kswapd_stop(u32 nid)
{
	pg_data_t *pgdat = NODE_DATA(nid);
	struct kswapd *self;

	mutex_lock(&pgdat->kswapd_lock);
	self = pgdat->kswapd;
	if (self) {
		kthread_stop(self->task);
		WRITE_ONCE(pgdat->kswapd, NULL);
		point(vmscan, kswapd_stopped, nid);
		kfree(self);
	}
	mutex_unlock(&pgdat->kswapd_lock);
}

bool kswapd_is_running(const pg_data_t *pgdat)
{
	const struct kswapd *self = READ_ONCE(pgdat->kswapd);

	if (!self)
		return false;
	point(vmscan, kswapd_seen, pgdat->node_id);
	return READ_ONCE(self->running);
}
