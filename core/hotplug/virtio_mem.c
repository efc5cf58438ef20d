/* SPDX-License-Identifier: MIT */
/* Plugging and unplugging. */
#include "core/hotplug/virtio_mem.h"

#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/mm/machine.h"
#include "core/mm/topology.h"
#include "core/range/contig.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

#define RESOURCE_NAME "System RAM (virtio_mem)"
#define RETRY_MS 50 /* doubled with each one */

/* ---- the device -------------------------------------------------------------------------------------------------- */

void virtio_mem_hotplug_lock(struct virtio_mem *vm)
{
	wait_event(&vm->hotplug_waitq, cmpxchg64(&vm->hotplug_mutex, 0, 1) == 0);
}

void virtio_mem_hotplug_unlock(struct virtio_mem *vm)
{
	BUG_ON(cmpxchg64(&vm->hotplug_mutex, 1, 0) != 1);
	wake_up_all(&vm->hotplug_waitq);
}

u32 virtio_mem_state(const struct virtio_mem_block *block)
{
	return READ_ONCE(block->state);
}

void virtio_mem_set_state(struct virtio_mem_block *block, u32 state)
{
	WRITE_ONCE(block->state, state);
}

u64 virtio_mem_all(const struct virtio_mem *vm)
{
	return vm->subblocks_per_block < 64 ? BIT(vm->subblocks_per_block) - 1 : ~0ULL;
}

bool virtio_mem_has_block(u64 block_id)
{
	const struct virtio_mem *vm = machine.virtio_mem;

	return vm && block_id >= vm->first_block && block_id < vm->first_block + vm->nr_blocks;
}

struct virtio_mem_block *virtio_mem_block_of(struct virtio_mem *vm, u64 block_id)
{
	return &vm->block[block_id - vm->first_block];
}

static u64 id_of(const struct virtio_mem *vm, const struct virtio_mem_block *block)
{
	return vm->first_block + (u64)(block - vm->block);
}

static u64 pfn_of(const struct virtio_mem *vm, const struct virtio_mem_block *block, u32 subblock)
{
	return block_id_to_pfn(id_of(vm, block)) + subblock * (u64)pageblock_nr_pages;
}

static u64 nr_plugged(const struct virtio_mem *vm)
{
	u64 plugged = 0;

	for (u32 i = 0; i < vm->nr_blocks; i++)
		plugged += (u64)__builtin_popcountll(vm->block[i].plugged);
	return plugged;
}

static bool in_ranges(const struct block_ranges *ranges, u32 block)
{
	for (u32 i = 0; i < ranges->count; i++)
		if (block >= ranges->range[i].first && block <= ranges->range[i].last)
			return true;
	return false;
}

static bool there_at_boot(u32 block)
{
	return in_ranges(&machine_config.online, block) || in_ranges(&machine_config.normal, block) ||
	       in_ranges(&machine_config.movable, block) || in_ranges(&machine_config.offline, block);
}

/* Its blocks from *@first on; 0: the machine has no such device. */
static u32 region(u64 *first)
{
	u32 nr_blocks = 0, last = machine_config.blocks - 1;

	if (machine_config.custom) {
		*first = topology->virtio_mem.start / memory_block_size_bytes();
		return (u32)((topology->virtio_mem.end - topology->virtio_mem.start) / memory_block_size_bytes());
	}
	if (!boot_param(virtio_mem))
		return 0;
	while (nr_blocks < VIRTIO_MEM_BLOCKS_DEFAULT && nr_blocks <= last && !there_at_boot(last - nr_blocks))
		nr_blocks++;
	*first = machine_config.blocks - nr_blocks;
	return nr_blocks;
}

static s32 region_nid(const struct virtio_mem *vm)
{
	if (machine_config.custom)
		return (s32)topology->virtio_mem.nid;
	return (s32)memory_add_physaddr_to_nid(vm->first_block * memory_block_size_bytes());
}

