/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/virtio_mem.h"

#define PAGE_SHIFT 12
#define BLOCKS 256
#define PAGES_PER_BLOCK 32768UL
#define DMA_END_PFN 4096        /* 16 MiB */
#define DMA32_END_PFN (1 << 20) /* 4 GiB */
#define BOOT_ZONES 3

static int fail(char *error, size_t size, const char *what)
{
	snprintf(error, size, "%s", what);
	return -1;
}

/* ---- nodes ----------------------------------------------------------------------------------------------------- */

/* "0-1,3": is @n in it? Lists are short. */
static bool list_has(const char *list, u32 n)
{
	while (*list) {
		char *end;
		u32 first = (u32)strtoul(list, &end, 10), last = first;

		if (end == list)
			return false;
		if (*end == '-')
			last = (u32)strtoul(end + 1, &end, 10);
		if (n >= first && n <= last)
			return true;
		list = *end == ',' ? end + 1 : end;
	}
	return false;
}

static u32 list_end(const char *list)
{
	u32 end = 0;

	for (u32 n = 0; n < 64; n++)
		if (list_has(list, n))
			end = n + 1;
	return end;
}

static struct json_object *node_at(struct json_object *initial, u32 nid)
{
	char name[16];

	snprintf(name, sizeof(name), "node%u", nid);
	return json_at(initial, "nodes", name, NULL);
}

static void set_nodes(struct oracle_machine *m, struct json_object *initial)
{
	struct topology *t = &m->topology;

	for (u32 a = 0; a < CORE_NODES_MAX; a++) {
		struct json_object *node = node_at(initial, a);
		const char *cpus = node ? json_text(node, "cpulist", "") : "";

		for (u32 b = 0; b < CORE_NODES_MAX; b++)
			t->distance[a][b] = a == b ? 10 : 20;
		for (u32 cpu = 0; cpu < CORE_CPUS_MAX; cpu++) {
			if (!list_has(cpus, cpu))
				continue;
			t->cpu_nid[cpu] = a;
			if (cpu >= m->config.cpus)
				m->config.cpus = cpu + 1;
		}
	}
}

/*
 * Firmware tells of a node of QEMU that has CPUs or memory, or is the last one; Linux numbers those it is told of.
 */
