/* SPDX-License-Identifier: MIT */
/* Virtual CPUs: what holds one, interrupts between them, per-CPU memory. */
#include "core/rt/cpu.h"

#include <stdio.h>

#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

#define RESCHEDS_BEFORE_YIELD 16

/* On the stack of a task that waits for interrupts it sent. */
struct ipi_wait {
	u32 pending, task, sync;
};

struct ipi {
	void (*func)(void *info);
	void *info;
	struct ipi_wait *wait;
	u32 sync;
};

/* Entries between ipi_head and ipi_tail of a CPU are pending; the others mean nothing, so a reset need not care. */
static struct ipi ipis[RT_MAX_CPUS][RT_IPI_QUEUE];

/* ---- preemption and interrupts ----------------------------------------------------------------------------------- */

static struct rt_cpu *this_cpu(void)
{
	return &rt.cpu[rt_cur->cpu];
}

void preempt_disable(void)
{
	if (!rt_cur->atomic)
		rt_step(RT_RESCHED, 0, 0, RT_PC());
	task_atomic_enter();
	rt_cur->preempt_count++;
	/* Not what locks add to preempt_count: they order only those who take them. */
	if (!rt_cur->preempt_disables++)
		hb_acquire(&this_cpu()->task_sync);
}

void preempt_enable(void)
{
	if (!rt_cur->preempt_disables)
		context_fail("preempt-unbalanced", "preempt_enable() without preempt_disable()");
	/* While it still keeps others of its CPU off: who goes on after those of other CPUs depends on it. */
	if (rt_cur->atomic == 1)
		rt_step(RT_RESCHED, 0, 0, RT_PC());
	if (!--rt_cur->preempt_disables)
		hb_release(&this_cpu()->task_sync);
	rt_cur->preempt_count--;
	task_atomic_leave();
	if (!rt_cur->atomic)
		rt_step(RT_RESCHED, 0, 0, RT_PC());
}

/* Interrupts off as part of a lock operation: orders against handlers of this CPU only. */
unsigned long cpu_irq_off(void)
{
	unsigned long flags = rt_cur->irqs_off;

	if (flags)
		return flags;
	task_atomic_enter();
	rt_cur->irqs_off = 1;
	if (!rt_cur->interrupt)
		hb_acquire(&this_cpu()->handler_sync);
	return flags;
}

void cpu_irq_on(unsigned long flags)
{
	if (flags)
		return;
	if (!rt_cur->irqs_off)
		context_fail("irq-unbalanced", "interrupts are on already");
	if (!rt_cur->interrupt)
		hb_release(&this_cpu()->irq_sync);
	rt_cur->irqs_off = 0;
	task_atomic_leave();
}

unsigned long local_irq_save_flags(void)
{
	unsigned long flags;

	if (!rt_cur->irqs_off)
		rt_step(RT_RESCHED, 0, 0, RT_PC());
	flags = cpu_irq_off();
	if (!flags)
		hb_acquire(&this_cpu()->task_sync);
	return flags;
}

void local_irq_restore(unsigned long flags)
{
	if (flags)
		return;
	if (rt_cur->atomic == 1)
		rt_step(RT_RESCHED, 0, 0, RT_PC());
	hb_release(&this_cpu()->task_sync);
	cpu_irq_on(flags);
	if (!rt_cur->atomic)
		rt_step(RT_RESCHED, 0, 0, RT_PC());
}

bool irqs_disabled(void)
{
	return rt_cur->irqs_off || rt_cur->interrupt;
}

bool in_atomic(void)
{
	return rt_cur->atomic || rt_cur->interrupt;
}

bool in_interrupt(void)
{
	return rt_cur->interrupt;
}

void might_sleep(void)
{
	if (unlikely(in_atomic()))
		context_fail("sleep-in-atomic", "a function that may sleep is called in atomic context");
}

/* Out of the way until somebody stores, if anybody else can run. */
static void yield(void *pc)
{
	weak_drain();
	rt.relaxed |= task_bit(rt_cur);
	sched_load_epoch();
	if (sched_eligible() & ~task_bit(rt_cur))
		sched_leave(RT_BLOCK, 0, pc);
}

/* A loop around cond_resched() may wait for another task: after a while it has to yield. */
void cond_resched(void)
{
	might_sleep();
	if (!rt_running())
		return;
	rt_step(RT_RESCHED, 0, 0, RT_PC());
	if (++rt_cur->rescheds < RESCHEDS_BEFORE_YIELD)
		return;
	rt_cur->rescheds = 0;
	yield(RT_PC());
}

void cpu_relax(void)
{
	if (!rt_running())
		rt_fail(VERDICT_livelock, "livelock outside of tasks", "a spin loop that nobody can end");
	rt_step(RT_RESCHED, 0, 0, RT_PC());
	yield(RT_PC());
}

unsigned int nr_cpu_ids(void)
{
	return rt_config.cpus;
}

unsigned int raw_smp_processor_id(void)
{
	return rt_cur == &rt_boot_task ? 0 : task_cpu(rt_cur);
}

unsigned int smp_processor_id(void)
{
	if (unlikely(rt_running() && !in_atomic()))
		context_fail("smp-processor-id", "smp_processor_id() while preemption is on");
	return raw_smp_processor_id();
}

/* ---- interrupts from other CPUs ---------------------------------------------------------------------------------- */

struct task_struct *daemon_create(const char *prefix, u32 cpu, void (*fn)(void *arg))
{
	char name[RT_TASK_NAME_MAX];
	struct task_struct *t;