void virtio_mem_init(void)
{
	struct virtio_mem *vm;
	u64 first_block = 0;
	u32 nr_blocks = region(&first_block);

	if (!nr_blocks)
		return;
	vm = kzalloc_obj(struct virtio_mem, OBJ_virtio_mem);
	BUG_ON(!vm);
	rt_mark_permanent(vm);
	vm->first_block = first_block;
	vm->nr_blocks = nr_blocks;
	vm->subblocks_per_block = geometry.pages_per_block / pageblock_nr_pages;
	init_waitqueue_head(&vm->hotplug_waitq, LOCK_virtio_mem);
	mutex_init(&vm->worker, LOCK_virtio_mem_worker);
	vm->mgid = memory_group_register_dynamic(region_nid(vm), geometry.pages_per_block);
	BUG_ON(vm->mgid < 0);
	machine.virtio_mem = vm;
	vm->nb.notifier_call = virtio_mem_memory_notifier;
	BUG_ON(register_memory_notifier(&vm->nb));
	BUG_ON(set_online_page_callback(virtio_mem_online_page));
}

/* ---- sub-blocks of online memory --------------------------------------------------------------------------------- */

static int fake_offline(u64 pfn, u64 nr_pages)
{
	bool movable = page_zonenum(pfn_to_page(pfn)) == ZONE_MOVABLE;

	for (u32 i = 0; i < VIRTIO_MEM_CONTIG_TRIES; i++) {
		int ret = alloc_contig_range(pfn, pfn + nr_pages, MIGRATE_MOVABLE, GFP_KERNEL);

		point(virtio_mem, contig_tried, ret);
		if (ret == -ENOMEM)
			return ret;
		if (ret && !movable)
			break;
		if (ret)
			continue;
		virtio_mem_set_fake_offline(pfn, nr_pages, true);
		driver_adjust_managed_page_count(page_zone(pfn_to_page(pfn)), -(s64)nr_pages);
		return 0;
	}
	return -EBUSY;
}

/* All pages of a sub-block are alike: the allocator never had them, or they were taken from it. */
static void fake_online(u64 pfn, u64 nr_pages)
{
	struct page *page = pfn_to_page(pfn);
	struct zone *zone = page_zone(page);

	if (PageDirty(page)) {
		virtio_mem_clear_fake_offline(pfn, nr_pages, false);
		/* It counts them itself. */
		driver_adjust_managed_page_count(zone, 0);
		generic_online_page(page, (u32)__builtin_ctzll(nr_pages));
		return;
	}
	virtio_mem_clear_fake_offline(pfn, nr_pages, true);
	free_contig_range(pfn, nr_pages);
	driver_adjust_managed_page_count(zone, (s64)nr_pages);
}

/* Sub-blocks [first, first + count), all plugged. Hotplug mutex held. */
static int unplug_online(struct virtio_mem *vm, struct virtio_mem_block *block, u32 first, u32 count)
{
	u32 state = virtio_mem_state(block);
	int ret = fake_offline(pfn_of(vm, block, first), count * (u64)pageblock_nr_pages);

	if (ret)
		return ret;
	for (u32 i = first; i < first + count; i++)
		block->plugged &= ~BIT(i);
	if (state == VIRTIO_MEM_KERNEL || state == VIRTIO_MEM_MOVABLE)
		virtio_mem_set_state(block, state + 1);
	return 0;
}

/* ---- plugging ---------------------------------------------------------------------------------------------------- */

/* Hotplug mutex held. */
static void plug_any(struct virtio_mem *vm, struct virtio_mem_block *block, u64 *nr)
{
	u32 state = virtio_mem_state(block);

	for (u32 i = 0; *nr && i < vm->subblocks_per_block; i++) {
		if (block->plugged & BIT(i))
			continue;
		block->plugged |= BIT(i);
		(*nr)--;
		if (state != VIRTIO_MEM_OFFLINE_PARTIAL)
			fake_online(pfn_of(vm, block, i), pageblock_nr_pages);
	}
	if (block->plugged == virtio_mem_all(vm))
		virtio_mem_set_state(block, state - 1);
}

