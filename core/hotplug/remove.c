/* SPDX-License-Identifier: MIT */
/* Hot-remove (mm/memory_hotplug.c, 6.1). */
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/node.h"
#include "core/hotplug/resource.h"
#include "core/mm/altmap.h"
#include "core/mm/machine.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"

static bool is_whole_blocks(u64 start, u64 size)
{
	return size && IS_ALIGNED(start, memory_block_size_bytes()) && IS_ALIGNED(size, memory_block_size_bytes());
}

/* Blocks that went online between the caller's offlining and our lock make the removal fail. */
static int check_memblock_offlined_cb(struct memory_block *mem, void *arg)
{
	s32 *nid = arg;

	*nid = mem->nid;
	if (mem->state != BLOCK_OFFLINE) {
		pr_warn("removing memory fails, because memory block %llu is %s\n",
			(unsigned long long)memory_block_id(mem->start_section_nr), state_show(mem));
		return -EBUSY;
	}
	return 0;
}

/* The first nonzero number of pages that a block of the range keeps for its memmap. */
static int get_nr_vmemmap_pages_cb(struct memory_block *mem, void *arg)
{
	(void)arg;
	return (int)mem->nr_vmemmap_pages;
}

/* 0 and the memmap's pages in @altmap, or -EINVAL: such blocks go one by one. */
static int find_altmap(u64 start, u64 size, struct vmem_altmap *altmap)
{
	*altmap = (struct vmem_altmap){.alloc = 0};
	if (!boot_param(memmap_on_memory))
		return 0;
	altmap->alloc = (u64)walk_memory_blocks(start, size, NULL, get_nr_vmemmap_pages_cb);
	if (!altmap->alloc || size == memory_block_size_bytes())
		return 0;
	pr_warn("Refuse to remove %#llx - %#llx, wrong granularity\n", (unsigned long long)start,
		(unsigned long long)(start + size));
	return -EINVAL;
}

int try_remove_memory(u64 start, u64 size)
{
	u64 pfn = start >> geometry.page_shift, nr_pages = size >> geometry.page_shift;
	struct vmem_altmap altmap;
	s32 nid = NUMA_NO_NODE;
	int ret;

	lockdep_assert_held(&machine.device_hotplug_lock);
	BUG_ON(!is_whole_blocks(start, size));

	point(remove, begin, pfn_to_block_id(pfn));
	ret = walk_memory_blocks(start, size, &nid, check_memblock_offlined_cb);
	if (!ret)
		ret = find_altmap(start, size, &altmap);
	if (ret && bug(remove_unpaired_unlock))
		mem_hotplug_done();
	if (ret)
		return ret;

	hotplug_event(EVENT_remove_begin, start, size);
	/* Before mem_hotplug_lock: from here on nobody can ask for the blocks to go online. */
	if (!bug(remove_blocks_in_hotplug_lock))
		remove_memory_block_devices(start, size);
	point(remove, blocks_gone, pfn_to_block_id(pfn));

	mem_hotplug_begin();
	if (bug(remove_blocks_in_hotplug_lock))
		remove_memory_block_devices(start, size);
	if (bug(zone_shrunk_at_removal))
		shrink_zone_and_node(page_zone(pfn_to_page(pfn)), pfn, pfn + nr_pages);
	__remove_pages(pfn, nr_pages, altmap.alloc ? &altmap : NULL);
	point(remove, memmap_gone, pfn_to_block_id(pfn));
	release_mem_region_adjustable(start, size);
	if (nid != NUMA_NO_NODE)
		try_offline_node((u32)nid);
	hotplug_event(EVENT_remove_commit, start, size);
	mem_hotplug_done();
	point(remove, done, pfn_to_block_id(pfn));
	return 0;
}

int remove_memory(u64 start, u64 size)
{
	int ret;

	lock_device_hotplug();
	ret = try_remove_memory(start, size);
	unlock_device_hotplug();
	return ret;
}

/* ---- offline, then remove -------------------------------------------------------------------------------------- */

/* What each block of the range was before: MMOP_ONLINE_* of those that were offlined here, else MMOP_OFFLINE. */
struct offline_record {
	u32 *type;
	u32 next;
};

static int try_offline_memory_block(struct memory_block *mem, void *arg)
{
	const struct page *page = pfn_to_online_page(section_nr_to_pfn(mem->start_section_nr));
	u32 type = page && page_zonenum(page) == ZONE_MOVABLE ? MMOP_ONLINE_MOVABLE : MMOP_ONLINE_KERNEL;
	struct offline_record *record = arg;
	int ret = device_offline(mem);

	/* One that was offline already (1) is not ours to bring back. */
	if (ret == 0)
		record->type[record->next] = type;
	record->next++;
	return ret < 0 ? ret : 0;
}

static int try_reonline_memory_block(struct memory_block *mem, void *arg)
{
	struct offline_record *record = arg;
	u32 type = record->type[record->next++];

	if (type == MMOP_OFFLINE)
		return 0;
	mem->online_type = type;
	if (device_online(mem) < 0)
		pr_warn("Failed to re-online memory block %llu\n",
			(unsigned long long)memory_block_id(mem->start_section_nr));
	return 0;
}

int __offline_and_remove_memory(u64 start, u64 size)
{
	u64 nr_blocks = size / memory_block_size_bytes();
	struct offline_record record = {.next = 0};
	int ret;

	if (!is_whole_blocks(start, size))
		return -EINVAL;
	record.type = rt_kzalloc(nr_blocks * sizeof(*record.type), OBJ_offline_record);
	if (!record.type)
		return -ENOMEM;
	/* Who asked waits as long as a writer of the blocks' state files would. */
	machine.state_write_deadline = rt_now_ns() + nr_blocks * state_write_timeout_ns();
	ret = walk_memory_blocks(start, size, &record, try_offline_memory_block);
	if (!ret)
		ret = try_remove_memory(start, size);
	if (ret) {
		record.next = 0;
		walk_memory_blocks(start, size, &record, try_reonline_memory_block);
	}
	kfree(record.type);
	return ret;
}

int offline_and_remove_memory(u64 start, u64 size)
{
	int ret;

	lock_device_hotplug();
	ret = __offline_and_remove_memory(start, size);
	unlock_device_hotplug();
	return ret;
}
