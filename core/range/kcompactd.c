/* SPDX-License-Identifier: MIT */
/* kcompactd: a thread of each node with memory that compacts in advance (mm/compaction.c, 6.1). */
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/range/compaction.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/run.h"

#include <stdio.h>

#define HPAGE_FRAG_CHECK_INTERVAL_NS 500000000ULL

static bool kcompactd_work_requested(const pg_data_t *pgdat)
{
	return READ_ONCE(pgdat->kcompactd_max_order) > 0 || kthread_should_stop() ||
	       READ_ONCE(pgdat->proactive_compact_trigger);
}

/* Is there a zone where it could make a block of that order? (kcompactd_node_suitable, 6.1) */
static bool kcompactd_node_suitable(pg_data_t *pgdat, u32 order, u32 highest_zoneidx)
{
	for (u32 idx = 0; idx <= highest_zoneidx; idx++) {
		struct zone *zone = &pgdat->node_zones[idx];

		if (populated_zone(zone) &&
		    compaction_suitable(zone, (s32)order, 0, highest_zoneidx) == COMPACT_CONTINUE)
			return true;
	}
	return false;
}

static void compact_one(pg_data_t *pgdat, struct zone *zone, u32 order, u32 highest_zoneidx)
{
	struct compact_control cc = {
		.zone = zone,
		.order = (s32)order,
		.migratetype = MIGRATE_MOVABLE,
		.highest_zoneidx = highest_zoneidx,
		.mode = MIGRATE_SYNC_LIGHT,
	};
	enum compact_result status;

	(void)pgdat;
	if (!populated_zone(zone) || compaction_deferred(zone, cc.order) ||
	    compaction_suitable(zone, cc.order, 0, highest_zoneidx) != COMPACT_CONTINUE)
		return;
	status = compact_zone(&cc);
	if (status == COMPACT_SUCCESS) {
		compaction_defer_reset(zone, cc.order, false);
	} else if (status == COMPACT_PARTIAL_SKIPPED || status == COMPACT_COMPLETE) {
		/* It may have made the block, but in pieces on per-CPU lists. */
		drain_all_pages(zone);
		defer_compaction(zone, cc.order);
	}
}

static u32 highest_zoneidx(const pg_data_t *pgdat)
{
	u32 nr_zones = READ_ONCE(pgdat->nr_zones);

	return nr_zones ? nr_zones - 1 : 0;
}

static void kcompactd_do_work(pg_data_t *pgdat)
{
	u32 order = READ_ONCE(pgdat->kcompactd_max_order), highest = READ_ONCE(pgdat->kcompactd_highest_zoneidx);

	point(kcompactd, work, pgdat->node_id);
	for (u32 idx = 0; idx <= min(highest, (u32)MAX_NR_ZONES - 1) && !kthread_should_stop(); idx++)
		compact_one(pgdat, &pgdat->node_zones[idx], order, highest);
	/* What was asked for since then stands. */
	if (READ_ONCE(pgdat->kcompactd_max_order) <= order)
		WRITE_ONCE(pgdat->kcompactd_max_order, 0);
	if (READ_ONCE(pgdat->kcompactd_highest_zoneidx) >= highest)
		WRITE_ONCE(pgdat->kcompactd_highest_zoneidx, highest_zoneidx(pgdat));
}

/* Now and then, or when the administrator has changed how far it shall go. Returns how long to wait. */
static u64 kcompactd_look_around(pg_data_t *pgdat)
{
	u64 interval = HPAGE_FRAG_CHECK_INTERVAL_NS;

	if (should_proactive_compact_node(pgdat) && !proactive_compact_node(pgdat))
		interval <<= COMPACT_MAX_DEFER_SHIFT;
	if (READ_ONCE(pgdat->proactive_compact_trigger))
		WRITE_ONCE(pgdat->proactive_compact_trigger, 0);
	return interval;
}

/* Asleep until it is wanted for the first time; from then on it looks around by itself. */
static int kcompactd(void *data)
{
	pg_data_t *pgdat = data;
	u64 interval = HPAGE_FRAG_CHECK_INTERVAL_NS;
	bool asked = true;

	while (!kthread_should_stop()) {
		if (asked && !READ_ONCE(pgdat->proactive_compact_trigger)) {
			kcompactd_do_work(pgdat);
			interval = HPAGE_FRAG_CHECK_INTERVAL_NS;
		} else {
			interval = kcompactd_look_around(pgdat);
		}
		asked = !wait_event_timeout(&pgdat->kcompactd_wait, kcompactd_work_requested(pgdat), interval);
	}
	return 0;
}

void wakeup_kcompactd(pg_data_t *pgdat, u32 order, u32 highest_zoneidx)
{
	if (!order)
		return;
	if (READ_ONCE(pgdat->kcompactd_max_order) < order)
		WRITE_ONCE(pgdat->kcompactd_max_order, order);
	if (READ_ONCE(pgdat->kcompactd_highest_zoneidx) > highest_zoneidx)
		WRITE_ONCE(pgdat->kcompactd_highest_zoneidx, highest_zoneidx);
	if (!kcompactd_node_suitable(pgdat, order, highest_zoneidx))
		return;
	point(kcompactd, wake, pgdat->node_id);
	wake_up_all(&pgdat->kcompactd_wait);
}

void kcompactd_run(u32 nid)
{
	pg_data_t *pgdat = NODE_DATA(nid);
	char name[RT_TASK_NAME_MAX];

	if (pgdat->kcompactd)
		return;
	WRITE_ONCE(pgdat->kcompactd_max_order, 0);
	WRITE_ONCE(pgdat->kcompactd_highest_zoneidx, highest_zoneidx(pgdat));
	snprintf(name, sizeof(name), "kcompactd%u", nid);
	if (!should_fail(kthread))
		pgdat->kcompactd =
			kthread_run_waiting(kcompactd, pgdat, first_cpu_of_node(nid), name, &pgdat->kcompactd_wait);
	if (!pgdat->kcompactd)
		pr_warn("Failed to start kcompactd on node %u\n", nid);
}

void kcompactd_stop(u32 nid)
{
	pg_data_t *pgdat = NODE_DATA(nid);

	if (!pgdat->kcompactd)
		return;
	kthread_stop(pgdat->kcompactd);
	pgdat->kcompactd = NULL;
}
