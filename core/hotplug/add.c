/* SPDX-License-Identifier: MIT */
/* Hot-add (mm/memory_hotplug.c, arch/x86/mm/init_64.c, 6.1). */
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

u32 memory_add_physaddr_to_nid(u64 start)
{
	return (u32)(start / memory_block_size_bytes() * machine_config.nodes / machine_config.blocks);
}

int __try_online_node(u32 nid)
{
	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	if (node_state(nid, N_ONLINE))
		return 0;
	pgdat_init(NODE_DATA(nid), nid);
	return 1;
}

/* Length of the slice of [pfn, end_pfn) that lies in pfn's section. */
static u64 section_slice(u64 pfn, u64 end_pfn)
{
	return min(end_pfn, section_nr_to_pfn(pfn_to_section_nr(pfn) + 1)) - pfn;
}

int __add_pages(u32 nid, u64 pfn, u64 nr_pages)
{
	u64 start_pfn = pfn, end_pfn = pfn + nr_pages, step;
	int err = 0;

	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	if (!IS_ALIGNED(pfn, (u64)PAGES_PER_SUBSECTION) || !IS_ALIGNED(nr_pages, (u64)PAGES_PER_SUBSECTION)) {
		WARN_ON(true);
		return -EINVAL;
	}
	for (; pfn < end_pfn; pfn += step) {
		step = section_slice(pfn, end_pfn);
		err = sparse_add_section(nid, pfn, step);
		if (err)
			break;
		point(add, section, pfn);
		cond_resched();
	}
	if (err && pfn > start_pfn && !bug(add_pages_no_rollback)) {
		__remove_pages(start_pfn, pfn - start_pfn);
		point(add, rolled_back, start_pfn);
	}
	return err;
}

void __remove_pages(u64 pfn, u64 nr_pages)
{
	u64 end_pfn = pfn + nr_pages, step;

	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	for (; pfn < end_pfn; pfn += step) {
		cond_resched();
		step = section_slice(pfn, end_pfn);
		sparse_remove_section(pfn, step);
		point(remove, section, pfn);
	}
}

/* device_hotplug_lock held; the region is registered. */
static int add_memory_resource(u32 nid, u64 start, u64 size)
{
	u64 pfn = start >> geometry.page_shift, nr_pages = size >> geometry.page_shift;
	int new_node, ret;

	if (!size || !IS_ALIGNED(start, memory_block_size_bytes()) || !IS_ALIGNED(size, memory_block_size_bytes()))
		return -EINVAL;
	if (nid >= MAX_NODES || !node_state(nid, N_POSSIBLE)) {
		WARN_ON(true);
		return -EINVAL;
	}

	mem_hotplug_begin();
	point(add, begin, pfn_to_block_id(pfn));
	new_node = __try_online_node(nid);

	ret = __add_pages(nid, pfn, nr_pages);
	if (ret)
		goto out;
	ret = create_memory_block_devices(start, size, nid);
	if (ret) {
		__remove_pages(pfn, nr_pages);
		point(add, rolled_back, pfn);
		goto out;
	}
	point(add, blocks_created, pfn_to_block_id(pfn));
	if (new_node)
		node_set_state(nid, N_ONLINE);
out:
	point(add, done, ret);
	mem_hotplug_done();
	return ret;
}

int __add_memory(u32 nid, u64 start, u64 size)
{
	struct resource *res;
	int ret;

	lockdep_assert_held(&machine.device_hotplug_lock);
	res = register_memory_resource(start, size);
	if (IS_ERR(res))
		return (int)PTR_ERR(res);
	ret = add_memory_resource(nid, start, size);
	if (ret < 0)
		release_memory_resource(res);
	return ret;
}

int add_memory(u32 nid, u64 start, u64 size)
{
	int ret;

	lock_device_hotplug();
	ret = __add_memory(nid, start, size);
	unlock_device_hotplug();
	return ret;
}
