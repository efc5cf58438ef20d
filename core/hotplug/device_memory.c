/* SPDX-License-Identifier: MIT */
#include "core/hotplug/device_memory.h"

#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/memremap.h"
#include "core/mm/area.h"
#include "core/mm/machine.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/report.h"

/* What a driver keeps at the start of a range that holds its own memmap: a label. */
#define LABEL_PAGES 2

void device_memory_init(void)
{
	spin_lock_init(&machine.hotplug->devices.lock, LOCK_device_memory);
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

static struct device_memory *reserve_range(void)
{
	struct device_memory *found = NULL;

	spin_lock(&machine.hotplug->devices.lock);
	for (u32 i = 0; i < DEVICE_MEMORY_RANGES && !found; i++)
		if (machine.hotplug->devices.range[i].state == DEVICE_MEMORY_FREE)
			found = &machine.hotplug->devices.range[i];
	if (found)
		WRITE_ONCE(found->state, DEVICE_MEMORY_BUSY);
	spin_unlock(&machine.hotplug->devices.lock);
	return found;
}

static void set_state(struct device_memory *range, enum device_memory_state state)
{
	spin_lock(&machine.hotplug->devices.lock);
	/* Pairs with the acquire in live_range(): who sees the range ready sees its pages initialised. */
	smp_store_release(&range->state, state);
	spin_unlock(&machine.hotplug->devices.lock);
}

/* The range that has @pfn, ours now. */
static struct device_memory *take_range(u64 pfn)
{
	struct device_memory *found = NULL;

	spin_lock(&machine.hotplug->devices.lock);
	for (u32 i = 0; i < DEVICE_MEMORY_RANGES && !found; i++) {
		struct device_memory *range = &machine.hotplug->devices.range[i];

		if (range->state == DEVICE_MEMORY_READY && pfn >= READ_ONCE(range->start_pfn) &&
		    pfn < READ_ONCE(range->end_pfn))
			found = range;
	}
	if (found)
		WRITE_ONCE(found->state, DEVICE_MEMORY_BUSY);
	spin_unlock(&machine.hotplug->devices.lock);
	return found;
}

/* The first pfn from @pfn to @end_pfn that a range has; @pfn itself if none does. */
static u64 first_mapped(u64 pfn, u64 end_pfn)
{
	u64 first = end_pfn;

	spin_lock(&machine.hotplug->devices.lock);
	for (u32 i = 0; i < DEVICE_MEMORY_RANGES; i++) {
		struct device_memory *range = &machine.hotplug->devices.range[i];
		u64 start = max(pfn, READ_ONCE(range->start_pfn));

		if (range->state == DEVICE_MEMORY_READY && start < READ_ONCE(range->end_pfn))
			first = min(first, start);
	}
	spin_unlock(&machine.hotplug->devices.lock);
	return first < end_pfn ? first : pfn;
}

/* ---- probe and remove ------------------------------------------------------------------------------------------ */

/* A struct page must be on a node that is online: the device's, or the nearest to it. (numa_map_to_online_node, 6.1) */
static u32 device_nid(u64 pfn)
{
	u32 nid = memory_add_physaddr_to_nid(pfn << geometry.page_shift), best = nid, other;
	bool found = node_state(nid, N_ONLINE);

	for_each_node_state (other, N_ONLINE) {
		if (found && node_distance(nid, other) >= node_distance(nid, best))
			continue;
		best = other;
		found = true;
	}
	return best;
}

/* Data begins at the next subsection behind the label and the memmaps of the sections that are the device's alone. */
static void set_altmap(struct dev_pagemap *pgmap)
{
	u64 sections = ALIGN_DOWN(pgmap->end_pfn, (u64)PAGES_PER_SECTION) / PAGES_PER_SECTION -
		       ALIGN(pgmap->start_pfn, (u64)PAGES_PER_SECTION) / PAGES_PER_SECTION;
	bool whole = ALIGN(pgmap->start_pfn, (u64)PAGES_PER_SECTION) < pgmap->end_pfn;
	u64 memmap_pages = whole ? sections * geometry.memmap_pages : 0;

	pgmap->flags = PGMAP_ALTMAP_VALID;
	pgmap->altmap.base_pfn = pgmap->start_pfn;
	pgmap->altmap.end_pfn = pgmap->end_pfn;
	pgmap->altmap.reserve = LABEL_PAGES;
	pgmap->altmap.free = ALIGN(LABEL_PAGES + memmap_pages, (u64)PAGES_PER_SUBSECTION) - LABEL_PAGES;
}

static int map_range(struct device_memory *range, bool altmap)
{
	struct dev_pagemap *pgmap = kzalloc_obj(struct dev_pagemap, OBJ_dev_pagemap);
	int ret;

	if (!pgmap)
		return -ENOMEM;
	pgmap->start_pfn = range->start_pfn;
	pgmap->end_pfn = range->end_pfn;
	if (altmap)
		set_altmap(pgmap);
	range->pgmap = pgmap;
	ret = pfn_len(pgmap) > 0 ? memremap_pages(pgmap, device_nid(range->start_pfn)) : -ENXIO;
	if (ret) {
		range->pgmap = NULL;
		kfree(pgmap);
	}
	return ret;
}

int device_memory_probe(u64 start_pfn, u64 nr_pages, bool altmap)
{
	struct device_memory *range = reserve_range();
	int ret;

	if (!range)
		return -ENOSPC;
	range->res = request_device_region(start_pfn << geometry.page_shift, nr_pages << geometry.page_shift);
	if (IS_ERR(range->res)) {
		ret = (int)PTR_ERR(range->res);
		range->res = NULL;
		set_state(range, DEVICE_MEMORY_FREE);
		return ret;
	}
	WRITE_ONCE(range->start_pfn, start_pfn);
	WRITE_ONCE(range->end_pfn, start_pfn + nr_pages);
	ret = map_range(range, altmap);
	if (ret) {
		release_memory_resource(range->res);
		range->res = NULL;
	}
	set_state(range, ret ? DEVICE_MEMORY_FREE : DEVICE_MEMORY_READY);
	return ret;
}

int device_memory_remove(u64 pfn)
{
	struct device_memory *range = take_range(pfn);

	if (!range)
		return -ENODEV;
	memunmap_pages(range->pgmap);
	kfree(range->pgmap);
	range->pgmap = NULL;
	release_memory_resource(range->res);
	range->res = NULL;
	set_state(range, DEVICE_MEMORY_FREE);
	return 0;
}

/* ---- use ------------------------------------------------------------------------------------------------------- */

/* The mapping of the range that has @pfn, with a reference. Its end goes to *@end_pfn. */
static struct dev_pagemap *use_range(u64 pfn, u64 *end_pfn)
{
	struct dev_pagemap *pgmap = NULL;

	/* A range that is seen ready is not mapped anew before this ends: removal waits for it. (dax_read_lock, 6.1) */
	rcu_read_lock();
	for (u32 i = 0; i < DEVICE_MEMORY_RANGES && !pgmap; i++) {
		struct device_memory *range = &machine.hotplug->devices.range[i];

		if (smp_load_acquire(&range->state) != DEVICE_MEMORY_READY || pfn < READ_ONCE(range->start_pfn) ||
		    pfn >= READ_ONCE(range->end_pfn))
			continue;
		point(device, ready, pfn);
		*end_pfn = READ_ONCE(range->end_pfn);
		pgmap = get_dev_pagemap(pfn);
	}
	rcu_read_unlock();
	return pgmap;
}

static void use_page(struct page *page)
{
	get_page(page);
	page_content_write(page_to_pfn(page), page_to_pfn(page));
	cond_resched();
	/* Never the last: that one is the device's. */
	if (bug(planted_device_page_put_plainly))
		WRITE_ONCE(page->_refcount.counter, READ_ONCE(page->_refcount.counter) - 1);
	else
		put_page(page);
}

s64 device_memory_use(u64 pfn, u64 nr_pages)
{
	u64 end_pfn = 0, used = 0;
	struct dev_pagemap *pgmap = use_range(pfn, &end_pfn);

	if (!pgmap)
		return -ENODEV;
	point(device, referenced, pfn);
	for (pfn = max(pfn, pfn_first(pgmap)); pfn < end_pfn && used < nr_pages; pfn++, used++) {
		struct page *page = pfn_to_page(pfn);

		BUG_ON(!is_zone_device_page(page) || page_pgmap(page) != pgmap);
		use_page(page);
	}
	point(device, used, pfn);
	put_dev_pagemap(pgmap);
	return (s64)used;
}

/* ---- operations ------------------------------------------------------------------------------------------------ */

static u64 subsection_pfn(const struct op *op)
{
	return block_id_to_pfn((u64)op->arg[0]) + (u64)op->arg[1] * PAGES_PER_SUBSECTION;
}

s64 op_memremap(const struct op *op)
{
	u64 start_pfn = subsection_pfn(op), end_pfn = block_id_to_pfn((u64)op->arg[0] + 1);

	if (op->arg[2])
		end_pfn = start_pfn + (u64)op->arg[2] * PAGES_PER_SUBSECTION;
	return device_memory_probe(start_pfn, end_pfn - start_pfn, op->arg[3]);
}

/* The first page of a device in the block, from the subsection on. */
static u64 device_pfn(const struct op *op)
{
	return first_mapped(subsection_pfn(op), block_id_to_pfn((u64)op->arg[0] + 1));
}

s64 op_memunmap(const struct op *op)
{
	return device_memory_remove(device_pfn(op));
}

s64 op_device_io(const struct op *op)
{
	return device_memory_use(device_pfn(op), (u64)op->arg[2]);
}
