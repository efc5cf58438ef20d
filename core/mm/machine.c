/* SPDX-License-Identifier: MIT */
#include "core/mm/machine.h"

struct machine_config machine_config;

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
