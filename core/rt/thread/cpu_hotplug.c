/* SPDX-License-Identifier: MIT */
/* CPUs that come and go: the mask, and who moves. To stop the machine is to own every CPU. */
#include "core/rt/cpuhp.h"
#include "core/rt/thread/task.h"
#include "core/rt/thread/vcpu.h"

static u64 online; /* a bit per CPU; changes while all CPUs are owned by who changes it, or grows */
static bool enabled;

void vcpus_all_up(void)
{
	__atomic_store_n(&online, BIT(nr_cpu_ids()) - 1, __ATOMIC_RELAXED);
	enabled = false;
}

/*
 * Pairs with cpu_bring_up(): who sees a CPU up and sends it an interrupt is ordered behind who brought it up, and so is
 * the handler. Else it could meet what was done to the CPU's own data while it was down.
 */
bool vcpu_is_up(u32 cpu)
{
	return __atomic_load_n(&online, __ATOMIC_ACQUIRE) >> cpu & 1;
}

void cpu_hotplug_enable(void)
{
	enabled = true;
}

bool cpu_hotplug_enabled(void)
{
	return enabled;
}

bool cpu_online(unsigned int cpu)
{
	return cpu < nr_cpu_ids() && vcpu_is_up(cpu);
}

void cpu_take_down(unsigned int cpu)
{
	vcpus_stop(self(), cpu);
	__atomic_fetch_and(&online, ~BIT(cpu), __ATOMIC_RELAXED);
	tasks_leave_cpu(cpu, 0);
	vcpu_move_worker(cpu, 0);
	vcpus_resume();
}

void cpu_bring_up(unsigned int cpu)
{
	__atomic_fetch_or(&online, BIT(cpu), __ATOMIC_RELEASE);
	vcpus_stop(self(), cpu);
	tasks_return_to_cpu(cpu);
	vcpu_move_worker(cpu, cpu);
	vcpus_resume();
}
