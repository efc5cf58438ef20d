/* SPDX-License-Identifier: MIT */
#include "core/mm/machine.h"

#include "core/mm/cpu.h"
#include "core/mm/events.h"

void (*core_event_hook)(enum core_event event, u64 what, s64 value);

struct machine_config machine_config;

void get_online_mems(void)
{
	percpu_down_read(&machine.mem_hotplug_lock);
}

void put_online_mems(void)
{
	percpu_up_read(&machine.mem_hotplug_lock);
}

void assert_mem_hotplug_writer(void)
{
	if (current)
		lockdep_assert_held_write(&machine.mem_hotplug_lock);
}

static bool keeps_cpus(void)
{
	return design(hotplug_locking) == ALT_hotplug_locking_with_cpu_lock;
}

void mem_hotplug_begin(void)
{
	if (keeps_cpus())
		cpus_read_lock();
	percpu_down_write(&machine.mem_hotplug_lock);
}

void mem_hotplug_done(void)
{
	percpu_up_write(&machine.mem_hotplug_lock);
	if (keeps_cpus())
		cpus_read_unlock();
}
