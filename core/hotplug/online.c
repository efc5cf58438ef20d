/* SPDX-License-Identifier: MIT */
/* Onlining a memory block (mm/memory_hotplug.c, drivers/base/memory.c, 6.1). */
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/notifier.h"
#include "core/hotplug/poison.h"
#include "core/hotplug/policy.h"
#include "core/mm/buddy.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/mm/vmscan.h"
#include "core/range/compaction.h"
#include "core/range/isolation.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

/* Node states that this online turns on. */
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

/* ---- who gives pages to the allocator -------------------------------------------------------------------------- */

void generic_online_page(struct page *page, u32 order)
{
	__free_pages_core(page, order);
	totalram_pages_add((s64)BIT(order));
}

static online_page_callback_t online_page_callback(void)
{
	online_page_callback_t callback = READ_ONCE(machine.hotplug->online_page_callback);

	return callback ? callback : generic_online_page;
}

/* mem_hotplug_lock keeps onlining out, which uses the callback without a lock of its own. */
static int change_online_page_callback(online_page_callback_t from, online_page_callback_t to)
{
	int ret = -EINVAL;

	get_online_mems();
	mutex_lock(&machine.hotplug->online_page_callback_lock);
	if (machine.hotplug->online_page_callback == from) {
		WRITE_ONCE(machine.hotplug->online_page_callback, to);
		ret = 0;
	}
	mutex_unlock(&machine.hotplug->online_page_callback_lock);
	put_online_mems();
	return ret;
}

int set_online_page_callback(online_page_callback_t callback)
{
	return change_online_page_callback(NULL, callback);
}

int restore_online_page_callback(online_page_callback_t callback)
{
	return change_online_page_callback(callback, NULL);
}

/* ---- online_pages ---------------------------------------------------------------------------------------------- */

/*
 * Hands the range over in the largest aligned chunks. Its pageblocks are isolated, so nobody can allocate any of it
 * before online_pages() has counted it.
 */
static void online_pages_range(u64 start_pfn, u64 nr_pages)
{
	online_page_callback_t callback = online_page_callback();
	u64 end_pfn = start_pfn + nr_pages;

	for (u64 pfn = start_pfn; pfn < end_pfn;) {
		u32 order = pfn ? min(geometry.max_order, (u32)__builtin_ctzll(pfn)) : geometry.max_order;

		callback(pfn_to_page(pfn), order);
		point(online, chunk_freed, pfn);
		pfn += BIT(order);
	}
	online_mem_sections(start_pfn, end_pfn);
	point(online, sections_online, start_pfn);
}

/* memmap initialisation wrote ISOLATE into the pageblocks behind the counter's back. */
static void account_isolated_pageblocks(struct zone *zone, u64 nr_pages)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	zone->nr_isolate_pageblock += nr_pages / pageblock_nr_pages;
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* Everything of the zone that depends on how much memory there is. */
static void memory_came(u32 nid)
{
	if (!bug(planted_marks_early))
		init_per_zone_wmark_min();
	kswapd_run(nid);
	kcompactd_run(nid);
}

/*
 * Listeners agree, and a zone that gets its first page has lists of its own: before any page is freed, since its
 * statistics would go to those that all empty zones share. Else everything is as before.
 */
static int going_online(struct zone *zone, u64 pfn, u64 nr_pages, struct memory_notify *arg)
{
	int ret;

	node_states_check_changes_online(zone, arg);
	ret = notifier_to_errno(memory_notify(MEM_GOING_ONLINE, arg));
	point(online, going_online, pfn);
	if (!ret && !populated_zone(zone))
		ret = setup_zone_pageset(zone);
	if (!ret)
		return 0;
	pr_debug("online_pages [pfn %llu, %llu pages] failed: %d\n", (unsigned long long)pfn,
		 (unsigned long long)nr_pages, ret);
	memory_notify(MEM_CANCEL_ONLINE, arg);
	if (!bug(planted_refused_online_spans))
		remove_pfn_range_from_zone(zone, pfn, nr_pages);
	point(online, cancelled, pfn);
	return ret;
}

