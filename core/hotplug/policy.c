/* SPDX-License-Identifier: MIT */
#include "core/hotplug/policy.h"

#include "core/hotplug/hotplug_state.h"

/* ---- contig-zones ---------------------------------------------------------------------------------------------- */

static struct zone *default_kernel_zone_for_pfn(u32 nid, u64 start_pfn, u64 nr_pages)
{
	for (u32 idx = 0; idx < ZONE_NORMAL; idx++) {
		struct zone *zone = node_zone(nid, idx);

		if (zone_intersects(zone, start_pfn, nr_pages))
			return zone;
	}
	return node_zone(nid, ZONE_NORMAL);
}

/* Spans decide: the zone that alone intersects the range, else the kernel zone, or the movable one under movable_node.
 */
static struct zone *default_zone_for_pfn(u32 nid, u64 start_pfn, u64 nr_pages)
{
	struct zone *kernel_zone = default_kernel_zone_for_pfn(nid, start_pfn, nr_pages);
	struct zone *movable_zone = node_zone(nid, ZONE_MOVABLE);
	bool in_kernel = zone_intersects(kernel_zone, start_pfn, nr_pages);
	bool in_movable = zone_intersects(movable_zone, start_pfn, nr_pages);

	if (in_kernel != in_movable)
		return in_kernel ? kernel_zone : movable_zone;
	return boot_param(movable_node) ? movable_zone : kernel_zone;
}

/* ---- auto-movable ---------------------------------------------------------------------------------------------- */

/* What the budget of movable memory is made of, on one node or everywhere. */
struct auto_movable_stats {
	u64 kernel_early_pages; /* boot memory in kernel zones: what the kernel can rely on */
	u64 movable_pages;
};

static void auto_movable_stats_account_zone(struct auto_movable_stats *stats, const struct zone *zone)
{
	if (zone->idx == ZONE_MOVABLE) {
		stats->movable_pages += READ_ONCE(zone->present_pages);
		return;
	}
	/* CMA memory can hold nothing but movable pages. */
	stats->movable_pages += zone->cma_pages;
	stats->kernel_early_pages += READ_ONCE(zone->present_early_pages) - zone->cma_pages;
}

struct auto_movable_group_stats {
	u64 movable_pages;
	u64 req_kernel_early_pages;
};

/* A dynamic group lives within its own ratio; what its own kernel memory does not cover, boot memory must. */
static int auto_movable_stats_account_group(struct memory_group *group, void *arg)
{
	const u64 ratio = READ_ONCE(machine.hotplug->auto_movable_ratio);
	struct auto_movable_group_stats *stats = arg;
	s64 required;

	if (!ratio)
		return 0;
	required = (s64)(READ_ONCE(group->present_movable_pages) * 100 / ratio) -
		   (s64)READ_ONCE(group->present_kernel_pages);
	if (required > 0)
		stats->req_kernel_early_pages += (u64)required;
	stats->movable_pages += READ_ONCE(group->present_movable_pages);
	return 0;
}

/* May @nr_pages more be movable, counting all nodes (@nid -1) or one? */
static bool auto_movable_can_online_movable(s32 nid, struct memory_group *group, u64 nr_pages)
{
	const u64 ratio = READ_ONCE(machine.hotplug->auto_movable_ratio);
	struct auto_movable_group_stats group_stats = {0, 0};
	struct auto_movable_stats stats = {0, 0};
	struct zone *zone;

	for_each_populated_zone (zone)
		if (nid < 0 || zone->node == (u32)nid)
			auto_movable_stats_account_zone(&stats, zone);
	walk_dynamic_memory_groups(nid, auto_movable_stats_account_group, group, &group_stats);
	if (stats.kernel_early_pages <= group_stats.req_kernel_early_pages)
		return false;
	stats.kernel_early_pages -= group_stats.req_kernel_early_pages;
	stats.movable_pages -= group_stats.movable_pages;
	if (group && group->is_dynamic)
		stats.kernel_early_pages += READ_ONCE(group->present_kernel_pages);
	return stats.movable_pages + nr_pages <= ratio * stats.kernel_early_pages / 100;
}

/*
 * How much of the unit that the block is part of is movable already; false: some of it is not, and then the rest should
 * not be either. *@pfn is left where the scan ended, and that is what 6.1 asks the default kernel zone for afterwards.
 */
static bool unit_is_movable(u64 *pfn, u64 unit_pages, u64 *movable_pages)
{
	u64 end_pfn;

	*pfn = ALIGN_DOWN(*pfn, unit_pages);
	end_pfn = *pfn + unit_pages;
	for (; *pfn < end_pfn; *pfn += PAGES_PER_SECTION) {
		const struct page *page = pfn_to_online_page(*pfn);

		if (!page)
			continue;
		if (page_zonenum(page) != ZONE_MOVABLE)
			return false;
		*movable_pages += PAGES_PER_SECTION;
	}
	return true;
}

static struct zone *auto_movable_zone_for_pfn(u32 nid, struct memory_group *group, u64 pfn, u64 nr_pages)
{
	u64 block_pages = nr_pages, max_pages = nr_pages, online_pages = 0, scanned = pfn;

	if (!READ_ONCE(machine.hotplug->auto_movable_ratio))
		goto kernel_zone;
	if (group && !group->is_dynamic) {
		max_pages = group->max_pages;
		online_pages = READ_ONCE(group->present_movable_pages);
		/* All of a static group's memory is of one kind. */
		if (READ_ONCE(group->present_kernel_pages))
			goto kernel_zone;
	} else if (group && group->unit_pages != nr_pages) {
		max_pages = group->unit_pages;
		if (!unit_is_movable(&scanned, group->unit_pages, &online_pages))
			goto kernel_zone;
	}
	/* All that the device can still get must fit, everywhere and on the node. */
	nr_pages = max_pages - online_pages;
	if (!auto_movable_can_online_movable(-1, group, nr_pages))
		goto kernel_zone;
	if (READ_ONCE(machine.hotplug->auto_movable_numa_aware) &&
	    !auto_movable_can_online_movable((s32)nid, group, nr_pages))
		goto kernel_zone;
	return node_zone(nid, ZONE_MOVABLE);
kernel_zone:
	if (bug(auto_movable_scanned_pfn))
		return default_kernel_zone_for_pfn(nid, scanned, nr_pages);
	return default_kernel_zone_for_pfn(nid, pfn, block_pages);
}

/* ---- all policies ---------------------------------------------------------------------------------------------- */

struct zone *zone_for_pfn_range(enum mmop online_type, u32 nid, struct memory_group *group, u64 pfn, u64 nr_pages)
{
	if (online_type == MMOP_ONLINE_KERNEL)
		return default_kernel_zone_for_pfn(nid, pfn, nr_pages);
	if (online_type == MMOP_ONLINE_MOVABLE)
		return node_zone(nid, ZONE_MOVABLE);
	if (READ_ONCE(machine.hotplug->online_policy) == ONLINE_POLICY_AUTO_MOVABLE)
		return auto_movable_zone_for_pfn(nid, group, pfn, nr_pages);
	return default_zone_for_pfn(nid, pfn, nr_pages);
}
