/* SPDX-License-Identifier: MIT */
#include "core/mm/cpu.h"

#include "core/mm/machine.h"
#include "core/rt/mem.h"

void cpus_read_lock(void)
{
	percpu_down_read(&machine.cpu_hotplug_lock);
}

void cpus_read_unlock(void)
{
	percpu_up_read(&machine.cpu_hotplug_lock);
}

int schedule_on_each_cpu(void (*func)(struct work_struct *work))
{
	struct work_struct *works = alloc_percpu(struct work_struct, OBJ_work);
	unsigned int cpu;

	if (!works)
		return -ENOMEM;
	cpus_read_lock();
	for_each_online_cpu (cpu) {
		init_work(per_cpu_ptr(works, cpu), func);
		schedule_work_on(cpu, per_cpu_ptr(works, cpu));
	}
	for_each_online_cpu (cpu)
		flush_work(per_cpu_ptr(works, cpu));
	cpus_read_unlock();
	free_percpu(works);
	return 0;
}
