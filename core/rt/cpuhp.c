/* SPDX-License-Identifier: MIT */
#include "core/rt/cpuhp.h"

#include "core/rt/report.h"
#include "core/rt/task.h"

/* Set while the machine boots, the same in all its runs. */
static const struct cpuhp_step *steps;
static unsigned int nr_steps;

void cpuhp_clear(void)
{
	steps = NULL;
	nr_steps = 0;
}

void cpuhp_setup(const struct cpuhp_step *table, unsigned int nr)
{
	BUG_ON(rt_current() || cpu_hotplug_enabled());
	steps = table;
	nr_steps = nr;
	cpu_hotplug_enable();
}

static void undo(unsigned int first, unsigned int cpu)
{
	for (unsigned int i = first; i-- > 0;)
		if (steps[i].dead)
			steps[i].dead(cpu);
}

int cpu_down(unsigned int cpu)
{
	might_sleep();
	if (cpu >= nr_cpu_ids())
		return -EINVAL;
	if (!cpu_hotplug_enabled())
		return -EOPNOTSUPP;
	if (cpu == 0)
		return -EPERM;
	if (!cpu_online(cpu))
		return 0;
	cpu_take_down(cpu);
	undo(nr_steps, cpu);
	return 0;
}

int cpu_up(unsigned int cpu)
{
	might_sleep();
	if (cpu >= nr_cpu_ids())
		return -EINVAL;
	if (cpu_online(cpu))
		return 0;
	for (unsigned int i = 0; i < nr_steps; i++) {
		int ret = steps[i].startup ? steps[i].startup(cpu) : 0;

		if (ret) {
			undo(i, cpu);
			return ret;
		}
	}
	cpu_bring_up(cpu);
	return 0;
}
