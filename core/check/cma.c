/* SPDX-License-Identifier: MIT */
/* Laws of CMA: its lists and counters, its pageblocks, its bitmap. */
#include "core/range/cma.h"

#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/rt/report.h"

const char *law_free_cma_count(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			s64 counted = raw_zone_stat(&machine.nodes[nid].node_zones[idx], NR_FREE_CMA_PAGES);
			u64 listed = census.zone[nid][idx].cma_pages;

			if (counted != (s64)listed)
				return broken("node %u zone %s: NR_FREE_CMA_PAGES %lld, %llu pages are on CMA lists",
					      nid, zone_type_name(idx), (long long)counted, (unsigned long long)listed);
		}
	}
	return NULL;
}

const char *law_free_list_cma(void)
{
	return census.bad_cma[0] ? census.bad_cma : NULL;
}

static bool in_area(u64 pfn)
{
	return machine.cma && pfn >= machine.cma->base_pfn && pfn < machine.cma->base_pfn + machine.cma->count;
}

const char *law_cma_pageblocks(void)
{
	for (u64 pfn = 0; pfn < geometry.max_pfn; pfn += pageblock_nr_pages)
		if (raw_pfn_online(pfn) && (raw_pageblock_type(pfn) == MIGRATE_CMA) != in_area(pfn))
			return broken("the pageblock at pfn %llu has type %u and %s the CMA area",
				      (unsigned long long)pfn, raw_pageblock_type(pfn),
				      in_area(pfn) ? "is in" : "is not in");
	return NULL;
}

/* The bits that what slots hold must have set. */
static u64 bits_in_use(const struct cma *cma)
{
	u64 bits = 0;

	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct area *area = &machine.areas[slot];

		for (u32 i = 0; area->kind == AREA_CMA && area->used && i < area->size; i++)
			if (area->pte[i] && in_area(pte_pfn(area->pte[i])))
				bits |= BIT((pte_pfn(area->pte[i]) - cma->base_pfn) >> cma->order_per_bit);
	}
	return bits;
}

const char *law_cma_bitmap(void)
{
	const struct cma *cma = machine.cma;

	if (cma && cma->bitmap != bits_in_use(cma))
		return broken("the bitmap of the CMA area is %#llx, what it has given out %#llx",
			      (unsigned long long)cma->bitmap, (unsigned long long)bits_in_use(cma));
	return NULL;
}

/* Nobody else may isolate these pageblocks, and of the area's users one at a time does. */
static void cma_range_check(u64 start_pfn, u64 end_pfn)
{
	for (u64 pfn = pageblock_start_pfn(start_pfn); pfn < end_pfn; pfn += pageblock_nr_pages)
		if (raw_pageblock_type(pfn) == MIGRATE_ISOLATE)
			rt_fail(VERDICT_invariant, "law cma_alone",
				"a CMA allocation is about to isolate the pageblock at pfn %llu, which is isolated",
				(unsigned long long)pfn);
}

void cma_law_init(void)
{
	cma_range_hook = cma_range_check;
}
