/* SPDX-License-Identifier: MIT */
/*
 * Memory groups: blocks that belong to one device, so that the auto-movable policy can look at them together
 * (drivers/base/memory.c, include/linux/memory.h, 6.1).
 *
 * device_hotplug_lock serialises registration; present pages change under mem_hotplug_lock (write) as well.
 */
#ifndef PFNSTORM_HOTPLUG_MEMORY_GROUP_H
#define PFNSTORM_HOTPLUG_MEMORY_GROUP_H

#include "core/rt/types.h"

#define MEMORY_GROUPS_MAX 16

struct memory_group {
	u32 used; /* registered */
	s32 nid;
	u32 is_dynamic;
	u32 nr_blocks;
	u64 max_pages;  /* static: how many the device can ever have */
	u64 unit_pages; /* dynamic: pages that come and go together */
	u64 present_kernel_pages;
	u64 present_movable_pages;
};

/* The id of a new group of a device of up to @max_pages: -EINVAL node not possible or no pages, -ENOMEM. */
int memory_group_register_static(s32 nid, u64 max_pages);
/* Of a device whose memory comes and goes in units: -EINVAL also if a unit is no power of two or less than a block. */
int memory_group_register_dynamic(s32 nid, u64 unit_pages);
/* -EINVAL there is no such group, -EBUSY it still has blocks. */
int memory_group_unregister(s32 mgid);
/* NULL if there is none. */
struct memory_group *memory_group_find_by_id(s32 mgid);
/* Its number; -1 for NULL. */
s32 memory_group_id(const struct memory_group *group);
/*
 * Calls @func for each dynamic group (of node @nid, -1: any) but @excluded; stops at the first nonzero result, which it
 * returns. (walk_dynamic_memory_groups, 6.1)
 */
int walk_dynamic_memory_groups(s32 nid, int (*func)(struct memory_group *group, void *arg),
			       const struct memory_group *excluded, void *arg);

#endif
