/* SPDX-License-Identifier: MIT */
/*
 * CPUs that come and go, as far as memory management cares (kernel/cpu.c, mm/page_alloc.c, 6.1).
 *
 * cpu_hotplug_lock: read keeps the set of online CPUs as it is, write is whoever changes it.
 */
#ifndef PFNSTORM_MM_CPU_H
#define PFNSTORM_MM_CPU_H

#include "core/rt/cpu.h"
#include "core/rt/types.h"

void cpus_read_lock(void);
void cpus_read_unlock(void);

/*
 * Runs @func as a work item on each online CPU and waits for all of them. 0 or -ENOMEM. Task context; takes
 * cpu_hotplug_lock for reading. (schedule_on_each_cpu, 6.1)
 */
int schedule_on_each_cpu(void (*func)(struct work_struct *work));

#endif