/* Of an unused block, which nobody else knows. */
static int plug_and_add(struct virtio_mem *vm, struct virtio_mem_block *block, u64 *nr)
{
	u64 count = min(*nr, (u64)vm->subblocks_per_block);
	int ret;

	block->plugged = count == vm->subblocks_per_block ? virtio_mem_all(vm) : BIT(count) - 1;
	virtio_mem_set_state(block,
			     block->plugged == virtio_mem_all(vm) ? VIRTIO_MEM_OFFLINE : VIRTIO_MEM_OFFLINE_PARTIAL);
	/* Before: it may be online when the call returns. */
	atomic_inc(&vm->offline_blocks);
	ret = add_memory_driver_managed(vm->mgid, id_of(vm, block) * memory_block_size_bytes(),
					memory_block_size_bytes(), RESOURCE_NAME, MHP_MERGE_RESOURCE | MHP_NID_IS_MGID);
	point(virtio_mem, block_added, ret);
	if (ret) {
		atomic_dec(&vm->offline_blocks);
		block->plugged = 0;
		virtio_mem_set_state(block, VIRTIO_MEM_UNUSED);
		return ret;
	}
	*nr -= count;
	return 0;
}

/* (virtio_mem_could_add_memory(), 6.1) */
static bool could_add_block(struct virtio_mem *vm)
{
	u64 most = max(VIRTIO_MEM_OFFLINE_BYTES / memory_block_size_bytes(), (u64)VIRTIO_MEM_OFFLINE_BLOCKS);

	return (u64)atomic_read(&vm->offline_blocks) < most;
}

static int plug_request(struct virtio_mem *vm, u64 nr)
{
	static const u32 states[] = {VIRTIO_MEM_KERNEL_PARTIAL, VIRTIO_MEM_MOVABLE_PARTIAL, VIRTIO_MEM_OFFLINE_PARTIAL};

	virtio_mem_hotplug_lock(vm);
	for (u32 s = 0; s < ARRAY_SIZE(states); s++)
		for (u32 i = 0; i < vm->nr_blocks; i++)
			if (virtio_mem_state(&vm->block[i]) == states[s])
				plug_any(vm, &vm->block[i], &nr);
	virtio_mem_hotplug_unlock(vm);
	for (u32 i = 0; nr && i < vm->nr_blocks; i++) {
		int ret;

		if (virtio_mem_state(&vm->block[i]) != VIRTIO_MEM_UNUSED)
			continue;
		if (!could_add_block(vm))
			return -ENOSPC;
		ret = plug_and_add(vm, &vm->block[i], &nr);
		if (ret)
			return ret;
	}
	return nr ? -ENOSPC : 0;
}

/* ---- unplugging -------------------------------------------------------------------------------------------------- */

/*
 * Nothing of the block is plugged. The mutex is dropped: who onlines or offlines the block holds device_hotplug_lock
 * and waits for it. Hotplug mutex held before and after.
 */
static void remove_unplugged(struct virtio_mem *vm, struct virtio_mem_block *block, bool online)
{
	u64 start = id_of(vm, block) * memory_block_size_bytes(), size = memory_block_size_bytes();
	int ret;

	/* From now on it does not go online. */
	if (!online)
		virtio_mem_set_state(block, VIRTIO_MEM_UNUSED);
	if (!bug(planted_virtio_removes_locked))
		virtio_mem_hotplug_unlock(vm);
	ret = online ? offline_and_remove_memory(start, size) : remove_memory(start, size);
	point(virtio_mem, block_removed, ret);
	if (!bug(planted_virtio_removes_locked))
		virtio_mem_hotplug_lock(vm);
	BUG_ON(ret && !online);
	if (ret)
		return;
	virtio_mem_set_state(block, VIRTIO_MEM_UNUSED);
	atomic_dec(&vm->offline_blocks);
}

static void unplug_any_offline(struct virtio_mem *vm, struct virtio_mem_block *block, u64 *nr)
{
	for (u32 i = vm->subblocks_per_block; *nr && i-- > 0;) {
		if (!(block->plugged & BIT(i)))
			continue;
		block->plugged &= ~BIT(i);
		(*nr)--;
	}
	virtio_mem_set_state(block, VIRTIO_MEM_OFFLINE_PARTIAL);
	if (!block->plugged)
		remove_unplugged(vm, block, false);
}

