/* SPDX-License-Identifier: MIT */
/* Zones and nodes as /proc/zoneinfo, /proc/pagetypeinfo and node folders tell of them. */
#include "core/core.h"

#include "core/check/census.h"
#include "core/hotplug/acpi_memhotplug.h"
#include "core/hotplug/device_memory.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_group.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/rt/access.h"
#include "core/rt/cpu.h"

int core_plug_memory(s32 nid, u64 start, u64 size)
{
	return acpi_memory_device_add(nid, start, size);
}

int core_eject_memory(u64 start)
{
	return acpi_scan_hot_remove(start);
}

int core_map_device(u64 start, u64 size, bool altmap)
{
	return device_memory_probe(start >> geometry.page_shift, size >> geometry.page_shift, altmap);
}

int core_unmap_device(u64 start)
{
	return device_memory_remove(start >> geometry.page_shift);
}

int core_add_device_memory(s32 nid, u64 start, u64 size)
{
	s32 mgid;

	lock_device_hotplug();
	mgid = memory_group_register_static(nid, size >> geometry.page_shift);
	unlock_device_hotplug();
	if (mgid < 0)
		return mgid;
	return add_memory_driver_managed(mgid, start, size, SYSTEM_RAM " (kmem)", MHP_NID_IS_MGID);
}

_Static_assert(CORE_ZONES == MAX_NR_ZONES, "what views show");
_Static_assert(CORE_MIGRATETYPES == MIGRATE_TYPES, "what views show");

const char *core_zone_name(u32 zone)
{
	return zone < MAX_NR_ZONES ? zone_type_name(zone) : NULL;
}

const char *core_migratetype_name(u32 mt)
{
	static const char *const names[MIGRATE_TYPES] = {"Unmovable",  "Movable", "Reclaimable",
							 "HighAtomic", "CMA",     "Isolate"};

	return mt < MIGRATE_TYPES ? names[mt] : NULL;
}

/* Looking is not part of the run. */
UNOBSERVED_BEGIN

static void view_pagesets(const struct zone *zone, struct core_zone_view *view)
{
	unsigned int cpu;

	for_each_possible_cpu (cpu) {
		const struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, cpu);

		view->cpu[cpu].high = pcp->high;
		view->cpu[cpu].batch = pcp->batch;
		view->cpu[cpu].threshold = per_cpu_ptr(zone->per_cpu_zonestats, cpu)->stat_threshold;
	}
}

static void view_pageblocks(const struct zone *zone, struct core_zone_view *view)
{
	u64 end_pfn = zone->zone_start_pfn + zone->spanned_pages;

	for (u64 pfn = zone->zone_start_pfn; pfn < end_pfn; pfn = pageblock_end_pfn(pfn)) {
		const struct page *page = pfn_to_online_page(pfn);

		if (page && page_zone(page) == zone)
			view->pageblocks[get_pfnblock_migratetype(pfn)]++;
	}
}

static bool node_shown(u32 nid)
{
	return nid < machine_config.nodes && machine.node_states[N_ONLINE] & BIT(nid);
}

bool core_view_zone(u32 nid, u32 idx, struct core_zone_view *view)
{
	const struct zone *zone;

	*view = (struct core_zone_view){.present = 0};
	if (!node_shown(nid) || idx >= MAX_NR_ZONES)
		return false;
	zone = &machine.nodes[nid].node_zones[idx];
	view->start_pfn = zone->zone_start_pfn;
	view->spanned = zone->spanned_pages;
	view->present = zone->present_pages;
	view->managed = (u64)zone->managed_pages.counter;
	view->cma = zone->cma_pages;
	view->boost = zone->watermark_boost;
	view->min = zone->_watermark[WMARK_MIN] + view->boost;
	view->low = zone->_watermark[WMARK_LOW] + view->boost;
	view->high = zone->_watermark[WMARK_HIGH] + view->boost;
	for (u32 i = 0; i < MAX_NR_ZONES; i++)
		view->protection[i] = zone->lowmem_reserve[i];
	view_pagesets(zone, view);
	view_pageblocks(zone, view);
	return true;
}

bool core_view_node(u32 nid, struct core_node_view *view)
{
	const pg_data_t *pgdat;

	*view = (struct core_node_view){.managed = 0};
	if (!node_shown(nid))
		return false;
	pgdat = &machine.nodes[nid];
	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
		view->managed += (u64)pgdat->node_zones[idx].managed_pages.counter;
	view->kswapd = pgdat->kswapd;
	view->kcompactd = pgdat->kcompactd;
	return true;
}

static void view_page(const struct page *page, struct core_pages_view *view)
{
	view->reserved += raw_page_flag(page, PG_reserved);
	view->hwpoison += raw_page_flag(page, PG_hwpoison);
	view->offline += raw_page_offline(page);
	view->untouched += raw_page_offline(page) && raw_page_flag(page, PG_dirty);
	if (raw_page_huge(page))
		view->huge += BIT(machine.hstate.order);
	else if (raw_page_flag(page, PG_head) && (page->mapping & PAGE_MAPPING_ANON))
		view->thp += BIT(compound_order(page));
}

void core_view_pages(u64 pfn, u64 nr_pages, struct core_pages_view *view)
{
	*view = (struct core_pages_view){.nopage = 0};
	for (u64 end_pfn = pfn + nr_pages; pfn < end_pfn; pfn++) {
		if (raw_pfn_online(pfn))
			view_page(pfn_to_page(pfn), view);
		else
			view->nopage++;
	}
}

s32 core_block_node(u64 block)
{
	return block < machine_config.blocks && machine.blocks[block] ? machine.blocks[block]->nid : -1;
}

enum core_block_state core_block_state(u64 block)
{
	const struct memory_block *mem = block < machine_config.blocks ? machine.blocks[block] : NULL;

	if (!mem)
		return CORE_BLOCK_ABSENT;
	return mem->state == BLOCK_ONLINE          ? CORE_BLOCK_ONLINE
	       : mem->state == BLOCK_GOING_OFFLINE ? CORE_BLOCK_GOING_OFFLINE
						   : CORE_BLOCK_OFFLINE;
}

bool core_node_links_block(u32 nid, u64 block)
{
	return nid < MAX_NODES && block < machine_config.blocks &&
	       machine.hotplug->memory_links[nid][block / 64] >> block % 64 & 1;
}

u64 core_total_pages(void)
{
	return (u64)machine.totalram_pages.counter;
}

UNOBSERVED_END
