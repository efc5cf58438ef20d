/* SPDX-License-Identifier: MIT */
/* Laws of nodes: their threads, and what is left of one that is offline. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/mm/machine.h"
#include "core/mm/topology.h"
#include "core/rt/run.h"

/* A thread that could not be created is missing until memory comes to the node again. */
const char *law_node_threads(void)
{
	bool may_miss = rt_fault_injected(FAULT_kthread) || rt_fault_injected(FAULT_kmalloc);

	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		const pg_data_t *pgdat = &machine.nodes[nid];
		bool memory = machine.node_states[N_MEMORY] >> nid & 1;

		if ((!memory && (pgdat->kswapd || pgdat->kcompactd)) ||
		    (memory && (!pgdat->kswapd || !pgdat->kcompactd) && !may_miss))
			return broken("node %u has %s memory; kswapd %s, kcompactd %s", nid, memory ? "" : "no",
				      pgdat->kswapd ? "runs" : "does not", pgdat->kcompactd ? "runs" : "does not");
	}
	return NULL;
}

const char *law_node_offline(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		const pg_data_t *pgdat = &machine.nodes[nid];
		bool cpus = node_has_present_cpu(nid);

		if (machine.node_states[N_ONLINE] >> nid & 1)
			continue;
		if (pgdat->node_spanned_pages || pgdat->node_present_pages || cpus)
			return broken("node %u is offline: spans %llu, present %llu, CPUs %d", nid,
				      (unsigned long long)pgdat->node_spanned_pages,
				      (unsigned long long)pgdat->node_present_pages, cpus);
	}
	return NULL;
}

/* Nodes whose early memory is in the block, a bit for each; none unless it is there since boot. */
static u32 nodes_of_boot(u64 block_id)
{
	u64 start = block_id * memory_block_size_bytes(), end = start + memory_block_size_bytes();
	u32 nodes = 0;

	for (u32 i = 0; block_is_early(block_id) && i < topology->nr_ranges; i++)
		if (topology->range[i].start < end && topology->range[i].end > start)
			nodes |= 1u << topology->range[i].nid;
	return nodes;
}

const char *law_node_links(void)
{
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const struct memory_block *mem = machine.blocks[id];
		u32 wanted = mem ? 1u << mem->nid | nodes_of_boot(id) : 0, linked = 0;

		for (u32 nid = 0; nid < MAX_NODES; nid++)
			linked |= (u32)(machine.hotplug->memory_links[nid][id / 64] >> id % 64 & 1) << nid;
		if (linked != wanted || (mem && mem->node_links != wanted))
			return broken("block %llu is linked from nodes %#x and to nodes %#x, not %#x",
				      (unsigned long long)id, linked, mem ? mem->node_links : 0, wanted);
	}
	return NULL;
}
