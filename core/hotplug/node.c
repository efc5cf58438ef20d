/* SPDX-License-Identifier: MIT */
#include "core/hotplug/node.h"

#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/uevent.h"
#include "core/mm/machine.h"
#include "core/rt/point.h"

void register_one_node(u32 nid)
{
	uevent(UEVENT_ADD, DEVICE_NODE, nid);
}

void unregister_one_node(u32 nid)
{
	uevent(UEVENT_REMOVE, DEVICE_NODE, nid);
}

/* The word of the node's links that has the block's. */
static u64 *memory_links(u32 nid, u64 block_id)
{
	return &machine.hotplug->memory_links[nid][block_id / 64];
}

void do_register_memory_block_under_node(u32 nid, struct memory_block *mem)
{
	u64 block_id = memory_block_id(mem->start_section_nr);

	*memory_links(nid, block_id) |= BIT(block_id % 64);
	mem->node_links |= 1u << nid;
}

static int link_block(struct memory_block *mem, void *arg)
{
	do_register_memory_block_under_node(*(const u32 *)arg, mem);
	return 0;
}

void register_memory_blocks_under_node(u32 nid, u64 start, u64 size)
{
	walk_memory_blocks(start, size, &nid, link_block);
}

void unregister_memory_block_under_nodes(struct memory_block *mem)
{
	u64 block_id = memory_block_id(mem->start_section_nr);

	*memory_links((u32)mem->nid, block_id) &= ~BIT(block_id % 64);
	mem->node_links &= ~(1u << mem->nid);
}

/* ---- online ---------------------------------------------------------------------------------------------------- */

int __try_online_node(u32 nid, bool set_node_online)
{
	int ret;

	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	if (node_state(nid, N_ONLINE))
		return 0;
	ret = hotadd_init_pgdat(nid);
	if (ret)
		return ret;
	if (set_node_online) {
		node_set_state(nid, N_ONLINE);
		register_one_node(nid);
	}
	return 1;
}

int try_online_node(u32 nid)
{
	int ret;

	mem_hotplug_begin();
	ret = __try_online_node(nid, true);
	mem_hotplug_done();
	return min(ret, 0);
}

/* ---- offline: the alternatives of design node_offline ---------------------------------------------------------- */

static bool any_block_names(u32 nid)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];

		if (mem && mem->nid == (s32)nid)
			return true;
	}
	return false;
}

/* Offline blocks are outside every span, but name their node all the same. */
static bool node_used_by_span_and_blocks(u32 nid)
{
	return NODE_DATA(nid)->node_spanned_pages || any_block_names(nid);
}

/*
 * Asks a page of every present section of the span for its node, or one of each subsection, so that a section that
 * several nodes share is not missed. Memory that was never onlined is not in the span; what is in it may be a page that
 * nobody has initialised: of memory that is offline, or where a device is no more, or not yet.
 */
static bool node_used_by_walk(u32 nid, u64 step)
{
	const pg_data_t *pgdat = NODE_DATA(nid);
	u64 end_pfn = pgdat->node_start_pfn + pgdat->node_spanned_pages;

	for (u64 pfn = pgdat->node_start_pfn; pfn < end_pfn; pfn += step)
		if (present_section(__pfn_to_section(pfn)) && page_to_nid(pfn_to_page(pfn)) == nid)
			return true;
	return false;
}

static bool node_used(u32 nid)
{
	switch (design(node_offline)) {
	case ALT_node_offline_walk_span:
		return node_used_by_walk(nid, PAGES_PER_SECTION);
	case ALT_node_offline_walk_subsections:
		return node_used_by_walk(nid, PAGES_PER_SUBSECTION);
	default:
		return node_used_by_span_and_blocks(nid);
	}
}

void try_offline_node(u32 nid)
{
	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	/* A CPU that is offline is its own all the same, and comes back to it. */
	if (node_used(nid) || node_has_present_cpu(nid))
		return;
	node_clear_state(nid, N_ONLINE);
	unregister_one_node(nid);
	if (bug(pgdat_cleared_in_use))
		pgdat_clear(NODE_DATA(nid));
	point(remove, node_offline, nid);
}
