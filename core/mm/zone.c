/* SPDX-License-Identifier: MIT */
#include "core/mm/zone.h"

#include "core/mm/machine.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

const char *zone_type_name(u32 zone)
{
	static const char *const names[MAX_NR_ZONES] = {"DMA", "DMA32", "Normal", "Movable", "Device"};

	return zone < MAX_NR_ZONES ? names[zone] : "?";
}

/* ---- zones ----------------------------------------------------------------------------------------------------- */

bool zone_spans_pfn(const struct zone *zone, u64 pfn)
{
	bool spans;
	u32 seq;

	do {
		seq = read_seqbegin(&zone->span_seqlock);
		spans = READ_ONCE(zone->zone_start_pfn) <= pfn && pfn < zone_end_pfn(zone);
	} while (read_seqretry(&zone->span_seqlock, seq));
	return spans;
}

void zone_set_span(struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	bool locked = !bug(zone_span_torn_read), start_first = start_pfn <= zone->zone_start_pfn || zone_is_empty(zone);
	unsigned long irq = locked ? write_seqlock_irqsave_flags(&zone->span_seqlock) : 0;

	if (start_first)
		WRITE_ONCE(zone->zone_start_pfn, start_pfn);
	WRITE_ONCE(zone->spanned_pages, nr_pages);
	if (!start_first)
		WRITE_ONCE(zone->zone_start_pfn, start_pfn);
	if (locked)
		write_sequnlock_irqrestore(&zone->span_seqlock, irq);
}

bool zone_is_empty(const struct zone *zone)
{
	return READ_ONCE(zone->spanned_pages) == 0;
}

bool zone_intersects(const struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	if (zone_is_empty(zone))
		return false;
	return start_pfn < zone_end_pfn(zone) && start_pfn + nr_pages > READ_ONCE(zone->zone_start_pfn);
}

bool populated_zone(const struct zone *zone)
{
	return READ_ONCE(zone->present_pages) != 0;
}

u64 zone_managed_pages(const struct zone *zone)
{
	return (u64)atomic_long_read(&zone->managed_pages);
}

bool managed_zone(const struct zone *zone)
{
	return zone_managed_pages(zone) != 0;
}

static void zone_init_free_lists(struct zone *zone)
{
	for (u32 order = 0; order <= geometry.max_order; order++) {
		for (u32 mt = 0; mt < MIGRATE_TYPES; mt++)
			INIT_LIST_HEAD(&zone->free_area[order].free_list[mt]);
		WRITE_ONCE(zone->free_area[order].nr_free, 0);
	}
}

void init_currently_empty_zone(struct zone *zone, u64 start_pfn, u64 nr_pages)
{
	pg_data_t *pgdat = NODE_DATA(zone->node);
	unsigned long flags = 0;

	(void)nr_pages;
	if (zone->idx + 1 > pgdat->nr_zones)
		WRITE_ONCE(pgdat->nr_zones, zone->idx + 1);
	WRITE_ONCE(zone->zone_start_pfn, start_pfn);
	/* Excludes allocations that found the zone populated before it became empty: they still search its lists. */
	if (!bug(free_lists_reinit_unlocked))
		spin_lock_irqsave(&zone->lock, flags);
	zone_init_free_lists(zone);
	zone->initialized = 1;
	if (!bug(free_lists_reinit_unlocked))
		spin_unlock_irqrestore(&zone->lock, flags);
}

void clear_zone_contiguous(struct zone *zone)
{
	WRITE_ONCE(zone->contiguous, 0);
}

/* The slice lies in one pageblock: both ends say what is between them. */
static bool slice_in_zone(const struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	const struct page *first, *last = pfn_to_page(end_pfn - 1);

	if (!pfn_valid(start_pfn) || !pfn_valid(end_pfn - 1))
		return false;
	first = pfn_to_online_page(start_pfn);
	if (!first || page_zone(first) != zone)
		return false;
	return page_zone_id(first) == page_zone_id(last);
}

/* Is the pageblock of @pfn, as far as it is in the span, not all of it of the zone? */
static bool hole_at(const struct zone *zone, u64 pfn)
{
	u64 start_pfn = max(pageblock_start_pfn(pfn), READ_ONCE(zone->zone_start_pfn));
	u64 end_pfn = min(pageblock_end_pfn(pfn), zone_end_pfn(zone));

	return !slice_in_zone(zone, start_pfn, end_pfn);
}

/*
 * What an answer costs shall not grow with memory that did not change. Memory that comes or goes at an edge is the
 * first or the last pageblock of the span; a hole inside is still where it was the last time.
 */
static bool known_hole(const struct zone *zone)
{
	return hole_at(zone, zone_end_pfn(zone) - 1) || hole_at(zone, zone->zone_start_pfn) ||
	       (zone_spans_pfn(zone, zone->hole_pfn) && hole_at(zone, zone->hole_pfn));
}

void set_zone_contiguous(struct zone *zone)
{
	u64 end_pfn = zone_end_pfn(zone);

	if (!zone_is_empty(zone) && known_hole(zone))
		return;
	/* Every page of the span is present in the zone, or a pageblock is not: the first such one is remembered. */
	for (u64 pfn = zone->zone_start_pfn; pfn < end_pfn && zone->present_pages != zone->spanned_pages;
	     pfn = pageblock_end_pfn(pfn)) {
		if (!hole_at(zone, pfn))
			continue;
		zone->hole_pfn = pfn;
		return;
	}
	/* An empty zone is contiguous too, as in the kernel: nobody walks it. */
	WRITE_ONCE(zone->contiguous, 1);
}

void adjust_managed_page_count(struct zone *zone, s64 nr_pages)
{
	atomic_long_add(nr_pages, &zone->managed_pages);
	totalram_pages_add(nr_pages);
}

void driver_adjust_managed_page_count(struct zone *zone, s64 nr_pages)
{
	WRITE_ONCE(machine.driver_adjusted, 1);
	adjust_managed_page_count(zone, nr_pages);
}

u64 totalram_pages(void)
{
	return (u64)atomic_long_read(&machine.totalram_pages);
}

void totalram_pages_add(s64 count)
{
	atomic_long_add(count, &machine.totalram_pages);
}
