/* SPDX-License-Identifier: MIT */
/* The law of locks at rest. */
#include "core/check/laws.h"
#include "core/hotplug/memory_block.h"
#include "core/mm/machine.h"
#include "core/rt/lock.h"

static const char *hotplug_lock_held(void)
{
	if (mutex_is_locked(&machine.device_hotplug_lock))
		return "device_hotplug_lock";
	if (percpu_is_write_locked(&machine.mem_hotplug_lock) || percpu_is_read_locked(&machine.mem_hotplug_lock))
		return "mem_hotplug_lock";
	if (percpu_is_write_locked(&machine.cpu_hotplug_lock) || percpu_is_read_locked(&machine.cpu_hotplug_lock))
		return "cpu_hotplug_lock";
	if (spin_is_locked(&machine.resource_lock))
		return "resource_lock";
	if (spin_is_locked(&machine.kernfs_lock))
		return "kernfs_lock";
	return NULL;
}

const char *law_locks_free(void)
{
	const char *held = hotplug_lock_held();

	if (held)
		return broken("%s is held", held);
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];

		if (mem && mutex_is_locked(&mem->device_lock))
			return broken("device_lock of block %llu is held", (unsigned long long)id);
	}
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		/* Cleared: it has no locks. */
		if (!machine.nodes[nid].per_cpu_nodestats)
			continue;
		if (spin_is_locked(&machine.nodes[nid].lruvec.lru_lock))
			return broken("lru_lock of node %u is held", nid);
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
			if (spin_is_locked(&machine.nodes[nid].node_zones[idx].lock))
				return broken("zone->lock of node %u zone %s is held", nid, zone_type_name(idx));
	}
	return NULL;
}
