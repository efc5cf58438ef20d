/* SPDX-License-Identifier: MIT */
#include "core/hotplug/proc_file.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/mm/vmscan.h"
#include "core/rt/access.h"
#include "core/rt/cpu.h"

#define K(pages) ((unsigned long long)(pages) << (geometry.page_shift - 10))

void seq_printf(struct seq_file *m, const char *fmt, ...)
{
	size_t at = min(m->count, m->size - 1);
	va_list args;
	int more;

	va_start(args, fmt);
	more = vsnprintf(m->buf + at, m->size - at, fmt, args);
	va_end(args);
	if (more > 0)
		m->count += (size_t)more;
}

/* Looking is not part of the run: what is shown was so at some time, as in the kernel. */
UNOBSERVED_BEGIN

/* ---- counters --------------------------------------------------------------------------------------------------- */

static unsigned long long counter(const atomic_long_t *c)
{
	return (unsigned long long)max(c->counter, 0L);
}

static u64 node_managed(u32 nid)
{
	u64 managed = 0;

	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
		managed += (u64)machine.nodes[nid].node_zones[idx].managed_pages.counter;
	return managed;
}

static u64 node_free(u32 nid)
{
	u64 pages = 0;

	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
		pages += counter(&machine.nodes[nid].node_zones[idx].vm_stat[NR_FREE_PAGES]);
	return pages;
}

static bool shown(u32 nid)
{
	return nid < machine_config.nodes && machine.node_states[N_ONLINE] & BIT(nid);
}

/* ---- /proc/zoneinfo --------------------------------------------------------------------------------------------- */

static void zoneinfo_pagesets(struct seq_file *m, const struct zone *zone)
{
	unsigned int cpu;

	seq_printf(m, "\n  pagesets");
	for_each_online_cpu (cpu) {
		const struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, cpu);

		seq_printf(m,
			   "\n    cpu: %u\n              count: %d\n              high:  %d\n              batch: %d",
			   cpu, pcp->count, pcp->high, pcp->batch);
		seq_printf(m, "\n  vm stats threshold: %d", per_cpu_ptr(zone->per_cpu_zonestats, cpu)->stat_threshold);
	}
}

static void zoneinfo_numbers(struct seq_file *m, const struct zone *zone)
{
	const struct {
		const char *name;
		u64 pages;
	} lines[] = {
		{"boost    ", zone->watermark_boost},
		{"min      ", zone->_watermark[WMARK_MIN] + zone->watermark_boost},
		{"low      ", zone->_watermark[WMARK_LOW] + zone->watermark_boost},
		{"high     ", zone->_watermark[WMARK_HIGH] + zone->watermark_boost},
		{"spanned  ", zone->spanned_pages},
		{"present  ", zone->present_pages},
		{"managed  ", (u64)zone->managed_pages.counter},
		{"cma      ", zone->cma_pages},
	};

	seq_printf(m, "\n  pages free     %llu", counter(&zone->vm_stat[NR_FREE_PAGES]));
	for (u32 i = 0; i < ARRAY_SIZE(lines); i++)
		seq_printf(m, "\n        %s%llu", lines[i].name, (unsigned long long)lines[i].pages);
	seq_printf(m, "\n        protection: (");
	for (u32 i = 0; i < MAX_NR_ZONES; i++)
		seq_printf(m, i ? ", %llu" : "%llu", (unsigned long long)zone->lowmem_reserve[i]);
	seq_printf(m, ")");
}

static void zoneinfo_zone(struct seq_file *m, const struct zone *zone, bool first)
{
	const pg_data_t *pgdat = &machine.nodes[zone->node];

	seq_printf(m, "Node %u, zone %8s", zone->node, zone_type_name(zone->idx));
	if (first) {
		seq_printf(m, "\n  per-node stats");
		for (u32 i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
			seq_printf(m, "\n      %-12s %llu", node_stat_name(i), counter(&pgdat->vm_stat[i]));
	}
	zoneinfo_numbers(m, zone);
	if (zone->present_pages) {
		for (u32 i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
			seq_printf(m, "\n      %-12s %llu", zone_stat_name(i), counter(&zone->vm_stat[i]));
		zoneinfo_pagesets(m, zone);
		seq_printf(m, "\n  node_unreclaimable:  %d\n  start_pfn:           %llu",
			   pgdat->kswapd_failures >= MAX_RECLAIM_RETRIES, (unsigned long long)zone->zone_start_pfn);
	}
	seq_printf(m, "\n");
}

static void zoneinfo_show(struct seq_file *m)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		bool first = true;

		for (u32 idx = 0; shown(nid) && idx < MAX_NR_ZONES; idx++) {
			const struct zone *zone = &machine.nodes[nid].node_zones[idx];

			zoneinfo_zone(m, zone, first && zone->present_pages);
			first = first && !zone->present_pages;
		}
	}
}

