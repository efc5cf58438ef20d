/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/reason.h"
#include "oracle/texts.h"

#define TEXT_MAX 512

s64 share_of(struct share share, s64 number)
{
	return (number * share.done + share.all / 2) / share.all;
}

/* ---- a field --------------------------------------------------------------------------------------------------- */

static void note_difference(struct comparison *c, const char *field, const char *kernel, const char *model)
{
	const char *reason = reason_for(c->recording, c->step, field);
	struct difference *d;

	c->explained += reason != NULL;
	if (c->nr_differences == DIFFERENCES_MAX)
		return;
	d = &c->difference[c->nr_differences++];
	d->step = c->step;
	d->reason = reason;
	snprintf(d->field, sizeof(d->field), "%s", field);
	snprintf(d->kernel, sizeof(d->kernel), "%s", kernel);
	snprintf(d->model, sizeof(d->model), "%s", model);
}

void compare_text(struct comparison *c, const char *field, const char *kernel, const char *model)
{
	c->compared++;
	if (strcmp(kernel, model) == 0)
		c->equal++;
	else
		note_difference(c, field, kernel, model);
}

void compare_number(struct comparison *c, const char *field, s64 kernel, s64 model)
{
	char a[24], b[24];

	snprintf(a, sizeof(a), "%" PRId64, kernel);
	snprintf(b, sizeof(b), "%" PRId64, model);
	compare_text(c, field, a, b);
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

/* A file's text without its newline; "-ERRNO" if it cannot be read. */
static void read_file(const char *path, char *buf, size_t size)
{
	s64 len = core_file_read(path, buf, size);

	if (len < 0)
		snprintf(buf, size, "-%s", strerrorname_np((int)-len));
	else if (len > 0 && (size_t)len < size && buf[len - 1] == '\n')
		buf[len - 1] = '\0';
}

static void compare_file(struct comparison *c, const char *field, const char *kernel, const char *path)
{
	char text[TEXT_MAX];

	read_file(path, text, sizeof(text));
	compare_text(c, field, kernel, text);
}

/* ---- blocks and nodes ------------------------------------------------------------------------------------------ */

static void compare_block(struct comparison *c, const char *name, struct json_object *block)
{
	json_object_object_foreach(block, key, value)
	{
		const char *kernel = json_object_get_string(value);
		char field[64], path[64];

		snprintf(field, sizeof(field), "blocks.%s.%s", name, key);
		snprintf(path, sizeof(path), "%s/%s", name, key);
		if (strcmp(key, "nodes") == 0) {
			u64 id = 0;

			sscanf(name, "memory%" SCNu64, &id);
			snprintf(path, sizeof(path), "node%d", core_block_node(id));
			compare_text(c, field, kernel, path);
		} else if (strcmp(kernel, "!not-read") != 0) {
			compare_file(c, field, kernel, path);
		}
	}
}

/* "32-36,48": the blocks of the machine that the directory of @node links to, -1: all of them. */
static void block_list(s32 node, char *buf, size_t size)
{
	size_t len = 0;
	s64 first = -1;

	buf[0] = '\0';
	for (u64 id = 0; id <= 256 && len < size; id++) {
		bool has = node < 0 ? core_block_node(id) >= 0 : core_node_links_block((u32)node, id);

		if (has && first < 0)
			first = (s64)id;
		if (has || first < 0)
			continue;
		len += (size_t)snprintf(buf + len, size - len, "%s%" PRId64, len ? "," : "", first);
		if (len < size && (s64)id - 1 > first)
			len += (size_t)snprintf(buf + len, size - len, "-%" PRIu64, id - 1);
		first = -1;
	}
}

static void compare_blocks(struct comparison *c, struct json_object *blocks)
{
	char ours[TEXT_MAX], number[24];
	u64 count = 0;

	json_object_object_foreach(blocks, name, block)
	{
		compare_block(c, name, block);
		count++;
	}
	/* One that only the machine has. */
	block_list(-1, ours, sizeof(ours));
	for (u64 id = 0; id < 256; id++)
		count -= core_block_node(id) >= 0;
	snprintf(number, sizeof(number), "%" PRId64 " more", (s64)count);
	compare_text(c, "blocks", count ? number : ours, ours);
}

static void compare_node_masks(struct comparison *c, struct json_object *masks)
{
	json_object_object_foreach(masks, name, value)
	{
		char field[64], path[64];

		snprintf(field, sizeof(field), "node_masks.%s", name);
		snprintf(path, sizeof(path), "/sys/devices/system/node/%s", name);
		compare_file(c, field, json_object_get_string(value), path);
	}
}

static void compare_nodes(struct comparison *c, struct json_object *snapshot)
{
	char threads[128] = "", field[64], text[TEXT_MAX];
	struct core_node_view view;
	size_t len = 0;

	for (u32 kind = 0; kind < 2; kind++)
		for (u32 nid = 0; nid < CORE_NODES_MAX; nid++)
			if (core_view_node(nid, &view) && (kind ? view.kswapd : view.kcompactd))
				len += (size_t)snprintf(threads + len, sizeof(threads) - len, "%s%s%u", len ? " " : "",
							kind ? "kswapd" : "kcompactd", nid);
	compare_text(c, "threads", json_text(snapshot, "threads", ""), threads);
	json_object_object_foreach(json_at(snapshot, "nodes", NULL), name, node)
	{
		u32 nid = CORE_NODES_MAX;

		sscanf(name, "node%u", &nid);
		snprintf(field, sizeof(field), "nodes.%s", name);
		compare_text(c, field, "online", core_view_node(nid, &view) ? "online" : "absent");
		snprintf(field, sizeof(field), "nodes.%s.MemTotal", name);
		compare_number(c, field, json_number(node, "MemTotal", -1), (s64)view.managed * 4);
		snprintf(field, sizeof(field), "nodes.%s.memory_links", name);
		block_list((s32)nid, text, sizeof(text));
		compare_text(c, field, json_text(node, "memory_links", ""), text);
	}
}

/* ---- zones ----------------------------------------------------------------------------------------------------- */

static void compare_cpus(struct comparison *c, const char *zone, struct json_object *pcp,
			 const struct core_zone_view *view)
{
	json_object_object_foreach(pcp, key, values)
	{
		char field[64], model[TEXT_MAX] = "[ ", part[24];

		if (strcmp(key, "count") == 0)
			continue;
		for (size_t cpu = 0; cpu < json_object_array_length(values) && cpu < CORE_CPUS_MAX; cpu++) {
			s32 n = strcmp(key, "high") == 0    ? view->cpu[cpu].high
				: strcmp(key, "batch") == 0 ? view->cpu[cpu].batch
							    : view->cpu[cpu].threshold;

			snprintf(part, sizeof(part), "%s%d", cpu ? ", " : "", n);
			strncat(model, part, sizeof(model) - strlen(model) - 1);
		}
		strncat(model, " ]", sizeof(model) - strlen(model) - 1);
		snprintf(field, sizeof(field), "zones.%s.pcp.%s", zone, key);
		compare_text(c, field, json_object_to_json_string(values), model);
	}
}

static void compare_protection(struct comparison *c, const char *zone, struct json_object *kernel,
			       const struct core_zone_view *view)
{
	char model[TEXT_MAX] = "[ ", part[32], field[64];

	for (u32 i = 0; i < CORE_ZONES; i++) {
		snprintf(part, sizeof(part), "%s%" PRIu64, i ? ", " : "", view->protection[i]);
		strncat(model, part, sizeof(model) - strlen(model) - 1);
	}
	strncat(model, " ]", sizeof(model) - strlen(model) - 1);
	snprintf(field, sizeof(field), "zones.%s.protection", zone);
	compare_text(c, field, json_object_to_json_string(kernel), model);
}

static void compare_zone(struct comparison *c, const char *name, struct json_object *zone,
			 const struct core_zone_view *view)
{
	const struct {
		const char *name;
		u64 model;
	} fields[] = {
		{"spanned", view->spanned}, {"present", view->present}, {"managed", view->managed},
		{"cma", view->cma},         {"min", view->min},         {"low", view->low},
		{"high", view->high},       {"boost", view->boost},     {"start_pfn", view->start_pfn},
	};
	char field[64];

	for (u32 i = 0; i < ARRAY_SIZE(fields); i++) {
		/* Not printed of a zone without pages. */
		if (!json_at(zone, fields[i].name, NULL))
			continue;
		snprintf(field, sizeof(field), "zones.%s.%s", name, fields[i].name);
		compare_number(c, field, json_number(zone, fields[i].name, -1), (s64)fields[i].model);
	}
	compare_protection(c, name, json_at(zone, "protection", NULL), view);
	if (json_at(zone, "pcp", NULL))
		compare_cpus(c, name, json_at(zone, "pcp", NULL), view);
}

/* Types change with every allocation where the kernel's own pages live: only ZONE_MOVABLE repeats, and isolation. */
static void compare_pageblocks(struct comparison *c, const char *name, struct json_object *blocks,
			       const struct core_zone_view *view)
{
	bool movable = strstr(name, ":Movable") != NULL;
	char field[64];

	for (u32 mt = 0; mt < CORE_MIGRATETYPES; mt++) {
		const char *type = core_migratetype_name(mt);

		if ((!movable && strcmp(type, "Isolate") != 0) || !json_at(blocks, type, NULL))
			continue;
		snprintf(field, sizeof(field), "pageblocks.%s.%s", name, type);
		compare_number(c, field, json_number(blocks, type, -1), (s64)view->pageblocks[mt]);
	}
}

static void compare_zones(struct comparison *c, struct json_object *snapshot)
{
	json_object_object_foreach(json_at(snapshot, "zones", NULL), name, zone)
	{
		struct core_zone_view view;
		u32 nid = 0, idx = 0;
		char field[64], which[16] = "";
		struct json_object *blocks = json_at(snapshot, "pagetype", name, "blocks", NULL);

		sscanf(name, "%u:%15s", &nid, which);
		while (core_zone_name(idx) && strcmp(core_zone_name(idx), which) != 0)
			idx++;
		snprintf(field, sizeof(field), "zones.%s", name);
		compare_text(c, field, "shown", core_view_zone(nid, idx, &view) ? "shown" : "absent");
		compare_zone(c, name, zone, &view);
		if (blocks)
			compare_pageblocks(c, name, blocks, &view);
	}
}

/* ---- all of memory --------------------------------------------------------------------------------------------- */

/* Numbers of /proc/meminfo that do not tell what is free. The recording leaves zeros out. */
static void compare_meminfo(struct comparison *c, struct json_object *kernel)
{
	static const char *const names[] = {"MemTotal",       "CommitLimit",    "HardwareCorrupted", "HugePages_Total",
					    "HugePages_Free", "HugePages_Rsvd", "HugePages_Surp",    "Hugepagesize"};
	static char text[TEXTS_MAX];
	char field[64], label[32];

	core_file_read("/proc/meminfo", text, sizeof(text));
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		const char *line;

		snprintf(field, sizeof(field), "meminfo.%s", names[i]);
		snprintf(label, sizeof(label), "%s: ", names[i]);
		line = strstr(text, label);
		compare_number(c, field, json_number(kernel, names[i], 0),
			       line ? strtol(line + strlen(label), NULL, 10) : -1);
	}
}

