/* SPDX-License-Identifier: MIT */
/* The law of memory tiers. */
#include "core/mm/memory_tiers.h"

#include "core/check/laws.h"
#include "core/mm/machine.h"

static bool has_memory(u32 nid)
{
	return machine.node_states[N_MEMORY] >> nid & 1;
}

static const char *node_broken(const struct memory_tiers *tiers, u32 nid)
{
	enum memory_dev_kind kind = memory_dev_kind(nid);
	const struct memory_tier *tier = tiers->node_tier[nid];
	nodemask_t below = 0;

	if (has_memory(nid) != (tier || tiers->without >> nid & 1))
		return broken("node %u has %s memory and %s tier", nid, has_memory(nid) ? "some" : "no",
			      tier ? "a" : "no");
	if ((tiers->nodes[kind] >> nid & 1) != (tier != NULL) || (tier && tier != tiers->tier[kind]))
		return broken("node %u is not in the tier of its kind of memory", nid);
	if (!tier)
		return NULL;
	if (tier->lower_tier_mask & ~machine.node_states[N_MEMORY])
		return broken("nodes %#llx are lower than node %u, of which some have no memory",
			      (unsigned long long)tier->lower_tier_mask, nid);
	while (!below && ++kind < NR_MEMORY_DEV_KINDS)
		below = tiers->nodes[kind];
	if (tiers->preferred[nid] & ~below || (below && !tiers->preferred[nid]))
		return broken("pages of node %u go to nodes %#llx, those of the next tier are %#llx", nid,
			      (unsigned long long)tiers->preferred[nid], (unsigned long long)below);
	return NULL;
}

const char *law_memory_tiers(void)
{
	const char *wrong = NULL;

	for (u32 nid = 0; machine.memory_tiers && nid < machine_config.nodes && !wrong; nid++)
		wrong = node_broken(machine.memory_tiers, nid);
	return wrong;
}
