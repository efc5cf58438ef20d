/* SPDX-License-Identifier: MIT */
#include "core/mm/cpu.h"

#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/mm/slab.h"
#include "core/mm/vmstat.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"

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

/* ---- steps ------------------------------------------------------------------------------------------------------ */

/* One more CPU to share each zone's pages with. */
static int page_alloc_cpu_online(unsigned int cpu)
{
	(void)cpu;
	zone_pcp_update_all(true);
	return 0;
}

/* Nobody runs on the CPU, and nobody else looks at what it kept: batches first, since they free pages. */
static void page_alloc_cpu_dead(unsigned int cpu)
{
	if (!bug(planted_dead_cpu_batch))
		lru_add_drain_cpu(cpu);
	if (!bug(planted_dead_cpu_pages))
		drain_pages(cpu);
	if (!bug(planted_dead_cpu_stats))
		cpu_vm_stats_fold(cpu);
	zone_pcp_update_all(false);
	point(cpu, drained, cpu);
}

/* Fewer CPUs keep less from the counters in all. */
static void vmstat_cpu_dead(unsigned int cpu)
{
	refresh_zone_stat_thresholds();
	if (!nr_cpus_of_node(cpu_to_node(cpu)))
		node_clear_state(cpu_to_node(cpu), N_CPU);
}

static void vmstat_cpu_online(unsigned int cpu)
{
	refresh_zone_stat_thresholds();
	node_set_state(cpu_to_node(cpu), N_CPU);
}

void cpu_hotplug_init(void)
{
	static const struct cpuhp_step steps[] = {
		{.name = "slub:dead", .dead = slab_cpu_dead},
		{.name = "mm/vmstat:dead", .dead = vmstat_cpu_dead},
		{.name = "mm/page_alloc:pcp", .startup = page_alloc_cpu_online, .dead = page_alloc_cpu_dead},
	};

	cpuhp_setup(steps, ARRAY_SIZE(steps));
}

/* ---- down and up ------------------------------------------------------------------------------------------------ */

int cpu_device_down(unsigned int cpu)
{
	int ret;

	percpu_down_write(&machine.cpu_hotplug_lock);
	point(cpu, going_down, cpu);
	ret = cpu_down(cpu);
	percpu_up_write(&machine.cpu_hotplug_lock);
	return ret;
}

int cpu_device_up(unsigned int cpu)
{
	bool was_online;
	int ret;

	percpu_down_write(&machine.cpu_hotplug_lock);
	was_online = cpu < nr_cpu_ids() && cpu_online(cpu);
	ret = cpu_up(cpu);
	if (!ret && !was_online)
		vmstat_cpu_online(cpu);
	point(cpu, up, cpu);
	percpu_up_write(&machine.cpu_hotplug_lock);
	return ret;
}
