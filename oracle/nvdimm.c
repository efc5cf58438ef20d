/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/nvdimm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "108000000-11fffffff : System RAM (kmem)" in @text: the range in bytes. */
static bool parse_range(const char *text, const char *name, u64 *start, u64 *size)
{
	const char *at = strstr(text, name), *line = at;
	unsigned long long first, last;

	if (!at)
		return false;
	while (line > text && line[-1] != '\n')
		line--;
	if (sscanf(line, " %llx-%llx", &first, &last) != 2)
		return false;
	*start = first;
	*size = last + 1 - first;
	return true;
}

/* The device as the iomem list of the snapshot has it. */
static bool device_range(const struct oracle_state *s, u64 *start, u64 *size)
{
	struct json_object *lines = json_at(s->recording->snapshot, "iomem_ram", NULL);

	for (size_t i = 0; lines && i < json_object_array_length(lines); i++)
		if (parse_range(json_object_get_string(json_object_array_get_idx(lines, i)), "Persistent Memory", start,
				size))
			return true;
	return false;
}

/* The node that "-device nvdimm,…,node=N" names. */
static s32 device_node(const struct oracle_state *s)
{
	struct json_object *args = json_at(s->recording->root, "qemu_args", NULL);

	for (size_t i = 0; args && i < json_object_array_length(args); i++) {
		const char *arg = json_object_get_string(json_object_array_get_idx(args, i)), *node;

		node = strncmp(arg, "nvdimm,", strlen("nvdimm,")) == 0 ? strstr(arg, ",node=") : NULL;
		if (node) {
			u32 nid = (u32)strtoul(node + strlen(",node="), NULL, 10);

			return nid < CORE_NODES_MAX ? s->machine->qemu_node[nid] : -1;
		}
	}
	return -1;
}

/* The driver of devdax maps all of it, with the struct pages on the device. */
static enum step_effect map_device(struct oracle_state *s)
{
	u64 start, size;

	if (!device_range(s, &start, &size) || core_map_device(start, size, true))
		return STEP_UNKNOWN;
	return STEP_CHANGES;
}

/* From devdax to kmem: unmapped, then whole blocks of it become System RAM. */
static enum step_effect add_device(struct oracle_state *s)
{
	const char *output = json_text(json_at(s->recording->step, "result", NULL), "output", "");
	u64 start, size, kmem_start, kmem_size;

	if (!device_range(s, &start, &size) || !parse_range(output, "System RAM (kmem)", &kmem_start, &kmem_size) ||
	    core_unmap_device(start) || core_add_device_memory(device_node(s), kmem_start, kmem_size))
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
