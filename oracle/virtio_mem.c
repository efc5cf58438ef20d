/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/virtio_mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "oracle/blocks.h"
#include "oracle/device.h"

#define SUBBLOCK_BYTES (2UL << 20)
#define PAGE_BYTES 4096UL
#define SUBBLOCK_PAGES (SUBBLOCK_BYTES / PAGE_BYTES)
#define RESERVE_RATIO 256UL /* lowmem_reserve_ratio of DMA32 */

/* ---- where it is ----------------------------------------------------------------------------------------------- */

void virtio_mem_set_region(const struct recording *r, struct oracle_machine *m)
{
	s32 node = device_node(r->root, "virtio-mem-pci");
	struct json_object *steps = json_at(r->root, "steps", NULL);
	u64 start, size;

	if (node < 0 || node >= CORE_NODES_MAX || m->qemu_node[node] < 0)
		return;
	/* It shows once its driver is there. */
	for (u32 i = 0; i < r->steps; i++) {
		struct json_object *step = json_object_array_get_idx(steps, i);

		if (!device_range(json_at(step, "delta", "iomem_ram", NULL), ": virtio0", &start, &size))
			continue;
		m->topology.virtio_mem.start = start;
		m->topology.virtio_mem.end = start + size;
		m->topology.virtio_mem.nid = (u32)m->qemu_node[node];
		return;
	}
}

/* ---- what the kernel keeps of it ------------------------------------------------------------------------------- */

/* Sub-blocks that a resize of the recording had to leave; 0: none, or it is no such step. */
static u64 left_by(struct json_object *step)
{
	struct json_object *result = json_at(step, "result", NULL);
	u64 size = step_bytes(json_text(result, "size", "0")),
	    requested = step_bytes(json_text(result, "requested", "0"));

	return json_at(result, "requested", NULL) && size > requested ? (size - requested) / SUBBLOCK_BYTES : 0;
}

static bool removes(struct json_object *step, u64 block)
{
	struct json_object *events = json_at(step, "uevents", NULL);
	char line[64];

	snprintf(line, sizeof(line), "remove@/devices/system/memory/memory%" PRIu64 " ", block);
	for (size_t i = 0; events && i < json_object_array_length(events); i++)
		if (strncmp(json_object_get_string(json_object_array_get_idx(events, i)), line, strlen(line)) == 0)
			return true;
	return false;
}

static bool is_kernel_memory(u64 block)
{
	char path[64], zone[64] = "";

	snprintf(path, sizeof(path), "memory%" PRIu64 "/state", block);
	if (core_file_read(path, zone, sizeof(zone)) < 0 || strcmp(zone, "online\n") != 0)
		return false;
	snprintf(path, sizeof(path), "memory%" PRIu64 "/valid_zones", block);
	core_file_read(path, zone, sizeof(zone));
	return strcmp(zone, "Movable\n") != 0;
}

/* A kernel page in each of the first sub-blocks of the block that have none yet. */
static void hold_subblocks(struct oracle_state *s, u64 block, u64 nr)
{
	for (u64 at = block * BLOCK_BYTES; at < (block + 1) * BLOCK_BYTES; at += SUBBLOCK_BYTES) {
		if (s->virtio_held == min(nr, (u64)ARRAY_SIZE(s->virtio_pfn)))
			return;
		if (!core_hold_kernel_page(at / PAGE_BYTES))
			s->virtio_pfn[s->virtio_held++] = at / PAGE_BYTES;
	}
}

static void release_subblocks(struct oracle_state *s, u64 nr)
{
	while (s->virtio_held > nr)
		core_release_kernel_page(s->virtio_pfn[--s->virtio_held]);
}

/*
 * Sub-blocks that were left when the last of the others' blocks went offline, which is when the reserves of lower zones
 * were computed; @left is how many the driver's later tries did not get either.
 */
static u64 left_at_first(const struct oracle_state *s, struct json_object *step, u64 left)
{
	u32 nid = s->machine->topology.virtio_mem.nid;
	struct json_object *zones = json_at(step, "delta", "zones", NULL), *reserves;
	char dma32[16], normal[16];
	u64 pages;

	snprintf(dma32, sizeof(dma32), "%u:DMA32", nid);
	snprintf(normal, sizeof(normal), "%u:Normal", nid);
	reserves = json_at(zones, dma32, "protection", NULL);
	if (!reserves || (u64)json_number(json_at(zones, normal, NULL), "managed", 0) != left * SUBBLOCK_PAGES)
		return left;
	pages = (u64)json_object_get_int64(json_object_array_get_idx(reserves, 2)) * RESERVE_RATIO;
	return max(left, pages / SUBBLOCK_PAGES);
}

/*
 * Pages of the kernel in the device's memory, which no model can know of: the recording tells by what the next shrink
 * had to leave, and by the blocks that it did not remove.
 */
static void hold_what_is_left(struct oracle_state *s)
{
	struct json_object *steps = json_at(s->recording->root, "steps", NULL);
	const struct topology *t = &s->machine->topology;
	u32 last = s->recording->next - 1;
	u64 nr = 0;

	for (; last < s->recording->steps && !nr; last += !nr)
		nr = left_by(json_object_array_get_idx(steps, last));
	if (nr)
		nr = left_at_first(s, json_object_array_get_idx(steps, last), nr);
	for (u64 block = t->virtio_mem.start / BLOCK_BYTES; nr && block < t->virtio_mem.end / BLOCK_BYTES; block++) {
		bool stays = is_kernel_memory(block);

		for (u32 i = s->recording->next - 1; stays && i <= last; i++)
			stays = !removes(json_object_array_get_idx(steps, i), block);
		if (stays)
			hold_subblocks(s, block, nr);
	}
}

/* ---- resizing -------------------------------------------------------------------------------------------------- */

enum step_effect virtio_mem_resize_step(struct oracle_state *s, const char *args)
{
	struct json_object *result = json_at(s->recording->step, "result", NULL);
	char size[32];

	if (sscanf(args, "%*s %31s", size) != 1 || !s->machine->topology.virtio_mem.end)
		return STEP_UNKNOWN;
	/* QEMU refused, and the kernel never heard of it. */
	if (json_at(result, "qmp_error", NULL))
		return STEP_LOOKS;
	hold_what_is_left(s);
	if (core_virtio_mem_resize(step_bytes(size)) == -EBUSY) {
		/* The driver tries again, and some of it was in use for a while only. */
		release_subblocks(s, left_by(s->recording->step));
		core_virtio_mem_resize(step_bytes(size));
	}
	compare_number(s->comparison, "result.size", (s64)step_bytes(json_text(result, "size", "0")),
		       (s64)core_virtio_mem_size());
	return STEP_CHANGES;
}
