/* SPDX-License-Identifier: MIT */
/*
 * The iomem list: which physical ranges are System RAM, and which a device's (kernel/resource.c,
 * mm/memory_hotplug.c, 6.1).
 *
 * Busy regions are modelled, System RAM and what drivers claim, as one sorted list under resource_lock. Addresses are
 * bytes; @end of a resource is inclusive, as in the kernel.
 */
#ifndef PFNSTORM_HOTPLUG_RESOURCE_H
#define PFNSTORM_HOTPLUG_RESOURCE_H

#include "core/rt/types.h"

#define SYSTEM_RAM "System RAM"
#define DEVICE_REGION "device memory"
#define IORESOURCE_SYSTEM_RAM BIT(24)

struct resource {
	u64 start;
	u64 end;
	const char *name;      /* a constant: SYSTEM_RAM, or "System RAM (driver)" */
	u64 flags;             /* IORESOURCE_SYSTEM_RAM, or 0 */
	u64 mergeable;         /* may become one with neighbours of the same name that are mergeable too */
	struct resource *next; /* ascending, disjoint; resource_lock */
};

/*
 * A new busy System RAM region [start, start + size). ERR_PTR: -E2BIG outside what the machine can ever have, or
 * empty; -EEXIST when it overlaps a region, and when memory runs out, which request_region does not tell apart.
 * Task context (register_memory_resource, 6.1).
 */
struct resource *register_memory_resource(u64 start, u64 size, const char *name);
/* A region of a driver: ERR_PTR -E2BIG as above, -EBUSY when it overlaps one, -ENOMEM. (request_mem_region, 6.1) */
struct resource *request_device_region(u64 start, u64 size);
/* The region, and neighbours that it may become one with. @res may be freed. (merge_system_ram_resource, 6.1) */
void merge_system_ram_resource(struct resource *res);
/* Undoes either, while nobody uses the region (release_memory_resource, 6.1). NULL is fine. */
void release_memory_resource(struct resource *res);
/* Takes [start, start + size) out of the region that holds it: frees, shrinks or splits it. Never fails; may sleep. */
void release_mem_region_adjustable(u64 start, u64 size);
/*
 * Calls @func for each piece of System RAM inside [start_pfn, start_pfn + nr_pages), ascending and without the lock;
 * stops at the first nonzero result and returns it. -EINVAL if there is no such piece (walk_system_ram_range, 6.1).
 */
int walk_system_ram_range(u64 start_pfn, u64 nr_pages, void *arg, int (*func)(u64 pfn, u64 nr, void *arg));

#endif
