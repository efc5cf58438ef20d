/* SPDX-License-Identifier: MIT */
/* Laws of nodes: their threads, and what is left of one that is offline. */
#include "core/check/laws.h"
#include "core/mm/machine.h"
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
		bool cpus = machine.node_states[N_CPU] >> nid & 1;

		if (machine.node_states[N_ONLINE] >> nid & 1)
			continue;
		if (pgdat->node_spanned_pages || pgdat->node_present_pages || cpus)
			return broken("node %u is offline: spans %llu, present %llu, CPUs %d", nid,
				      (unsigned long long)pgdat->node_spanned_pages,
				      (unsigned long long)pgdat->node_present_pages, cpus);
	}
	return NULL;
}
