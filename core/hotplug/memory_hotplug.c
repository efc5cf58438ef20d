/* SPDX-License-Identifier: MIT */
/* The hotplug part of a machine at boot: locks, iomem regions and block devices of the memory that was always there. */
#include "core/hotplug/memory_hotplug.h"

#include "core/hotplug/listeners.h"
#include "core/hotplug/node.h"
#include "core/hotplug/notifier.h"
#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
#include "core/mm/topology.h"
#include "core/rt/mem.h"

const struct failure_law *failure_law;

void memory_hotplug_init_early(void)
{
	mutex_init(&machine.device_hotplug_lock, LOCK_device_hotplug);
	percpu_init_rwsem(&machine.cpu_hotplug_lock, LOCK_cpu_hotplug);
	percpu_init_rwsem(&machine.mem_hotplug_lock, LOCK_mem_hotplug);
	init_rwsem(&machine.memory_chain_rwsem, LOCK_memory_chain);
	hotplug_state_init();
	spin_lock_init(&machine.resource_lock, LOCK_resource);
	spin_lock_init(&machine.kernfs_lock, LOCK_kernfs);
	init_waitqueue_head(&machine.deactivate_waitq, LOCK_kernfs_active);
}

/* The one zone that the block's early memory of the node can be in, NULL if it may be in several. (6.1) */
static struct zone *early_node_zone_for_memory_block(u64 block_id, u32 nid)
{
	u64 start_pfn = block_id_to_pfn(block_id);
	struct zone *matching = NULL;

	for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
		struct zone *zone = node_zone(nid, idx);

		if (!populated_zone(zone) || !zone_intersects(zone, start_pfn, geometry.pages_per_block))
			continue;
		if (matching)
			return NULL;
		matching = zone;
	}
	return matching;
}

/* A block that a second node claims is in no zone that counts, and is said to be that node's. */
static void register_early_block(u64 block_id, u32 nid)
{
	struct memory_block *mem = machine.blocks[block_id];

	if (!mem) {
		memory_block_create_boot(block_id, nid, early_node_zone_for_memory_block(block_id, nid));
		do_register_memory_block_under_node(nid, machine.blocks[block_id]);
		return;
	}
	if (mem->nid == (s32)nid)
		return;
	mem->nid = (s32)nid;
	do_register_memory_block_under_node(nid, mem);
	WRITE_ONCE(mem->zone, NULL);
}

/* Firmware's map knows nothing of nodes: ranges that follow each other are one region. (e820__reserve_resources(), 6.1)
 */
static void register_early_memory(void)
{
	u64 start = topology->range[0].start;

	for (u32 i = 0; i < topology->nr_ranges; i++) {
		u64 end = topology->range[i].end;

		if (i + 1 < topology->nr_ranges && topology->range[i + 1].start == end)
			continue;
		BUG_ON(IS_ERR(register_memory_resource(start, end - start, SYSTEM_RAM)));
		if (i + 1 < topology->nr_ranges)
			start = topology->range[i + 1].start;
	}
}

void memory_hotplug_init(void)
{
	register_early_memory();
	for (u32 i = 0; i < topology->nr_ranges; i++) {
		u64 start = topology->range[i].start, size = topology->range[i].end - start;

		for (u64 id = start / memory_block_size_bytes(); id <= (start + size - 1) / memory_block_size_bytes();
		     id++)
			register_early_block(id, topology->range[i].nid);
	}
	memory_listeners_init();
	slab_listener_init();
	walkers_listener_init();
	page_ext_listener_init();
	kcore_listener_init();
	ksm_listener_init();
	memory_tiers_listener_init();
}
