/* SPDX-License-Identifier: MIT */
#include "core/hotplug/ops_hotplug.h"

#include <stdio.h>

#include "core/hotplug/acpi_memhotplug.h"
#include "core/hotplug/file.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/kcore.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_failure.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/node.h"
#include "core/hotplug/notifier.h"
#include "core/hotplug/policy.h"
#include "core/hotplug/virtio_mem.h"
#include "core/mm/anon.h"
#include "core/mm/cpu.h"
#include "core/mm/events.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/range/compaction.h"
#include "core/range/scan.h"
#include "core/rt/task.h"

static u64 block_start(const struct op *op)
{
	return (u64)op->arg[0] * memory_block_size_bytes();
}

s64 op_add(const struct op *op)
{
	/* The region of a device is its own. */
	if (virtio_mem_has_block((u64)op->arg[0])) {
		core_event(EVENT_conflict, block_start(op), (s64)memory_block_size_bytes());
		return -EEXIST;
	}
	return add_memory_block((u64)op->arg[0]);
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

/* Under the lock that removal needs anyway: firmware and drivers remove devices they know, never holes. */
static s64 remove_known(const struct op *op, int (*remove)(u64 start, u64 size))
{
	s64 ret = -ENODEV;

	lock_device_hotplug();
	if (acpi_memory_device_has(block_start(op)))
		core_event(EVENT_conflict, block_start(op), (s64)memory_block_size_bytes());
	else if (machine.blocks[op->arg[0]] && !virtio_mem_has_block((u64)op->arg[0]))
		ret = remove(block_start(op), memory_block_size_bytes());
	unlock_device_hotplug();
	return ret;
}

/* No firmware has a device where a virtio-mem device is. */
s64 op_plug(const struct op *op)
{
	u64 size = (u64)op->arg[1] * memory_block_size_bytes();

	for (s32 i = 0; i < op->arg[1]; i++)
		if (virtio_mem_has_block((u64)(op->arg[0] + i)))
			return -EINVAL;
	return acpi_memory_device_add(-1, block_start(op), size);
}

s64 op_eject(const struct op *op)
{
	return acpi_memory_device_eject(block_start(op), 2 * state_write_timeout_ns());
}

s64 op_remove(const struct op *op)
{
	return remove_known(op, try_remove_memory);
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
	core_event(EVENT_signal, (u64)op->arg[0], 0);
	return 0;
}

s64 op_offline_and_remove(const struct op *op)
{
	return remove_known(op, __offline_and_remove_memory);
}

s64 op_virtio_resize(const struct op *op)
{
	return virtio_mem_resize((u64)op->arg[0], (u32)op->arg[1]);
}

/* ---- CPUs ------------------------------------------------------------------------------------------------------- */

static s64 change_cpu(const struct op *op, int (*change)(unsigned int cpu))
{
	bool sysfs = op->arg[1] == 0; /* by value of enums.def CPU_PATH */
	unsigned int cpu = (unsigned int)op->arg[0];
	s64 ret;

	if (cpu >= nr_cpu_ids())
		return -EINVAL;
	while (sysfs && !lock_device_hotplug_sysfs())
		if (fatal_signal_pending())
			return -EINTR;
	ret = change(cpu);
	if (sysfs)
		unlock_device_hotplug();
	return ret;
}

s64 op_cpu_down(const struct op *op)
{
	return change_cpu(op, cpu_device_down);
}

/* As a CPU's allocations begin at its node, that is online before it. (cpu_up, 6.1) */
static int cpu_up_on_node(unsigned int cpu)
{
	int ret = try_online_node(cpu_to_node(cpu));

	return ret ? ret : cpu_device_up(cpu);
}

s64 op_cpu_up(const struct op *op)
{
	return change_cpu(op, cpu_up_on_node);
}

/* ---- broken memory ---------------------------------------------------------------------------------------------- */

static u64 page_of_block(const struct op *op)
{
	return block_id_to_pfn((u64)op->arg[0]) + (u64)op->arg[1] % geometry.pages_per_block;
}

s64 op_soft_offline(const struct op *op)
{
	return soft_offline_page(page_of_block(op), 0);
}

s64 op_hard_offline(const struct op *op)
{
	return memory_failure(page_of_block(op), MF_SW_SIMULATED);
}

/* As who has looked for it in /proc/kpageflags: by now it may be another's. */
static u64 first_poisoned(u64 pfn)
{
	u64 end_pfn = ALIGN(pfn + 1, (u64)geometry.pages_per_block), found = pfn;

	get_online_mems();
	while (found < end_pfn && pfn_to_online_page(found) && !PageHWPoison(pfn_to_page(found)))
		found++;
	put_online_mems();
	return found < end_pfn ? found : pfn;
}

s64 op_unpoison(const struct op *op)
{
	return unpoison_memory(first_poisoned(page_of_block(op)));
}

/* (madvise_inject_error(), 6.1) */
s64 op_madvise(const struct op *op)
{
	struct page *page = area_get_mapped(area_of_slot((u32)op->arg[0]), (u32)op->arg[1]);

	if (!page)
		return -EFAULT;
	if (op->arg[2] == 0)
		return soft_offline_page(page_to_pfn(page), MF_COUNT_INCREASED);
	return memory_failure(page_to_pfn(page), MF_COUNT_INCREASED | MF_SW_SIMULATED);
}

/* ---- tunables --------------------------------------------------------------------------------------------------- */

static int set_online_policy(u32 value)
{
	if (value >= NR_ONLINE_POLICIES)
		return -EINVAL;
	WRITE_ONCE(machine.hotplug->online_policy, value);
	return 0;
}

static int set_auto_movable_ratio(u32 value)
{
	WRITE_ONCE(machine.hotplug->auto_movable_ratio, value);
	return 0;
}

static int set_auto_movable_numa_aware(u32 value)
{
	if (value > 1)
		return -EINVAL;
	WRITE_ONCE(machine.hotplug->auto_movable_numa_aware, value);
	return 0;
}

/* By the order in which the file names them. */
static int set_auto_online_blocks(u32 value)
{
	static const enum mmop type[] = {MMOP_OFFLINE, MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE};

	if (value >= ARRAY_SIZE(type))
		return -EINVAL;
	WRITE_ONCE(machine.hotplug->default_online_type, type[value]);
	return 0;
}

static int set_min_free_kbytes(u32 value)
{
	return min_free_kbytes_set(value);
}

static int set_watermark_scale_factor(u32 value)
{
	return watermark_scale_factor_set(value);
}

static int set_lowmem_reserve_ratio_normal(u32 value)
{
	return lowmem_reserve_ratio_set(ZONE_NORMAL, value);
}

static int set_nr_hugepages_all(u32 value)
{
	return set_nr_hugepages(value, NUMA_NO_NODE);
}

static int set_nr_overcommit(u32 value)
{
	return set_nr_overcommit_hugepages(value);
}

s64 op_sysctl(const struct op *op)
{
	/* By value of enums.def SYSCTL. */
	static int (*const set[])(u32 value) = {
		set_min_free_kbytes,
		set_watermark_scale_factor,
		percpu_pagelist_high_fraction_set,
		set_lowmem_reserve_ratio_normal,
		set_online_policy,
		set_auto_movable_ratio,
		set_auto_movable_numa_aware,
		set_auto_online_blocks,
		compaction_proactiveness_set,
		set_nr_hugepages_all,
		set_nr_overcommit,
	};

	return set[op->arg[0]]((u32)op->arg[1]);
}

/* ---- files that walk the memmap --------------------------------------------------------------------------------- */

s64 op_scan(const struct op *op)
{
	/* By value of enums.def WALKER. */
	static s64 (*const scan[])(u64 start_pfn, u64 end_pfn) = {
		scan_pagetypeinfo,
		scan_page_owner,
		scan_kmemleak,
		kcore_read,
	};
	u64 start_pfn = block_id_to_pfn((u64)op->arg[1]);
	u64 end_pfn = min(start_pfn + (u64)op->arg[2] * geometry.pages_per_block, geometry.max_pfn);

	return scan[op->arg[0]](start_pfn, end_pfn);
}

/* ---- files of blocks --------------------------------------------------------------------------------------------- */

s64 op_show(const struct op *op)
{
	char path[64], text[FILE_TEXT_MAX];

	snprintf(path, sizeof(path), "memory%u/%s", (u32)op->arg[1], op_enum_text(ARG_BLOCK_FILE, (u32)op->arg[0]));
	return core_file_read(path, text, sizeof(text));
}
