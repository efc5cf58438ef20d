/* SPDX-License-Identifier: MIT */
/* Onlining a memory block (mm/memory_hotplug.c, drivers/base/memory.c, 6.1). */
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/notifier.h"
#include "core/mm/buddy.h"
#include "core/mm/machine.h"
#include "core/range/isolation.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

/* Node states that this online turns on (node_states_check_changes_online). */
static void node_states_check_changes_online(const struct zone *zone, struct memory_notify *arg)
{
	bool normal = zone->idx <= ZONE_NORMAL;

	arg->status_change_nid = node_state(zone->node, N_MEMORY) ? -1 : (s32)zone->node;
	arg->status_change_nid_normal = normal && !node_state(zone->node, N_NORMAL_MEMORY) ? (s32)zone->node : -1;
}

static void node_states_set_node(const struct memory_notify *arg)
{
	if (arg->status_change_nid_normal >= 0)
		node_set_state((u32)arg->status_change_nid_normal, N_NORMAL_MEMORY);
	if (arg->status_change_nid >= 0)
		node_set_state((u32)arg->status_change_nid, N_MEMORY);
}

/*
 * Frees the range in the largest aligned chunks. Its pageblocks are isolated, so nobody can allocate any of it before
 * online_pages() has counted it.
 */
static void online_pages_range(u64 start_pfn, u64 nr_pages)
{
	u64 end_pfn = start_pfn + nr_pages;

	for (u64 pfn = start_pfn; pfn < end_pfn;) {
		u32 order = pfn ? min(geometry.max_order, (u32)__builtin_ctzll(pfn)) : geometry.max_order;

		__free_pages_core(pfn_to_page(pfn), order);
		totalram_pages_add((s64)BIT(order));
		point(online, chunk_freed, pfn);
		pfn += BIT(order);
	}
	online_mem_sections(start_pfn, end_pfn);
	point(online, sections_online, start_pfn);
}

int online_pages(u64 pfn, u64 nr_pages, struct zone *zone)
{
	struct memory_notify arg = {.start_pfn = pfn, .nr_pages = nr_pages};
	unsigned long flags;
	int ret;

	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	if (!nr_pages || !pageblock_aligned(pfn) || !IS_ALIGNED(pfn + nr_pages, (u64)PAGES_PER_SECTION)) {
		WARN_ON(true);
		return -EINVAL;
	}

	point(online, begin, pfn);
	move_pfn_range_to_zone(zone, pfn, nr_pages, MIGRATE_ISOLATE);
	node_states_check_changes_online(zone, &arg);
	ret = notifier_to_errno(memory_notify(MEM_GOING_ONLINE, &arg));
	if (ret) {
		pr_debug("online_pages %llu failed: %d\n", (unsigned long long)pfn, ret);
		memory_notify(MEM_CANCEL_ONLINE, &arg);
		remove_pfn_range_from_zone(zone, pfn, nr_pages);
		point(online, cancelled, pfn);
		return ret;
	}
	point(online, going_online, pfn);

	/* memmap initialisation wrote ISOLATE into the pageblocks behind the counter's back. */
	spin_lock_irqsave(&zone->lock, flags);
	zone->nr_isolate_pageblock += nr_pages / pageblock_nr_pages;
	spin_unlock_irqrestore(&zone->lock, flags);

	online_pages_range(pfn, nr_pages);
	adjust_present_page_count(zone, pfn, (s64)nr_pages);
	point(online, counted, pfn);
	node_states_set_node(&arg);

	undo_isolate_page_range(pfn, pfn + nr_pages, MIGRATE_MOVABLE);
	point(online, unisolated, pfn);
	memory_notify(MEM_ONLINE, &arg);
	point(online, done, pfn);
	return 0;
}

int memory_block_online(struct memory_block *mem)
{
	u64 start_pfn = section_nr_to_pfn(mem->start_section_nr), nr_pages = geometry.pages_per_block;
	struct zone *zone = zone_for_pfn_range(mem->online_type, (u32)mem->nid, start_pfn, nr_pages);
	int ret;

	mem_hotplug_begin();
	ret = online_pages(start_pfn, nr_pages, zone);
	if (!ret)
		mem->zone = zone;
	mem_hotplug_done();
	return ret;
}
