/* SPDX-License-Identifier: MIT */
/* Boot: from a configuration to a machine whose early and hot-added memory is where it was asked for. */
#include "core/mm/cpu.h"
#include "core/mm/machine.h"
#include "core/mm/memory_tiers.h"

#include "core/check/laws.h"
#include "core/hotplug/kcore.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/virtio_mem.h"
#include "core/mm/anon.h"
#include "core/mm/buddy.h"
#include "core/mm/lru.h"
#include "core/mm/page_ext.h"
#include "core/mm/page_offline.h"
#include "core/mm/pagemap.h"
#include "core/mm/pcp.h"
#include "core/mm/slab.h"
#include "core/mm/topology.h"
#include "core/mm/vmscan.h"
#include "core/name.h"
#include "core/range/cma.h"
#include "core/range/compaction.h"
#include "core/range/ksm.h"
#include "core/range/walk.h"
#include "core/range/walk_law.h"
#include "core/rt/mem.h"
#include "core/rt/report.h"

/* ---- early memory ---------------------------------------------------------------------------------------------- */

static u64 range_start_pfn(u32 i)
{
	return ALIGN(topology->range[i].start, 1UL << geometry.page_shift) >> geometry.page_shift;
}

static u64 range_end_pfn(u32 i)
{
	return topology->range[i].end >> geometry.page_shift;
}

/* Zone and node spans grow to hold the range; boot needs none of the care hotplug takes. */
static void span_early_range(struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	pg_data_t *pgdat = NODE_DATA(zone->node);

	if (!pgdat->node_spanned_pages)
		pgdat->node_start_pfn = start_pfn;
	if (zone_is_empty(zone))
		init_currently_empty_zone(zone, start_pfn, nr_pages);
	zone->spanned_pages = start_pfn + nr_pages - zone->zone_start_pfn;
	pgdat->node_spanned_pages = start_pfn + nr_pages - pgdat->node_start_pfn;
}

/* Does boot keep @pfn for itself? *@end: up to where the answer is the same, at most @limit. */
static bool kept_at(u64 pfn, u64 limit, u64 *end)
{
	*end = limit;
	for (u32 i = 0; i < topology->nr_kept; i++) {
		u64 first = topology->kept[i].start >> geometry.page_shift;
		u64 last = topology->kept[i].end >> geometry.page_shift;

		if (pfn >= last)
			continue;
		*end = min(limit, pfn < first ? first : last);
		return pfn >= first;
	}
	return false;
}

static void set_movable_pageblocks(u64 start_pfn, u64 end_pfn)
{
	for (u64 pfn = pageblock_start_pfn(start_pfn); pfn < end_pfn; pfn += pageblock_nr_pages)
		set_pageblock_migratetype(pfn_to_page(pfn), MIGRATE_MOVABLE);
}

static void free_early_pages(u64 pfn, u64 end_pfn)
{
	while (pfn < end_pfn) {
		u32 order = pfn ? min(geometry.max_order, (u32)__builtin_ctzll(pfn)) : geometry.max_order;

		while (pfn + BIT(order) > end_pfn)
			order--;
		memblock_free_pages(pfn_to_page(pfn), pfn, order);
		pfn += BIT(order);
	}
}

/* memmap_init_range() and memblock_free_all(): all of it movable, in the largest aligned blocks. */
static void free_early_range(struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	u64 end_pfn = start_pfn + nr_pages, next, freed = 0;

	for (u64 pfn = start_pfn; pfn < end_pfn; pfn = next) {
		if (kept_at(pfn, end_pfn, &next))
			memmap_init_reserved_range(pfn, next - pfn, zone->idx, zone->node);
		else
			memmap_init_free_range(pfn, next - pfn, zone->idx, zone->node);
	}
	set_movable_pageblocks(start_pfn, end_pfn);
	cma_init_pageblocks(zone, start_pfn, end_pfn);
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn = next) {
		if (kept_at(pfn, end_pfn, &next))
			continue;
		free_early_pages(pfn, next);
		freed += next - pfn;
	}
	totalram_pages_add((s64)freed);
	adjust_present_page_count(zone, NULL, start_pfn, (s64)nr_pages);
}

/*
 * Struct pages of an early section that no memory is behind: initialised all the same, so that whoever looks by number
 * finds a reserved page. (init_unavailable_range, 6.1)
 */
static void init_hole(u64 start_pfn, u64 end_pfn, u32 zone, u32 nid)
{
	if (start_pfn >= end_pfn)
		return;
	memmap_init_reserved_range(start_pfn, end_pfn - start_pfn, zone, nid);
	set_movable_pageblocks(start_pfn, end_pfn);
}

static u64 section_start(u64 pfn)
{
	return ALIGN_DOWN(pfn, (u64)PAGES_PER_SECTION);
}

/* The part of a range that lies in one section: its sections exist. @done: first pfn whose struct page is not
 * initialised. */
static void boot_early_slice(u32 nid, u64 start_pfn, u64 end_pfn, u64 *done)
{
	while (start_pfn < end_pfn) {
		struct zone *zone = node_zone(nid, early_zone(topology, start_pfn));
		u64 end = end_pfn;

		if (zone->idx == ZONE_DMA)
			end = min(end, topology->dma_end_pfn);
		else if (zone->idx == ZONE_DMA32)
			end = min(end, topology->dma32_end_pfn);
		if (*done < section_start(start_pfn))
			*done = section_start(start_pfn);
		init_hole(*done, start_pfn, zone->idx, nid);
		span_early_range(zone, start_pfn, end - start_pfn);
		free_early_range(zone, start_pfn, end - start_pfn);
		*done = start_pfn = end;
	}
}