static void set_qemu_nodes(struct oracle_machine *m, struct json_object *args)
{
	bool mentioned[CORE_NODES_MAX] = {false};
	u32 nodes = 0;
	s32 next = 0;

	for (size_t i = 0; args && i < json_object_array_length(args); i++) {
		const char *arg = json_object_get_string(json_object_array_get_idx(args, i));
		u32 nid;

		if (sscanf(arg, "node,nodeid=%u", &nid) != 1 || nid >= CORE_NODES_MAX)
			continue;
		mentioned[nid] = strstr(arg, "cpus=") || strstr(arg, "memdev=");
		nodes = nid + 1 > nodes ? nid + 1 : nodes;
	}
	if (nodes)
		mentioned[nodes - 1] = true;
	for (u32 nid = 0; nid < CORE_NODES_MAX; nid++)
		m->qemu_node[nid] = mentioned[nid] ? next++ : -1;
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* Node of early memory: its block's link. */
static u32 block_nid(struct json_object *initial, u64 block)
{
	struct json_object *o;
	char name[24];

	snprintf(name, sizeof(name), "memory%llu", (unsigned long long)block);
	o = json_at(initial, "blocks", name, NULL);
	return (u32)strtoul(json_text(o, "nodes", "node0") + strlen("node"), NULL, 10);
}

static int add_range(struct topology *t, u64 start, u64 end, u32 nid)
{
	if (t->nr_ranges && t->range[t->nr_ranges - 1].end == start && t->range[t->nr_ranges - 1].nid == nid) {
		t->range[t->nr_ranges - 1].end = end;
		return 0;
	}
	if (t->nr_ranges == TOPOLOGY_RANGES_MAX)
		return -1;
	t->range[t->nr_ranges].start = start;
	t->range[t->nr_ranges].end = end;
	t->range[t->nr_ranges++].nid = nid;
	return 0;
}

/* Lines "00001000-0009fbff : System RAM"; whole pages of them, by node. */
static int set_ranges(struct oracle_machine *m, struct json_object *initial, u64 block_size)
{
	struct json_object *lines = json_at(initial, "iomem_ram", NULL);

	for (size_t i = 0; lines && i < json_object_array_length(lines); i++) {
		const char *line = json_object_get_string(json_object_array_get_idx(lines, i));
		unsigned long long first, last;
		u64 start, end;

		if (sscanf(line, "%llx-%llx", &first, &last) != 2)
			return -1;
		start = (first + 4095) >> PAGE_SHIFT << PAGE_SHIFT;
		end = (last + 1) >> PAGE_SHIFT << PAGE_SHIFT;
		while (start < end) {
			u64 next = (start / block_size + 1) * block_size;

			if (next > end)
				next = end;
			if (add_range(&m->topology, start, next, block_nid(initial, start / block_size)))
				return -1;
			start = next;
		}
	}
	return m->topology.nr_ranges ? 0 : -1;
}

static struct json_object *zone_at(struct json_object *initial, u32 nid, u32 zone)
{
	char name[24];

	snprintf(name, sizeof(name), "%u:%s", nid, core_zone_name(zone));
	return json_at(initial, "zones", name, NULL);
}

/* ---- what boot kept, and gave back late ------------------------------------------------------------------------ */

/* A zone of boot memory: what it manages now, and how much that may have been when watermarks were computed. */
struct boot_zone {
	u32 nid, zone;
	u64 kept, managed, min;
	u64 least, most;
};

/* Watermarks of a zone tell its size when they were computed, if the sum was @total. */
static bool bounds(struct boot_zone *z, u64 pages_min, u64 total, u64 protection)
{
	z->least = (z->min * total + pages_min - 1) / pages_min;
	z->most = ((z->min + 1) * total - 1) / pages_min;
	if (z->most > z->managed)
		z->most = z->managed;
	/* DMA keeps a 256th of the zones above. */
	if (protection && z->zone == 1) {
		if (z->least < protection * 256)
			z->least = protection * 256;
		if (z->most > protection * 256 + 255)
			z->most = protection * 256 + 255;
	}
	return z->least <= z->most;
}

/* The largest sum that all watermarks agree with, and a size for each zone. False: there is none. */
static bool solve(struct boot_zone *zone, u32 nr, u64 pages_min, const u64 *protection)
{
	u64 managed = 0;

	for (u32 i = 0; i < nr; i++)
		managed += zone[i].managed;
	for (u64 total = managed; total > managed / 2; total--) {
		u64 least = 0, most = 0;
		bool fits = true;

		for (u32 i = 0; i < nr && fits; i++) {
			fits = bounds(&zone[i], pages_min, total, protection[zone[i].nid]);
			least += zone[i].least;
			most += zone[i].most;
		}
		if (!fits || least > total || most < total)
			continue;
		for (u32 i = 0; i < nr; i++) {
			u64 more = zone[i].most - zone[i].least;

			if (more > total - least)
				more = total - least;
			zone[i].least += more;
			least += more;
		}
		return true;
	}
	return false;
}

static int keep(struct topology *t, u64 start_pfn, u64 nr, bool late)
{
	if (!nr)
		return 0;
	if (t->nr_kept == TOPOLOGY_RANGES_MAX)
		return -1;
	t->kept[t->nr_kept].start = start_pfn << PAGE_SHIFT;
	t->kept[t->nr_kept].end = (start_pfn + nr) << PAGE_SHIFT;
	t->kept[t->nr_kept++].late = late;
	return 0;
}

/*
 * What boot kept of a zone lies at its beginning, in the first block, and what does not fit there at its end: where x86
 * has its image, and what it allocates top down. Blocks between are free, as recordings show that offline them.
 */
static int keep_of_zone(struct topology *t, u64 start_pfn, u64 end_pfn, u64 kept, u64 late)
{
	u64 room = (start_pfn / PAGES_PER_BLOCK + 1) * PAGES_PER_BLOCK - start_pfn, first = kept + late;

	if (first > room)
		first = room;
	if (first < late)
		return -1;
	return keep(t, start_pfn, first - late, false) || keep(t, start_pfn + first - late, late, true) ||
	       keep(t, end_pfn - (kept + late - first), kept + late - first, false);
}

/* The part of early memory that a zone can keep at once: its last range without a hole. */
static void zone_memory(const struct topology *t, const struct boot_zone *z, u64 *start_pfn, u64 *end_pfn)
{
	u64 from = z->zone == 0 ? 0 : z->zone == 1 ? DMA_END_PFN : DMA32_END_PFN;
	u64 to = z->zone == 0 ? DMA_END_PFN : z->zone == 1 ? DMA32_END_PFN : UINT64_MAX >> PAGE_SHIFT;

	*start_pfn = *end_pfn = 0;
	for (u32 i = 0; i < t->nr_ranges; i++) {
		u64 start = t->range[i].start >> PAGE_SHIFT, end = t->range[i].end >> PAGE_SHIFT;

		if (t->range[i].nid != z->nid || end <= from || start >= to)
			continue;
		*start_pfn = start > from ? start : from;
		*end_pfn = end < to ? end : to;
	}
}

/* Zones in the order of their memory: of one node after the other. */
static u32 find_boot_zones(const struct oracle_machine *m, struct json_object *initial, struct boot_zone *zone,
			   u64 *protection)
{
	u32 nr = 0;

	for (u32 nid = 0; nid < m->config.nodes; nid++) {
		for (u32 z = 0; z < BOOT_ZONES; z++) {
			struct json_object *o = zone_at(initial, nid, z), *kept = json_at(o, "protection", NULL);
			u64 present = (u64)json_number(o, "present", 0), managed = (u64)json_number(o, "managed", 0);

			if (!present)
				continue;
			if (z == 0 && kept)
				protection[nid] = (u64)json_object_get_int64(json_object_array_get_idx(kept, 1));
			zone[nr++] = (struct boot_zone){
				nid, z, present - managed, managed, (u64)json_number(o, "min", 0), 0, 0};
		}
	}
	return nr;
}

static int set_boot_consumption(struct oracle_machine *m, struct json_object *initial)
{
	struct boot_zone zone[CORE_NODES_MAX * BOOT_ZONES];
	u64 protection[CORE_NODES_MAX] = {0}, start, end;
	u32 nr = find_boot_zones(m, initial, zone, protection);

	m->topology.min_free_kbytes = (u32)json_number(initial, "min_free_kbytes", 0);
	if (!solve(zone, nr, m->topology.min_free_kbytes >> (PAGE_SHIFT - 10), protection))
		return -1;
	for (u32 i = 0; i < nr; i++) {
		zone_memory(&m->topology, &zone[i], &start, &end);
		if (keep_of_zone(&m->topology, start, end, zone[i].kept, zone[i].managed - zone[i].least))
			return -1;
	}
	return 0;
}

/* ---- the machine ----------------------------------------------------------------------------------------------- */

static void set_boot_params(struct oracle_machine *m, const char *cmdline)
{
	if (!strstr(cmdline, "transparent_hugepage=never"))
		m->config.boot_params |= BIT(BOOT_PARAM_khugepaged);
	if (strstr(cmdline, "memmap_on_memory=1"))
		m->config.boot_params |= BIT(BOOT_PARAM_memmap_on_memory);
}

int oracle_machine_init(const struct recording *r, struct oracle_machine *m, char *error, size_t size)
{
	struct json_object *initial = json_at(r->root, "initial", NULL);
	u64 block_size = strtoull(json_text(initial, "block_size_bytes", "0"), NULL, 16);

	*m = (struct oracle_machine){.config = {.geometry = GEOMETRY_x86_64, .blocks = BLOCKS}};
	if (block_size != 128UL << 20)
		return fail(error, size, "expected memory blocks of 128 MiB");
	switches_default(&m->config.sw);
	m->config.nodes = list_end(json_text(json_at(initial, "node_masks", NULL), "possible", "0"));
	if (m->config.nodes > CORE_NODES_MAX)
		return fail(error, size, "more nodes than a machine can have");
	set_nodes(m, initial);
	set_qemu_nodes(m, json_at(r->root, "qemu_args", NULL));
	set_boot_params(m, json_text(r->root, "guest_cmdline", ""));
	m->topology.dma_end_pfn = DMA_END_PFN;
	m->topology.dma32_end_pfn = DMA32_END_PFN;
	if (set_ranges(m, initial, block_size))
		return fail(error, size, "expected early memory in 'iomem_ram'");
	if (set_boot_consumption(m, initial))
		return fail(error, size, "the watermarks of 'initial' agree with no size of its zones");
	virtio_mem_set_region(r, m);
	m->config.custom = &m->topology;
	if (machine_config_error(&m->config))
		return fail(error, size, machine_config_error(&m->config));
	return 0;
}
