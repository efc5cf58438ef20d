/* SPDX-License-Identifier: MIT */
/* Spans of zones and nodes, and the memmap between them (mm/memory_hotplug.c, 6.1). */
#include "core/hotplug/memory_hotplug.h"
#include "core/mm/altmap.h"
#include "core/mm/machine.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

/* ---- present pages -------------------------------------------------------------------------------------------- */

void adjust_present_page_count(struct zone *zone, struct memory_group *group, u64 pfn, s64 nr_pages)
{
	pg_data_t *pgdat = NODE_DATA(zone->node);

	assert_mem_hotplug_writer();
	if (early_section(__pfn_to_section(pfn)))
		zone->present_early_pages += (u64)nr_pages;
	WRITE_ONCE(zone->present_pages, zone->present_pages + (u64)nr_pages);
	WRITE_ONCE(pgdat->node_present_pages, pgdat->node_present_pages + (u64)nr_pages);
	if (group && zone->idx == ZONE_MOVABLE)
		WRITE_ONCE(group->present_movable_pages, group->present_movable_pages + (u64)nr_pages);
	else if (group)
		WRITE_ONCE(group->present_kernel_pages, group->present_kernel_pages + (u64)nr_pages);
}

/* ---- growth ---------------------------------------------------------------------------------------------------- */

static void resize_zone_range(struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	u64 old_end_pfn = zone_end_pfn(zone), end_pfn = max(start_pfn + nr_pages, old_end_pfn);

	if (!zone_is_empty(zone))
		start_pfn = min(start_pfn, zone->zone_start_pfn);
	zone_set_span(zone, start_pfn, end_pfn - start_pfn);
}

static void resize_pgdat_range(pg_data_t *pgdat, u64 start_pfn, u64 nr_pages)
{
	u64 old_end_pfn = pgdat->node_start_pfn + pgdat->node_spanned_pages;

	if (!pgdat->node_spanned_pages || start_pfn < pgdat->node_start_pfn)
		WRITE_ONCE(pgdat->node_start_pfn, start_pfn);
	WRITE_ONCE(pgdat->node_spanned_pages, max(start_pfn + nr_pages, old_end_pfn) - pgdat->node_start_pfn);
}

/* Of a device's range only what holds the memmap, the rest is initialised by who maps it. (memmap_init_range, 6.1) */
static void init_moved_memmap(struct zone *zone, u64 start_pfn, u64 nr_pages, struct vmem_altmap *altmap,
			      enum migratetype mt)
{
	if (zone_is_zone_device(zone)) {
		start_pfn += altmap ? altmap->reserve : 0;
		nr_pages = altmap ? altmap->free : 0;
	}
	if (nr_pages)
		memmap_init_range(start_pfn, nr_pages, zone->idx, zone->node, mt);
}

/* Sections of which a device has a part only: who asks whether a page of theirs is online has to look closer. */
static void taint_shared_sections(u64 start_pfn, u64 end_pfn)
{
	if (bug(section_not_tainted))
		return;
	if (!IS_ALIGNED(start_pfn, (u64)PAGES_PER_SECTION))
		section_taint_zone_device(start_pfn);
	if (!IS_ALIGNED(end_pfn, (u64)PAGES_PER_SECTION))
		section_taint_zone_device(end_pfn);
}

void move_pfn_range_to_zone(struct zone *zone, u64 start_pfn, u64 nr_pages, struct vmem_altmap *altmap,
			    enum migratetype mt)
{
	assert_mem_hotplug_writer();
	clear_zone_contiguous(zone);
	point(online, contiguous_cleared, start_pfn);

	if (zone_is_empty(zone))
		init_currently_empty_zone(zone, start_pfn, nr_pages);
	resize_zone_range(zone, start_pfn, nr_pages);
	resize_pgdat_range(NODE_DATA(zone->node), start_pfn, nr_pages);
	point(online, span_grown, start_pfn);

	if (zone_is_zone_device(zone))
		taint_shared_sections(start_pfn, start_pfn + nr_pages);
	init_moved_memmap(zone, start_pfn, nr_pages, altmap, mt);
	point(online, memmap_initialised, start_pfn);
	set_zone_contiguous(zone);
}

/* ---- shrinking ------------------------------------------------------------------------------------------------- */

static bool pfn_belongs_to(u64 pfn, const struct zone *zone)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && page_to_nid(page) == zone->node && page_zone(page) == zone;
}

/* First pfn of @zone in [start_pfn, end_pfn), by subsection; 0 if there is none: pfn 0 can not be told from it. */
static u64 find_smallest_section_pfn(const struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	for (; start_pfn < end_pfn; start_pfn += PAGES_PER_SUBSECTION)
		if (pfn_belongs_to(start_pfn, zone))
			return start_pfn;
	return 0;
}

/* Last pfn of @zone in [start_pfn, end_pfn), by subsection; 0 if there is none. */
static u64 find_biggest_section_pfn(const struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	for (u64 pfn = end_pfn - 1; pfn >= start_pfn && pfn < end_pfn; pfn -= PAGES_PER_SUBSECTION)
		if (pfn_belongs_to(pfn, zone))
			return pfn;
	return 0;
}

/* Only a range at an edge shrinks the span; one in the middle leaves a hole in it. */
static void shrink_zone_span(struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	u64 old_end_pfn = zone_end_pfn(zone), pfn;

	if (zone->zone_start_pfn == start_pfn) {
		pfn = find_smallest_section_pfn(zone, end_pfn, old_end_pfn);
		zone_set_span(zone, pfn, pfn ? old_end_pfn - pfn : 0);
	} else if (old_end_pfn == end_pfn) {
		pfn = find_biggest_section_pfn(zone, zone->zone_start_pfn, start_pfn);
		zone_set_span(zone, pfn ? zone->zone_start_pfn : 0, pfn ? pfn - zone->zone_start_pfn + 1 : 0);
	}
}

/* The hull of the node's zones. */
static void update_pgdat_span(pg_data_t *pgdat)
{
	u64 node_start = 0, node_end = 0;

	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
		const struct zone *zone = &pgdat->node_zones[idx];
		u64 end = zone->zone_start_pfn + zone->spanned_pages;

		if (!zone->spanned_pages && !bug(node_span_from_zero))
			continue;
		if (!node_end && !bug(node_span_from_zero)) {
			node_start = zone->zone_start_pfn;
			node_end = end;
			continue;
		}
		node_start = min(node_start, zone->zone_start_pfn);
		node_end = max(node_end, end);
	}
	WRITE_ONCE(pgdat->node_start_pfn, node_start);
	WRITE_ONCE(pgdat->node_spanned_pages, node_end - node_start);
}

void remove_pfn_range_from_zone(struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	u64 end_pfn = start_pfn + nr_pages, step;

	assert_mem_hotplug_writer();
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn += step) {
		cond_resched();
		step = min(end_pfn - pfn, (u64)PAGES_PER_SECTION);
		page_init_poison(pfn, step);
	}
	point(offline, memmap_poisoned, start_pfn);

	/* A device's pages are never online, so where its zone ends cannot be found out: it stays as large as it was.
	 */
	if (zone_is_zone_device(zone))
		return;
	if (!bug(zone_shrunk_at_removal))
		shrink_zone_and_node(zone, start_pfn, end_pfn);
}

void shrink_zone_and_node(struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	clear_zone_contiguous(zone);
	point(offline, contiguous_cleared, start_pfn);
	shrink_zone_span(zone, start_pfn, end_pfn);
	update_pgdat_span(NODE_DATA(zone->node));
	point(offline, span_shrunk, start_pfn);
	set_zone_contiguous(zone);
}
