/* SPDX-License-Identifier: MIT */
/*
 * Memory hotplug: add, online, offline and remove (mm/memory_hotplug.c, 6.1). Addresses and sizes are bytes, pfns
 * pages.
 *
 * Differences from 6.1 are rows of bugs.def and designs.def: with era=none a failed add takes back the sections it had
 * added.
 */
#ifndef PFNSTORM_HOTPLUG_MEMORY_HOTPLUG_H
#define PFNSTORM_HOTPLUG_MEMORY_HOTPLUG_H

#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/mm/events.h"
#include "core/mm/node.h"
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
/* Flags of adding (mhp_t, 6.1). */
#define MHP_MERGE_RESOURCE BIT(0)   /* the iomem region may become one with its neighbours */
#define MHP_MEMMAP_ON_MEMORY BIT(1) /* the block holds its own memmap */
#define MHP_NID_IS_MGID BIT(2)      /* what is given as node is a memory group */

/*
 * Hot-adds [start, start + size): 0; -EINVAL not whole blocks, @nid not possible, no such group, or a memmap on memory
 * that cannot be; -E2BIG outside the machine; -EEXIST there already; -ENOMEM. On failure nothing is left behind.
 * Afterwards sections are valid and blocks offline, unless auto_online_blocks says otherwise; that its onlining failed
 * is not told. Takes device_hotplug_lock. Task context.
 */
int add_memory(s32 nid, u64 start, u64 size, u32 flags);
/* A block as firmware plugs it in: on its node, with its own memmap if it can. (acpi_memory_enable_device, 6.1) */
int add_memory_block(u64 block_id);
/* With device_hotplug_lock held. */
int __add_memory(s32 nid, u64 start, u64 size, u32 flags);
/* Memory that a driver looks after: @name, a constant, is "System RAM (driver)", else -EINVAL. */
int add_memory_driver_managed(s32 nid, u64 start, u64 size, const char *name, u32 flags);
/* Can a range of @size bytes hold its own memmap? */
bool mhp_supports_memmap_on_memory(u64 size);
/*
 * Removes whole blocks: 0; -EBUSY unless all blocks of the range that exist are offline; -EINVAL several blocks of
 * which some hold their own memmap. Takes device_hotplug_lock. BUG if misaligned. A range without any block is removed
 * too (0), as in the kernel.
 */
int remove_memory(u64 start, u64 size);
int try_remove_memory(u64 start, u64 size);
/*
 * Offlines all blocks of the range, then removes them: 0; what the first that could not be offlined said, and then
 * those offlined before are online again, in the kind of zone they were in; -EINVAL not whole blocks; -ENOMEM. (6.1)
 */
int offline_and_remove_memory(u64 start, u64 size);
/* The same with device_hotplug_lock held. */
int __offline_and_remove_memory(u64 start, u64 size);
struct vmem_altmap;
struct dev_pagemap;
/* What adding depends on: where the memmap comes from, and the device it is for; NULL: neither. (6.1) */
struct mhp_params {
	struct vmem_altmap *altmap;
	struct dev_pagemap *pgmap;
};
/*
 * Memmap and section of a range, section by section: 0; -EINVAL not whole subsections (with a warning), or an altmap
 * that does not fit; -EEXIST; -ENOMEM. mem_hotplug_lock write.
 */
int __add_pages(u32 nid, u64 pfn, u64 nr_pages, struct mhp_params *params);
void __remove_pages(u64 pfn, u64 nr_pages, struct vmem_altmap *altmap);

/* A law (check/cached.c) looks at each offline, and each time its range turns out not to be empty. NULL: nobody. */
struct offline_law {
	void (*begins)(void);
	void (*range_not_empty)(const struct zone *zone, u64 start_pfn, u64 end_pfn);
};
extern const struct offline_law *offline_law;

/*
 * Another (check/undone.c) looks once mem_hotplug_lock is held (write), and before it is dropped if the operation
 * failed: everything is as before then. NULL: nobody.
 */
struct failure_law {
	void (*begins)(void);
	void (*fails)(const char *operation, int result);
};
extern const struct failure_law *failure_law;
static inline void failure_law_begins(void)
{
	if (failure_law)
		failure_law->begins();
}
static inline void failure_law_ends(const char *operation, int result)
{
	if (failure_law && result < 0)
		failure_law->fails(operation, result);
}

/* Of each block of a range in bytes. */
static inline void hotplug_event(enum core_event event, u64 start, u64 size)
{
	for (u64 at = start; at < start + size; at += memory_block_size_bytes())
		core_event(event, at / memory_block_size_bytes(), 0);
}

/* ---- online and offline ---------------------------------------------------------------------------------------- */

/* memory_block's bus operations (memory_block_online/offline, drivers/base/memory.c): begin, pages, mem->zone, done. */
int memory_block_online(struct memory_block *mem);
int memory_block_offline(struct memory_block *mem);
/*
 * Gives a range to @zone: 0, -EINVAL misaligned, or what a listener answered to MEM_GOING_ONLINE, everything undone.
 * mem_hotplug_lock write.
 */
int online_pages(u64 pfn, u64 nr_pages, struct zone *zone, struct memory_group *group);
/*
 * Takes a range away: 0; -EINVAL misaligned, with holes, or in several zones; -EBUSY unmovable, or somebody else
 * isolates; -EINTR a signal came while pages would not move; what a listener answered. mem_hotplug_lock write; may
 * wait as long as pages stay pinned.
 */
int offline_pages(u64 start_pfn, u64 nr_pages, struct zone *zone, struct memory_group *group);
/*
 * A block that holds its own memmap: its first pages join @zone as reserved ones, before the data of the block, and
 * leave it after. mem_hotplug_lock write. 0. (6.1)
 */
int mhp_init_memmap_on_memory(u64 pfn, u64 nr_pages, struct zone *zone);
void mhp_deinit_memmap_on_memory(u64 pfn, u64 nr_pages);

/* The callback that pages get if nobody set another: to the buddy allocator. (generic_online_page, 6.1) */
void generic_online_page(struct page *page, u32 order);
/* One at a time besides the generic one: -EINVAL if there is another (or, restoring, if it is not set). May sleep. */
int set_online_page_callback(online_page_callback_t callback);
int restore_online_page_callback(online_page_callback_t callback);

/* ---- zones and spans ------------------------------------------------------------------------------------------- */

/* present_pages of zone, node and group (NULL: none), early ones apart. mem_hotplug_lock write, or boot. (6.1) */
void adjust_present_page_count(struct zone *zone, struct memory_group *group, u64 pfn, s64 nr_pages);
/*
 * Grows the spans, initialises the memmap with pageblock type @mt; for ZONE_DEVICE only that of the pages that @altmap
 * (NULL: none) sets aside for it. mem_hotplug_lock write.
 */
void move_pfn_range_to_zone(struct zone *zone, u64 start_pfn, u64 nr_pages, struct vmem_altmap *altmap,
			    enum migratetype mt);
/* The span and the contiguous flag without the range; part of the function below. */
void shrink_zone_and_node(struct zone *zone, u64 start_pfn, u64 end_pfn);
/*
 * Poisons the memmap, shrinks the spans at their edges unless it is ZONE_DEVICE. mem_hotplug_lock write; sections are
 * offline, or those of a device.
 */
void remove_pfn_range_from_zone(struct zone *zone, u64 start_pfn, u64 nr_pages);

#endif
