/* SPDX-License-Identifier: MIT */
/*
 * Zonelists: in which order an allocation on a node tries zones (mm/page_alloc.c, include/linux/mmzone.h, 6.1).
 *
 * The arrays are rewritten in place while allocations walk them: a walker may meet a zone twice, miss one, or meet the
 * end early. zonelist_update_seq lets the slow path find out.
 */
#ifndef PFNSTORM_MM_ZONELIST_H
#define PFNSTORM_MM_ZONELIST_H

#include "core/mm/gfp.h"
#include "core/rt/types.h"

struct zone;
struct pglist_data;

/* Bits of nodes. */
typedef u64 nodemask_t;

struct zoneref {
	struct zone *zone; /* NULL: the end. Marked accesses */
	u64 zone_idx;
};

enum { ZONELIST_FALLBACK, ZONELIST_NOFALLBACK, MAX_ZONELISTS };

#define MAX_ZONES_PER_ZONELIST 20 /* nodes times zones */
struct zonelist {
	struct zoneref _zonerefs[MAX_ZONES_PER_ZONELIST + 1];
};

/*
 * The first entry at or behind @z whose zone index is at most @highest and whose node is in @nodes (NULL: any); the
 * terminator if there is none. Lock-free. (next_zones_zonelist, first_zones_zonelist, 6.1)
 */
struct zoneref *next_zones_zonelist(struct zoneref *z, u32 highest, const nodemask_t *nodes);
static inline struct zoneref *first_zones_zonelist(struct zonelist *list, u32 highest, const nodemask_t *nodes)
{
	return next_zones_zonelist(list->_zonerefs, highest, nodes);
}
/* The zone of an entry as it is now. */
struct zone *zonelist_zone(const struct zoneref *z);

/* (node_zonelist, 6.1) */
struct zonelist *node_zonelist(u32 nid, gfp_t gfp);
/* The highest zone @gfp allows. (gfp_zone, 6.1) */
u32 gfp_zone(gfp_t gfp);

/*
 * Rebuilds the lists of all possible nodes, or those of @self alone if it is given and not online yet; then decides
 * whether pages are grouped by mobility. mem_hotplug_lock write, or boot. (build_all_zonelists, 6.1)
 */
void build_all_zonelists(struct pglist_data *self);

/* Samples the sequence; spins while a rebuild is under way. (zonelist_iter_begin, 6.1) */
u32 zonelist_iter_begin(void);
/* Has there been a rebuild since? (check_retry_zonelist, 6.1) */
bool check_retry_zonelist(u32 seq);

#endif
