/* SPDX-License-Identifier: MIT */
/* Which machines can be booted. */
#include "core/core.h"

#include <stdio.h>

#include "core/mm/machine.h"
#include "core/mm/topology.h"
#include "core/rt/cpu.h"

#define ROOM 160

static const char *ranges_error(const struct machine_config *config, const struct block_ranges *ranges,
				const char *what, char *text)
{
	if (ranges->count > BLOCK_RANGES_MAX) {
		snprintf(text, ROOM, "%s: at most %d ranges of blocks, found %u", what, BLOCK_RANGES_MAX,
			 ranges->count);
		return text;
	}
	for (u32 i = 0; i < ranges->count; i++) {
		u32 first = ranges->range[i].first, last = ranges->range[i].last;

		if (first > last || last >= config->blocks) {
			snprintf(text, ROOM, "%s: expected ascending blocks below blocks=%u, found %u-%u", what,
				 config->blocks, first, last);
			return text;
		}
		if (i && first <= ranges->range[i - 1].last) {
			snprintf(text, ROOM, "%s: ranges must be sorted and disjoint, found %u-%u after %u-%u", what,
				 first, last, ranges->range[i - 1].first, ranges->range[i - 1].last);
			return text;
		}
	}
	return NULL;
}

/* A block that both have, or -1. */
static s32 common_block(const struct block_ranges *a, const struct block_ranges *b)
{
	for (u32 i = 0; i < a->count; i++)
		for (u32 j = 0; j < b->count; j++)
			if (a->range[i].first <= b->range[j].last && b->range[j].first <= a->range[i].last)
				return max(a->range[i].first, b->range[j].first);
	return -1;
}

static const char *size_error(const struct machine_config *config, char *text)
{
	struct geometry g;

	if (config->geometry >= NR_GEOMETRIES)
		return "geometry: there is no such";
	if (config->cpus < 1 || config->cpus > RT_MAX_CPUS)
		snprintf(text, ROOM, "cpus: expected 1 to %d, found %u", RT_MAX_CPUS, config->cpus);
	else if (config->nodes < 1 || config->nodes > MAX_NODES)
		snprintf(text, ROOM, "nodes: expected 1 to %d, found %u", MAX_NODES, config->nodes);
	else if (config->blocks < 1 || config->blocks > MEMORY_BLOCKS_MAX)
		snprintf(text, ROOM, "blocks: expected 1 to %d, found %u", MEMORY_BLOCKS_MAX, config->blocks);
	else if (config->nodes > config->blocks)
		snprintf(text, ROOM, "nodes: %u nodes need as many blocks, found %u", config->nodes, config->blocks);
	if (text[0])
		return text;
	if (config->topology >= NR_TOPOLOGIES)
		return "topology: there is no such";
	if (config->boot_params >> NR_BOOT_PARAMS)
		return "boot parameters: there is no such";
	if (config->memory >= NR_MEMORY_MODELS)
		return "memory: there is no such model";
	geometry_of(&g, config->geometry, config->blocks);
	if (g.max_pfn * sizeof(struct page) > RT_MEMMAP_SIZE || g.max_pfn * sizeof(u64) > RT_CONTENT_SIZE ||
	    g.max_pfn / g.pages_per_section > SECTION_ROOTS_MAX * SECTIONS_PER_ROOT)
		return "blocks: more memory than the arena has room for";
	return NULL;
}

const char *machine_config_error(const struct machine_config *config)
{
	const struct {
		const struct block_ranges *ranges;
		const char *name;
	} sets[] = {{&config->online, "online"},
		    {&config->normal, "normal"},
		    {&config->movable, "movable"},
		    {&config->offline, "offline"}};
	static _Thread_local char text[ROOM];
	const char *error;

	text[0] = 0;
	error = size_error(config, text);
	for (u32 i = 0; i < ARRAY_SIZE(sets) && !error; i++)
		error = ranges_error(config, sets[i].ranges, sets[i].name, text);
	if (error)
		return error;
	if (config->custom)
		return topology_error(config->custom, config);
	if (config->online.count == 0 || config->online.range[0].first != 0)
		return "online: block 0 must be online at boot";
	for (u32 i = 0; i < ARRAY_SIZE(sets); i++) {
		for (u32 j = 0; j < i; j++) {
			s32 block = common_block(sets[i].ranges, sets[j].ranges);

			if (block < 0)
				continue;
			snprintf(text, ROOM, "block %d is in both %s and %s", block, sets[j].name, sets[i].name);
			return text;
		}
	}
	return NULL;
}