int online_pages(u64 pfn, u64 nr_pages, struct zone *zone, struct memory_group *group)
{
	struct memory_notify arg = {.start_pfn = pfn, .nr_pages = nr_pages};
	bool need_zonelists_rebuild = !populated_zone(zone);
	int ret;

	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	/* The end is section aligned; where a block holds its own memmap, the start need not be. */
	if (!nr_pages || !pageblock_aligned(pfn) || !IS_ALIGNED(pfn + nr_pages, (u64)PAGES_PER_SECTION)) {
		WARN_ON(true);
		return -EINVAL;
	}
	point(online, begin, pfn);
	move_pfn_range_to_zone(zone, pfn, nr_pages, NULL, MIGRATE_ISOLATE);
	ret = going_online(zone, pfn, nr_pages, &arg);
	if (ret)
		return ret;

	account_isolated_pageblocks(zone, nr_pages);
	if (bug(planted_marks_early))
		init_per_zone_wmark_min();
	if (need_zonelists_rebuild && bug(planted_zonelists_early))
		build_all_zonelists(NULL);
	online_pages_range(pfn, nr_pages);
	if (bug(planted_told_online_early))
		memory_notify(MEM_ONLINE, &arg);
	adjust_present_page_count(zone, group, pfn, (s64)nr_pages);
	point(online, counted, pfn);
	node_states_set_node(&arg);
	if (need_zonelists_rebuild && !bug(planted_zonelists_early))
		build_all_zonelists(NULL);

	/* From here on it can be allocated. */
	unisolate_page_range(pfn, pfn + nr_pages, MIGRATE_MOVABLE);
	point(online, unisolated, pfn);
	memory_came(zone->node);
	if (!bug(planted_told_online_early))
		memory_notify(MEM_ONLINE, &arg);
	point(online, done, pfn);
	return 0;
}

/* ---- a block --------------------------------------------------------------------------------------------------- */

int mhp_init_memmap_on_memory(u64 pfn, u64 nr_pages, struct zone *zone)
{
	u64 end_pfn = pfn + nr_pages;

	/* Its pages stay reserved: they are the struct pages of the block. */
	move_pfn_range_to_zone(zone, pfn, nr_pages, NULL, MIGRATE_UNMOVABLE);
	for (u64 p = pfn; p < end_pfn; p++)
		SetPageVmemmapSelfHosted(pfn_to_page(p));
	/* Sections that hold nothing else are complete; of one that also holds data, online_pages() says when. */
	if (nr_pages >= PAGES_PER_SECTION)
		online_mem_sections(pfn, ALIGN_DOWN(end_pfn, (u64)PAGES_PER_SECTION));
	point(online, memmap_self_hosted, pfn);
	return 0;
}

void mhp_deinit_memmap_on_memory(u64 pfn, u64 nr_pages)
{
	u64 end_pfn = pfn + nr_pages;
	struct zone *zone = page_zone(pfn_to_page(pfn));

	if (nr_pages >= PAGES_PER_SECTION)
		offline_mem_sections(pfn, ALIGN_DOWN(end_pfn, (u64)PAGES_PER_SECTION));
	remove_pfn_range_from_zone(zone, pfn, nr_pages);
	point(offline, memmap_self_hosted_gone, pfn);
}

int memory_block_online(struct memory_block *mem)
{
	u64 start_pfn = section_nr_to_pfn(mem->start_section_nr), nr_pages = geometry.pages_per_block;
	u64 nr_vmemmap_pages = mem->nr_vmemmap_pages;
	struct zone *zone = zone_for_pfn_range(mem->online_type, (u32)mem->nid, mem->group, start_pfn, nr_pages);
	int ret = 0;

	forget_hwpoison_flags(mem);
	/* Its pages are new, but their memory is as broken as it was. */
	if (atomic_long_read(&mem->nr_hwpoison)) {
		core_event(EVENT_poisoned, pfn_to_block_id(start_pfn), 0);
		return -EHWPOISON;
	}
	mem_hotplug_begin();
	failure_law_begins();
	core_event(EVENT_online_begin, pfn_to_block_id(start_pfn), 0);
	if (nr_vmemmap_pages)
		ret = mhp_init_memmap_on_memory(start_pfn, nr_vmemmap_pages, zone);
	if (ret)
		goto out;
	ret = online_pages(start_pfn + nr_vmemmap_pages, nr_pages - nr_vmemmap_pages, zone, mem->group);
	if (ret) {
		if (nr_vmemmap_pages)
			mhp_deinit_memmap_on_memory(start_pfn, nr_vmemmap_pages);
		goto out;
	}
	/* Only now: before, the zone may not have been populated. */
	if (nr_vmemmap_pages)
		adjust_present_page_count(zone, mem->group, start_pfn, (s64)nr_vmemmap_pages);
	WRITE_ONCE(mem->zone, zone);
out:
	failure_law_ends("online", ret);
	core_event(ret ? EVENT_online_undo : EVENT_online_commit, pfn_to_block_id(start_pfn), 0);
	mem_hotplug_done();
	return ret;
}
