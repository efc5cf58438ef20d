/* SPDX-License-Identifier: MIT */
/* Hot-add (mm/memory_hotplug.c, arch/x86/mm/init_64.c, 6.1). */
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/node.h"
#include "core/hotplug/resource.h"
#include "core/mm/altmap.h"
#include "core/mm/machine.h"
#include "core/mm/topology.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

#include <string.h>

/* Firmware's table, if the machine came with one: the first node for what it does not mention. */
u32 memory_add_physaddr_to_nid(u64 start)
{
	if (machine_config.custom) {
		for (u32 i = 0; i < topology->nr_ranges; i++)
			if (start >= topology->range[i].start && start < topology->range[i].end)
				return topology->range[i].nid;
		return topology->range[0].nid;
	}
	return (u32)(start / memory_block_size_bytes() * machine_config.nodes / machine_config.blocks);
}

/* ---- sections -------------------------------------------------------------------------------------------------- */

/* Length of the slice of [pfn, end_pfn) that lies in pfn's section. */
static u64 section_slice(u64 pfn, u64 end_pfn)
{
	return min(end_pfn, section_nr_to_pfn(pfn_to_section_nr(pfn) + 1)) - pfn;
}

static int check_altmap(struct vmem_altmap *altmap, u64 pfn, u64 nr_pages)
{
	if (!altmap)
		return 0;
	if (altmap->base_pfn != pfn || vmem_altmap_offset(altmap) > nr_pages)
		return -EINVAL;
	altmap->alloc = 0;
	return 0;
}

int __add_pages(u32 nid, u64 pfn, u64 nr_pages, struct mhp_params *params)
{
	u64 start_pfn = pfn, end_pfn = pfn + nr_pages, step;
	struct vmem_altmap *altmap = params->altmap;
	int err = check_altmap(altmap, pfn, nr_pages);

	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	if (err)
		return err;
	if (!IS_ALIGNED(pfn, (u64)PAGES_PER_SUBSECTION) || !IS_ALIGNED(nr_pages, (u64)PAGES_PER_SUBSECTION)) {
		WARN_ON(true);
		return -EINVAL;
	}
	for (; pfn < end_pfn; pfn += step) {
		step = section_slice(pfn, end_pfn);
		err = sparse_add_section(nid, pfn, step, altmap, params->pgmap);
		if (err)
			break;
		point(add, section, pfn);
		cond_resched();
	}
	if (err && pfn > start_pfn && !bug(add_pages_no_rollback)) {
		__remove_pages(start_pfn, pfn - start_pfn, altmap);
		point(add, rolled_back, start_pfn);
	}
	return err;
}

void __remove_pages(u64 pfn, u64 nr_pages, struct vmem_altmap *altmap)
{
	u64 end_pfn = pfn + nr_pages, step, map_offset = vmem_altmap_offset(altmap);

	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	for (; pfn < end_pfn; pfn += step) {
		cond_resched();
		step = section_slice(pfn, end_pfn);
		sparse_remove_section(pfn, step, map_offset, altmap);
		map_offset = 0;
		point(remove, section, pfn);
	}
}

/* ---- a range --------------------------------------------------------------------------------------------------- */

bool mhp_supports_memmap_on_memory(u64 size)
{
	u64 nr_pages = size >> geometry.page_shift;
	u64 nr_vmemmap_pages = nr_pages / PAGES_PER_SECTION * geometry.memmap_pages;

	return boot_param(memmap_on_memory) && size == memory_block_size_bytes() &&
	       IS_ALIGNED(nr_vmemmap_pages, (u64)pageblock_nr_pages) &&
	       IS_ALIGNED(nr_pages - nr_vmemmap_pages, (u64)pageblock_nr_pages);
}

static int check_hotplug_memory_range(u64 start, u64 size)
{
	if (size && IS_ALIGNED(start, memory_block_size_bytes()) && IS_ALIGNED(size, memory_block_size_bytes()))
		return 0;
	pr_warn("Block size [%#llx] unaligned hotplug range: start %#llx, size %#llx\n",
		(unsigned long long)memory_block_size_bytes(), (unsigned long long)start, (unsigned long long)size);
	return -EINVAL;
}

