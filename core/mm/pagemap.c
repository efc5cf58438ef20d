/* SPDX-License-Identifier: MIT */
#include "core/mm/pagemap.h"

#include "core/mm/machine.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

/* ---- ranges ---------------------------------------------------------------------------------------------------- */

void pagemaps_init(void)
{
	mutex_init(&machine.pagemaps_lock, LOCK_pagemaps);
}

static struct pagemap_ranges *ranges_alloc(u64 nr)
{
	struct pagemap_ranges *ranges;

	return rt_kzalloc(sizeof(*ranges) + nr * sizeof(ranges->range[0]), OBJ_pagemap_ranges);
}

/* Those of @from that are still mapped; nobody else knows @to yet. */
static void copy_ranges(struct pagemap_ranges *to, const struct pagemap_ranges *from)
{
	for (u64 i = 0; from && i < from->nr; i++) {
		struct dev_pagemap *pgmap = READ_ONCE(from->range[i].pgmap);

		if (!pgmap)
			continue;
		to->range[to->nr].start_pfn = from->range[i].start_pfn;
		to->range[to->nr].end_pfn = from->range[i].end_pfn;
		to->range[to->nr++].pgmap = pgmap;
	}
}

int pgmap_array_store(u64 start_pfn, u64 end_pfn, struct dev_pagemap *pgmap)
{
	struct pagemap_ranges *old, *ranges;

	/* Excludes other stores and erasures: what one of them changes must not be lost in a copy. */
	mutex_lock(&machine.pagemaps_lock);
	old = READ_ONCE(machine.pagemaps);
	ranges = ranges_alloc(old ? old->nr + 1 : 1);
	if (!ranges) {
		mutex_unlock(&machine.pagemaps_lock);
		return -ENOMEM;
	}
	copy_ranges(ranges, old);
	ranges->range[ranges->nr].start_pfn = start_pfn;
	ranges->range[ranges->nr].end_pfn = end_pfn;
	ranges->range[ranges->nr++].pgmap = pgmap;
	rcu_assign_pointer(machine.pagemaps, ranges);
	mutex_unlock(&machine.pagemaps_lock);
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

void pgmap_array_erase(u64 start_pfn, u64 end_pfn)
{
	struct pagemap_ranges *ranges;

	mutex_lock(&machine.pagemaps_lock);
	ranges = READ_ONCE(machine.pagemaps);
	for (u64 i = 0; ranges && i < ranges->nr; i++)
		if (ranges->range[i].start_pfn == start_pfn && ranges->range[i].end_pfn == end_pfn)
			WRITE_ONCE(ranges->range[i].pgmap, NULL);
	mutex_unlock(&machine.pagemaps_lock);
}

/* ---- look-up --------------------------------------------------------------------------------------------------- */

/* In a read section. */
static struct dev_pagemap *pgmap_array_load(u64 pfn)
{
	const struct pagemap_ranges *ranges = rcu_dereference(machine.pagemaps);

	for (u64 i = 0; ranges && i < ranges->nr; i++) {
		struct dev_pagemap *pgmap;

		if (pfn < ranges->range[i].start_pfn || pfn >= ranges->range[i].end_pfn)
			continue;
		pgmap = READ_ONCE(ranges->range[i].pgmap);
		if (pgmap)
			return pgmap;
	}
	return NULL;
}

bool pfn_in_pagemap(u64 pfn)
{
	bool found;

	rcu_read_lock();
	found = pgmap_array_load(pfn) != NULL;
	rcu_read_unlock();
	return found;
}

struct dev_pagemap *get_dev_pagemap(u64 pfn)
{
	struct dev_pagemap *pgmap;

	rcu_read_lock();
	pgmap = pgmap_array_load(pfn);
	if (pgmap && !percpu_ref_tryget_live(&pgmap->ref))
		pgmap = NULL;
	rcu_read_unlock();
	return pgmap;
}

void put_dev_pagemap(struct dev_pagemap *pgmap)
{
	if (pgmap)
		percpu_ref_put(&pgmap->ref);
}

/* ---- pages ----------------------------------------------------------------------------------------------------- */

struct dev_pagemap *page_pgmap(const struct page *page)
{
	page_access_check(page);
	return (struct dev_pagemap *)READ_ONCE(page->lru.next);
}

/*
 * Marked stores, unlike those of memory that goes online: in a section shared with memory, the allocator asks whether
 * these pages are free blocks that its own could merge with. The answer is no before, during and after.
 */
static void init_device_page(struct page *page, u64 links, struct dev_pagemap *pgmap)
{
	WRITE_ONCE(page->flags, links | BIT(PG_reserved));
	WRITE_ONCE(page->lru.next, (struct list_head *)pgmap);
	WRITE_ONCE(page->lru.prev, NULL);
	WRITE_ONCE(page->mapping, 0);
	WRITE_ONCE(page->index, 0);
	WRITE_ONCE(page->private, 0);
	WRITE_ONCE(page->_refcount.counter, 1);
	WRITE_ONCE(page->_mapcount.counter, -1);
	WRITE_ONCE(page->compound_mapcount.counter, 0);
	WRITE_ONCE(page->compound_dtor, 0);
}

void memmap_init_zone_device(u32 nid, struct dev_pagemap *pgmap)
{
	const u64 links = (u64)ZONE_DEVICE << ZONES_PGSHIFT | (u64)nid << NODES_PGSHIFT;

	for (u64 pfn = pfn_first(pgmap); pfn < pgmap->end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		init_device_page(page, links, pgmap);
		if (!pageblock_aligned(pfn))
			continue;
		set_pageblock_migratetype(page, MIGRATE_MOVABLE);
		point(device, pageblock_initialised, pfn);
		cond_resched();
	}
}
