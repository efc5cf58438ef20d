/* SPDX-License-Identifier: MIT */
/* What memory hotplug keeps besides blocks, sections and zones: parameters, groups, the callback of onlining. */
#ifndef PFNSTORM_HOTPLUG_HOTPLUG_STATE_H
#define PFNSTORM_HOTPLUG_HOTPLUG_STATE_H

#include "core/hotplug/acpi_memhotplug.h"
#include "core/hotplug/device_memory.h"
#include "core/hotplug/memory_group.h"
#include "core/mm/machine.h"

/* Gives 2^order pages of a range that goes online to whoever they are for; pages are reserved and have one reference.
 */
typedef void (*online_page_callback_t)(struct page *page, u32 order);

struct hotplug_state {
	/* Parameters of module memory_hotplug, and auto_online_blocks. Marked accesses. */
	u32 online_policy; /* enum online_policy */
	u32 auto_movable_ratio;
	u32 auto_movable_numa_aware;
	u32 default_online_type;                       /* enum mmop; OFFLINE: adding does not online */
	struct memory_group groups[MEMORY_GROUPS_MAX]; /* device_hotplug_lock; present pages: mem_hotplug_lock write */
	struct mutex online_page_callback_lock;
	online_page_callback_t
		online_page_callback; /* NULL: generic_online_page(). Used under mem_hotplug_lock (write) */
	struct acpi_memory_device memory_devices[ACPI_MEMORY_DEVICES_MAX]; /* device_hotplug_lock */
	struct device_memory_table devices;
	u64 write_patience_ns; /* how long a writer of "offline" waits; 0: state_write_timeout_ns(). Marked */
	u32 hwpoison_inject;   /* that module is there; marked accesses */
	u32 pad;
	/* Of each node's directory, the links to its blocks: a bit for each block. device_hotplug_lock, or boot. */
	u64 memory_links[MAX_NODES][MEMORY_BLOCKS_MAX / 64];
	s32 inject_error[2]; /* -errno that a listener answers to GOING_ONLINE and GOING_OFFLINE; marked accesses */
};

/* Boot: allocates it, with the defaults of 6.1. */
void hotplug_state_init(void);

#endif
