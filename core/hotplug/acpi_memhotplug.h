/* SPDX-License-Identifier: MIT */
/*
 * Memory devices that firmware plugs in and ejects (drivers/acpi/acpi_memhotplug.c, drivers/acpi/scan.c, 6.1).
 *
 * A device is a range of memory of one node. Its blocks are a static memory group; ejecting it takes them offline
 * first, twice if need be, and brings back those that were online if one of them stays.
 */
#ifndef PFNSTORM_HOTPLUG_ACPI_MEMHOTPLUG_H
#define PFNSTORM_HOTPLUG_ACPI_MEMHOTPLUG_H

#include "core/rt/types.h"

#define ACPI_MEMORY_DEVICES_MAX 16

struct acpi_memory_device {
	u32 used; /* plugged in: device_hotplug_lock */
	s32 mgid; /* its memory group; -1: its memory could not be added */
	u64 start, size;
};

/*
 * A device appears at [start, start + size), bytes, on node @nid (-1: firmware does not say which): 0; -EINVAL its
 * memory could not be added, but the device is there; -ENOMEM too many devices; -EEXIST there is one with some of it.
 * Takes device_hotplug_lock. (acpi_memory_device_add, 6.1)
 */
int acpi_memory_device_add(s32 nid, u64 start, u64 size);
/*
 * Ejects the device that begins at @start: 0; -ENODEV there is none; -EBUSY a block could not be taken offline, and
 * then those that were taken offline by this are online again, in the zone that is their default now. Takes
 * device_hotplug_lock, waits as long as pages will not move. (acpi_scan_hot_remove, 6.1)
 */
int acpi_scan_hot_remove(u64 start);
/* The same for the device that has @address, by a worker that gives each pass @patience_ns for all its blocks. */
int acpi_memory_device_eject(u64 address, u64 patience_ns);
/* Has a device that address? device_hotplug_lock held. */
bool acpi_memory_device_has(u64 address);

#endif
