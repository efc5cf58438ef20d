/* SPDX-License-Identifier: MIT */
/*
 * A driver of memory-like devices, as device-dax is: it claims ranges of physical memory that are not System RAM, has
 * them mapped, and lets users in (drivers/dax/device.c, 6.1, as far as struct pages are concerned).
 */
#ifndef PFNSTORM_HOTPLUG_DEVICE_MEMORY_H
#define PFNSTORM_HOTPLUG_DEVICE_MEMORY_H

#include "core/core.h"
#include "core/hotplug/resource.h"
#include "core/mm/pagemap.h"

#define DEVICE_MEMORY_RANGES 8

enum device_memory_state { DEVICE_MEMORY_FREE, DEVICE_MEMORY_BUSY, DEVICE_MEMORY_READY };

/* One range; changed under device_memory_lock, and by whoever made it busy. */
struct device_memory {
	u32 state; /* enum device_memory_state; marked accesses: users look without the lock */
	u32 pad;
	u64 start_pfn, end_pfn;
	struct resource *res;
	struct dev_pagemap *pgmap;
};

struct device_memory_table {
	spinlock_t lock;
	struct device_memory range[DEVICE_MEMORY_RANGES];
};

/* Boot: none. */
void device_memory_init(void);
/*
 * Claims and maps [start_pfn, start_pfn + nr_pages), on the nearest node that is online; @altmap: the memmap of its
 * sections lies on the device itself, behind two pages of the driver. 0; -EBUSY some of it is in use, -E2BIG outside
 * the machine, -ENOSPC too many ranges, -ENXIO no page is left for data, or what memremap_pages() said. Task context or
 * boot.
 */
int device_memory_probe(u64 start_pfn, u64 nr_pages, bool altmap);
/* Ends the range that has @pfn: 0, or -ENODEV if none has or somebody else is at it. Waits for its users. */
int device_memory_remove(u64 pfn);
/*
 * Uses up to @nr_pages pages from @pfn on, as far as the mapping goes, holding it and each of them; number of pages, or
 * -ENODEV if no device has the pfn or it goes away.
 */
s64 device_memory_use(u64 pfn, u64 nr_pages);

s64 op_memremap(const struct op *op);
s64 op_memunmap(const struct op *op);
s64 op_device_io(const struct op *op);

#endif
