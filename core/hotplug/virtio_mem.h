/* SPDX-License-Identifier: MIT */
/*
 * A virtio-mem device in sub-block mode: memory that a host lends and wants back in pieces smaller than a memory block
 * (drivers/virtio/virtio_mem.c, 6.1).
 *
 * Boot parameter `virtio_mem` gives the machine one. Its region is the last blocks of the machine, as far as they are
 * not there at boot; or a topology that the configuration brings says where it is. A sub-block is a pageblock. Blocks
 * are added as driver-managed memory of a dynamic memory group, and whoever onlines and offlines them is told by the
 * notifier chain. Pages of unplugged sub-blocks of an online block are logically offline (PageOffline), with a
 * reference of the driver's, which it drops while the block goes offline.
 */
#ifndef PFNSTORM_HOTPLUG_VIRTIO_MEM_H
#define PFNSTORM_HOTPLUG_VIRTIO_MEM_H

#include "core/core.h"
#include "core/hotplug/notifier.h"
#include "core/mm/page.h"
#include "core/rt/atomic.h"
#include "core/rt/lock.h"
#include "core/rt/wait.h"

#define VIRTIO_MEM_BLOCKS_MAX TOPOLOGY_VIRTIO_BLOCKS_MAX
/* Of a region that only the boot parameter asks for. */
#define VIRTIO_MEM_BLOCKS_DEFAULT 2u
/* How often a sub-block of ZONE_MOVABLE is tried: what is in the way there is so for a while only. */
#define VIRTIO_MEM_CONTIG_TRIES 5u
/* So much may be there without being online, before no more is added; at least two blocks. */
#define VIRTIO_MEM_OFFLINE_BYTES (3ULL << 30)
#define VIRTIO_MEM_OFFLINE_BLOCKS 2u

/* The order is 6.1's: a full state, then the same with some sub-blocks unplugged. */
enum virtio_mem_block_state {
	VIRTIO_MEM_UNUSED,
	VIRTIO_MEM_OFFLINE,
	VIRTIO_MEM_OFFLINE_PARTIAL,
	VIRTIO_MEM_KERNEL,
	VIRTIO_MEM_KERNEL_PARTIAL,
	VIRTIO_MEM_MOVABLE,
	VIRTIO_MEM_MOVABLE_PARTIAL,
};

struct virtio_mem_block {
	u32 state; /* enum virtio_mem_block_state: marked, changed under the hotplug mutex, or while UNUSED by the
		      worker */
	u32 pad;
	u64 plugged; /* a bit per sub-block: the same */
};

struct virtio_mem {
	struct notifier_block nb;
	u64 first_block;
	u32 nr_blocks, subblocks_per_block;
	s32 mgid;
	u32 hotplug_active; /* GOING_* has taken the mutex: under it */
	/*
	 * hotplug_mutex: held from MEM_GOING_* to its end, and while sub-blocks of existing blocks are plugged or
	 * unplugged. The notifier chain's lock is taken inside and outside of it; 6.1 hides that from lockdep, here it
	 * is a wait.
	 */
	u64 hotplug_mutex;
	wait_queue_head_t hotplug_waitq;
	atomic_t offline_blocks;
	u32 pad2;
	struct mutex worker; /* one run of the work item at a time */
	struct virtio_mem_block block[VIRTIO_MEM_BLOCKS_MAX];
};

/* Boot, after the listeners of every machine. */
void virtio_mem_init(void);
/* Is the block in a device's region? Then nobody else adds or removes it. Constant. */
bool virtio_mem_has_block(u64 block_id);
/*
 * The host asks for @subblocks sub-blocks to be plugged in all; on -EBUSY and -ENOMEM tries @retries times more, each
 * later. Number of sub-blocks plugged in the end; -ENODEV no device, -EBUSY not so many could be unplugged, -ENOSPC no
 * room for more, or too much is not online, -ENOMEM. Task context. (virtio_mem_run_wq, 6.1)
 */
s64 virtio_mem_resize(u64 subblocks, u32 retries);

/* ---- between the files of the device ----------------------------------------------------------------------------- */

void virtio_mem_hotplug_lock(struct virtio_mem *vm);
void virtio_mem_hotplug_unlock(struct virtio_mem *vm);
/* By the state as it is now; marked. */
u32 virtio_mem_state(const struct virtio_mem_block *block);
void virtio_mem_set_state(struct virtio_mem_block *block, u32 state);
/* All bits of a block's sub-blocks. */
u64 virtio_mem_all(const struct virtio_mem *vm);
/* The block of the region with that id. */
struct virtio_mem_block *virtio_mem_block_of(struct virtio_mem *vm, u64 block_id);
/* Pages of a range become logically offline; @onlined: they are allocated, else they have just been initialised. */
void virtio_mem_set_fake_offline(u64 pfn, u64 nr_pages, bool onlined);
void virtio_mem_clear_fake_offline(u64 pfn, u64 nr_pages, bool onlined);
/* The listener, and who gives pages of the region that go online to the allocator or not. */
int virtio_mem_memory_notifier(struct notifier_block *nb, unsigned long action, void *data);
void virtio_mem_online_page(struct page *page, u32 order);

#endif