/* mem_hotplug_lock write: memmap and blocks, or neither. */
static int add_sections_and_blocks(u32 nid, u64 start, u64 size, u32 flags, struct memory_group *group)
{
	u64 pfn = start >> geometry.page_shift, nr_pages = size >> geometry.page_shift;
	struct vmem_altmap memmap_on_memory = {.base_pfn = pfn, .end_pfn = pfn + nr_pages, .free = nr_pages};
	struct mhp_params params = {.altmap = NULL};
	int ret;

	if (flags & MHP_MEMMAP_ON_MEMORY) {
		if (!mhp_supports_memmap_on_memory(size))
			return -EINVAL;
		params.altmap = &memmap_on_memory;
	}
	ret = __add_pages(nid, pfn, nr_pages, &params);
	if (ret)
		return ret;
	ret = create_memory_block_devices(start, size, nid, memmap_on_memory.alloc, group);
	if (ret) {
		__remove_pages(pfn, nr_pages, bug(add_error_without_altmap) ? NULL : params.altmap);
		point(add, rolled_back, pfn);
	}
	return ret;
}

static int online_memory_block(struct memory_block *mem, void *arg)
{
	(void)arg;
	mem->online_type = READ_ONCE(machine.hotplug->default_online_type);
	return device_online(mem);
}

/* device_hotplug_lock held; the region is registered. */
static int add_memory_resource(s32 nid, struct resource *res, u32 flags)
{
	u64 start = res->start, size = res->end - res->start + 1;
	struct memory_group *group = NULL;
	int new_node, ret = check_hotplug_memory_range(start, size);

	if (ret)
		return ret;
	if (flags & MHP_NID_IS_MGID) {
		group = memory_group_find_by_id(nid);
		if (!group)
			return -EINVAL;
		nid = group->nid;
	}
	if (nid < 0 || (u32)nid >= MAX_NODES || !node_state((u32)nid, N_POSSIBLE)) {
		WARN_ON(true);
		return -EINVAL;
	}

	mem_hotplug_begin();
	failure_law_begins();
	hotplug_event(EVENT_add_begin, start, size);
	point(add, begin, start / memory_block_size_bytes());
	new_node = __try_online_node((u32)nid, false);
	if (bug(planted_linked_early))
		register_memory_blocks_under_node((u32)nid, start, size);
	ret = new_node < 0 ? new_node : add_sections_and_blocks((u32)nid, start, size, flags, group);
	if (!ret) {
		point(add, blocks_created, start / memory_block_size_bytes());
		if (new_node) {
			node_set_state((u32)nid, N_ONLINE);
			register_one_node((u32)nid);
		}
		if (!bug(planted_linked_early))
			register_memory_blocks_under_node((u32)nid, start, size);
	}
	point(add, done, ret);
	failure_law_ends("add", ret);
	hotplug_event(ret ? EVENT_add_undo : EVENT_add_commit, start, size);
	mem_hotplug_done();
	if (ret)
		return ret;

	/* From here on @res may be gone. */
	if (flags & MHP_MERGE_RESOURCE)
		merge_system_ram_resource(res);
	/* The first block that does not go online ends it, and nobody is told. */
	if (READ_ONCE(machine.hotplug->default_online_type) != MMOP_OFFLINE)
		walk_memory_blocks(start, size, NULL, online_memory_block);
	return 0;
}

/* ---- for drivers ----------------------------------------------------------------------------------------------- */

static int add_named_memory(s32 nid, u64 start, u64 size, const char *name, u32 flags)
{
	struct resource *res;
	int ret;

	lockdep_assert_held(&machine.device_hotplug_lock);
	res = register_memory_resource(start, size, name);
	if (IS_ERR(res))
		return (int)PTR_ERR(res);
	ret = add_memory_resource(nid, res, flags);
	if (ret < 0)
		release_memory_resource(res);
	return ret;
}

int __add_memory(s32 nid, u64 start, u64 size, u32 flags)
{
	return add_named_memory(nid, start, size, SYSTEM_RAM, flags);
}

int add_memory(s32 nid, u64 start, u64 size, u32 flags)
{
	int ret;

	lock_device_hotplug();
	ret = __add_memory(nid, start, size, flags);
	unlock_device_hotplug();
	return ret;
}

int add_memory_block(u64 block_id)
{
	u64 size = memory_block_size_bytes(), start = block_id * size;

	return add_memory((s32)memory_add_physaddr_to_nid(start), start, size,
			  mhp_supports_memmap_on_memory(size) ? MHP_MEMMAP_ON_MEMORY : 0);
}

int add_memory_driver_managed(s32 nid, u64 start, u64 size, const char *name, u32 flags)
{
	size_t length = name ? strlen(name) : 0;
	int ret;

	if (length < sizeof(SYSTEM_RAM " ()") - 1 || strncmp(name, SYSTEM_RAM " (", sizeof(SYSTEM_RAM " (") - 1) != 0 ||
	    name[length - 1] != ')')
		return -EINVAL;
	lock_device_hotplug();
	ret = add_named_memory(nid, start, size, name, flags);
	unlock_device_hotplug();
	return ret;
}
