/* SPDX-License-Identifier: MIT */
/* Laws of memory blocks and of the iomem list. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/resource.h"
#include "core/mm/machine.h"

/* Has the section anything that is not a device's? */
static bool has_memory(u64 nr)
{
	const struct mem_section *ms = raw_section(nr);

	return ms && (ms->section_mem_map & SECTION_MARKED_PRESENT) &&
	       (!ms->usage || ms->usage->subsection_map & ~device_subsections(nr));
}

static const struct mem_section *first_present(u64 block_id)
{
	u64 first = block_id * geometry.sections_per_block;

	for (u64 nr = first; nr < first + geometry.sections_per_block; nr++)
		if (has_memory(nr))
			return raw_section(nr);
	return NULL;
}

bool block_is_early(u64 block_id)
{
	const struct mem_section *ms = first_present(block_id);

	return ms && (ms->section_mem_map & SECTION_IS_EARLY);
}

/* How many sections of a block that hold memory have @flag. */
static u32 sections_with(u64 block_id, u64 flag)
{
	u64 first = block_id * geometry.sections_per_block;
	u32 count = 0;

	for (u64 nr = first; nr < first + geometry.sections_per_block; nr++) {
		const struct mem_section *ms = raw_section(nr);

		count += has_memory(nr) && (ms->section_mem_map & flag);
	}
	return count;
}

/* How many should be present: hot-added blocks are whole, early ones may have sections that hold no memory. */
static u32 sections_of(u64 block_id)
{
	u64 first = block_id * geometry.sections_per_block;
	u32 count = 0;

	if (!block_is_early(block_id))
		return geometry.sections_per_block;
	for (u64 nr = first; nr < first + geometry.sections_per_block; nr++)
		count += early_memory_pages(section_nr_to_pfn(nr), section_nr_to_pfn(nr + 1)) != 0;
	return count;
}

const char *law_block_sections(void)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		u32 present = sections_with(id, SECTION_MARKED_PRESENT);

		if (present != (machine.blocks[id] ? sections_of(id) : 0))
			return broken("block %llu %s but %u of its sections are present", (unsigned long long)id,
				      machine.blocks[id] ? "exists" : "does not exist", present);
	}
	return NULL;
}

const char *law_block_state(void)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];
		u32 online = mem ? sections_with(id, SECTION_IS_ONLINE) : 0;

		if (!mem)
			continue;
		if (mem->state != BLOCK_ONLINE && mem->state != BLOCK_OFFLINE)
			return broken("block %llu is %s at rest", (unsigned long long)id, state_show(mem));
		if (online != (mem->state == BLOCK_ONLINE ? sections_of(id) : 0))
			return broken("block %llu is %s but %u of its sections are online", (unsigned long long)id,
				      state_show(mem), online);
		if (mem->offline != (mem->state == BLOCK_OFFLINE))
			return broken("block %llu is %s but its device is %s", (unsigned long long)id, state_show(mem),
				      mem->offline ? "offline" : "online");
	}
	return NULL;
}

/* Do two zones share the block's memory? Only of early blocks. */
static bool in_several_zones(u64 block_id)
{
	u64 start_pfn = block_id_to_pfn(block_id), end_pfn = start_pfn + geometry.pages_per_block;
	const struct page *first = NULL;

	for (u64 pfn = start_pfn; pfn < end_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (!early_memory_pages(pfn, pfn + 1))
			continue;
		if (first &&
		    (raw_page_zonenum(first) != raw_page_zonenum(page) || raw_page_nid(first) != raw_page_nid(page)))
			return true;
		first = page;
	}
	return false;
}

const char *law_block_zone(void)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];

		if (!mem || (mem->state == BLOCK_ONLINE) == (mem->zone != NULL))
			continue;
		if (mem->zone || !block_is_early(id) || !in_several_zones(id))
			return broken("block %llu is %s and %s zone", (unsigned long long)id, state_show(mem),
				      mem->zone ? "names a" : "names no");
	}
	return NULL;
}

const char *law_block_request(void)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];

		if (mem && mem->online_type != MMOP_OFFLINE)
			return broken("block %llu keeps online_type %u", (unsigned long long)id, mem->online_type);
	}
	return NULL;
}

/* Bytes of [start, end] that are System RAM in the list; @from: where to begin to look. */
static u64 iomem_bytes(const struct resource *from, u64 start, u64 end)
{
	u64 bytes = 0;

	for (const struct resource *res = from; res && res->start <= end; res = res->next)
		bytes += !(res->flags & IORESOURCE_SYSTEM_RAM) || res->end < start
				 ? 0
				 : min(res->end, end) - max(res->start, start) + 1;
	return bytes;
}

const char *law_block_iomem(void)
{
	const struct resource *res = machine.iomem;

	for (u64 id = 0; id < machine_config.blocks; id++) {
		u64 start = id * memory_block_size_bytes(), end = start + memory_block_size_bytes() - 1;
		u64 covered, wanted = 0;

		while (res && res->end < start)
			res = res->next;
		covered = iomem_bytes(res, start, end);
		if (machine.blocks[id])
			wanted = block_is_early(id) ? early_memory_bytes(start, end + 1) : end - start + 1;
		if (covered != wanted)
			return broken("block %llu %s, %#llx bytes of it are System RAM, not %#llx",
				      (unsigned long long)id, machine.blocks[id] ? "exists" : "does not exist",
				      (unsigned long long)covered, (unsigned long long)wanted);
	}
	return NULL;
}

const char *law_group_present(void)
{
	for (u32 i = 0; i < MEMORY_GROUPS_MAX; i++) {
		const struct memory_group *group = &machine.hotplug->groups[i];
		u64 kernel = 0, movable = 0, blocks = 0;

		for (u64 id = 0; group->used && id < machine_config.blocks; id++) {
			const struct memory_block *mem = machine.blocks[id];

			if (!mem || mem->group != group)
				continue;
			blocks++;
			if (mem->zone)
				*(mem->zone->idx == ZONE_MOVABLE ? &movable : &kernel) += geometry.pages_per_block;
		}
		if (group->used && (blocks != group->nr_blocks || kernel != group->present_kernel_pages ||
				    movable != group->present_movable_pages))
			return broken(
				"group %u has %u blocks, %llu pages of the kernel, %llu movable; found %llu, %llu, "
				"%llu",
				i, group->nr_blocks, (unsigned long long)group->present_kernel_pages,
				(unsigned long long)group->present_movable_pages, (unsigned long long)blocks,
				(unsigned long long)kernel, (unsigned long long)movable);
	}
	return NULL;
}
