/* SPDX-License-Identifier: MIT */
/* Laws of a virtio-mem device: what it believes of its blocks, and its pages. */
#include "core/hotplug/virtio_mem.h"

#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/hotplug/kcore.h"
#include "core/hotplug/memory_block.h"
#include "core/rt/report.h"

static const struct virtio_mem_block *device_block(u64 i)
{
	return &machine.virtio_mem->block[i];
}

static u64 nr_device_blocks(void)
{
	return machine.virtio_mem ? machine.virtio_mem->nr_blocks : 0;
}

/* What the device must believe of a block, but for how much of it is plugged. */
static u32 expected_state(const struct memory_block *mem)
{
	if (!mem)
		return VIRTIO_MEM_UNUSED;
	if (mem->state != BLOCK_ONLINE)
		return VIRTIO_MEM_OFFLINE;
	return mem->zone->idx == ZONE_MOVABLE ? VIRTIO_MEM_MOVABLE : VIRTIO_MEM_KERNEL;
}

const char *law_virtio_blocks(void)
{
	for (u64 i = 0; i < nr_device_blocks(); i++) {
		u64 id = machine.virtio_mem->first_block + i, plugged = device_block(i)->plugged;
		u32 expected = expected_state(machine.blocks[id]);
		bool all = plugged == (machine.virtio_mem->subblocks_per_block < 64
					       ? BIT(machine.virtio_mem->subblocks_per_block) - 1
					       : ~0ULL);

		if (expected == VIRTIO_MEM_UNUSED ? device_block(i)->state || plugged
						  : device_block(i)->state != expected + !all)
			return broken("block %llu: the device has state %u and sub-blocks %#llx, it should have %u",
				      (unsigned long long)id, device_block(i)->state, (unsigned long long)plugged,
				      expected == VIRTIO_MEM_UNUSED ? expected : expected + !all);
	}
	return NULL;
}

/* The first page of a block that is the device's and should not be, or the other way round. */
static const char *pages_broken(u64 start_pfn, u64 plugged)
{
	for (u64 i = 0; i < geometry.pages_per_block; i++) {
		const struct page *page = pfn_to_page(start_pfn + i);
		bool ours = raw_page_offline(page) && !page->mapping;

		if (ours == !!(plugged & BIT(i / pageblock_nr_pages)) || (ours && page->_refcount.counter != 1))
			return broken("pfn %llu is %s, its sub-block %s; it has %d references",
				      (unsigned long long)(start_pfn + i), ours ? "logically offline" : "memory",
				      plugged & BIT(i / pageblock_nr_pages) ? "is plugged" : "is not plugged",
				      page->_refcount.counter);
	}
	return NULL;
}

const char *law_virtio_pages(void)
{
	for (u64 i = 0; i < nr_device_blocks(); i++) {
		u64 start_pfn = (machine.virtio_mem->first_block + i) * geometry.pages_per_block;
		const char *wrong =
			raw_pfn_online(start_pfn) ? pages_broken(start_pfn, device_block(i)->plugged) : NULL;

		if (wrong)
			return wrong;
	}
	return NULL;
}

const char *law_virtio_idle(void)
{
	const struct virtio_mem *vm = machine.virtio_mem;

	if (vm && (vm->hotplug_mutex || vm->hotplug_active))
		return broken("the hotplug mutex is %s, an operation is %s", vm->hotplug_mutex ? "held" : "free",
			      vm->hotplug_active ? "under way" : "over");
	return NULL;
}

/* What the host has taken back is not there to be read. */
static void content_read_check(u64 pfn)
{
	u64 id = pfn / geometry.pages_per_block, first = machine.virtio_mem ? machine.virtio_mem->first_block : 0;

	if (!machine.virtio_mem || id < first || id - first >= nr_device_blocks())
		return;
	if (!(device_block(id - first)->plugged >> pfn % geometry.pages_per_block / pageblock_nr_pages & 1))
		rt_fail(VERDICT_invariant, "law unplugged_content_read",
			"pfn %llu is read, but its device has unplugged it", (unsigned long long)pfn);
}

void virtio_mem_law_init(void)
{
	content_read_hook = content_read_check;
}
