/* SPDX-License-Identifier: MIT */
/*
 * Node devices: nodes that come online and go offline, and which blocks are linked to them (drivers/base/node.c,
 * mm/memory_hotplug.c, 6.1).
 *
 * A node's directory has a link to each of its blocks, and a block's one to its node. Who changes them holds
 * device_hotplug_lock. Blocks of boot may have several nodes; such a block cannot go offline, so it is never removed.
 */
#ifndef PFNSTORM_HOTPLUG_NODE_H
#define PFNSTORM_HOTPLUG_NODE_H

#include "core/mm/node.h"

struct memory_block;

/*
 * A node that is not online is initialised, and with @set_node_online registered: 1; 0 it was online already; -ENOMEM.
 * mem_hotplug_lock write.
 */
int __try_online_node(u32 nid, bool set_node_online);
/*
 * The same for a CPU that is about to come up, registered: 0, of a new node too, since cpu_up() takes all else for a
 * failure; -ENOMEM. Takes mem_hotplug_lock. (6.1)
 */
int try_online_node(u32 nid);
/* Takes the node offline if it spans nothing, no block names it and it has no CPU. Both hotplug locks held (write). */
void try_offline_node(u32 nid);

/* The node's directory appears, or goes. */
void register_one_node(u32 nid);
void unregister_one_node(u32 nid);
/* Makes both links between the node and the block, which names it already. (6.1 names it here: docs/FIDELITY.md) */
void do_register_memory_block_under_node(u32 nid, struct memory_block *mem);
/* The same for all blocks of a hot-added range. */
void register_memory_blocks_under_node(u32 nid, u64 start, u64 size);
/* Takes both links between the block and the node that it names away; there may be none. */
void unregister_memory_block_under_nodes(struct memory_block *mem);

#endif