static void online_early_node(u32 nid)
{
	node_set_state(nid, N_ONLINE);
	node_set_state(nid, N_NORMAL_MEMORY);
	node_set_state(nid, N_MEMORY);
}

/*
 * Ascending, so that a zone's first range is its start. Section by section: the memmap of one fits into a cache, that
 * of a large machine is passed over once instead of three times.
 */
static void boot_early_memory(void)
{
	u64 done = 0;

	for (u32 i = 0; i < topology->nr_ranges; i++) {
		u64 start_pfn = range_start_pfn(i), end_pfn = range_end_pfn(i);
		u32 nid = topology->range[i].nid;

		online_early_node(nid);
		for (u64 pfn = start_pfn, next; pfn < end_pfn; pfn = next) {
			next = min(section_start(pfn) + PAGES_PER_SECTION, end_pfn);
			sparse_init_early(pfn, next - pfn, nid);
			boot_early_slice(nid, pfn, next, &done);
		}
		/* The rest of its last section, unless another range begins there. */
		if (i + 1 == topology->nr_ranges || section_start(range_start_pfn(i + 1)) >= end_pfn) {
			u64 end = ALIGN(end_pfn, (u64)PAGES_PER_SECTION);

			if (!bug(partial_section_uninitialised))
				init_hole(done, end, early_zone(topology, end_pfn - 1), nid);
			done = end;
		}
	}
}

/* What boot itself used, and no longer does: the initial RAM disk, code that runs once. (free_reserved_area, 6.1) */
static void free_late_pages(u64 start_pfn, u64 end_pfn)
{
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn++)
		__free_pages_core(pfn_to_page(pfn), 0);
	totalram_pages_add((s64)(end_pfn - start_pfn));
}

static void boot_end(void)
{
	if (topology->min_free_kbytes) {
		machine.vm.min_free_kbytes = topology->min_free_kbytes;
		setup_per_zone_wmarks();
	}
	for (u32 i = 0; i < topology->nr_kept; i++)
		if (topology->kept[i].late)
			free_late_pages(topology->kept[i].start >> geometry.page_shift,
					topology->kept[i].end >> geometry.page_shift);
}

/* What depends on all early memory being there. The order is 6.1's. */
static void boot_late(void)
{
	struct zone *zone;
	u32 nid;

	for_each_node_state (nid, N_ONLINE)
		node_stats_init_boot(nid);
	build_all_zonelists(NULL);
	for_each_populated_zone (zone)
		BUG_ON(setup_zone_pageset(zone));
	init_per_zone_wmark_min();
	for_each_populated_zone (zone)
		set_zone_contiguous(zone);
	for_each_node_state (nid, N_MEMORY) {
		kswapd_run(nid);
		kcompactd_run(nid);
	}
	boot_end();
}

/* ---- hot-added memory ------------------------------------------------------------------------------------------ */

static void boot_hotplug_range(const struct block_ranges *ranges, enum mmop online_type)
{
	for (u32 i = 0; i < ranges->count; i++) {
		for (u32 block = ranges->range[i].first; block <= ranges->range[i].last; block++) {
			BUG_ON(add_memory_block(block));
			if (online_type != MMOP_OFFLINE)
				BUG_ON(state_store(block, online_type));
		}
	}
}

/* ---- boot ------------------------------------------------------------------------------------------------------ */

struct boot_setup {
	void (*setup)(void *arg);
	void *arg;
};

static void machine_init(void)
{
	void *root = rt_kzalloc(sizeof(machine), OBJ_machine);

	BUG_ON(root != &machine);
	rt_mark_permanent(root);
	memory_hotplug_init_early();
	vm_sysctl_init();
	seqlock_init(&machine.zonelist_update_seq, LOCK_zonelist_update);
	boot_pagesets_init();
	vmstat_init();
	lru_batches_init();
	areas_init();
	pagemaps_init();
	hugetlb_init();
	mutex_init(&machine.mf_mutex, LOCK_mf);
	for (u32 i = 0; i < PAGE_WAIT_TABLE_SIZE; i++)
		init_waitqueue_head(&machine.page_wait_table[i], LOCK_page);
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		pgdat_init(NODE_DATA(nid), nid);
		node_set_state(nid, N_POSSIBLE);
	}
	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
		node_set_state(cpu_to_node(cpu), N_ONLINE);
		node_set_state(cpu_to_node(cpu), N_CPU);
	}
}

static void machine_boot(void *arg)
{
	const struct boot_setup *then = arg;

	machine_init();
	cma_declare_area();
	boot_early_memory();
	boot_late();
	page_ext_init();
	slab_init();
	walkers_init();
	page_offline_init();
	kcore_init();
	ksm_init();
	memory_tiers_init();
	memory_hotplug_init();
	cpu_hotplug_init();
	virtio_mem_init();
	boot_hotplug_range(&machine_config.normal, MMOP_ONLINE_KERNEL);
	boot_hotplug_range(&machine_config.movable, MMOP_ONLINE_MOVABLE);
	boot_hotplug_range(&machine_config.offline, MMOP_OFFLINE);
	walk_law_init();
	if (then->setup)
		then->setup(then->arg);
}

void core_boot(const struct machine_config *config, const struct rt_config *rt, void (*setup)(void *arg), void *arg)
{
	struct boot_setup then = {setup, arg};
	struct rt_config rt_config = *rt;

	BUG_ON(machine_config_error(config));
	machine_config = *config;
	rt_config.cpus = config->cpus;
	rt_config.memory = config->memory;
	geometry_set(config->geometry, config->blocks);
	topology_set(config);
	compaction_init();
	names_init();
	laws_init();
	rt_boot(&rt_config, machine_boot, &then);
}
