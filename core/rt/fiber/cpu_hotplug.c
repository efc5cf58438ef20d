/* SPDX-License-Identifier: MIT */
/* CPUs that come and go: which are online, and who moves when one is not. */
#include "core/rt/access.h"
#include "core/rt/cpuhp.h"
#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

void cpu_hotplug_enable(void)
{
	rt.online = heap_alloc(sizeof(*rt.online), OBJ_cpu_mask);
	rt_mark_permanent(rt.online);
	WRITE_ONCE(*rt.online, BIT(rt_config.cpus) - 1);
}

bool cpu_hotplug_enabled(void)
{
	return rt.online != NULL;
}

bool cpu_online(unsigned int cpu)
{
	return cpu < rt_config.cpus && (!rt.online || READ_ONCE(*rt.online) >> cpu & 1);
}

/* ---- stopping ---------------------------------------------------------------------------------------------------- */

static bool interrupts_served(u32 cpu)
{
	return rt.cpu[cpu].ipi_head == rt.cpu[cpu].ipi_tail;
}

u32 stoppers_ready(void)
{
	u32 ready = 0;

	if (rt.held_cpus)
		return 0;
	for (u32 m = rt.irq_cpus; m; m &= m - 1)
		if (rt.cpu[__builtin_ctz(m)].in_interrupt)
			return 0;
	for (u32 m = rt.stoppers; m; m &= m - 1) {
		u32 id = (u32)__builtin_ctz(m);

		if (interrupts_served((u32)rt_tasks[id].wait_arg))
			ready |= 1u << id;
	}
	return ready;
}

/* Until no CPU is held and @cpu has no interrupt to serve. Nobody runs between that and the return. */
static void stop_machine(u32 cpu)
{
	if (!rt_running())
		return;
	rt_cur->wait_arg = cpu;
	rt.stopped = true;
	rt.stoppers |= task_bit(rt_cur);
	if (!(stoppers_ready() & task_bit(rt_cur)))
		task_block(WAIT_STOP, NULL, 0);
	task_wake(rt_cur);
	rt.stoppers &= ~task_bit(rt_cur);
	hb_stop_machine();
}

bool rt_machine_stopped(void)
{
	return rt.stopped;
}

static void move(struct task_struct *t, u32 cpu)
{
	rt.cpu[t->cpu].tasks &= ~task_bit(t);
	rt.cpu[cpu].tasks |= task_bit(t);
	rt.undisturbed &= ~task_bit(t);
	t->cpu = cpu;
}

/* The mask changes next: a marked write, and a point. */
static void mask_point(void *pc)
{
	u64 addr = (u64)rt.online;

	rt_step(RT_WRITE_ONCE, addr, sizeof(*rt.online), pc);
	access_check(addr, sizeof(*rt.online), RT_WRITE_ONCE, pc);
	weak_drain();
	san_marked(rt.online, sizeof(*rt.online), true);
}

static void set_mask(u64 mask)
{
	*(volatile u64 *)rt.online = mask;
	if (rt.relaxed)
		sched_stored();
}

void cpu_take_down(unsigned int cpu)
{
	mask_point(RT_PC());
	stop_machine(cpu);
	set_mask(*rt.online & ~BIT(cpu));
	for (u32 m = rt.cpu[cpu].tasks; m; m &= m - 1)
		move(&rt_tasks[__builtin_ctz(m)], 0);
}

static u32 tasks_at_home_on(u32 cpu)
{
	u32 tasks = 0;

	for (u32 m = rt.alive; m; m &= m - 1) {
		const struct task_struct *t = &rt_tasks[__builtin_ctz(m)];

		if (t->home == cpu && t->cpu != cpu && !t->interrupt)
			tasks |= task_bit(t);
	}
	return tasks;
}

/* Others see the CPU as soon as the mask says so; what is bound to it moves once it runs nowhere else. */
void cpu_bring_up(unsigned int cpu)
{
	mask_point(RT_PC());
	/* What was done for the CPU while it was away, its handlers see: the caller starts it. */
	hb_release(&rt.cpu[cpu].irq_sync);
	set_mask(*rt.online | BIT(cpu));
	if (!tasks_at_home_on(cpu))
		return;
	stop_machine(cpu);
	for (u32 m = tasks_at_home_on(cpu); m; m &= m - 1)
		move(&rt_tasks[__builtin_ctz(m)], cpu);
}

RT_UNINSTRUMENTED_END
