/* SPDX-License-Identifier: MIT */
/* Laws of memory blocks and of the iomem list. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/resource.h"
#include "core/mm/machine.h"

/* How many sections of a block have @flag. */
static u32 sections_with(u64 block_id, u64 flag)
{
	u64 first = block_id * geometry.sections_per_block;
	u32 count = 0;

	for (u64 nr = first; nr < first + geometry.sections_per_block; nr++) {
		const struct mem_section *ms = raw_section(nr);

		count += ms && (ms->section_mem_map & flag);
	}
	return count;
}

const char *law_block_sections(void)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		u32 present = sections_with(id, SECTION_MARKED_PRESENT);

		if (present != (machine.blocks[id] ? geometry.sections_per_block : 0))
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
		if (online != (mem->state == BLOCK_ONLINE ? geometry.sections_per_block : 0))
			return broken("block %llu is %s but %u of its sections are online", (unsigned long long)id,
				      state_show(mem), online);
		if (mem->offline != (mem->state == BLOCK_OFFLINE))
			return broken("block %llu is %s but its device is %s", (unsigned long long)id, state_show(mem),
				      mem->offline ? "offline" : "online");
	}
	return NULL;
}

const char *law_block_zone(void)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];

		if (mem && (mem->state == BLOCK_ONLINE) != (mem->zone != NULL))
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

const char *law_block_iomem(void)
{
	const struct resource *res = machine.iomem;

	for (u64 id = 0; id < machine_config.blocks; id++) {
		u64 start = id * memory_block_size_bytes(), end = start + memory_block_size_bytes() - 1;
		bool covered;

		while (res && res->end < start)
			res = res->next;
		covered = res && res->start <= start && res->end >= end;
		if (!covered && res && res->start <= end)
			return broken("System RAM %#llx-%#llx cuts block %llu in two", (unsigned long long)res->start,
				      (unsigned long long)res->end, (unsigned long long)id);
		if (covered != (machine.blocks[id] != NULL))
			return broken("block %llu %s but its range %s System RAM", (unsigned long long)id,
				      machine.blocks[id] ? "exists" : "does not exist", covered ? "is" : "is not");
	}
	return NULL;
}
