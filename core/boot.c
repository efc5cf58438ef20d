/* SPDX-License-Identifier: MIT */
/* Boot: from a configuration to a machine whose early and hot-added memory is where it was asked for. */
#include "core/mm/machine.h"

#include "core/check/laws.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/mm/buddy.h"
#include "core/name.h"
#include "core/range/walk_law.h"
#include "core/rt/report.h"

/* ---- early memory ---------------------------------------------------------------------------------------------- */

static u32 block_nid(u32 block)
{
	return block * machine_config.nodes / machine_config.blocks;
}

/* Zone and node spans grow to hold the range; boot needs none of the care hotplug takes. */
static void span_early_range(struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	pg_data_t *pgdat = NODE_DATA(zone->node);

	if (zone_is_empty(zone)) {
		init_currently_empty_zone(zone, start_pfn, nr_pages);
		pgdat->node_start_pfn = start_pfn;
	}
	zone->spanned_pages = start_pfn + nr_pages - zone->zone_start_pfn;
	pgdat->node_spanned_pages = start_pfn + nr_pages - pgdat->node_start_pfn;
}

/* memmap_init_range() and memblock_free_all(): all of it movable, in the largest aligned blocks. */
static void free_early_range(struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	u64 end_pfn = start_pfn + nr_pages;

	memmap_init_free_range(start_pfn, nr_pages, zone->idx, zone->node);
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn += pageblock_nr_pages)
		set_pageblock_migratetype(pfn_to_page(pfn), MIGRATE_MOVABLE);
	for (u64 pfn = start_pfn; pfn < end_pfn;) {
		u32 order = pfn ? min(geometry.max_order, (u32)__builtin_ctzll(pfn)) : geometry.max_order;

		memblock_free_pages(pfn_to_page(pfn), pfn, order);
		pfn += BIT(order);
	}
	totalram_pages_add((s64)nr_pages);
	adjust_present_page_count(zone, start_pfn, (s64)nr_pages);
}

/*
 * Ascending, so that a zone's first range is its start. Section by section: the memmap of one fits into a cache, that
 * of a large machine is passed over once instead of three times.
 */
static void boot_early_range(u32 nid, u32 first, u32 last)
{
	u64 start_pfn = block_id_to_pfn(first), end_pfn = block_id_to_pfn(last + 1);
	struct zone *zone = node_zone(nid, ZONE_NORMAL);

	span_early_range(zone, start_pfn, end_pfn - start_pfn);
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn += PAGES_PER_SECTION) {
		sparse_init_early(pfn, PAGES_PER_SECTION, nid);
		free_early_range(zone, pfn, PAGES_PER_SECTION);
	}
	node_set_state(nid, N_ONLINE);
	node_set_state(nid, N_NORMAL_MEMORY);
	node_set_state(nid, N_MEMORY);
}

static void boot_early_memory(void)
{
	for (u32 i = 0; i < machine_config.online.count; i++) {
		u32 first = machine_config.online.range[i].first, last = machine_config.online.range[i].last;

		while (first <= last) {
			u32 nid = block_nid(first), end = first;

			while (end < last && block_nid(end + 1) == nid)
				end++;
			boot_early_range(nid, first, end);
			first = end + 1;
		}
	}
	for (u32 nid = 0; nid < machine_config.nodes; nid++)
		set_zone_contiguous(node_zone(nid, ZONE_NORMAL));
}

/* ---- hot-added memory ------------------------------------------------------------------------------------------ */

static void boot_hotplug_range(const struct block_ranges *ranges, enum mmop online_type)
{
	for (u32 i = 0; i < ranges->count; i++) {
		for (u32 block = ranges->range[i].first; block <= ranges->range[i].last; block++) {
			u64 start = block * memory_block_size_bytes();

			BUG_ON(add_memory(block_nid(block), start, memory_block_size_bytes()));
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
	anon_areas_init();
	for (u32 i = 0; i < PAGE_WAIT_TABLE_SIZE; i++)
		init_waitqueue_head(&machine.page_wait_table[i], LOCK_page);
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		pgdat_init(NODE_DATA(nid), nid);
		node_set_state(nid, N_POSSIBLE);
	}
	/* All CPUs are on node 0. */
	node_set_state(0, N_ONLINE);
}

static void machine_boot(void *arg)
{
	const struct boot_setup *then = arg;

	machine_init();
	boot_early_memory();
	memory_hotplug_init();
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
	geometry_set(config->geometry, config->blocks);
	names_init();
	laws_init();
	rt_boot(&rt_config, machine_boot, &then);
}
