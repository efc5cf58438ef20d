/* SPDX-License-Identifier: MIT */
#include "core/hotplug/memory_group.h"

#include "core/hotplug/hotplug_state.h"

static int memory_group_register(const struct memory_group *like)
{
	if (like->nid < 0 || (u32)like->nid >= MAX_NODES || !node_state((u32)like->nid, N_POSSIBLE))
		return -EINVAL;
	for (u32 i = 0; i < MEMORY_GROUPS_MAX; i++) {
		struct memory_group *group = &machine.hotplug->groups[i];

		if (group->used)
			continue;
		group->nid = like->nid;
		group->is_dynamic = like->is_dynamic;
		group->max_pages = like->max_pages;
		group->unit_pages = like->unit_pages;
		group->nr_blocks = 0;
		group->present_kernel_pages = group->present_movable_pages = 0;
		group->used = 1;
		return (int)i;
	}
	return -ENOMEM;
}

int memory_group_register_static(s32 nid, u64 max_pages)
{
	const struct memory_group group = {.nid = nid, .max_pages = max_pages};

	return max_pages ? memory_group_register(&group) : -EINVAL;
}

int memory_group_register_dynamic(s32 nid, u64 unit_pages)
{
	const struct memory_group group = {.nid = nid, .is_dynamic = 1, .unit_pages = unit_pages};

	if (!unit_pages || (unit_pages & (unit_pages - 1)) || unit_pages < geometry.pages_per_block)
		return -EINVAL;
	return memory_group_register(&group);
}

int memory_group_unregister(s32 mgid)
{
	struct memory_group *group = memory_group_find_by_id(mgid);

	if (!group)
		return -EINVAL;
	if (group->nr_blocks)
		return -EBUSY;
	group->used = 0;
	return 0;
}

struct memory_group *memory_group_find_by_id(s32 mgid)
{
	if (mgid < 0 || mgid >= MEMORY_GROUPS_MAX || !machine.hotplug->groups[mgid].used)
		return NULL;
	return &machine.hotplug->groups[mgid];
}

s32 memory_group_id(const struct memory_group *group)
{
	return group ? (s32)(group - machine.hotplug->groups) : -1;
}

int walk_dynamic_memory_groups(s32 nid, int (*func)(struct memory_group *group, void *arg),
			       const struct memory_group *excluded, void *arg)
{
	int ret = 0;

	for (u32 i = 0; i < MEMORY_GROUPS_MAX && !ret; i++) {
		struct memory_group *group = &machine.hotplug->groups[i];

		if (!group->used || !group->is_dynamic || group == excluded || (nid >= 0 && group->nid != nid))
			continue;
		ret = func(group, arg);
	}
	return ret;
}