static void compare_iomem(struct comparison *c, struct json_object *lines)
{
	static char text[TEXTS_MAX], kernel[TEXTS_MAX], model[TEXTS_MAX];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; lines && i < json_object_array_length(lines) && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n",
					json_object_get_string(json_object_array_get_idx(lines, i)));
	texts_system_ram(text, kernel, sizeof(kernel));
	core_file_read("/proc/iomem", text, sizeof(text));
	texts_system_ram(text, model, sizeof(model));
	compare_text(c, "iomem", kernel, model);
}

void compare_snapshot(struct comparison *c, struct json_object *snapshot)
{
	compare_file(c, "block_size_bytes", json_text(snapshot, "block_size_bytes", ""), "block_size_bytes");
	compare_file(c, "auto_online_blocks", json_text(snapshot, "auto_online_blocks", ""), "auto_online_blocks");
	compare_file(c, "min_free_kbytes", json_text(snapshot, "min_free_kbytes", ""), "/proc/sys/vm/min_free_kbytes");
	compare_meminfo(c, json_at(snapshot, "meminfo_kB", NULL));
	compare_iomem(c, json_at(snapshot, "iomem_ram", NULL));
	compare_blocks(c, json_at(snapshot, "blocks", NULL));
	compare_node_masks(c, json_at(snapshot, "node_masks", NULL));
	compare_nodes(c, snapshot);
	compare_zones(c, snapshot);
}
