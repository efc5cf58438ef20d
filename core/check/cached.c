/* SPDX-License-Identifier: MIT */
/*
 * The law of emptying: no free page of a range that goes offline stays on a per-CPU list.
 *
 * Judged when the range was not empty. A page that was on its way to a list when lists were drained is excused, and
 * once more if the drain did not see it counted; one that is still there the third time will be there for ever.
 */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"
#include "core/rt/report.h"
#include "core/rt/run.h"

#define ROUNDS 3

/* The lowest page of the range that rests on a list, and how often in a row. Of the one offline that can be under way.
 */
static struct {
	u64 pfn;
	u32 rounds;
} resting;

static void lowest_in_list(const struct list_head *head, u64 start_pfn, u64 end_pfn, u64 *lowest)
{
	for (const struct list_head *entry = head->next; entry && entry != head; entry = entry->next) {
		u64 pfn = page_to_pfn(container_of(entry, struct page, lru));

		if (pfn >= start_pfn && pfn < end_pfn)
			*lowest = min(*lowest, pfn);
	}
}

/* A list whose lock is held is about to change. */
static u64 lowest_resting(const struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	u64 lowest = end_pfn;

	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
		const struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, cpu);

		for (u32 list = 0; list < NR_PCP_LISTS_MAX && !spin_is_locked(&pcp->lock); list++)
			lowest_in_list(&pcp->lists[list], start_pfn, end_pfn, &lowest);
	}
	return lowest;
}

static void offline_begins(void)
{
	resting.rounds = 0;
}

static void range_not_empty(const struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	u64 pfn;

	if (!rt_holds_still())
		return;
	pfn = lowest_resting(zone, start_pfn, end_pfn);
	if (pfn == end_pfn)
		resting.rounds = 0;
	else if (!resting.rounds || pfn != resting.pfn)
		resting.rounds = 1;
	else
		resting.rounds++;
	resting.pfn = pfn;
	if (resting.rounds >= ROUNDS)
		rt_fail(VERDICT_invariant, "law isolated_page_cached",
			"pfn %llu is isolated and free, and rests on a per-CPU list: nobody will take it from there",
			(unsigned long long)pfn);
}

void cached_law_init(void)
{
	static const struct offline_law law = {offline_begins, range_not_empty};

	offline_law = &law;
}
