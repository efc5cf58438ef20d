/* SPDX-License-Identifier: MIT */
/* The laws of notifier events: their order, and that what they tell is so when they tell it. */
#include "core/hotplug/notifier.h"

#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"
#include "core/rt/report.h"

/* ---- order ----------------------------------------------------------------------------------------------------- */

const char *law_notifier_sequence(void)
{
	for (u32 i = 0; i < 2; i++) {
		const struct memory_recorder *r = memory_recorder(i);

		if (r->broken)
			return broken("listener %s the vetoer saw %s while %s was open, of another range or of none",
				      i ? "behind" : "before", memory_event_text(r->broken),
				      memory_event_text(r->broken_in));
		if (r->going)
			return broken("listener %s the vetoer saw %s and never how it ended", i ? "behind" : "before",
				      memory_event_text(r->going));
	}
	return NULL;
}

/* ---- truth ----------------------------------------------------------------------------------------------------- */

/*
 * Whoever tells holds mem_hotplug_lock for writing: sections, spans and counts are the teller's, and the range's
 * pageblocks stay isolated while they are.
 */
static const char *wrong_sections(const struct memory_notify *v, bool online)
{
	for (u64 pfn = v->start_pfn; pfn < v->start_pfn + v->nr_pages; pfn += PAGES_PER_SECTION)
		if (raw_pfn_online(pfn) != online)
			return online ? "a section is not online" : "a section is online";
	return NULL;
}

static const char *wrong_pageblocks(const struct memory_notify *v)
{
	for (u64 pfn = v->start_pfn; pfn < v->start_pfn + v->nr_pages; pfn += pageblock_nr_pages)
		if (raw_pageblock_type(pfn) != MIGRATE_ISOLATE)
			return "a pageblock is not isolated";
	return NULL;
}

/* The zone that the first page of the range links to; NULL if none spans the range. */
static const struct zone *zone_of(const struct memory_notify *v)
{
	const struct page *page = pfn_to_page(v->start_pfn);
	const struct zone *zone;

	if (!rt_memmap_live(page) || page->flags == PAGE_POISON_PATTERN)
		return NULL;
	zone = &machine.nodes[raw_page_nid(page)].node_zones[raw_page_zonenum(page)];
	if (v->start_pfn < zone->zone_start_pfn ||
	    v->start_pfn + v->nr_pages > zone->zone_start_pfn + zone->spanned_pages)
		return NULL;
	return zone;
}

static bool in_zonelist(const struct zone *zone)
{
	const struct zonelist *list = &machine.nodes[zone->node].node_zonelists[ZONELIST_FALLBACK];

	for (u32 i = 0; i < MAX_ZONES_PER_ZONELIST && list->_zonerefs[i].zone; i++)
		if (list->_zonerefs[i].zone == zone)
			return true;
	return false;
}

static const char *wrong_going_offline(const struct memory_notify *v, const struct zone *zone)
{
	if (design(pcp_isolation) != ALT_pcp_isolation_disable_by_offline)
		return wrong_pageblocks(v);
	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++)
		if (per_cpu_ptr(zone->per_cpu_pageset, cpu)->high)
			return "a CPU's list is not off";
	return wrong_pageblocks(v);
}

static const char *wrong_online(const struct memory_notify *v, const struct zone *zone)
{
	if (zone->present_pages < v->nr_pages)
		return "its pages are not counted";
	if (!(machine.node_states[N_MEMORY] >> zone->node & 1))
		return "its node has no memory";
	return in_zonelist(zone) ? NULL : "its zone is in no zonelist";
}

/* What is free of a range that was empty was merged: a free block begins with a pageblock. */
static const char *wrong_offline(const struct memory_notify *v, const struct zone *zone)
{
	for (u64 pfn = v->start_pfn; pfn < v->start_pfn + v->nr_pages; pfn += pageblock_nr_pages)
		if (raw_page_buddy(pfn_to_page(pfn)))
			return "some of it is free";
	if (v->status_change_nid >= 0 && (machine.node_states[N_MEMORY] >> v->status_change_nid & 1))
		return "its node still has memory";
	return !zone->present_pages && in_zonelist(zone) ? "its zone has no pages and is in a zonelist" : NULL;
}

/* What is not as event @val says; NULL if all is. */
static const char *untrue(unsigned long val, const struct memory_notify *v)
{
	const struct zone *zone = zone_of(v);
	const char *wrong = wrong_sections(v, val & (MEM_ONLINE | MEM_GOING_OFFLINE | MEM_CANCEL_OFFLINE));

	if (wrong)
		return wrong;
	if (!zone)
		return "no zone spans it";
	switch (val) {
	case MEM_GOING_ONLINE:
		return wrong_pageblocks(v);
	case MEM_GOING_OFFLINE:
		return wrong_going_offline(v, zone);
	case MEM_ONLINE:
		return wrong_online(v, zone);
	case MEM_OFFLINE:
		return wrong_offline(v, zone);
	default:
		return NULL;
	}
}

static void event_told(unsigned long val, const struct memory_notify *v)
{
	const char *wrong = untrue(val, v);

	if (wrong)
		rt_fail(VERDICT_invariant, "law listeners_told", "listeners are told %s of pfns %llu to %llu, but %s",
			memory_event_text(val), (unsigned long long)v->start_pfn,
			(unsigned long long)(v->start_pfn + v->nr_pages), wrong);
}

void told_law_init(void)
{
	memory_event_hook = event_told;
}
