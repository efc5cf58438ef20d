/* SPDX-License-Identifier: MIT */
#include "core/hotplug/acpi_memhotplug.h"

#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/resource.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/task.h"

/* The first device with some of [start, start + size). device_hotplug_lock held. */
static struct acpi_memory_device *device_in(u64 start, u64 size)
{
	for (u32 i = 0; i < ACPI_MEMORY_DEVICES_MAX; i++) {
		struct acpi_memory_device *device = &machine.hotplug->memory_devices[i];

		if (device->used && device->start < start + size && start < device->start + device->size)
			return device;
	}
	return NULL;
}

bool acpi_memory_device_has(u64 address)
{
	return device_in(address, 1) != NULL;
}

static struct acpi_memory_device *free_device(void)
{
	for (u32 i = 0; i < ACPI_MEMORY_DEVICES_MAX; i++)
		if (!machine.hotplug->memory_devices[i].used)
			return &machine.hotplug->memory_devices[i];
	return NULL;
}

/* ---- add ------------------------------------------------------------------------------------------------------- */

static int longest_piece(u64 pfn, u64 nr_pages, void *arg)
{
	u64 *longest = arg;

	(void)pfn;
	*longest = max(*longest, nr_pages);
	return 0;
}

/* Is all of it memory already, and one region of it, so that it can go as one? device_hotplug_lock keeps it so. */
static bool is_memory(const struct acpi_memory_device *device)
{
	u64 nr_pages = device->size >> geometry.page_shift, longest = 0;

	walk_system_ram_range(device->start >> geometry.page_shift, nr_pages, &longest, longest_piece);
	return longest == nr_pages;
}

static int acpi_memory_enable_device(struct acpi_memory_device *device, s32 nid)
{
	u32 flags = MHP_NID_IS_MGID;
	int ret;

	if (nid < 0)
		nid = (s32)memory_add_physaddr_to_nid(device->start);
	device->mgid = memory_group_register_static(nid, device->size >> geometry.page_shift);
	if (device->mgid < 0)
		return device->mgid;
	if (mhp_supports_memmap_on_memory(device->size))
		flags |= MHP_MEMMAP_ON_MEMORY;
	ret = __add_memory(device->mgid, device->start, device->size, flags);
	/* Firmware may tell of memory that was there all the time, but not of parts of several regions. */
	if (!ret || (ret == -EEXIST && (bug(device_claims_parts) || is_memory(device))))
		return 0;
	memory_group_unregister(device->mgid);
	device->mgid = -1;
	return -EINVAL;
}

int acpi_memory_device_add(s32 nid, u64 start, u64 size)
{
	struct acpi_memory_device *device;
	int ret = -EEXIST;

	lock_device_hotplug();
	if (device_in(start, size))
		goto out;
	ret = -ENOMEM;
	device = free_device();
	if (!device)
		goto out;
	device->used = 1;
	device->start = start;
	device->size = size;
	device->mgid = -1;
	ret = acpi_memory_enable_device(device, nid);
out:
	unlock_device_hotplug();
	return ret;
}

/* ---- eject ----------------------------------------------------------------------------------------------------- */

/* Of each block in order: was it taken offline by this ejection? */
struct eject {
	u32 *put_online;
	u32 next;
	int error; /* of the last block that stayed online */
	bool second_pass;
};

static int eject_offline_block(struct memory_block *mem, void *arg)
{
	struct eject *eject = arg;
	u32 *put_online = &eject->put_online[eject->next++];
	int ret;

	if (eject->second_pass && *put_online)
		return 0;
	ret = device_offline(mem);
	if (ret >= 0) {
		*put_online = !ret;
		return 0;
	}
	eject->error = ret;
	/* The first pass goes on: this block may hold what another one needs, and that one may go now. */
	return eject->second_pass ? ret : 0;
}

static int eject_online_block(struct memory_block *mem, void *arg)
{
	struct eject *eject = arg;

	if (eject->put_online[eject->next++])
		device_online(mem);
	return 0;
}

static void eject_walk(struct eject *eject, const struct acpi_memory_device *device,
		       int (*func)(struct memory_block *mem, void *arg))
{
	eject->next = 0;
	walk_memory_blocks(device->start, device->size, eject, func);
}

/* acpi_scan_try_to_offline(): twice, since the order in which blocks can go is not known. */
static int eject_offline(struct eject *eject, const struct acpi_memory_device *device)
{
	eject_walk(eject, device, eject_offline_block);
	if (!eject->error)
		return 0;
	point(eject, second_pass, eject->error);
	eject->error = 0;
	eject->second_pass = true;
	eject_walk(eject, device, eject_offline_block);
	if (!eject->error)
		return 0;
	eject_walk(eject, device, eject_online_block);
	point(eject, gave_up, eject->error);
	return -EBUSY;
}

/* acpi_memory_device_remove(): what is offline goes, and the group with its last block. */
static int eject_remove(struct acpi_memory_device *device)
{
	int ret = device->mgid < 0 ? 0 : try_remove_memory(device->start, device->size);

	if (ret)
		return ret;
	if (device->mgid >= 0)
		memory_group_unregister(device->mgid);
	device->used = 0;
	return 0;
}

static int eject_device(struct acpi_memory_device *device, u64 deadline)
{
	struct eject eject = {.next = 0};
	int ret = 0;

	if (device->mgid >= 0) {
		u64 nr_blocks = device->size / memory_block_size_bytes();

		eject.put_online = rt_kzalloc(nr_blocks * sizeof(*eject.put_online), OBJ_offline_record);
		if (!eject.put_online)
			return -ENOMEM;
		machine.state_write_deadline = deadline;
		ret = eject_offline(&eject, device);
		kfree(eject.put_online);
	}
	return ret ? ret : eject_remove(device);
}

int acpi_scan_hot_remove(u64 start)
{
	struct acpi_memory_device *device;
	int ret = -ENODEV;

	lock_device_hotplug();
	device = device_in(start, 1);
	/* Nobody can send a worker a signal: it waits as long as it takes. */
	if (device && device->start == start)
		ret = eject_device(device, UINT64_MAX);
	unlock_device_hotplug();
	return ret;
}

int acpi_memory_device_eject(u64 address, u64 patience_ns)
{
	struct acpi_memory_device *device;
	int ret = -ENODEV;

	lock_device_hotplug();
	device = device_in(address, 1);
	if (device)
		ret = eject_device(device, rt_now_ns() + patience_ns);
	unlock_device_hotplug();
	return ret;
}
