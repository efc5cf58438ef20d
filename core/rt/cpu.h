/* SPDX-License-Identifier: MIT */
/*
 * Virtual CPUs: preemption and interrupt state, inter-processor interrupts, per-CPU data, work items, context checks.
 *
 * A task runs on one virtual CPU. Preemption off, interrupts off and RCU readers keep other tasks *of the same CPU*
 * from running, and nobody else. An interrupt arrives only where interrupts are on, at any scheduling point.
 */
#ifndef PFNSTORM_RT_CPU_H
#define PFNSTORM_RT_CPU_H

#include "core/rt/types.h"
#include "core/rt/wait.h"

#define RT_MAX_CPUS 16

unsigned int nr_cpu_ids(void);
/*
 * Without CPU hotplug (below) all CPUs are. With it a marked look at cpu_online_mask; while the caller has preemption
 * off, an online CPU stays online.
 */
bool cpu_online(unsigned int cpu);
/* Needs preemption off, else verdict `context`; raw_smp_processor_id() does not. */
unsigned int smp_processor_id(void);
unsigned int raw_smp_processor_id(void);
#define for_each_online_cpu(cpu)                                                                                       \
	for ((cpu) = 0; (cpu) < nr_cpu_ids(); (cpu)++)                                                                 \
		if (cpu_online(cpu))
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < nr_cpu_ids(); (cpu)++)

void preempt_disable(void);
void preempt_enable(void);
/* Keeps the caller on its CPU, and returns it. */
static inline unsigned int get_cpu(void)
{
	preempt_disable();
	return smp_processor_id();
}

static inline void put_cpu(void)
{
	preempt_enable();
}
unsigned long local_irq_save_flags(void);
void local_irq_restore(unsigned long flags);
#define local_irq_save(flags) ((flags) = local_irq_save_flags())
bool irqs_disabled(void);
bool in_atomic(void);
bool in_interrupt(void);

/* Verdict `context` when the caller may not sleep here. Every sleeping primitive calls it. */
void might_sleep(void);
/*
 * Lets others run if they want to; needs a context that may sleep. Fiber: every 16th call of a task gives way like
 * cpu_relax(), since a loop around it may wait for somebody.
 */
void cond_resched(void);
/* Body of a spin loop: the caller makes no progress until somebody else stores. */
void cpu_relax(void);

/*
 * Runs @func(@info) on @cpu in interrupt context; waits for it to finish if @wait. Interrupts must be on in the
 * caller (kernel/smp.c smp_call_function_single, 6.1). Returns 0, -ENXIO if the CPU is offline or does not exist.
 */
int smp_call_function_single(unsigned int cpu, void (*func)(void *info), void *info, bool wait);
/* On each online CPU, the caller's own included, always waiting. */
void on_each_cpu(void (*func)(void *info), void *info);

/*
 * CPU hotplug (kernel/cpu.c, 6.1), for machines that call cpuhp_setup() while they boot. CPU 0 always stays.
 *
 * What the kernel does with cpu_hotplug_lock held for writing is here; the lock itself is the core's, and callers of
 * cpu_down() and cpu_up() exclude each other. Both may sleep, belong to the run, and are undone by rt_reset(). Called
 * while the machine boots, they make a boot image with CPUs missing.
 *
 * cpu_down() waits, as stop_machine() does, until no task of any CPU has preemption or interrupts off or is in an RCU
 * read section, and the CPU's pending interrupts are served. Everything before that moment, on all CPUs, happens before
 * everything after it. Its tasks, the caller included, then belong to the lowest CPU online, and stay there: only
 * kthreads, and the CPU's worker, return when it comes up again. New tasks and kthreads of a CPU that is down begin on
 * the lowest one, too. Work queued on it is run there by its worker.
 */
struct cpuhp_step {
	const char *name;
	/* cpu_up(), in order of the table, before the CPU is online; an error takes back the steps before. NULL: none.
	 */
	int (*startup)(unsigned int cpu);
	/* cpu_down(), in the opposite order, on the calling task, once the CPU is gone; may sleep. NULL: none. */
	void (*dead)(unsigned int cpu);
};
/* @steps outlive the machine. Once, while it boots. */
void cpuhp_setup(const struct cpuhp_step *steps, unsigned int nr);
/* 0, also if it is down; -EINVAL: no such CPU, -EPERM: CPU 0, -EOPNOTSUPP: no cpuhp_setup(). */
int cpu_down(unsigned int cpu);
/* 0, also if it is up; -EINVAL, or a step's error, and then it stays down. */
int cpu_up(unsigned int cpu);

struct work_struct {
	void (*func)(struct work_struct *work);
	struct work_struct *next;
	u32 pending;
	u32 cpu;
	wait_queue_head_t done;
};

/*
 * Work lives in the arena. A work item runs in task context on its CPU's worker, in no promised order; on fibers the
 * schedule chooses (enum rt_choice), by default the one queued first.
 */
void init_work(struct work_struct *work, void (*func)(struct work_struct *work));
/* False if it was pending already. @cpu may be down. */
bool schedule_work_on(unsigned int cpu, struct work_struct *work);
/* Waits until it neither is pending nor runs; may sleep. */
void flush_work(struct work_struct *work);

/* Zeroed area per possible CPU, in steps of RT_PERCPU_ALIGN bytes; NULL on failure (-ENOMEM to the caller). */
#define RT_PERCPU_ALIGN 64UL
void *rt_alloc_percpu(size_t size, unsigned int object);
void free_percpu(void *base);
void *rt_per_cpu_ptr(void *base, size_t size, unsigned int cpu);
#define alloc_percpu(type, object) ((type *)rt_alloc_percpu(sizeof(type), object))
#define per_cpu_ptr(base, cpu) ((__typeof__(base))rt_per_cpu_ptr(base, sizeof(*(base)), cpu))
#define this_cpu_ptr(base) per_cpu_ptr(base, smp_processor_id())

#endif
