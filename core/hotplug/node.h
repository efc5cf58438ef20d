/* SPDX-License-Identifier: MIT */
/*
 * Node devices: nodes that come online and go offline, and which blocks are linked to them (drivers/base/node.c,
 * mm/memory_hotplug.c, 6.1).
 *
 * The links between a node and its blocks are not objects: a block is linked to node n if mem->nid is n and it is
 * registered under it. Boot blocks may be linked to several nodes.
 */
#ifndef PFNSTORM_HOTPLUG_NODE_H
#define PFNSTORM_HOTPLUG_NODE_H

#include "core/mm/node.h"

/*
 * A node that is not online is initialised, and with @set_node_online registered: 1; 0 it was online already; -ENOMEM.
 * mem_hotplug_lock write.
 */
int __try_online_node(u32 nid, bool set_node_online);
/* Takes the node offline if it spans nothing, no block names it and it has no CPU. Both hotplug locks held (write). */
void try_offline_node(u32 nid);

/* The node's directory appears, or goes. */
void register_one_node(u32 nid);
void unregister_one_node(u32 nid);
/* Links all blocks of a hot-added range to the node. */
void register_memory_blocks_under_node(u32 nid, u64 start, u64 size);

#endif
