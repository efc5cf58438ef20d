/* SPDX-License-Identifier: MIT */
/*
 * What outlived its users, at quiescence: objects nobody owns, references nobody holds.
 *
 * Every object of the heap has exactly one owner that knows it: the counts of both are compared first, and only when
 * they differ the object is looked for.
 */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/resource.h"
#include "core/mm/hwpoison.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/memory_tiers.h"
#include "core/mm/page_ext.h"
#include "core/mm/slab.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"

/* ---- owners ---------------------------------------------------------------------------------------------------- */

static void visit_cache(const struct kmem_cache *s, void (*visit)(const void *ptr, enum obj_type type, void *arg),
			void *arg)
{
	visit(s, OBJ_kmem_cache, arg);
	visit(s->cpu_slab, OBJ_kmem_cache_cpu, arg);
	for (u32 nid = 0; nid < machine_config.nodes; nid++)
		if (s->node[nid])
			visit(s->node[nid], OBJ_kmem_cache_node, arg);
}

/* Calls @visit for each object of the hotplug core that has an owner and is not permanent. */
static void for_each_owned(void (*visit)(const void *ptr, enum obj_type type, void *arg), void *arg)
{
	for (u64 id = 0; id < machine_config.blocks; id++)
		if (machine.blocks[id])
			visit(machine.blocks[id], OBJ_memory_block, arg);
	for (u64 nr = 0; nr < geometry.max_pfn / PAGES_PER_SECTION; nr++) {
		const struct mem_section *ms = raw_section(nr);

		if (ms && ms->usage && !ms->usage->boot)
			visit(ms->usage, OBJ_mem_section_usage, arg);
		if (ms && ms->page_ext)
			visit((const void *)((u64)ms->page_ext & ~PAGE_EXT_INVALID), OBJ_page_ext, arg);
	}
	for (const struct resource *res = machine.iomem; res; res = res->next)
		visit(res, OBJ_resource, arg);
	for (u32 id = 0; id < SLAB_CACHES; id++)
		if (machine.slab->caches[id])
			visit_cache(machine.slab->caches[id], visit, arg);
	for (u32 kind = 0; machine.memory_tiers && kind < NR_MEMORY_DEV_KINDS; kind++)
		if (machine.memory_tiers->tier[kind])
			visit(machine.memory_tiers->tier[kind], OBJ_memory_tier, arg);
	if (machine.pagemaps)
		visit(machine.pagemaps, OBJ_pagemap_ranges, arg);
	for (u32 i = 0; i < DEVICE_MEMORY_RANGES; i++) {
		const struct device_memory *range = &machine.hotplug->devices.range[i];

		if (range->state != DEVICE_MEMORY_READY)
			continue;
		visit(range->pgmap, OBJ_dev_pagemap, arg);
		visit(range->pgmap->ref.percpu, OBJ_percpu_ref, arg);
	}
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		if (machine.nodes[nid].kswapd)
			visit(machine.nodes[nid].kswapd, OBJ_kswapd, arg);
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			const struct zone *zone = &machine.nodes[nid].node_zones[idx];

			if (zone->per_cpu_pageset != machine.boot_pageset)
				visit(zone->per_cpu_pageset, OBJ_pageset, arg);
			if (zone->per_cpu_zonestats != machine.boot_zonestats)
				visit(zone->per_cpu_zonestats, OBJ_zonestat, arg);
		}
	}
}

struct object_count {
	u64 alive[NR_OBJ_TYPES], owned[NR_OBJ_TYPES];
};

static void count_alive(void *ptr, size_t size, int obj_type, void *arg)
{
	struct object_count *count = arg;

	(void)ptr;
	(void)size;
	count->alive[obj_type]++;
}

static void count_owned(const void *ptr, enum obj_type type, void *arg)
{
	struct object_count *count = arg;

	(void)ptr;
	count->owned[type]++;
}

struct object_search {
	const void *ptr;
	enum obj_type type;
	bool owned;
};

static void match_owned(const void *ptr, enum obj_type type, void *arg)
{
	struct object_search *search = arg;

	(void)type;
	if (ptr == search->ptr)
		search->owned = true;
}

static void match_alive(void *ptr, size_t size, int obj_type, void *arg)
{
	struct object_search *found = arg, search = {.ptr = ptr};

	(void)size;
	if (found->ptr || (u32)obj_type != found->type)
		return;
	for_each_owned(match_owned, &search);
	if (!search.owned)
		found->ptr = ptr;
}

static const char *object_leaked(const char **signature)
{
	struct object_count count = {0};

	rt_for_each_object(count_alive, &count);
	for_each_owned(count_owned, &count);
	for (u32 type = 0; type < NR_OBJ_TYPES; type++) {
		struct object_search search = {.type = type};

		if (count.alive[type] <= count.owned[type])
			continue;
		rt_for_each_object(match_alive, &search);
		*signature = obj_type_name(type);
		return broken("%llu objects of type %s are allocated, %llu have an owner; first without: heap+%#llx",
			      (unsigned long long)count.alive[type], obj_type_name(type),
			      (unsigned long long)count.owned[type], (unsigned long long)search.ptr - RT_HEAP_BASE);
	}
	return NULL;
}

/* ---- references ------------------------------------------------------------------------------------------------ */

