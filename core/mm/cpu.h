/* SPDX-License-Identifier: MIT */
/*
 * CPUs that come and go, and what depends on them staying (kernel/cpu.c, 6.1; the memory side's callbacks are those of
 * mm/page_alloc.c and mm/vmstat.c).
 */
#ifndef PFNSTORM_MM_CPU_H
#define PFNSTORM_MM_CPU_H

#include "core/rt/cpu.h"
#include "core/rt/types.h"

/* cpu_hotplug_lock for reading: no CPU comes or goes meanwhile. May sleep; not nested. */
void cpus_read_lock(void);
void cpus_read_unlock(void);

/*
 * Runs @func on each online CPU's worker and waits for all. 0 or -ENOMEM. Takes cpu_hotplug_lock for reading. (6.1)
 */
int schedule_on_each_cpu(void (*func)(struct work_struct *work));

/*
 * @cpu goes out of use, or comes back. 0, also if it is so already; -EPERM: CPU 0 stays, -EINVAL: no such CPU. What the
 * CPU kept to itself (free pages, LRU batches, counters) is given back. Takes cpu_hotplug_lock for writing. Its node
 * is online when a CPU comes up: the caller's try_online_node() saw to that. (_cpu_down, _cpu_up, 6.1)
 */
int cpu_device_down(unsigned int cpu);
int cpu_device_up(unsigned int cpu);

/* Boot: from here on CPUs may go. */
void cpu_hotplug_init(void);

#endif
