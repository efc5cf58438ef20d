/* SPDX-License-Identifier: MIT */
/* The machine for people and as a hash. No task runs; what is read here are raw fields, and no access that counts. */
#include "core/core.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/rt/access.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/name.h"

UNOBSERVED_BEGIN

static const struct mem_section *raw_section_at(u64 nr)
{
	const struct mem_section *root =
		nr / SECTIONS_PER_ROOT < SECTION_ROOTS_MAX ? machine.section_roots[nr / SECTIONS_PER_ROOT] : NULL;

	return root ? &root[nr % SECTIONS_PER_ROOT] : NULL;
}

static u64 raw_section_word(u64 nr)
{
	const struct mem_section *ms = raw_section_at(nr);

	return ms ? ms->section_mem_map : 0;
}

/* ---- for people ------------------------------------------------------------------------------------------------ */

struct text {
	char *buf;
	size_t size, length;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *fmt, ...)
{
	va_list args;
	int more;

	va_start(args, fmt);
	more = vsnprintf(text->buf + text->length, text->size - text->length, fmt, args);
	va_end(args);
	if (more > 0)
		text->length = min(text->length + (size_t)more, text->size - 1);
}

static struct text text_in(char *buf, size_t size)
{
	buf[0] = 0;
	return (struct text){.buf = buf, .size = size};
}

static void add_section_flags(struct text *text, u64 word)
{
	static const char *const names[] = {"present", "memmap", "online", "early", "mixed"};

	if (!(word & (SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP)))
		add(text, " absent");
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (word & BIT(i))
			add(text, " %s", names[i]);
}

static void add_block_state(struct text *text, u64 id)
{
	const struct memory_block *mem = id < MEMORY_BLOCKS_MAX ? machine.blocks[id] : NULL;

	add(text, "block %llu %s", (unsigned long long)id,
	    !mem                                ? "absent"
	    : mem->state == BLOCK_ONLINE        ? "online"
	    : mem->state == BLOCK_GOING_OFFLINE ? "going-offline"
						: "offline");
}

static void add_page_state(struct text *text, const struct page *page)
{
	static const char *const names[] = {
#define NAME(name) #name,
		PAGE_FLAGS(NAME)
#undef NAME
	};

	if (!rt_memmap_live(page)) {
		add(text, ", its struct page is gone");
		return;
	}
	if (page->flags == PAGE_POISON_PATTERN) {
		add(text, ", its struct page is poisoned");
		return;
	}
	add(text, ", refcount %d", page->_refcount.counter);
	for (u32 i = 0; i < NR_PAGEFLAGS; i++)
		if (page->flags & BIT(i))
			add(text, " %s", names[i]);
}

void core_describe_address(u64 addr, char *buf, size_t size)
{
	struct text text = text_in(buf, size);
	char name[128];
	u64 pfn, nr;

	rt_name(addr, true, name, sizeof(name));
	add(&text, "%s", name);
	if (addr >= RT_MEMMAP_BASE && addr < RT_MEMMAP_BASE + RT_MEMMAP_SIZE)
		pfn = (addr - RT_MEMMAP_BASE) / sizeof(struct page);
	else if (addr >= RT_CONTENT_BASE && addr < RT_CONTENT_BASE + RT_CONTENT_SIZE)
		pfn = (addr - RT_CONTENT_BASE) / sizeof(u64);
	else
		return;
	nr = pfn_to_section_nr(pfn);
	add(&text, ": pfn %llu, section %llu", (unsigned long long)pfn, (unsigned long long)nr);
	add_section_flags(&text, raw_section_word(nr));
	add(&text, ", ");
	add_block_state(&text, pfn_to_block_id(pfn));
	add_page_state(&text, pfn_to_page(pfn));
}

/* With what the CPUs keep to themselves: which CPU counted a page shows nowhere else. */
static s64 raw_free_pages(const struct zone *zone)
{
	s64 sum = zone->vm_stat[NR_FREE_PAGES].counter;

	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++)
		sum += per_cpu_ptr(zone->per_cpu_zonestats, cpu)->vm_stat_diff[NR_FREE_PAGES];
	return sum;
}