/* All at once if all of it may go, else piece by piece from the end; what is busy stays. */
static int unplug_any_online(struct virtio_mem *vm, struct virtio_mem_block *block, u64 *nr)
{
	int ret = -EBUSY;

	if (*nr >= vm->subblocks_per_block && block->plugged == virtio_mem_all(vm))
		ret = unplug_online(vm, block, 0, vm->subblocks_per_block);
	if (ret == 0)
		*nr -= vm->subblocks_per_block;
	for (u32 i = vm->subblocks_per_block; ret == -EBUSY && *nr && i-- > 0;) {
		if (!(block->plugged & BIT(i)))
			continue;
		ret = unplug_online(vm, block, i, 1);
		if (ret == 0) {
			(*nr)--;
			ret = -EBUSY;
		}
	}
	if (ret && ret != -EBUSY)
		return ret;
	/* Others may refuse, and then the next run tries again. */
	if (!block->plugged)
		remove_unplugged(vm, block, true);
	return 0;
}

static int unplug_any(struct virtio_mem *vm, struct virtio_mem_block *block, u64 *nr)
{
	u32 state = virtio_mem_state(block);

	if (state != VIRTIO_MEM_OFFLINE && state != VIRTIO_MEM_OFFLINE_PARTIAL)
		return unplug_any_online(vm, block, nr);
	unplug_any_offline(vm, block, nr);
	return 0;
}

/* Partial blocks first, so that whole ones can be removed; those of ZONE_MOVABLE before others. */
static int unplug_request(struct virtio_mem *vm, u64 nr)
{
	static const u32 states[] = {VIRTIO_MEM_OFFLINE_PARTIAL, VIRTIO_MEM_OFFLINE, VIRTIO_MEM_MOVABLE_PARTIAL,
				     VIRTIO_MEM_KERNEL_PARTIAL,  VIRTIO_MEM_MOVABLE, VIRTIO_MEM_KERNEL};
	bool locked = !bug(planted_virtio_unplug_unlocked);
	int ret = 0;

	for (u32 s = 0; s < ARRAY_SIZE(states); s++) {
		for (u32 i = vm->nr_blocks; !ret && nr && i-- > 0;) {
			if (locked)
				virtio_mem_hotplug_lock(vm);
			if (virtio_mem_state(&vm->block[i]) == states[s])
				ret = unplug_any(vm, &vm->block[i], &nr);
			if (locked)
				virtio_mem_hotplug_unlock(vm);
			cond_resched();
		}
	}
	return ret ? ret : nr ? -EBUSY : 0;
}

/* ---- the worker -------------------------------------------------------------------------------------------------- */

static int run(struct virtio_mem *vm, u64 requested)
{
	u64 plugged = nr_plugged(vm);

	if (requested > plugged)
		return plug_request(vm, requested - plugged);
	return requested < plugged ? unplug_request(vm, plugged - requested) : 0;
}

s64 virtio_mem_resize(u64 subblocks, u32 retries)
{
	struct virtio_mem *vm = machine.virtio_mem;
	s64 ret;

	if (!vm)
		return -ENODEV;
	mutex_lock(&vm->worker);
	for (u32 i = 0;; i++) {
		ret = run(vm, subblocks);
		if ((ret != -EBUSY && ret != -ENOMEM) || i == retries)
			break;
		msleep(RETRY_MS << i);
	}
	if (!ret)
		ret = (s64)nr_plugged(vm);
	mutex_unlock(&vm->worker);
	return ret;
}

/* ---- for core.h -------------------------------------------------------------------------------------------------- */

static u64 subblock_bytes(void)
{
	return (u64)pageblock_nr_pages << geometry.page_shift;
}

int core_virtio_mem_resize(u64 size)
{
	s64 ret = virtio_mem_resize(size / subblock_bytes(), 0);

	return ret < 0 ? (int)ret : 0;
}

u64 core_virtio_mem_size(void)
{
	struct virtio_mem *vm = machine.virtio_mem;
	u64 plugged;

	if (!vm)
		return 0;
	mutex_lock(&vm->worker);
	plugged = nr_plugged(vm);
	mutex_unlock(&vm->worker);
	return plugged * subblock_bytes();
}
