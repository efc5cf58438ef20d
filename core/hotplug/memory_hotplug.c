/* SPDX-License-Identifier: MIT */
/* The hotplug part of a machine at boot: locks, iomem regions and block devices of the memory that was always there. */
#include "core/hotplug/memory_hotplug.h"

#include "core/hotplug/notifier.h"
#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
#include "core/rt/mem.h"

void memory_hotplug_init_early(void)
{
	mutex_init(&machine.device_hotplug_lock, LOCK_device_hotplug);
	percpu_init_rwsem(&machine.cpu_hotplug_lock, LOCK_cpu_hotplug);
	percpu_init_rwsem(&machine.mem_hotplug_lock, LOCK_mem_hotplug);
	init_rwsem(&machine.memory_chain_rwsem, LOCK_memory_chain);
	spin_lock_init(&machine.resource_lock, LOCK_resource);
	spin_lock_init(&machine.kernfs_lock, LOCK_kernfs);
	init_waitqueue_head(&machine.deactivate_waitq, LOCK_kernfs_active);
}

void memory_hotplug_init(void)
{
	const struct block_ranges *early = &machine_config.online;

	for (u32 i = 0; i < early->count; i++) {
		u64 first = early->range[i].first, nr = early->range[i].last - first + 1;

		BUG_ON(IS_ERR(
			register_memory_resource(first * memory_block_size_bytes(), nr * memory_block_size_bytes())));
		for (u64 id = first; id < first + nr; id++) {
			u32 nid = memory_add_physaddr_to_nid(id * memory_block_size_bytes());

			memory_block_create_boot(id, nid, node_zone(nid, ZONE_NORMAL));
		}
	}
	memory_listeners_init();
}
