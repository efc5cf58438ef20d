/* SPDX-License-Identifier: MIT */
/* Laws of device memory: mappings, the sections and struct pages they have, their zone. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/hotplug/hotplug_state.h"
#include "core/mm/machine.h"

/* The driver's range with that mapping; NULL if none has it. */
static const struct device_memory *range_of(const struct dev_pagemap *pgmap)
{
	for (u32 i = 0; i < DEVICE_MEMORY_RANGES; i++) {
		const struct device_memory *range = &machine.hotplug->devices.range[i];

		if (range->state == DEVICE_MEMORY_READY && range->pgmap == pgmap)
			return range;
	}
	return NULL;
}

/* Calls @visit for each mapping until it finds something wrong. */
static const char *for_each_pagemap(const char *(*visit)(const struct pagemap_range *r, u64 number))
{
	const struct pagemap_ranges *ranges = machine.pagemaps;
	const char *wrong = NULL;

	for (u64 i = 0; ranges && i < ranges->nr && !wrong; i++)
		if (ranges->range[i].pgmap)
			wrong = visit(&ranges->range[i], i);
	return wrong;
}

u64 device_subsections(u64 section_nr)
{
	const struct pagemap_ranges *ranges = machine.pagemaps;
	u64 first = section_nr_to_pfn(section_nr), end = first + PAGES_PER_SECTION, map = 0;

	for (u64 i = 0; ranges && i < ranges->nr; i++) {
		const struct pagemap_range *r = &ranges->range[i];

		if (!r->pgmap || r->start_pfn >= end || r->end_pfn <= first)
			continue;
		for (u64 pfn = max(first, r->start_pfn); pfn < min(end, r->end_pfn); pfn += PAGES_PER_SUBSECTION)
			map |= BIT((pfn - first) / PAGES_PER_SUBSECTION);
	}
	return map;
}

/* ---- mappings -------------------------------------------------------------------------------------------------- */

static const char *online_memory_in(const struct pagemap_range *r)
{
	for (u64 nr = pfn_to_section_nr(r->start_pfn); nr <= pfn_to_section_nr(r->end_pfn - 1); nr++) {
		const struct mem_section *ms = raw_section(nr);
		u64 start = max(r->start_pfn, section_nr_to_pfn(nr)), end = min(r->end_pfn, section_nr_to_pfn(nr + 1));

		if (!ms || !(ms->section_mem_map & SECTION_IS_ONLINE))
			continue;
		if (!(ms->section_mem_map & SECTION_IS_EARLY) || early_memory_pages(start, end))
			return broken("the device mapping of pfns %llu to %llu holds memory of section %llu, which is "
				      "online",
				      (unsigned long long)r->start_pfn, (unsigned long long)r->end_pfn,
				      (unsigned long long)nr);
	}
	return NULL;
}

static const char *check_pagemap(const struct pagemap_range *r, u64 number)
{
	const struct device_memory *range = range_of(r->pgmap);

	if (!range || range->start_pfn != r->start_pfn || range->end_pfn != r->end_pfn)
		return broken("the device mapping of pfns %llu to %llu is no driver's",
			      (unsigned long long)r->start_pfn, (unsigned long long)r->end_pfn);
	for (u64 i = 0; i < number; i++) {
		const struct pagemap_range *other = &machine.pagemaps->range[i];

		if (other->pgmap && other->start_pfn < r->end_pfn && other->end_pfn > r->start_pfn)
			return broken("device mappings of pfns %llu to %llu and %llu to %llu overlap",
				      (unsigned long long)other->start_pfn, (unsigned long long)other->end_pfn,
				      (unsigned long long)r->start_pfn, (unsigned long long)r->end_pfn);
	}
	return online_memory_in(r);
}

const char *law_device_pagemaps(void)
{
	return for_each_pagemap(check_pagemap);
}

const char *law_device_sections(void)
{
	for (u64 nr = 0; nr < geometry.max_pfn / PAGES_PER_SECTION; nr++) {
		const struct mem_section *ms = raw_section(nr);
		u64 word = ms ? ms->section_mem_map : 0, map = device_subsections(nr);

		if (map && (!ms->usage || (ms->usage->subsection_map & map) != map))
			return broken("section %llu lacks subsections %#llx of a device", (unsigned long long)nr,
				      (unsigned long long)map);
		if (map && (word & SECTION_IS_ONLINE) && !(word & SECTION_TAINT_ZONE_DEVICE))
			return broken("section %llu is online and holds subsections %#llx of a device, but is not "
				      "marked as mixed",
				      (unsigned long long)nr, (unsigned long long)map);
		if ((word & SECTION_TAINT_ZONE_DEVICE) && !(word & SECTION_IS_EARLY) && !map)
			return broken("section %llu is marked as mixed, but no device has a part of it",
				      (unsigned long long)nr);
	}
	return NULL;
}

/* ---- zone ------------------------------------------------------------------------------------------------------ */

static bool in_zonelist(const struct zonelist *list, const struct zone *zone)
{
	for (u32 i = 0; i < MAX_ZONES_PER_ZONELIST && list->_zonerefs[i].zone; i++)
		if (list->_zonerefs[i].zone == zone)
			return true;
	return false;
}

const char *law_device_zone(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		const struct zone *zone = &machine.nodes[nid].node_zones[ZONE_DEVICE];

		if (zone->present_pages || zone->managed_pages.counter)
			return broken("node %u zone Device: present %llu, managed %lld", nid,
				      (unsigned long long)zone->present_pages, (long long)zone->managed_pages.counter);
		for (u32 other = 0; other < machine_config.nodes; other++)
			for (u32 i = 0; i < MAX_ZONELISTS; i++)
				if (in_zonelist(&machine.nodes[other].node_zonelists[i], zone))
					return broken("zone Device of node %u is in a zonelist of node %u", nid, other);
	}
	return NULL;
}

/* ---- pages ----------------------------------------------------------------------------------------------------- */

static const char *check_pages(const struct pagemap_range *r, u64 number)
{
	(void)number;
	for (u64 pfn = pfn_first(r->pgmap); pfn < r->end_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (!rt_memmap_live(page))
			return broken("pfn %llu of a device has no struct page", (unsigned long long)pfn);
		if (raw_page_zonenum(page) != ZONE_DEVICE || !raw_page_flag(page, PG_reserved) ||
		    page->_refcount.counter != 1 || (const struct dev_pagemap *)page->lru.next != r->pgmap)
			return broken("pfn %llu of a device has flags %#llx, %d references", (unsigned long long)pfn,
				      (unsigned long long)page->flags, page->_refcount.counter);
	}
	return NULL;
}

const char *law_device_pages(void)
{
	return for_each_pagemap(check_pages);
}
