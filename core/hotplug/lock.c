/* SPDX-License-Identifier: MIT */
/* device_hotplug_lock, the outermost lock of memory hotplug; mem_hotplug_begin() is in core/mm/machine.c. */
#include "core/hotplug/memory_hotplug.h"
#include "core/mm/machine.h"
#include "core/rt/task.h"

/* How long a sysfs writer sleeps before it tries again (drivers/base/core.c, 6.1). */
#define SYSFS_RETRY_MS 5

void lock_device_hotplug(void)
{
	mutex_lock(&machine.device_hotplug_lock);
}

void unlock_device_hotplug(void)
{
	mutex_unlock(&machine.device_hotplug_lock);
}

bool lock_device_hotplug_sysfs(void)
{
	if (mutex_trylock(&machine.device_hotplug_lock))
		return true;
	msleep(SYSFS_RETRY_MS);
	return false;
}
