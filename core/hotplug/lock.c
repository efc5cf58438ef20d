/* SPDX-License-Identifier: MIT */
/* Locks of memory hotplug, outermost first: device_hotplug_lock, cpu_hotplug_lock (read), mem_hotplug_lock (write). */
#include "core/hotplug/memory_hotplug.h"
#include "core/mm/machine.h"
#include "core/rt/point.h"
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

void get_online_mems(void)
{
	percpu_down_read(&machine.mem_hotplug_lock);
}

void put_online_mems(void)
{
	percpu_up_read(&machine.mem_hotplug_lock);
}

void mem_hotplug_begin(void)
{
	percpu_down_read(&machine.cpu_hotplug_lock);
	percpu_down_write(&machine.mem_hotplug_lock);
}

void mem_hotplug_done(void)
{
	percpu_up_write(&machine.mem_hotplug_lock);
	percpu_up_read(&machine.cpu_hotplug_lock);
}
