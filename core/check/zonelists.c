/* SPDX-License-Identifier: MIT */
/* Laws of zonelists at rest: what is in them, and in which order. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/machine.h"

static u32 zone_number(const struct zone *zone)
{
	return zone->node * MAX_NR_ZONES + zone->idx;
}

/* Bits of the zones that have pages; of node @nid alone unless it is MAX_NODES. */
static u64 populated(u32 nid)
{
	u64 zones = 0;

	for (u32 node = 0; node < machine_config.nodes; node++)
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++)
			if ((nid == MAX_NODES || nid == node) && machine.nodes[node].node_zones[idx].present_pages)
				zones |= BIT(zone_number(&machine.nodes[node].node_zones[idx]));
	return zones;
}

/* Each of @zones once, nothing else, and an end. */
static const char *list_broken(u32 nid, const struct zonelist *list, u64 zones)
{
	u64 seen = 0;
	u32 at = 0;

	for (; at <= MAX_ZONES_PER_ZONELIST && list->_zonerefs[at].zone; at++) {
		const struct zone *zone = list->_zonerefs[at].zone;
		u64 bit = BIT(zone_number(zone));

		if (!(zones & bit) || (seen & bit) || list->_zonerefs[at].zone_idx != zone->idx)
			return broken("node %u entry %u is node %u zone %s: %s", nid, at, zone->node,
				      zone_type_name(zone->idx),
				      seen & bit       ? "the second time"
				      : !(zones & bit) ? "which does not belong there"
						       : "under another index");
		seen |= bit;
	}
	if (at > MAX_ZONES_PER_ZONELIST)
		return broken("node %u: the list has no end", nid);
	return seen == zones ? NULL
			     : broken("node %u: zones %#llx are missing", nid, (unsigned long long)(zones & ~seen));
}

const char *law_zonelist_zones(void)
{
	const char *wrong = NULL;

	for (u32 nid = 0; nid < machine_config.nodes && !wrong; nid++) {
		const struct zonelist *lists = machine.nodes[nid].node_zonelists;

		/* Nobody allocates from there; it may even be cleared. */
		if (!(machine.node_states[N_ONLINE] >> nid & 1))
			continue;
		wrong = list_broken(nid, &lists[ZONELIST_FALLBACK], populated(MAX_NODES));
		if (!wrong)
			wrong = list_broken(nid, &lists[ZONELIST_NOFALLBACK], populated(nid));
	}
	return wrong;
}

/* A node's zones follow each other from the highest down, and a node comes once. */
const char *law_zonelist_order(void)
{
	for (u32 nid = 0; nid < machine_config.nodes; nid++) {
		const struct zoneref *ref = machine.nodes[nid].node_zonelists[ZONELIST_FALLBACK]._zonerefs;
		const struct zone *previous = NULL;
		u64 nodes = 0;

		if (populated(nid) && (!ref->zone || ref->zone->node != nid))
			return broken("node %u has memory, and its zonelist begins elsewhere", nid);
		for (; ref->zone; previous = ref->zone, ref++) {
			const struct zone *zone = ref->zone;

			if (previous && previous->node == zone->node && previous->idx <= zone->idx)
				return broken("node %u: zone %s of node %u comes behind %s", nid,
					      zone_type_name(zone->idx), zone->node, zone_type_name(previous->idx));
			if ((!previous || previous->node != zone->node) && (nodes & BIT(zone->node)))
				return broken("node %u: node %u comes twice", nid, zone->node);
			nodes |= BIT(zone->node);
		}
	}
	return NULL;
}