static void add_zone(struct text *text, const struct zone *zone)
{
	if (!zone->spanned_pages && !zone->present_pages)
		return;
	add(text,
	    "node %u zone %s: pfns %llu to %llu, present %llu managed %lld free %lld isolated pageblocks %llu%s\n",
	    zone->node, zone_type_name(zone->idx), (unsigned long long)zone->zone_start_pfn,
	    (unsigned long long)(zone->zone_start_pfn + zone->spanned_pages), (unsigned long long)zone->present_pages,
	    (long long)zone->managed_pages.counter, (long long)raw_free_pages(zone),
	    (unsigned long long)zone->nr_isolate_pageblock, zone->contiguous ? " contiguous" : "");
}

static void add_block(struct text *text, u64 id)
{
	const struct memory_block *mem = machine.blocks[id];
	u64 nr = id * geometry.sections_per_block;

	if (!mem && !raw_section_word(nr))
		return;
	add_block_state(text, id);
	if (mem && mem->zone)
		add(text, " zone %s", zone_type_name(mem->zone->idx));
	add(text, ": section %llu", (unsigned long long)nr);
	add_section_flags(text, raw_section_word(nr));
	add(text, "\n");
}

void core_describe_machine(char *buf, size_t size)
{
	struct text text = text_in(buf, size);

	for (u32 nid = 0; nid < machine_config.nodes; nid++)
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
			add_zone(&text, &machine.nodes[nid].node_zones[idx]);
	for (u64 id = 0; id < machine_config.blocks; id++)
		add_block(&text, id);
	for (u32 i = 0; i < DEVICE_MEMORY_RANGES; i++) {
		const struct device_memory *range = &machine.hotplug->devices.range[i];

		if (range->state == DEVICE_MEMORY_READY)
			add(&text, "device memory: pfns %llu to %llu\n", (unsigned long long)range->start_pfn,
			    (unsigned long long)range->end_pfn);
	}
}

/* ---- as a hash ------------------------------------------------------------------------------------------------- */

static void mix(u64 *hash, u64 value)
{
	u64 z = (*hash ^ value) * 0x9e3779b97f4a7c15ULL;

	*hash = z ^ (z >> 29);
}

static u64 list_pfn(const struct list_head *entry)
{
	return page_to_pfn(container_of(entry, struct page, lru));
}

static void mix_page_list(u64 *hash, const struct list_head *head)
{
	for (const struct list_head *entry = head->next; entry != head; entry = entry->next)
		mix(hash, list_pfn(entry));
	mix(hash, UINT64_MAX);
}

static void mix_zone(u64 *hash, const struct zone *zone)
{
	const u64 numbers[] = {
		zone->zone_start_pfn,
		zone->spanned_pages,
		zone->present_pages,
		zone->present_early_pages,
		(u64)zone->managed_pages.counter,
		zone->nr_isolate_pageblock,
		zone->contiguous,
		(u64)raw_free_pages(zone),
		zone->compact_cached_migrate_pfn[0],
		zone->compact_cached_migrate_pfn[1],
		zone->compact_cached_free_pfn,
	};

	/* Whether an empty zone was ever populated shows nowhere. */
	if (!zone->spanned_pages)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++)
		mix(hash, numbers[i]);
	for (u32 order = 0; order <= geometry.max_order; order++)
		for (u32 mt = 0; mt < MIGRATE_TYPES; mt++)
			mix_page_list(hash, &zone->free_area[order].free_list[mt]);
	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
		const struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, cpu);

		mix(hash, (u64)pcp->count << 32 | (u32)pcp->high);
		for (u32 i = 0; pcp->count && i < NR_PCP_LISTS_MAX; i++)
			mix_page_list(hash, &pcp->lists[i]);
	}
}

/* Pages between the ends of a free block, and words of a free page that nobody reads, are left out. */
static void mix_online_section(u64 *hash, u64 nr)
{
	const struct mem_section_usage *usage = raw_section_at(nr)->usage;
	u64 pfn = section_nr_to_pfn(nr), end_pfn = pfn + PAGES_PER_SECTION;

	for (u32 i = 0; i * (BITS_PER_LONG / PB_BITS) < geometry.pageblocks_per_section; i++)
		mix(hash, usage->pageblock_flags[i]);
	while (pfn < end_pfn) {
		const struct page *page = pfn_to_page(pfn);
		u32 type = (u32)page->_mapcount.counter;

		mix(hash, page->flags);
		mix(hash, (u64)(u32)page->_refcount.counter << 32 | type);
		if ((type & (PAGE_TYPE_BASE | PG_TYPE_buddy)) == PAGE_TYPE_BASE) {
			pfn += BIT(page->private);
			continue;
		}
		if (page->mapping)
			mix(hash, page->index);
		mix(hash, page->mapping);
		pfn++;
	}
}

