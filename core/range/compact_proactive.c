/* SPDX-License-Identifier: MIT */
/* Compaction in advance: kcompactd keeps external fragmentation of its node low (mm/compaction.c, 6.1). */
#include "core/mm/geometry.h"
#include "core/mm/machine.h"
#include "core/mm/vmscan.h"
#include "core/range/compaction.h"
#include "core/rt/point.h"

/* The part of the free pages, in percent, that is in blocks too small for a huge page. (extfrag_for_order, 6.1) */
static u32 extfrag_for_order(const struct zone *zone, u32 order)
{
	u64 free_pages = 0, suitable = 0;

	for (u32 o = 0; o <= geometry.max_order; o++) {
		u64 pages = READ_ONCE(zone->free_area[o].nr_free) << o;

		free_pages += pages;
		if (o >= order)
			suitable += pages;
	}
	return free_pages ? (u32)((free_pages - suitable) * 100 / free_pages) : 0;
}

u32 fragmentation_score_zone(const struct zone *zone)
{
	return extfrag_for_order(zone, pageblock_order);
}

/* Zones count by their part of the node. */
static u32 fragmentation_score_node(const pg_data_t *pgdat)
{
	u64 node_pages = READ_ONCE(pgdat->node_present_pages) + 1, score = 0;

	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
		const struct zone *zone = &pgdat->node_zones[idx];

		score += READ_ONCE(zone->present_pages) * fragmentation_score_zone(zone) / node_pages;
	}
	return (u32)score;
}

u32 fragmentation_score_wmark(bool low)
{
	u32 proactiveness = READ_ONCE(machine.vm.compaction_proactiveness);
	u32 wmark_low = proactiveness < 95 ? 100 - proactiveness : 5;

	return low ? wmark_low : min(wmark_low + 10, 100u);
}

bool should_proactive_compact_node(const pg_data_t *pgdat)
{
	if (!READ_ONCE(machine.vm.compaction_proactiveness) || kswapd_is_running(pgdat))
		return false;
	return fragmentation_score_node(pgdat) > fragmentation_score_wmark(false);
}

static void compact_zones(pg_data_t *pgdat)
{
	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
		struct compact_control cc = {
			.zone = &pgdat->node_zones[idx],
			.order = -1,
			.mode = MIGRATE_SYNC_LIGHT,
			.ignore_skip_hint = true,
			.whole_zone = true,
			.proactive = true,
		};

		if (populated_zone(cc.zone))
			compact_zone(&cc);
	}
}

bool proactive_compact_node(pg_data_t *pgdat)
{
	u32 before = fragmentation_score_node(pgdat);

	point(kcompactd, proactive, pgdat->node_id);
	compact_zones(pgdat);
	return fragmentation_score_node(pgdat) < before;
}

int compaction_proactiveness_set(u32 percent)
{
	u32 nid;

	if (percent > 100)
		return -EINVAL;
	WRITE_ONCE(machine.vm.compaction_proactiveness, percent);
	if (!percent)
		return 0;
	for_each_node_state (nid, N_ONLINE) {
		pg_data_t *pgdat = NODE_DATA(nid);

		if (READ_ONCE(pgdat->proactive_compact_trigger))
			continue;
		WRITE_ONCE(pgdat->proactive_compact_trigger, 1);
		wake_up_all(&pgdat->kcompactd_wait);
	}
	return 0;
}
