/* SPDX-License-Identifier: MIT */
#include "core/hotplug/memremap.h"

#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/node.h"
#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

/* ---- map ------------------------------------------------------------------------------------------------------- */

static void dev_pagemap_percpu_release(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct dev_pagemap, ref)->done);
}

static bool conflicting_pagemap(u64 pfn)
{
	struct dev_pagemap *conflict = get_dev_pagemap(pfn);

	put_dev_pagemap(conflict);
	return conflict != NULL;
}

static int count_pages_cb(u64 pfn, u64 nr_pages, void *arg)
{
	(void)pfn;
	*(u64 *)arg += nr_pages;
	return 0;
}

static bool intersects_system_ram(u64 start_pfn, u64 end_pfn)
{
	u64 pages = 0;

	walk_system_ram_range(start_pfn, end_pfn - start_pfn, &pages, count_pages_cb);
	return pages != 0;
}

/*
 * Sections and zone; the pages are initialised later, without the lock. The node may have gone offline since the driver
 * chose it: it comes back, as for memory. 6.1 lets an offline node span the pages.
 */
static int add_device_pages(struct dev_pagemap *pgmap, u32 nid)
{
	struct mhp_params params = {.altmap = pgmap_altmap(pgmap), .pgmap = pgmap};
	u64 nr_pages = pgmap->end_pfn - pgmap->start_pfn;
	int ret, new_node = 0;

	mem_hotplug_begin();
	if (!bug(pagemap_node_unchecked))
		new_node = __try_online_node(nid, false);
	ret = new_node < 0 ? new_node : __add_pages(nid, pgmap->start_pfn, nr_pages, &params);
	point(device, added, pgmap->start_pfn);
	if (!ret) {
		if (new_node) {
			node_set_state(nid, N_ONLINE);
			register_one_node(nid);
		}
		move_pfn_range_to_zone(node_zone(nid, ZONE_DEVICE), pgmap->start_pfn, nr_pages, params.altmap,
				       MIGRATE_MOVABLE);
	}
	mem_hotplug_done();
	return ret;
}

static int pagemap_range(struct dev_pagemap *pgmap, u32 nid)
{
	int ret;

	if (conflicting_pagemap(pgmap->start_pfn) || conflicting_pagemap(pgmap->end_pfn - 1)) {
		WARN_ON(true);
		return -ENOMEM;
	}
	if (intersects_system_ram(pgmap->start_pfn, pgmap->end_pfn)) {
		WARN_ON(true);
		return -ENXIO;
	}
	/* First: whoever comes to see the pages shall find out whose they are. */
	ret = pgmap_array_store(pgmap->start_pfn, pgmap->end_pfn, pgmap);
	if (ret)
		return ret;
	point(device, pagemap_stored, pgmap->start_pfn);
	ret = add_device_pages(pgmap, nid);
	if (ret) {
		if (!bug(planted_pagemap_left))
			pgmap_array_erase(pgmap->start_pfn, pgmap->end_pfn);
		return ret;
	}
	point(device, zone_grown, pgmap->start_pfn);
	memmap_init_zone_device(nid, pgmap);
	percpu_ref_get_many(&pgmap->ref, pfn_len(pgmap));
	return 0;
}

int memremap_pages(struct dev_pagemap *pgmap, u32 nid)
{
	int ret;

	init_completion(&pgmap->done);
	ret = percpu_ref_init(&pgmap->ref, dev_pagemap_percpu_release);
	if (ret)
		return ret;
	pgmap->nr_range = 0;
	ret = pagemap_range(pgmap, nid);
	if (!ret)
		pgmap->nr_range = 1;
	else
		memunmap_pages(pgmap);
	return ret;
}

/* ---- unmap ----------------------------------------------------------------------------------------------------- */

/*
 * Who saw a subsection of the device there, in a read section, must find the mapping when he asks whose it is. So the
 * mapping is forgotten a grace period after the subsections. 6.1 forgets it at once and waits then.
 */
static void forget_pagemap(struct dev_pagemap *pgmap)
{
	if (!bug(pagemap_forgotten_early))
		synchronize_rcu();
	pgmap_array_erase(pgmap->start_pfn, pgmap->end_pfn);
	point(device, pagemap_erased, pgmap->start_pfn);
	/* For those who have found it and ask for a reference. */
	synchronize_rcu();
}

static void pageunmap_range(struct dev_pagemap *pgmap)
{
	u64 start_pfn = pgmap->start_pfn, nr_pages = pgmap->end_pfn - start_pfn;

	mem_hotplug_begin();
	/* The first pages may be the driver's, and were never initialised. */
	remove_pfn_range_from_zone(page_zone(pfn_to_page(pfn_first(pgmap))), start_pfn, nr_pages);
	point(device, poisoned, start_pfn);
	__remove_pages(start_pfn, nr_pages, pgmap_altmap(pgmap));
	mem_hotplug_done();
	forget_pagemap(pgmap);
}

void memunmap_pages(struct dev_pagemap *pgmap)
{
	percpu_ref_kill(&pgmap->ref);
	point(device, killed, pgmap->start_pfn);
	if (pgmap->nr_range)
		percpu_ref_put_many(&pgmap->ref, pfn_len(pgmap));
	/* During boot nobody runs callbacks while this waits; the last reference is put by one. */
	if (!current)
		rcu_barrier();
	if (!bug(planted_memunmap_no_wait))
		wait_for_completion(&pgmap->done);
	point(device, idle, pgmap->start_pfn);
	if (pgmap->nr_range)
		pageunmap_range(pgmap);
	/* As it has waited, nobody counts on the CPUs any more. */
	percpu_ref_exit(&pgmap->ref);
	WARN_ON(pgmap_altmap(pgmap) && pgmap->altmap.alloc);
}
