/* SPDX-License-Identifier: MIT */
/* CPU hotplug between cpuhp.c, which knows the steps, and the runtimes, which know the CPUs. */
#ifndef PFNSTORM_RT_CPUHP_H
#define PFNSTORM_RT_CPUHP_H

#include "core/rt/cpu.h"

/* The machine may lose CPUs: while it boots, before any went down. */
void cpu_hotplug_enable(void);
bool cpu_hotplug_enabled(void);
/* As stop_machine() would: takes @cpu (online, not 0) out of use and moves what runs there. May sleep. */
void cpu_take_down(unsigned int cpu);
/* @cpu (offline) is in use again; what is bound to it returns. May sleep. */
void cpu_bring_up(unsigned int cpu);

/* To be called by rt_boot(): no steps. */
void cpuhp_clear(void);

#endif