static void mix_sections(u64 *hash)
{
	for (u64 nr = 0; nr <= machine.highest_present_section_nr; nr++) {
		const struct mem_section *ms = raw_section_at(nr);

		if (!ms || !ms->section_mem_map)
			continue;
		mix(hash, nr);
		mix(hash, ms->section_mem_map);
		mix(hash, ms->usage ? ms->usage->subsection_map : 0);
		if (ms->section_mem_map & SECTION_IS_ONLINE)
			mix_online_section(hash, nr);
	}
}

static void mix_areas(u64 *hash)
{
	const u64 *content = (const u64 *)RT_CONTENT_BASE;

	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct area *area = &machine.areas[slot];

		mix(hash, area->used);
		mix(hash, area->pinned);
		for (u32 i = 0; i < area->size && area->pinned; i++)
			mix(hash, area->pins[i]);
		for (u32 i = 0; i < area->size && area->used; i++) {
			mix(hash, area->pte[i]);
			for (u64 k = 0; area->pte[i] && k < BIT(pte_order(area->pte[i])); k++)
				mix(hash, content[pte_pfn(area->pte[i]) + k]);
		}
	}
}

static void mix_blocks(u64 *hash)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];

		if (!mem)
			continue;
		mix(hash, id << 32 | mem->state);
		mix(hash, (u64)(u32)mem->nid << 32 | mem->offline);
		mix(hash, mem->zone ? mem->zone->idx + 1 : 0);
	}
	for (const struct resource *res = machine.iomem; res; res = res->next) {
		mix(hash, res->start);
		mix(hash, res->end);
		mix(hash, res->flags);
	}
}

/* A machine that never had huge pages has the hash of one without a pool. */
static void mix_pool(u64 *hash)
{
	const struct hstate *h = &machine.hstate;

	if (!h->nr_huge_pages && !h->nr_overcommit_huge_pages)
		return;
	mix(hash, h->nr_overcommit_huge_pages);
	mix(hash, h->resv_huge_pages);
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		mix(hash, h->surplus_huge_pages_node[nid]);
		mix_page_list(hash, &h->hugepage_freelists[nid]);
	}
}

/* Nothing while no page is poisoned, and none was. */
static void mix_poisoned(u64 *hash)
{
	if (machine.num_poisoned_pages.counter)
		mix(hash, (u64)machine.num_poisoned_pages.counter);
	for (u64 id = 0; id < machine_config.blocks; id++)
		if (machine.blocks[id] && machine.blocks[id]->nr_hwpoison.counter)
			mix(hash, id << 32 | (u64)machine.blocks[id]->nr_hwpoison.counter);
}

u64 core_state_hash(void)
{
	u64 hash = 0;

	mix(&hash, (u64)machine.totalram_pages.counter);
	for (u32 i = 0; i < NR_NODE_STATES; i++)
		mix(&hash, machine.node_states[i]);
	for (u32 i = 0; i < ARRAY_SIZE(machine.veto_armed); i++)
		mix(&hash, machine.veto_armed[i]);
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		pg_data_t *pgdat = &machine.nodes[nid];

		mix(&hash, pgdat->node_start_pfn);
		mix(&hash, pgdat->node_spanned_pages);
		mix(&hash, pgdat->node_present_pages);
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
			mix_zone(&hash, &pgdat->node_zones[idx]);
		for (u32 i = 0; i < NR_LRU_LISTS; i++)
			mix_page_list(&hash, &pgdat->lruvec.lists[i]);
	}
	mix_pool(&hash);
	mix_poisoned(&hash);
	mix_blocks(&hash);
	mix_sections(&hash);
	mix_areas(&hash);
	return hash;
}

UNOBSERVED_END
