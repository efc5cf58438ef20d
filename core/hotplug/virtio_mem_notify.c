/* SPDX-License-Identifier: MIT */
/* What the device does when its blocks go online and offline. */
#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/virtio_mem.h"
#include "core/mm/machine.h"
#include "core/mm/page_offline.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

/* ---- pages ------------------------------------------------------------------------------------------------------- */

/* Dirty marks those that the allocator never had. Whoever looked before them has read what he wanted. */
void virtio_mem_set_fake_offline(u64 pfn, u64 nr_pages, bool onlined)
{
	if (!bug(planted_offline_unannounced))
		page_offline_begin();
	for (u64 end_pfn = pfn + nr_pages; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		__SetPageOffline(page);
		if (!onlined) {
			SetPageDirty(page);
			ClearPageReserved(page);
		}
	}
	if (!bug(planted_offline_unannounced))
		page_offline_end();
}

void virtio_mem_clear_fake_offline(u64 pfn, u64 nr_pages, bool onlined)
{
	for (u64 end_pfn = pfn + nr_pages; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (!onlined)
			ClearPageDirty(page);
		__ClearPageOffline(page);
	}
}

/* A chunk of a block may have sub-blocks of both kinds: it is handed over in pieces that have one. */
void virtio_mem_online_page(struct page *page, u32 order)
{
	u64 pfn = page_to_pfn(page), end_pfn = pfn + BIT(order);
	struct virtio_mem *vm = machine.virtio_mem;

	/* Not ours: a DIMM, for example. */
	if (!virtio_mem_has_block(pfn_to_block_id(pfn))) {
		generic_online_page(page, order);
		return;
	}
	order = min(order, (u32)pageblock_order);
	for (; pfn < end_pfn; pfn += BIT(order)) {
		const struct virtio_mem_block *block = virtio_mem_block_of(vm, pfn_to_block_id(pfn));

		if (block->plugged & BIT(pfn % geometry.pages_per_block / pageblock_nr_pages))
			generic_online_page(pfn_to_page(pfn), order);
		else
			virtio_mem_set_fake_offline(pfn, BIT(order), false);
	}
}

/* Calls @fn for the pages of each unplugged sub-block. */
static void for_each_unplugged(const struct virtio_mem *vm, const struct virtio_mem_block *block, u64 start_pfn,
			       void (*fn)(u64 pfn, u64 nr_pages))
{
	for (u32 i = 0; i < vm->subblocks_per_block; i++)
		if (!(block->plugged & BIT(i)))
			fn(start_pfn + i * (u64)pageblock_nr_pages, pageblock_nr_pages);
}

/* They count as managed, since offline takes all pages of the block off that; and nobody holds them. */
static void let_go(u64 pfn, u64 nr_pages)
{
	driver_adjust_managed_page_count(page_zone(pfn_to_page(pfn)), (s64)nr_pages);
	for (u64 end_pfn = pfn + nr_pages; pfn < end_pfn; pfn++)
		WARN_ON(!put_page_testzero(pfn_to_page(pfn)));
}

static void take_back(u64 pfn, u64 nr_pages)
{
	driver_adjust_managed_page_count(page_zone(pfn_to_page(pfn)), -(s64)nr_pages);
	for (u64 end_pfn = pfn + nr_pages; pfn < end_pfn; pfn++)
		set_page_count(pfn_to_page(pfn), 1);
}

/* ---- the listener ------------------------------------------------------------------------------------------------ */

static bool is_partial(u32 state)
{
	return state == VIRTIO_MEM_OFFLINE_PARTIAL || state == VIRTIO_MEM_KERNEL_PARTIAL ||
	       state == VIRTIO_MEM_MOVABLE_PARTIAL;
}

static int going_online(struct virtio_mem *vm, const struct virtio_mem_block *block)
{
	u32 state;

	virtio_mem_hotplug_lock(vm);
	vm->hotplug_active = 1;
	state = virtio_mem_state(block);
	if (state == VIRTIO_MEM_OFFLINE || state == VIRTIO_MEM_OFFLINE_PARTIAL)
		return NOTIFY_OK;
	/* About to be removed. */
	return NOTIFY_BAD;
}

static int going_offline(struct virtio_mem *vm, const struct virtio_mem_block *block, u64 start_pfn)
{
	virtio_mem_hotplug_lock(vm);
	vm->hotplug_active = 1;
	for_each_unplugged(vm, block, start_pfn, let_go);
	return NOTIFY_OK;
}

static void hotplug_ends(struct virtio_mem *vm)
{
	vm->hotplug_active = 0;
	virtio_mem_hotplug_unlock(vm);
}

static void went_online(struct virtio_mem *vm, struct virtio_mem_block *block, u64 start_pfn)
{
	bool movable = page_zonenum(pfn_to_page(start_pfn)) == ZONE_MOVABLE;
	u32 full = movable ? VIRTIO_MEM_MOVABLE : VIRTIO_MEM_KERNEL;

	virtio_mem_set_state(block, is_partial(virtio_mem_state(block)) ? full + 1 : full);
	atomic_dec(&vm->offline_blocks);
	hotplug_ends(vm);
}

static void went_offline(struct virtio_mem *vm, struct virtio_mem_block *block)
{
	virtio_mem_set_state(block,
			     is_partial(virtio_mem_state(block)) ? VIRTIO_MEM_OFFLINE_PARTIAL : VIRTIO_MEM_OFFLINE);
	atomic_inc(&vm->offline_blocks);
	hotplug_ends(vm);
}

/* The whole chain is told, those too who were not asked because somebody before them had refused. */
static void cancelled(struct virtio_mem *vm, const struct virtio_mem_block *block, u64 start_pfn, bool offline)
{
	if (!vm->hotplug_active && !bug(planted_virtio_cancel_unasked))
		return;
	if (offline && !bug(planted_virtio_pages_not_taken_back))
		for_each_unplugged(vm, block, start_pfn, take_back);
	hotplug_ends(vm);
}

int virtio_mem_memory_notifier(struct notifier_block *nb, unsigned long action, void *data)
{
	struct virtio_mem *vm = container_of(nb, struct virtio_mem, nb);
	const struct memory_notify *arg = data;
	u64 block_id = pfn_to_block_id(arg->start_pfn);
	struct virtio_mem_block *block;
	int ret = NOTIFY_OK;

	if (!virtio_mem_has_block(block_id))
		return NOTIFY_DONE;
	BUG_ON(arg->nr_pages != geometry.pages_per_block);
	block = virtio_mem_block_of(vm, block_id);
	point(virtio_mem, notified, action);
	switch (action) {
	case MEM_GOING_ONLINE:
		ret = going_online(vm, block);
		break;
	case MEM_ONLINE:
		went_online(vm, block, arg->start_pfn);
		break;
	case MEM_GOING_OFFLINE:
		ret = going_offline(vm, block, arg->start_pfn);
		break;
	case MEM_OFFLINE:
		went_offline(vm, block);
		break;
	default:
		cancelled(vm, block, arg->start_pfn, action == MEM_CANCEL_OFFLINE);
	}
	return ret;
}