/* ---- /proc/buddyinfo, /proc/pagetypeinfo ------------------------------------------------------------------------ */

static void for_each_populated(struct seq_file *m, u32 nid, void (*print)(struct seq_file *m, const struct zone *zone))
{
	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
		if (machine.nodes[nid].node_zones[idx].present_pages)
			print(m, &machine.nodes[nid].node_zones[idx]);
}

static void buddyinfo_zone(struct seq_file *m, const struct zone *zone)
{
	seq_printf(m, "Node %u, zone %8s ", zone->node, zone_type_name(zone->idx));
	for (u32 order = 0; order <= geometry.max_order; order++)
		seq_printf(m, "%6llu ", (unsigned long long)zone->free_area[order].nr_free);
	seq_printf(m, "\n");
}

static void buddyinfo_show(struct seq_file *m)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++)
		if (shown(nid))
			for_each_populated(m, nid, buddyinfo_zone);
}

/* CMA is a type of machines that have such an area. */
static bool type_shown(u32 mt)
{
	return mt != MIGRATE_CMA || machine.cma;
}

static unsigned long long list_length(const struct list_head *head)
{
	unsigned long long length = 0;

	for (const struct list_head *entry = head->next; entry != head; entry = entry->next)
		length++;
	return length;
}

static void pagetypeinfo_free(struct seq_file *m, const struct zone *zone)
{
	for (u32 mt = 0; mt < MIGRATE_TYPES; mt++) {
		if (!type_shown(mt))
			continue;
		seq_printf(m, "Node %4u, zone %8s, type %12s ", zone->node, zone_type_name(zone->idx),
			   core_migratetype_name(mt));
		for (u32 order = 0; order <= geometry.max_order; order++)
			seq_printf(m, "%6llu ", list_length(&zone->free_area[order].free_list[mt]));
		seq_printf(m, "\n");
	}
}

static void pagetypeinfo_blocks(struct seq_file *m, const struct zone *zone)
{
	struct core_zone_view view;

	core_view_zone(zone->node, zone->idx, &view);
	seq_printf(m, "Node %u, zone %8s ", zone->node, zone_type_name(zone->idx));
	for (u32 mt = 0; mt < MIGRATE_TYPES; mt++)
		if (type_shown(mt))
			seq_printf(m, "%12llu ", (unsigned long long)view.pageblocks[mt]);
	seq_printf(m, "\n");
}

static void pagetypeinfo_node(struct seq_file *m, u32 nid)
{
	seq_printf(m, "Page block order: %u\nPages per block:  %u\n\n", pageblock_order, pageblock_nr_pages);
	seq_printf(m, "%-43s ", "Free pages count per migrate type at order");
	for (u32 order = 0; order <= geometry.max_order; order++)
		seq_printf(m, "%6u ", order);
	seq_printf(m, "\n");
	for_each_populated(m, nid, pagetypeinfo_free);
	seq_printf(m, "\n%-23s", "Number of blocks type ");
	for (u32 mt = 0; mt < MIGRATE_TYPES; mt++)
		if (type_shown(mt))
			seq_printf(m, "%12s ", core_migratetype_name(mt));
	seq_printf(m, "\n");
	for_each_populated(m, nid, pagetypeinfo_blocks);
}

/* All of it for each node that has memory. */
static void pagetypeinfo_show(struct seq_file *m)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++)
		if (machine.node_states[N_MEMORY] & BIT(nid))
			pagetypeinfo_node(m, nid);
}

/* ---- /proc/vmstat, /proc/meminfo -------------------------------------------------------------------------------- */

