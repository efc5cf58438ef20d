/* SPDX-License-Identifier: MIT */
/*
 * The law of failure: a hotplug operation that fails leaves what its locks protect as it was.
 *
 * Judged between mem_hotplug_begin() and mem_hotplug_done() of the operation, so in the middle of races too: only the
 * holder of the lock may change what is compared. Left out is what 6.1 does not take back: that a zone or a section
 * number was ever used, where pages are, types of pageblocks; and the contiguous flag, which it computes too early.
 */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/check/scratch.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/mm/machine.h"
#include "core/rt/report.h"
#include "core/rt/run.h"

/* What the walk below meets, in its order, when the operation began. */
static struct {
	struct scratch memory;
	u64 *value;
	u32 count, at;
	const char *operation;
	int result;
} noted;

typedef void visitor(const char *what, u64 nr, u64 value);

static void visit_sections(visitor *visit)
{
	for (u64 nr = 0; nr < geometry.max_pfn >> census_shifts.section; nr++) {
		const struct mem_section *ms = raw_section(nr);

		visit("section", nr, ms ? ms->section_mem_map : 0);
		visit("subsections of section", nr,
		      ms && ms->section_mem_map && ms->usage ? ms->usage->subsection_map : 0);
	}
}

/* The state of the block that goes online or offline is its device's, and decided by the result. */
static void visit_blocks(visitor *visit)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];

		visit("block", id, (u64)mem);
		visit("node of block", id, mem ? (u64)mem->nid : 0);
		visit("zone of block", id, mem ? (u64)mem->zone : 0);
	}
	for (u32 i = 0; i < MEMORY_GROUPS_MAX; i++) {
		const struct memory_group *group = &machine.hotplug->groups[i];

		visit("kernel pages of group", i, group->used ? group->present_kernel_pages : 0);
		visit("movable pages of group", i, group->used ? group->present_movable_pages : 0);
	}
}

/* By subsections: where a span shrinks again it ends with one, though boot memory may end inside it. */
static void visit_span(visitor *visit, const char *start_name, const char *end_name, u64 nr, u64 start_pfn, u64 pages)
{
	visit(start_name, nr, pages ? ALIGN_DOWN(start_pfn, (u64)PAGES_PER_SUBSECTION) : 0);
	visit(end_name, nr, pages ? ALIGN(start_pfn + pages, (u64)PAGES_PER_SUBSECTION) : 0);
}

static void visit_zone(visitor *visit, u64 nr, const struct zone *zone)
{
	visit_span(visit, "start of zone", "end of zone", nr, zone->zone_start_pfn, zone->spanned_pages);
	visit("present pages of zone", nr, zone->present_pages);
	visit("early pages of zone", nr, zone->present_early_pages);
	visit("per-CPU lists of zone", nr, (u64)zone->per_cpu_pageset);
}

static void visit_node(visitor *visit, u32 nid)
{
	const pg_data_t *pgdat = &machine.nodes[nid];

	visit_span(visit, "start of node", "end of node", nid, pgdat->node_start_pfn, pgdat->node_spanned_pages);
	visit("present pages of node", nid, pgdat->node_present_pages);
	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
		visit_zone(visit, (u64)nid * MAX_NR_ZONES + idx, &pgdat->node_zones[idx]);
	for (u32 i = 0; i < MAX_ZONES_PER_ZONELIST; i++) {
		const struct zoneref *ref = &pgdat->node_zonelists[ZONELIST_FALLBACK]._zonerefs[i];

		visit("zonelist entry", i, (u64)ref->zone);
		if (!ref->zone)
			break;
	}
}

static void visit_all(visitor *visit)
{
	for (u32 state = 0; state < NR_NODE_STATES; state++)
		visit("node state", state, machine.node_states[state]);
	for (u32 nid = 0; nid < machine_config.nodes; nid++)
		visit_node(visit, nid);
	visit_blocks(visit);
	visit_sections(visit);
}

static void note_value(const char *what, u64 nr, u64 value)
{
	(void)what;
	(void)nr;
	if (noted.count == noted.memory.bytes / sizeof(*noted.value))
		noted.value = scratch_reserve(&noted.memory, (noted.count + 1) * sizeof(*noted.value));
	noted.value[noted.count++] = value;
}

static void compare_value(const char *what, u64 nr, u64 value)
{
	if (noted.at < noted.count && noted.value[noted.at] != value)
		rt_fail(VERDICT_invariant, "law failed_operation_undone",
			"%s failed (%d), but %s %llu is %#llx now, and was %#llx before it", noted.operation,
			noted.result, what, (unsigned long long)nr, (unsigned long long)value,
			(unsigned long long)noted.value[noted.at]);
	noted.at++;
}

static void operation_begins(void)
{
	noted.count = 0;
	if (rt_holds_still())
		visit_all(note_value);
}

static void operation_fails(const char *operation, int result)
{
	noted.operation = operation;
	noted.result = result;
	noted.at = 0;
	if (noted.count)
		visit_all(compare_value);
}

void undone_law_init(void)
{
	static const struct failure_law law = {operation_begins, operation_fails};

	failure_law = &law;
}
