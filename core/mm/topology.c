/* SPDX-License-Identifier: MIT */
#include "core/mm/topology.h"

#include "core/mm/geometry.h"
#include "core/mm/zone.h"
#include "core/rt/report.h"

const struct topology *topology;

#define LOCAL_DISTANCE 10
#define REMOTE_DISTANCE 20

static u32 block_nid(const struct machine_config *config, u32 block)
{
	return block * config->nodes / config->blocks;
}

/* Appends, or extends the last range if that is of the same node and ends there. */
static void add_range(struct topology *t, u64 start, u64 end, u32 nid)
{
	if (t->nr_ranges && t->range[t->nr_ranges - 1].end == start && t->range[t->nr_ranges - 1].nid == nid) {
		t->range[t->nr_ranges - 1].end = end;
		return;
	}
	BUG_ON(t->nr_ranges == TOPOLOGY_RANGES_MAX);
	t->range[t->nr_ranges].start = start;
	t->range[t->nr_ranges].end = end;
	t->range[t->nr_ranges++].nid = nid;
}

/* ---- one early block ------------------------------------------------------------------------------------------- */

static u64 block_bytes(const struct geometry *g)
{
	return (u64)g->pages_per_block << g->page_shift;
}

static bool is_last_early(const struct machine_config *config, u32 block)
{
	return block == config->online.range[config->online.count - 1].last;
}

static bool is_early(const struct machine_config *config, u32 block)
{
	for (u32 i = 0; i < config->online.count; i++)
		if (block >= config->online.range[i].first && block <= config->online.range[i].last)
			return true;
	return false;
}

/* A pageblock in the middle is not there; and the last block ends in its middle. */
static void add_with_holes(struct topology *t, const struct machine_config *config, const struct geometry *g, u32 block)
{
	u64 start = block * block_bytes(g), end = start + block_bytes(g);
	u64 pageblock = (1UL << g->page_shift) * g->pages_per_section / g->pageblocks_per_section;
	u32 nid = block_nid(config, block);

	if (block == 0) {
		add_range(t, start, start + 3 * pageblock, nid);
		start += 4 * pageblock;
	}
	if (is_last_early(config, block) && block)
		end -= block_bytes(g) / 2 - pageblock / 2;
	add_range(t, start, end, nid);
}

/* Where a node ends, the next one begins half a block early. */
static void add_mixed(struct topology *t, const struct machine_config *config, const struct geometry *g, u32 block)
{
	u64 start = block * block_bytes(g), middle = start + block_bytes(g) / 2, end = start + block_bytes(g);
	u32 nid = block_nid(config, block);
	bool last_of_node =
		block + 1 >= config->blocks || block_nid(config, block + 1) != nid || !is_early(config, block + 1);

	if (!last_of_node || nid + 1 == config->nodes) {
		add_range(t, start, end, nid);
		return;
	}
	add_range(t, start, middle, nid);
	add_range(t, middle, end, nid + 1);
}

static void add_block(struct topology *t, const struct machine_config *config, const struct geometry *g, u32 block)
{
	u64 start = block * block_bytes(g), end = start + block_bytes(g);
	u32 nid = block_nid(config, block);

	switch ((enum topology_id)config->topology) {
	case TOPOLOGY_holes:
		add_with_holes(t, config, g, block);
		return;
	case TOPOLOGY_mixed:
		add_mixed(t, config, g, block);
		return;
	case TOPOLOGY_cpus:
		add_range(t, start, end, nid && nid + 1 == config->nodes ? nid - 1 : nid);
		return;
	case TOPOLOGY_flat:
	case TOPOLOGY_zones:
	case NR_TOPOLOGIES:
		add_range(t, start, end, nid);
	}
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static void set_tables(struct topology *t, const struct machine_config *config, const struct geometry *g)
{
	bool zones = config->topology == TOPOLOGY_zones;

	t->min_free_kbytes = 0;
	t->nr_kept = 0;
	t->dma_end_pfn = zones ? g->pages_per_block / 2 : 0;
	t->dma32_end_pfn = zones ? 2UL * g->pages_per_block : 0;
	for (u32 cpu = 0; cpu < CORE_CPUS_MAX; cpu++)
		t->cpu_nid[cpu] = config->topology == TOPOLOGY_cpus ? cpu % config->nodes : 0;
	for (u32 a = 0; a < CORE_NODES_MAX; a++) {
		for (u32 b = 0; b < CORE_NODES_MAX; b++)
			t->distance[a][b] = a == b ? LOCAL_DISTANCE : REMOTE_DISTANCE;
	}
}

const struct topology *topology_of(const struct machine_config *config, struct topology *built)
{
	struct geometry g;

	if (config->custom)
		return config->custom;
	geometry_of(&g, config->geometry, config->blocks);
	set_tables(built, config, &g);
	built->nr_ranges = 0;
	for (u32 i = 0; i < config->online.count; i++)
		for (u32 block = config->online.range[i].first; block <= config->online.range[i].last; block++)
			add_block(built, config, &g, block);
	return built;
}

void topology_set(const struct machine_config *config)
{
	static struct topology built;

	topology = topology_of(config, &built);
}

static bool in_one_range(const struct topology *t, u64 start, u64 end)
{
	for (u32 i = 0; i < t->nr_ranges; i++)
		if (start >= t->range[i].start && end <= t->range[i].end)
			return true;
	return false;
}

static bool overlaps_a_range(const struct topology *t, u64 start, u64 end)
{
	for (u32 i = 0; i < t->nr_ranges; i++)
		if (start < t->range[i].end && end > t->range[i].start)
			return true;
	return false;
}

/* Of a virtio-mem device. */
static bool is_region(const struct topology *t, const struct machine_config *config, const struct geometry *g)
{
	u64 start = t->virtio_mem.start, end = t->virtio_mem.end, block = block_bytes(g);

	return start < end && start % block == 0 && end % block == 0 &&
	       end - start <= TOPOLOGY_VIRTIO_BLOCKS_MAX * block && end <= g->max_pfn << g->page_shift &&
	       t->virtio_mem.nid < config->nodes && !overlaps_a_range(t, start, end);
}

const char *topology_error(const struct topology *t, const struct machine_config *config)
{
	struct geometry g;

	geometry_of(&g, config->geometry, config->blocks);
	if (!t->nr_ranges || t->nr_ranges > TOPOLOGY_RANGES_MAX)
		return "topology: expected 1 to 32 ranges of memory";
	for (u32 i = 0; i < t->nr_ranges; i++) {
		if (t->range[i].start >= t->range[i].end || (i && t->range[i].start < t->range[i - 1].end) ||
		    t->range[i].end > g.max_pfn << g.page_shift)
			return "topology: expected ascending ranges inside the machine";
		if (t->range[i].nid >= config->nodes)
			return "topology: a range belongs to a node that the machine does not have";
	}
	for (u32 i = 0; i < t->nr_kept; i++)
		if (i == TOPOLOGY_RANGES_MAX || t->kept[i].start >= t->kept[i].end ||
		    (i && t->kept[i].start < t->kept[i - 1].end) || !in_one_range(t, t->kept[i].start, t->kept[i].end))
			return "topology: expected what boot keeps as ascending parts of its ranges";
	if (t->virtio_mem.end && !is_region(t, config, &g))
		return "topology: expected up to 16 whole blocks without early memory for virtio-mem";
	return NULL;
}

u32 early_zone(const struct topology *t, u64 pfn)
{
	if (pfn < t->dma_end_pfn)
		return ZONE_DMA;
	return pfn < t->dma32_end_pfn ? ZONE_DMA32 : ZONE_NORMAL;
}