	if (cpu < RT_MAX_CPUS)
		snprintf(name, sizeof(name), "%s/%u", prefix, cpu);
	else
		snprintf(name, sizeof(name), "%s", prefix);
	t = task_create(name, cpu, TASK_DAEMON);
	if (!t)
		rt_fail(VERDICT_crash, "crash too many tasks", "no task is left for %s", name);
	t->fn = fn;
	t->arg = (void *)(u64)cpu;
	return t;
}

static void handle(struct rt_cpu *cpu, u32 cpu_id)
{
	struct ipi ipi = ipis[cpu_id][cpu->ipi_head++ % RT_IPI_QUEUE];

	hb_acquire(&ipi.sync);
	hb_acquire(&cpu->irq_sync);
	ipi.func(ipi.info);
	task_check_returned("an interrupt handler returned with preemption off or inside an RCU read section");
	weak_drain();
	hb_release(&cpu->handler_sync);
	if (!ipi.wait)
		return;
	hb_release(&ipi.wait->sync);
	if (!--ipi.wait->pending)
		task_wake(&rt_tasks[ipi.wait->task]);
}

/* The interrupt context of a CPU. It is not among the ready tasks while idle: see eligible_despite_relax(). */
static void interrupt_context(void *arg)
{
	u32 cpu_id = (u32)(u64)arg;
	struct rt_cpu *cpu = &rt.cpu[cpu_id];

	for (;;) {
		cpu->in_interrupt = true;
		rt.ready |= task_bit(rt_cur);
		while (cpu->ipi_head != cpu->ipi_tail)
			handle(cpu, cpu_id);
		cpu->in_interrupt = false;
		rt.irq_cpus &= ~(1u << cpu_id);
		task_block(WAIT_IDLE, NULL, 0);
	}
}

static void send(u32 cpu_id, void (*func)(void *info), void *info, struct ipi_wait *wait)
{
	struct rt_cpu *cpu = &rt.cpu[cpu_id];
	struct ipi *ipi = &ipis[cpu_id][cpu->ipi_tail % RT_IPI_QUEUE];
	struct task_struct *t;

	if (cpu->ipi_tail - cpu->ipi_head == RT_IPI_QUEUE)
		rt_fail(VERDICT_crash, "crash too many interrupts", "%u interrupts are pending on cpu%u", RT_IPI_QUEUE,
			cpu_id);
	if (!cpu->interrupt) {
		t = daemon_create("irq", cpu_id, interrupt_context);
		t->interrupt = true;
		rt.ready &= ~task_bit(t);
		cpu->tasks &= ~task_bit(t);
		cpu->interrupt = task_bit(t);
	}
	*ipi = (struct ipi){.func = func, .info = info, .wait = wait};
	hb_release(&ipi->sync);
	cpu->ipi_tail++;
	rt.irq_cpus |= 1u << cpu_id;
	if (wait)
		wait->pending++;
}

static void run_here(void (*func)(void *info), void *info)
{
	unsigned long flags = local_irq_save_flags();

	func(info);
	local_irq_restore(flags);
}

static void wait_for_handlers(struct ipi_wait *wait, u32 cpu)
{
	while (wait->pending) {
		rt_cur->wait_arg = cpu;
		task_block(WAIT_IPI, wait, 0);
	}
	hb_acquire(&wait->sync);
}

int smp_call_function_single(unsigned int cpu, void (*func)(void *info), void *info, bool wait)
{
	struct ipi_wait state = {.task = rt_cur->id};
	int ret = 0;

	if (cpu >= rt_config.cpus)
		return -ENXIO;
	if (irqs_disabled())
		context_fail("ipi-with-irqs-off", "smp_call_function_single() while interrupts are off");
	rt_step(RT_WAKE, 0, 0, RT_PC());
	preempt_disable();
	if (!cpu_is_up(cpu)) {
		ret = -ENXIO;
	} else if (!rt_running() || cpu == raw_smp_processor_id()) {
		run_here(func, info);
	} else {
		send(cpu, func, info, wait ? &state : NULL);
		wait_for_handlers(&state, cpu);
	}
	preempt_enable();
	return ret;
}

void on_each_cpu(void (*func)(void *info), void *info)
{
	struct ipi_wait state = {.task = rt_cur->id};
	u32 last = 0;

	if (irqs_disabled())
		context_fail("ipi-with-irqs-off", "on_each_cpu() while interrupts are off");
	rt_step(RT_WAKE, 0, 0, RT_PC());
	preempt_disable();
	for (u32 cpu = 0; rt_running() && cpu < rt_config.cpus; cpu++) {
		if (cpu == raw_smp_processor_id() || !cpu_is_up(cpu))
			continue;
		send(cpu, func, info, &state);
		last = cpu;
	}
	run_here(func, info);
	for (u32 cpu = 1; !rt_running() && cpu < rt_config.cpus; cpu++)
		if (cpu_is_up(cpu))
			run_here(func, info);
	wait_for_handlers(&state, last);
	preempt_enable();
}

/* ---- per-CPU memory ---------------------------------------------------------------------------------------------- */

void *rt_alloc_percpu(size_t size, unsigned int object)
{
	if (should_fail(percpu))
		return NULL;
	return heap_alloc(ALIGN(size, 64UL) * rt_config.cpus, object);
}

void free_percpu(void *base)
{
	kfree(base);
}

void *rt_per_cpu_ptr(void *base, size_t size, unsigned int cpu)
{
	return (void *)((u64)base + ALIGN(size, 64UL) * cpu);
}

RT_UNINSTRUMENTED_END
