/* SPDX-License-Identifier: MIT */
/* Files of all memory and of all nodes, /sys/devices/system/memory and node (drivers/base/memory.c, node.c, 6.1). */
#include "core/hotplug/file.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/kstrtox.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_failure.h"
#include "core/hotplug/proc_file.h"
#include "core/mm/topology.h"
#include "core/range/compaction.h"

/* By value of enum mmop. */
static const char *const online_types[] = {"offline", "online", "online_kernel", "online_movable", NULL};

int mhp_online_type_from_str(const char *text)
{
	return sysfs_match_string(online_types, text);
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

static s64 block_size_bytes_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "%llx\n", (unsigned long long)memory_block_size_bytes());
}

static s64 auto_online_blocks_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "%s\n", online_types[READ_ONCE(machine.hotplug->default_online_type)]);
}

static s64 auto_online_blocks_store(u64 id, const char *text)
{
	int type = mhp_online_type_from_str(text);

	(void)id;
	if (type < 0)
		return type;
	WRITE_ONCE(machine.hotplug->default_online_type, (u32)type);
	return 0;
}

/* The pfn of a physical address, base 0: 0; whatever is wrong with the number is -EINVAL. */
static int pfn_of_address(const char *text, u64 *pfn)
{
	u64 address;

	if (kstrtoull(text, 0, &address))
		return -EINVAL;
	*pfn = address >> geometry.page_shift;
	return 0;
}

static s64 soft_offline_page_store(u64 id, const char *text)
{
	u64 pfn;
	int ret = pfn_of_address(text, &pfn);

	(void)id;
	return ret ? ret : soft_offline_page(pfn, 0);
}

/* A page that a filter spares is no error; there are no filters here. */
static s64 hard_offline_page_store(u64 id, const char *text)
{
	u64 pfn;
	int ret = pfn_of_address(text, &pfn);

	(void)id;
	return ret ? ret : memory_failure(pfn, MF_SW_SIMULATED);
}

const struct file memory_files[] = {
	{"block_size_bytes", block_size_bytes_show, NULL},
	{"auto_online_blocks", auto_online_blocks_show, auto_online_blocks_store},
	{"soft_offline_page", NULL, soft_offline_page_store},
	{"hard_offline_page", NULL, hard_offline_page_store},
	{NULL, NULL, NULL},
};

/* ---- nodes ----------------------------------------------------------------------------------------------------- */

/* A mask as ranges: "0-1,3". */
static s64 mask_text(enum node_states state, char *buf)
{
	u64 mask = node_states_mask(state);
	s64 len = 0;

	for (u32 first = 0, last; first < MAX_NODES; first = last + 1) {
		last = first;
		if (!(mask & BIT(first)))
			continue;
		while (last + 1 < MAX_NODES && mask & BIT(last + 1))
			last++;
		len += file_emit(buf + len, len ? ",%u" : "%u", first);
		if (last > first)
			len += file_emit(buf + len, "-%u", last);
	}
	return len + file_emit(buf + len, "\n");
}

#define MASK_FILE(name, state)                                                                                         \
	static s64 name##_show(u64 id, char *buf)                                                                      \
	{                                                                                                              \
		(void)id;                                                                                              \
		return mask_text(state, buf);                                                                          \
	}
MASK_FILE(possible, N_POSSIBLE)
MASK_FILE(online, N_ONLINE)
MASK_FILE(has_cpu, N_CPU)
MASK_FILE(has_memory, N_MEMORY)
MASK_FILE(has_normal_memory, N_NORMAL_MEMORY)
#undef MASK_FILE

/* Nodes of devices that start transfers by themselves: the machine has none. */
static s64 has_generic_initiator_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "\n");
}

const struct file node_files[] = {
	{"possible", possible_show, NULL},
	{"online", online_show, NULL},
	{"has_cpu", has_cpu_show, NULL},
	{"has_memory", has_memory_show, NULL},
	{"has_normal_memory", has_normal_memory_show, NULL},
	{"has_generic_initiator", has_generic_initiator_show, NULL},
	{NULL, NULL, NULL},
};

/* Whatever is written. (compact_store, mm/compaction.c) */
static s64 compact_store(u64 id, const char *text)
{
	(void)text;
	if (node_state((u32)id, N_ONLINE))
		compact_node((u32)id);
	return 0;
}

/* (node_read_distance) */
static s64 distance_show(u64 id, char *buf)
{
	s64 len = 0;
	u32 nid;

	for_each_node_state (nid, N_ONLINE)
		len += file_emit(buf + len, len ? " %u" : "%u", topology->distance[id][nid]);
	return len + file_emit(buf + len, "\n");
}

const struct file nodes_files[] = {
	{"compact", NULL, compact_store},
	{"distance", distance_show, NULL},
	{"meminfo", node_meminfo_show, NULL},
	{"vmstat", node_vmstat_show, NULL},
	{NULL, NULL, NULL},
};