static void vmstat_show(struct seq_file *m)
{
	for (u32 i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		seq_printf(m, "%s %llu\n", zone_stat_name(i), counter(&machine.vm_zone_stat[i]));
	for (u32 i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		seq_printf(m, "%s %llu\n", node_stat_name(i), counter(&machine.vm_node_stat[i]));
}

s64 node_vmstat_show(u64 id, char *buf)
{
	const pg_data_t *pgdat = &machine.nodes[id];
	struct seq_file m = {.buf = buf, .size = FILE_TEXT_MAX};

	for (u32 i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++) {
		unsigned long long sum = 0;

		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
			sum += counter(&pgdat->node_zones[idx].vm_stat[i]);
		seq_printf(&m, "%s %llu\n", zone_stat_name(i), sum);
	}
	for (u32 i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		seq_printf(&m, "%s %llu\n", node_stat_name(i), counter(&pgdat->vm_stat[i]));
	return (s64)min(m.count, m.size - 1);
}

/* Half of what is no huge page of the pool; there is no swap. (vm_commit_limit(), overcommit_ratio 50) */
static u64 commit_limit(void)
{
	u64 huge = machine.hstate.nr_huge_pages << machine.hstate.order;

	return ((u64)machine.totalram_pages.counter - huge) * 50 / 100;
}

static void meminfo_hugetlb(struct seq_file *m)
{
	const struct hstate *h = &machine.hstate;
	const struct {
		const char *name;
		u64 pages;
	} lines[] = {
		{"HugePages_Total: ", h->nr_huge_pages},
		{"HugePages_Free:  ", h->free_huge_pages},
		{"HugePages_Rsvd:  ", h->resv_huge_pages},
		{"HugePages_Surp:  ", h->surplus_huge_pages},
	};

	for (u32 i = 0; i < ARRAY_SIZE(lines); i++)
		seq_printf(m, "%s  %5llu\n", lines[i].name, (unsigned long long)lines[i].pages);
	seq_printf(m, "Hugepagesize:   %8llu kB\n", K(BIT(h->order)));
	seq_printf(m, "Hugetlb:        %8llu kB\n", K(h->nr_huge_pages << h->order));
}

static void meminfo_show(struct seq_file *m)
{
	seq_printf(m, "MemTotal:       %8llu kB\n", K(machine.totalram_pages.counter));
	seq_printf(m, "MemFree:        %8llu kB\n", K(counter(&machine.vm_zone_stat[NR_FREE_PAGES])));
	seq_printf(m, "CommitLimit:    %8llu kB\n", K(commit_limit()));
	seq_printf(m, "HardwareCorrupted: %5llu kB\n", K(counter(&machine.num_poisoned_pages)));
	meminfo_hugetlb(m);
}

s64 node_meminfo_show(u64 id, char *buf)
{
	const struct hstate *h = &machine.hstate;
	struct seq_file m = {.buf = buf, .size = FILE_TEXT_MAX};
	u64 managed = node_managed((u32)id), free = node_free((u32)id);
	unsigned int nid = (unsigned int)id;

	seq_printf(&m, "Node %u MemTotal:       %8llu kB\n", nid, K(managed));
	seq_printf(&m, "Node %u MemFree:        %8llu kB\n", nid, K(free));
	seq_printf(&m, "Node %u MemUsed:        %8llu kB\n", nid, K(managed - free));
	seq_printf(&m, "Node %u HugePages_Total: %5llu\n", nid, (unsigned long long)h->nr_huge_pages_node[nid]);
	seq_printf(&m, "Node %u HugePages_Free:  %5llu\n", nid, (unsigned long long)h->free_huge_pages_node[nid]);
	seq_printf(&m, "Node %u HugePages_Surp:  %5llu\n", nid, (unsigned long long)h->surplus_huge_pages_node[nid]);
	return (s64)min(m.count, m.size - 1);
}

/* ---- /proc/iomem ------------------------------------------------------------------------------------------------ */

static void iomem_show(struct seq_file *m)
{
	for (const struct resource *res = machine.iomem; res; res = res->next)
		seq_printf(m, "%08llx-%08llx : %s\n", (unsigned long long)res->start, (unsigned long long)res->end,
			   res->name);
}

UNOBSERVED_END

const struct proc_file proc_files[] = {
	{"/proc/zoneinfo", zoneinfo_show},
	{"/proc/buddyinfo", buddyinfo_show},
	{"/proc/pagetypeinfo", pagetypeinfo_show},
	{"/proc/vmstat", vmstat_show},
	{"/proc/meminfo", meminfo_show},
	{"/proc/iomem", iomem_show},
	{NULL, NULL},
};