static const char *block_reference_leaked(const char **signature)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];

		if (!mem || (mem->kref.counter == 1 && !mem->active.counter))
			continue;
		*signature = "memory block reference";
		return broken("block %llu has %d references and %d users of its files at rest", (unsigned long long)id,
			      mem->kref.counter, mem->active.counter);
	}
	return NULL;
}

/* Number of entries of all areas that cover @pfn. */
static u32 owners_of(u64 pfn)
{
	u32 owners = 0;

	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct area *area = &machine.areas[slot];

		for (u32 i = 0; area->used && i < area->size; i++)
			owners += (area->pte[i] & PTE_PRESENT) && pfn >= pte_pfn(area->pte[i]) &&
				  pfn < pte_pfn(area->pte[i]) + BIT(pte_order(area->pte[i]));
	}
	return owners;
}

/* Has memory_failure() a reference on it, as it says? */
static bool kept_for_poison(const struct page *page)
{
	return raw_page_flag(page, PG_hwpoison) && !raw_page_huge(page) &&
	       (page->private == MAGIC_HWPOISON || page->private == MAGIC_HWPOISON_USED);
}

/* Pages that wait in an LRU batch although nobody uses them any more; what was kept besides is counted below. */
static u64 pages_in_batches_alone(void)
{
	u64 pages = 0;

	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
		const struct lru_batch *batch = per_cpu_ptr(machine.lru_batches, cpu);

		for (u32 i = 0; i < batch->nr; i++)
			pages += !owners_of(page_to_pfn(batch->page[i])) && !kept_for_poison(batch->page[i]);
	}
	return pages;
}

/* Poisoned pages that have no other user. */
static u64 pages_kept_for_poison(void)
{
	u64 pages = 0;

	for (u64 pfn = 0; machine.num_poisoned_pages.counter && pfn < geometry.max_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		pages += raw_pfn_online(pfn) && page->_refcount.counter > 0 && !owners_of(pfn) && kept_for_poison(page);
	}
	return pages;
}

/* Does op pin hold the page, though no entry maps it any more? It broke, and may have been mended since. */
static bool held_by_pin_alone(const struct area *area, u32 index)
{
	u64 pfn = area->pins[index] - 1;

	return area->pins[index] && !owners_of(pfn) && !kept_for_poison(pfn_to_page(pfn));
}

#define ANY_PFN UINT64_MAX

/* Of all pins, or of the one on @pfn. */
static u64 pages_held_by_pins_alone(u64 pfn)
{
	u64 pages = 0;

	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct area *area = &machine.areas[slot];

		for (u32 i = 0; area->pinned && i < area->size; i++) {
			if (!held_by_pin_alone(area, i) || (pfn != ANY_PFN && pfn != area->pins[i] - 1))
				continue;
			pages += raw_page_huge(pfn_to_page(area->pins[i] - 1)) ? BIT(machine.hstate.order) : 1;
		}
	}
	return pages;
}

static const char *page_leaked(const char **signature)
{
	u64 used = 0, owned = 0;

	for (u32 nid = 0; nid < machine_config.nodes; nid++)
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
			used += census.zone[nid][idx].used_pages;
	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct area *area = &machine.areas[slot];

		for (u32 i = 0; area->used && i < area->size; i++)
			if (area->pte[i] & PTE_PRESENT)
				owned += BIT(pte_order(area->pte[i]));
	}
	/* Whether each is of a cache is a law. */
	owned += census.slab_pages;
	owned += pages_kept_for_poison() + pages_held_by_pins_alone(ANY_PFN);
	if (used == owned || used == owned + pages_in_batches_alone())
		return NULL;
	*signature = "page";
	for (u64 pfn = 0; pfn < geometry.max_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (!raw_pfn_online(pfn) || raw_page_flag(page, PG_reserved) || page->_refcount.counter <= 0 ||
		    raw_page_flag(page, PG_slab) || kept_for_poison(page) || owners_of(pfn) ||
		    pages_held_by_pins_alone(pfn) || (raw_page_offline(page) && !page->mapping) ||
		    census_batch_references(page))
			continue;
		return broken("%llu pages are in use, %llu have an owner; first without: pfn %llu, %d references",
			      (unsigned long long)used, (unsigned long long)owned, (unsigned long long)pfn,
			      page->_refcount.counter);
	}
	return broken("%llu pages are in use, areas own %llu", (unsigned long long)used, (unsigned long long)owned);
}

static const char *page_reference_leaked(const char **signature)
{
	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct area *area = &machine.areas[slot];

		for (u32 i = 0; area->used && i < area->size; i++) {
			const struct page *page = pfn_to_page(pte_pfn(area->pte[i]));
			s32 expected, count;

			if (!(area->pte[i] & PTE_PRESENT))
				continue;
			expected = area_references(area, i) + kept_for_poison(page);
			count = page->_refcount.counter;
			if (count == expected || count == expected + (s32)census_batch_references(page))
				continue;
			*signature = "page reference";
			return broken("pfn %llu, entry %u of area %u, has %d references, %d are accounted for",
				      (unsigned long long)page_to_pfn(page), i, area->id, count, expected);
		}
	}
	return NULL;
}

const char *leaks_check(const char **signature)
{
	static const char *(*const check[])(const char **) = {object_leaked, block_reference_leaked, page_leaked,
							      page_reference_leaked};

	for (u32 i = 0; i < ARRAY_SIZE(check); i++) {
		const char *text = check[i](signature);

		if (text)
			return text;
	}
	return NULL;
}
