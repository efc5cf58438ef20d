/* SPDX-License-Identifier: MIT */
/*
 * Memory block devices: the objects behind /sys/devices/system/memory/memoryN (drivers/base/memory.c, core.c, 6.1).
 *
 * machine.blocks[] is the memory_blocks xarray and the sysfs directory in one: device_hotplug_lock serialises its
 * changes, kernfs_lock lets a path look-up read it without. Lock order: device_hotplug_lock → device_lock →
 * cpu_hotplug_lock (read) → mem_hotplug_lock (write).
 */
#ifndef PFNSTORM_HOTPLUG_MEMORY_BLOCK_H
#define PFNSTORM_HOTPLUG_MEMORY_BLOCK_H

#include "core/hotplug/memory_group.h"
#include "core/mm/node.h"
#include "core/rt/atomic.h"
#include "core/rt/lock.h"
#include "core/rt/wait.h"

/* memory_block->state; the other MEM_* events of notifier.h are never stored. */
enum memory_block_state { BLOCK_ONLINE = 1, BLOCK_GOING_OFFLINE = 2, BLOCK_OFFLINE = 4 };
/* memory_block->online_type */
enum mmop { MMOP_OFFLINE, MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE };

struct memory_block {
	u64 start_section_nr;
	u32 state;       /* enum memory_block_state: changed under device_lock, read by anybody (marked) */
	u32 online_type; /* enum mmop: device_hotplug_lock */
	s32 nid;
	u32 offline;          /* dev.offline: device_lock */
	struct zone *zone;    /* of an online block in one zone, else NULL: mem_hotplug_lock (write), read (marked) */
	u64 nr_vmemmap_pages; /* first pages that hold its memmap; 0: it lies elsewhere */
	struct memory_group *group; /* NULL: none. device_hotplug_lock */
	atomic_long_t nr_hwpoison;  /* poisoned pages in it, whatever its state; atomic, found under kernfs_lock */
	struct mutex device_lock;
	atomic_t kref;
	atomic_t active; /* references of running sysfs operations; BLOCK_DEACTIVATED added: no new ones */
	struct active_ref active_ref;
	struct memory_block *next_made; /* a hot-add makes it, and has not registered it yet: only that one knows it */
	u32 power_on;   /* power/control says so; a block has no power to save, so nobody asks. Marked accesses */
	u32 node_links; /* the links to nodes in its directory: a bit for each. device_hotplug_lock, or boot */
};
#define BLOCK_DEACTIVATED (-0x40000000)

static inline u64 memory_block_id(u64 section_nr)
{
	return section_nr / geometry.sections_per_block;
}

static inline u64 pfn_to_block_id(u64 pfn)
{
	return memory_block_id(pfn_to_section_nr(pfn));
}

static inline u64 block_id_to_pfn(u64 id)
{
	return id * geometry.pages_per_block;
}

/* Size in bytes (memory_block_size_bytes). */
static inline u64 memory_block_size_bytes(void)
{
	return (u64)geometry.pages_per_block << geometry.page_shift;
}

/* Takes a reference; NULL if there is none. device_hotplug_lock held, or boot. */
struct memory_block *find_memory_block_by_id(u64 block_id);
/* Drops a reference; the last one frees the block. */
void memory_block_put(struct memory_block *mem);
/*
 * Ascending over the existing blocks of [start, start + size), bytes; stops at the first nonzero result, which it
 * returns. device_hotplug_lock held. @func may not remove the block (walk_memory_blocks, 6.1).
 */
int walk_memory_blocks(u64 start, u64 size, void *arg, int (*func)(struct memory_block *mem, void *arg));
/*
 * Creates offline blocks for a range, or none: -EEXIST, -ENOMEM. device_hotplug_lock held; @nid is their node.
 */
int create_memory_block_devices(u64 start, u64 size, u32 nid, u64 nr_vmemmap_pages, struct memory_group *group);
/*
 * Removes the blocks of a range: gone from the directory, then waits until every sysfs operation on them is over,
 * then drops the directory's reference. device_hotplug_lock held, may sleep (device_unregister, 6.1).
 */
void remove_memory_block_devices(u64 start, u64 size);
/* A block that is online at boot, in @zone. */
void memory_block_create_boot(u64 block_id, u32 nid, struct zone *zone);

/*
 * device_online()/device_offline() of drivers/base/core.c: take device_lock; 1 if the block is in that state already,
 * else 0 or the errno of online_pages()/offline_pages(). device_hotplug_lock held, may sleep.
 */
int device_online(struct memory_block *mem);
int device_offline(struct memory_block *mem);
/* -EINVAL unless the block is in state @from_state_req. device_lock held. */
int memory_block_change_state(struct memory_block *mem, u32 to_state, u32 from_state_req);

/*
 * How long a writer of "offline" waits for pages that will not move, before it gives up with -EINTR: it runs under
 * timeout(1), as Documentation/admin-guide/mm/memory-hotplug.rst (6.1) tells administrators to do. Longer for large
 * blocks, whose pages take their time.
 */
static inline u64 state_write_timeout_ns(void)
{
	return 50000000ULL + 20000ULL * geometry.pages_per_block;
}

/* enum mmop of the word that user space wrote, -EINVAL if it is none. (mhp_online_type_from_str, 6.1) */
int mhp_online_type_from_str(const char *text);
/*
 * A write of "online", "online_kernel", "online_movable" (MMOP_*) or "offline" (MMOP_OFFLINE) to the state file of a
 * block: 0; -ENODEV no such file; -EINVAL it is in that state already; -EINTR killed while device_hotplug_lock was
 * busy (lock_device_hotplug_sysfs, 6.1: try, sleep 5 ms, restart); errno of the operation. Task context.
 */
int state_store(u64 block_id, enum mmop online_type);
/*
 * A write to the file `online`, which takes the default zone (or, with online_type_sticks, what a refused write to
 * `state` asked for): 0, also if the block is in that state already; else as state_store(). (online_store,
 * drivers/base/core.c)
 */
int online_store(u64 block_id, bool online);
/*
 * Looks a block's directory up and pins it against removal; NULL if there is none. Until block_file_close() the block
 * stays, so that who holds it may not wait for device_hotplug_lock. (kernfs_get_active, 6.1)
 */
struct memory_block *block_file_open(u64 block_id);
void block_file_close(struct memory_block *mem);
/* What a read of the state file gives, without newline: "online", "going-offline", "offline". Never blocks. */
const char *state_show(const struct memory_block *mem);

#endif
