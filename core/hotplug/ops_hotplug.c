/* SPDX-License-Identifier: MIT */
#include "core/hotplug/ops_hotplug.h"

#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/notifier.h"
#include "core/mm/machine.h"
#include "core/rt/task.h"

static u64 block_start(const struct op *op)
{
	return (u64)op->arg[0] * memory_block_size_bytes();
}

s64 op_add(const struct op *op)
{
	return add_memory(memory_add_physaddr_to_nid(block_start(op)), block_start(op), memory_block_size_bytes());
}

s64 op_online(const struct op *op)
{
	static const enum mmop type[] = {MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE};

	return state_store((u64)op->arg[0], type[op->arg[1]]);
}

s64 op_offline(const struct op *op)
{
	return state_store((u64)op->arg[0], MMOP_OFFLINE);
}

s64 op_remove(const struct op *op)
{
	s64 ret = -ENODEV;

	/* Under the lock that removal needs anyway: firmware removes devices it knows, never holes. */
	lock_device_hotplug();
	if (machine.blocks[op->arg[0]])
		ret = try_remove_memory(block_start(op), memory_block_size_bytes());
	unlock_device_hotplug();
	return ret;
}

s64 op_veto(const struct op *op)
{
	memory_veto_arm((u32)op->arg[0]);
	return 0;
}

s64 op_signal(const struct op *op)
{
	struct task_struct *task = rt_task_by_id((unsigned int)op->arg[0]);

	if (!task)
		return -ESRCH;
	rt_send_signal(task, false);
	return 0;
}
