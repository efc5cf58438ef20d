/* SPDX-License-Identifier: MIT */
#include "core/mm/zonelist.h"

#include "core/mm/machine.h"
#include "core/mm/watermark.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

/* ---- walking --------------------------------------------------------------------------------------------------- */

struct zone *zonelist_zone(const struct zoneref *z)
{
	/* Pairs with the release in set_zoneref(): the zone's per-CPU lists are there before the zone is found. */
	return smp_load_acquire(&z->zone);
}

struct zoneref *next_zones_zonelist(struct zoneref *z, u32 highest, const nodemask_t *nodes)
{
	for (;; z++) {
		struct zone *zone = zonelist_zone(z);

		if (!zone)
			return z;
		if (READ_ONCE(z->zone_idx) <= highest && (!nodes || *nodes & BIT(zone->node)))
			return z;
	}
}

struct zonelist *node_zonelist(u32 nid, gfp_t gfp)
{
	return &NODE_DATA(nid)->node_zonelists[gfp & __GFP_THISNODE ? ZONELIST_NOFALLBACK : ZONELIST_FALLBACK];
}

u32 gfp_zone(gfp_t gfp)
{
	if ((gfp & __GFP_MOVABLE) && (gfp & __GFP_HIGHMEM))
		return ZONE_MOVABLE;
	if (gfp & __GFP_DMA32)
		return ZONE_DMA32;
	return gfp & __GFP_DMA ? ZONE_DMA : ZONE_NORMAL;
}

/* ---- building -------------------------------------------------------------------------------------------------- */

_Static_assert(MAX_ZONES_PER_ZONELIST == MAX_NODES * MAX_NR_ZONES, "room for every zone");

static u32 set_zoneref(struct zonelist *list, u32 at, struct zone *zone)
{
	struct zoneref *z = &list->_zonerefs[at];

	WRITE_ONCE(z->zone_idx, zone ? zone->idx : 0);
	smp_store_release(&z->zone, zone);
	point(zonelist, entry_set, at);
	return at + 1;
}

/* The node's populated zones from the highest down; the next free position. */
static u32 add_node_zones(struct zonelist *list, u32 at, u32 nid)
{
	for (u32 idx = MAX_NR_ZONES; idx-- > 0;) {
		struct zone *zone = node_zone(nid, idx);

		if (bug(planted_zonelists_by_span) ? READ_ONCE(zone->spanned_pages) != 0 : populated_zone(zone))
			at = set_zoneref(list, at, zone);
	}
	return at;
}

/* How far away a node is, among equals: lower numbers and nodes with CPUs come later. */
static u32 node_cost(u32 from, u32 to)
{
	return (node_distance(from, to) + (to < from) + (nr_cpus_of_node(to) ? 1 : 0)) * 64 + machine.node_load[to];
}

/* The nearest node with memory that was not taken yet; -1: none is left. The node itself is first, memory or not. */
static s32 find_next_best_node(u32 nid, nodemask_t *used)
{
	u32 best_cost = UINT32_MAX, other;
	s32 best = -1;

	if (!(*used & BIT(nid))) {
		*used |= BIT(nid);
		return (s32)nid;
	}
	for_each_node_state (other, N_MEMORY) {
		u32 cost = node_cost(nid, other);

		if ((*used & BIT(other)) || cost >= best_cost)
			continue;
		best_cost = cost;
		best = (s32)other;
	}
	if (best >= 0)
		*used |= BIT((u32)best);
	return best;
}

static void build_zonelists(u32 nid)
{
	pg_data_t *pgdat = NODE_DATA(nid);
	struct zonelist *fallback = &pgdat->node_zonelists[ZONELIST_FALLBACK];
	struct zonelist *nofallback = &pgdat->node_zonelists[ZONELIST_NOFALLBACK];
	nodemask_t used = 0;
	u32 at = 0, previous = nid;
	s32 node;

	while ((node = find_next_best_node(nid, &used)) >= 0) {
		/* Of nodes equally far away, another one shall be the first for the next node. */
		if (node_distance(nid, (u32)node) != node_distance(nid, previous))
			machine.node_load[node]++;
		previous = (u32)node;
		at = add_node_zones(fallback, at, (u32)node);
	}
	set_zoneref(fallback, at, NULL);
	set_zoneref(nofallback, add_node_zones(nofallback, 0, nid), NULL);
}

/* Interrupts off: a handler that allocates would wait for an even sequence that this CPU never gets to. */
static void __build_all_zonelists(pg_data_t *self)
{
	unsigned long flags = write_seqlock_irqsave_flags(&machine.zonelist_update_seq);
	u32 nid;

	if (bug(zonelist_rebuild_irqs_on))
		local_irq_restore(flags);
	point(zonelist, rebuild_begin, self ? self->node_id : MAX_NODES);
	for_each_node(nid) machine.node_load[nid] = 0;
	if (self && !node_state(self->node_id, N_ONLINE)) {
		build_zonelists(self->node_id);
	} else {
		for_each_node(nid) build_zonelists(nid);
	}
	point(zonelist, rebuild_end, 0);
	if (bug(zonelist_rebuild_irqs_on))
		local_irq_save(flags);
	write_sequnlock_irqrestore(&machine.zonelist_update_seq, flags);
}

void build_all_zonelists(pg_data_t *self)
{
	u32 disabled;

	__build_all_zonelists(self);
	/* Of too few pages, pageblocks of different types would only make fragments. */
	disabled = nr_free_zone_pages(ZONE_MOVABLE) < (u64)pageblock_nr_pages * MIGRATE_TYPES;
	WRITE_ONCE(machine.vm.page_group_by_mobility_disabled, disabled);
}

/* ---- noticing -------------------------------------------------------------------------------------------------- */

u32 zonelist_iter_begin(void)
{
	return read_seqbegin(&machine.zonelist_update_seq);
}

bool check_retry_zonelist(u32 seq)
{
	return !bug(zonelist_no_retry) && read_seqretry(&machine.zonelist_update_seq, seq);
}
