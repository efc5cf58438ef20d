/* SPDX-License-Identifier: MIT */
/*
 * Memory hotplug: add, online, offline and remove (mm/memory_hotplug.c, 6.1). Addresses and sizes are bytes, pfns
 * pages.
 *
 * Reduced: no per-CPU page lists and LRU batches (so nothing to disable around offline), no memmap on the added memory,
 * no memory groups and auto-movable policy, no kswapd and kcompactd. Differences from 6.1 are rows of bugs.def and
 * designs.def: with era=none a failed add takes back the sections it had added.
 */
#ifndef PFNSTORM_HOTPLUG_MEMORY_HOTPLUG_H
#define PFNSTORM_HOTPLUG_MEMORY_HOTPLUG_H

#include "core/hotplug/memory_block.h"
#include "core/mm/zone.h"
#include "core/rt/types.h"

/* ---- locks (get_online_mems, mem_hotplug_begin and their ends are declared in mm/machine.h) -------------------- */

void lock_device_hotplug(void);
void unlock_device_hotplug(void);
/* True with the lock held; false after a sleep of 5 ms: restart the operation from its look-up of the file. */
bool lock_device_hotplug_sysfs(void);

/* ---- boot ------------------------------------------------------------------------------------------------------ */

/* Locks and empty lists of the hotplug part of the machine; first thing at boot. */
void memory_hotplug_init_early(void);
/*
 * Once the zones hold the early memory: iomem regions and online block devices of machine_config.online, listeners.
 */
void memory_hotplug_init(void);

/* ---- add and remove -------------------------------------------------------------------------------------------- */

/* Node of a physical address: what firmware tables would say. */
u32 memory_add_physaddr_to_nid(u64 start);
/*
 * Hot-adds [start, start + size): 0; -EINVAL not whole blocks, or @nid not possible; -E2BIG outside the machine;
 * -EEXIST there already; -ENOMEM. On failure nothing is left behind. Afterwards sections are valid and blocks
 * offline; zones and memmap are untouched. Takes device_hotplug_lock. Task context.
 */
int add_memory(u32 nid, u64 start, u64 size);
/* With device_hotplug_lock held. */
int __add_memory(u32 nid, u64 start, u64 size);
/*
 * Removes whole blocks: 0, or -EBUSY unless all blocks of the range that exist are offline. Takes device_hotplug_lock.
 * BUG if misaligned. A range without any block is removed too (0), as in the kernel.
 */
int remove_memory(u64 start, u64 size);
int try_remove_memory(u64 start, u64 size);
/* Memmap and section of a range, section by section. mem_hotplug_lock write. */
int __add_pages(u32 nid, u64 pfn, u64 nr_pages);
void __remove_pages(u64 pfn, u64 nr_pages);
/* 1 the node became initialised, 0 it was online already. mem_hotplug_lock write. */
int __try_online_node(u32 nid);
/* Takes the node offline if it spans nothing and no block names it. device_hotplug_lock and mem_hotplug_lock write. */
void try_offline_node(u32 nid);

/* ---- online and offline ---------------------------------------------------------------------------------------- */

/* memory_block's bus operations (memory_block_online/offline, drivers/base/memory.c): begin, pages, mem->zone, done. */
int memory_block_online(struct memory_block *mem);
int memory_block_offline(struct memory_block *mem);
/*
 * Gives a range to @zone: 0, -EINVAL misaligned, or what a listener answered to MEM_GOING_ONLINE, everything undone.
 * mem_hotplug_lock write.
 */
int online_pages(u64 pfn, u64 nr_pages, struct zone *zone);
/*
 * Takes a range away: 0; -EINVAL misaligned, with holes, or in several zones; -EBUSY unmovable, or somebody else
 * isolates; -EINTR a signal came while pages would not move; what a listener answered. mem_hotplug_lock write; may
 * wait as long as pages stay pinned.
 */
int offline_pages(u64 start_pfn, u64 nr_pages, struct zone *zone);

/* ---- zones and spans ------------------------------------------------------------------------------------------- */

/* Policy contig-zones. @online_type: enum mmop. No lock: spans are read as they are (6.1 calls it before begin). */
struct zone *zone_for_pfn_range(enum mmop online_type, u32 nid, u64 start_pfn, u64 nr_pages);
/* Grows the spans, initialises the memmap with pageblock type @mt. mem_hotplug_lock write. */
void move_pfn_range_to_zone(struct zone *zone, u64 start_pfn, u64 nr_pages, enum migratetype mt);
/* Poisons the memmap, shrinks the spans at their edges. mem_hotplug_lock write; sections are offline. */
void remove_pfn_range_from_zone(struct zone *zone, u64 start_pfn, u64 nr_pages);

#endif
