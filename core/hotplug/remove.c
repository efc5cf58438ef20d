/* SPDX-License-Identifier: MIT */
/* Hot-remove (mm/memory_hotplug.c, 6.1). */
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
#include "core/rt/point.h"

#define NUMA_NO_NODE (-1)

/* Blocks that went online between the caller's offlining and our lock make the removal fail. */
static int check_memblock_offlined_cb(struct memory_block *mem, void *arg)
{
	s32 *nid = arg;

	*nid = mem->nid;
	if (mem->state != BLOCK_OFFLINE) {
		pr_warn("removing memory fails, because memory block %llu is %s\n",
			(unsigned long long)memory_block_id(mem->start_section_nr), state_show(mem));
		return -EBUSY;
	}
	return 0;
}

void try_offline_node(u32 nid)
{
	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	/* All CPUs are on node 0, and a node with a CPU stays. */
	if (nid == 0 || NODE_DATA(nid)->node_spanned_pages)
		return;
	/* Offline blocks are outside every span but name their node all the same. */
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];

		if (mem && mem->nid == (s32)nid)
			return;
	}
	node_clear_state(nid, N_ONLINE);
}

int try_remove_memory(u64 start, u64 size)
{
	u64 pfn = start >> geometry.page_shift, nr_pages = size >> geometry.page_shift;
	s32 nid = NUMA_NO_NODE;
	int ret;

	lockdep_assert_held(&machine.device_hotplug_lock);
	BUG_ON(!size || !IS_ALIGNED(start, memory_block_size_bytes()) || !IS_ALIGNED(size, memory_block_size_bytes()));

	point(remove, begin, pfn_to_block_id(pfn));
	ret = walk_memory_blocks(start, size, &nid, check_memblock_offlined_cb);
	if (ret)
		return ret;

	/* Before mem_hotplug_lock: from here on nobody can ask for the blocks to go online. */
	remove_memory_block_devices(start, size);
	point(remove, blocks_gone, pfn_to_block_id(pfn));

	mem_hotplug_begin();
	__remove_pages(pfn, nr_pages);
	point(remove, memmap_gone, pfn_to_block_id(pfn));
	release_mem_region_adjustable(start, size);
	if (nid != NUMA_NO_NODE)
		try_offline_node((u32)nid);
	mem_hotplug_done();
	point(remove, done, pfn_to_block_id(pfn));
	return 0;
}

int remove_memory(u64 start, u64 size)
{
	int ret;

	lock_device_hotplug();
	ret = try_remove_memory(start, size);
	unlock_device_hotplug();
	return ret;
}
