/* SPDX-License-Identifier: MIT */
/*
 * Memory tiers: nodes by how fast their memory is, and where reclaim demotes pages to (mm/memory-tiers.c, 6.1).
 *
 * Only with boot parameter `memory_tiers`, which says that memory of the last node is slowest and that of the node
 * before it slower than all others', as drivers of such memory do. Tiers are objects: a node of another kind makes one,
 * its last node takes it away. Readers hold no lock: they find a tier, and targets, in an RCU read section; what they
 * find may be out of date once they have left it.
 */
#ifndef PFNSTORM_MM_MEMORY_TIERS_H
#define PFNSTORM_MM_MEMORY_TIERS_H

#include "core/mm/geometry.h"
#include "core/mm/node.h"
#include "core/rt/lock.h"

/* Kinds of memory, by abstract distance: those that come later are slower. */
enum memory_dev_kind { MEMORY_DRAM, MEMORY_SLOW, MEMORY_SLOWEST, NR_MEMORY_DEV_KINDS };

struct memory_tier {
	nodemask_t lower_tier_mask; /* nodes of all lower tiers; marked */
};

struct memory_tiers {
	struct mutex lock;                             /* memory_tier_lock: tiers, who is in them, targets */
	struct memory_tier *tier[NR_MEMORY_DEV_KINDS]; /* NULL: no node of the kind has memory */
	nodemask_t nodes[NR_MEMORY_DEV_KINDS];         /* nodes of a tier */
	struct memory_tier *node_tier[MAX_NODES];      /* NULL: none. RCU */
	nodemask_t preferred[MAX_NODES];               /* node_demotion: the nearest nodes of the next tier; marked */
	nodemask_t without; /* nodes that found no memory for a tier object when theirs came: lock */
};

/* Boot, once nodes have their early memory. */
void memory_tiers_init(void);
/* The kind of a node's memory, known before it is there. */
enum memory_dev_kind memory_dev_kind(u32 nid);
/*
 * The node @nid has got its first memory, or lost its last: its tier, and everybody's targets. mem_hotplug_lock write,
 * after N_MEMORY has changed; may sleep. (memtier_hotplug_callback, 6.1)
 */
void memory_tiers_node_online(u32 nid);
void memory_tiers_node_offline(u32 nid);

/* Where pages of a node go first: a node, -1 none. Any context; it may be offline by then. (6.1) */
s32 next_demotion_node(u32 nid);
/* All nodes they may go to. Any context. (6.1) */
nodemask_t node_get_allowed_targets(u32 nid);

#endif
