/* SPDX-License-Identifier: MIT */
/*
 * The law of allocation: it does not fail while a zone that it may use has plenty all the time it searches.
 *
 * What counts is what no search can overlook: a zone that was in the zonelist when the search began, and then never
 * had less than its min mark, its reserve and what CPUs may keep of its counter, with a block large enough on a list
 * that any request may take from, and counted. Who looks at the lists has no zone->lock, so a block on its way from one
 * list to another is on none. A list that was rewritten under the search is no excuse: zonelist_update_seq tells.
 */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/buddy.h"
#include "core/mm/page_alloc_slow.h"
#include "core/mm/vmstat.h"
#include "core/rt/cpu.h"
#include "core/rt/report.h"

/* An allocation in the slow path. Marked accesses: allocations of all tasks and threads look at all of them. */
struct oom_search {
	u64 zones; /* bits of node and zone: those that could have met the request all the time */
	u32 order, highest_zoneidx;
};

#define SEARCHES 32
static struct oom_search searches[SEARCHES];
static u64 searches_used; /* bits of those in use */

static u64 zone_bit(const struct zone *zone)
{
	return BIT(zone->node * MAX_NR_ZONES + zone->idx);
}

/* Other than @leaving. */
static bool list_has_block(const struct list_head *list, const struct page *leaving)
{
	const struct list_head *first = list->next;

	if (first && leaving && first == &leaving->lru)
		first = first->next;
	return first && first != list;
}

/* A block of 2^order pages that is neither isolated, nor reserved, nor for movable pages only, nor @leaving. */
static bool has_block(const struct zone *zone, u32 order, const struct page *leaving)
{
	for (; order <= geometry.max_order; order++) {
		const struct free_area *area = &zone->free_area[order];

		for (u32 mt = 0; area->nr_free && mt < MIGRATE_PCPTYPES; mt++)
			if (list_has_block(&area->free_list[mt], leaving))
				return true;
	}
	return false;
}

/* How far the counter may be from what it will be once CPUs have folded what they keep. */
static s64 drift(const struct zone *zone)
{
	s64 sum = 0;

	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
		const struct per_cpu_zonestat *stats = per_cpu_ptr(zone->per_cpu_zonestats, cpu);
		s64 diff = stats->vm_stat_diff[NR_FREE_PAGES];

		sum += max(diff < 0 ? -diff : diff, (s64)stats->stat_threshold);
	}
	return sum;
}

static bool plentiful(const struct zone *zone, const struct oom_search *search, const struct page *leaving)
{
	s64 free = zone->vm_stat[NR_FREE_PAGES].counter - (s64)zone->nr_reserved_highatomic -
		   zone->vm_stat[NR_FREE_CMA_PAGES].counter;
	s64 least = (s64)(zone->_watermark[WMARK_MIN] + zone->watermark_boost +
			  zone->lowmem_reserve[search->highest_zoneidx] + BIT(search->order)) +
		    drift(zone);

	return free > least && has_block(zone, search->order, leaving);
}

/* Zones first, then what they have: whoever takes pages from here on looks at the search. */
static void search_begins(struct oom_search *search, const struct alloc_context *ac, u32 order)
{
	const struct zoneref *ref = ac->zonelist->_zonerefs;

	search->order = order;
	search->highest_zoneidx = ac->highest_zoneidx;
	search->zones = 0;
	for (; ref->zone; ref++) {
		const struct zone *zone = ref->zone;

		if (ref->zone_idx > ac->highest_zoneidx || (ac->nodemask && !(*ac->nodemask >> zone->node & 1)))
			continue;
		__atomic_fetch_or(&search->zones, zone_bit(zone), __ATOMIC_SEQ_CST);
		if (!plentiful(zone, search, NULL))
			__atomic_fetch_and(&search->zones, ~zone_bit(zone), __ATOMIC_SEQ_CST);
	}
}

static void zone_scarcer(const struct zone *zone, const struct page *leaving)
{
	u64 used = __atomic_load_n(&searches_used, __ATOMIC_SEQ_CST);

	for (; used; used &= used - 1) {
		struct oom_search *search = &searches[__builtin_ctzll(used)];

		if ((__atomic_load_n(&search->zones, __ATOMIC_SEQ_CST) & zone_bit(zone)) &&
		    !plentiful(zone, search, leaving))
			__atomic_fetch_and(&search->zones, ~zone_bit(zone), __ATOMIC_SEQ_CST);
	}
}

static void search_failed(struct oom_search *search)
{
	u64 zones = __atomic_load_n(&search->zones, __ATOMIC_SEQ_CST);

	for (u32 nid = 0; zones && nid < MAX_NODES; nid++)
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			const struct zone *zone = &machine.nodes[nid].node_zones[idx];

			if (zones & zone_bit(zone))
				rt_fail(VERDICT_invariant, "law allocation_fails_in_need",
					"an allocation of order %u failed; node %u zone %s has had enough all the "
					"time: "
					"%lld pages, min mark %llu",
					search->order, nid, zone_type_name(idx),
					(long long)zone->vm_stat[NR_FREE_PAGES].counter,
					(unsigned long long)zone->_watermark[WMARK_MIN]);
		}
}

static struct oom_search *search_open(void)
{
	u64 used = __atomic_load_n(&searches_used, __ATOMIC_SEQ_CST), bit;

	do {
		bit = ~used & -~used;
		if (!bit || bit >= BIT(SEARCHES))
			return NULL;
	} while (!__atomic_compare_exchange_n(&searches_used, &used, used | bit, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return &searches[__builtin_ctzll(bit)];
}

static void search_close(struct oom_search *search)
{
	search->zones = 0;
	__atomic_fetch_and(&searches_used, ~BIT(search - searches), __ATOMIC_SEQ_CST);
}

/* Where the request did not allow it: memory that cannot be unplugged, or of a node that was excluded. */
static void allocated(const struct page *page, const struct alloc_context *ac)
{
	u32 nid = raw_page_nid(page), idx = raw_page_zonenum(page);

	if (idx > ac->highest_zoneidx || (ac->nodemask && !(*ac->nodemask >> nid & 1)))
		rt_fail(VERDICT_invariant, "law allocation_zone",
			"pfn %llu of node %u zone %s for a request that goes up to %s%s",
			(unsigned long long)page_to_pfn(page), nid, zone_type_name(idx),
			zone_type_name(ac->highest_zoneidx), ac->nodemask ? ", on some nodes" : "");
}

void oom_law_begin(void)
{
	searches_used = 0;
}

void oom_law_init(void)
{
	static const struct oom_law law = {search_open, search_begins, search_failed, search_close, allocated};

	oom_law = &law;
	zone_scarcer_hook = zone_scarcer;
}
