/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/nvdimm.h"

#include <string.h>

#include "oracle/device.h"

static bool pmem_range(const struct oracle_state *s, u64 *start, u64 *size)
{
	return device_range(json_at(s->recording->snapshot, "iomem_ram", NULL), "Persistent Memory", start, size);
}

static s32 pmem_nid(const struct oracle_state *s)
{
	s32 node = device_node(s->recording->root, "nvdimm");

	return node >= 0 && node < CORE_NODES_MAX ? s->machine->qemu_node[node] : -1;
}

/* The driver of devdax maps all of it, with the struct pages on the device. */
static enum step_effect map_device(struct oracle_state *s)
{
	u64 start, size;

	if (!pmem_range(s, &start, &size) || core_map_device(start, size, true))
		return STEP_UNKNOWN;
	return STEP_CHANGES;
}

/* From devdax to kmem: unmapped, then whole blocks of it become System RAM. */
static enum step_effect add_device(struct oracle_state *s)
{
	const char *output = json_text(json_at(s->recording->step, "result", NULL), "output", "");
	u64 start, size, kmem_start, kmem_size;

	if (!pmem_range(s, &start, &size) ||
	    !device_parse_range(output, "System RAM (kmem)", &kmem_start, &kmem_size) || core_unmap_device(start) ||
	    core_add_device_memory(pmem_nid(s), kmem_start, kmem_size))
		return STEP_UNKNOWN;
	return STEP_CHANGES;
}

enum step_effect nvdimm_perform(struct oracle_state *s, const char *command)
{
	if (strstr(command, "drivers/dax_pmem/bind"))
		return map_device(s);
	if (strstr(command, "drivers/kmem/new_id"))
		return add_device(s);
	/* A namespace without struct pages; and a driver that leaves memory that is in use. */
	if (strncmp(command, "modprobe nfit; modprobe nd_pmem", 31) == 0 || strstr(command, "nd_pmem/unbind") ||
	    strstr(command, "drivers/kmem/unbind") || strncmp(command, "cd /sys/bus/nd/devices; for r", 29) == 0)
		return STEP_LOOKS;
	return STEP_UNKNOWN;
}
