/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/vcpu.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/thread/futex.h"
#include "core/rt/thread/gate.h"
#include "core/rt/thread/runtime.h"

struct ipi {
	struct ipi *next;
	void (*func)(void *info);
	void *info;
	u32 *done; /* NULL: nobody waits, the entry is freed after the call */
};

struct vcpu {
	struct gate gate;
	struct word_lock guard; /* first, last */
	struct ipi *first, **last;
	u32 pending; /* futex: entries ever queued minus entries taken */
	struct task_struct server, worker;
};

static struct vcpu vcpus[RT_MAX_CPUS];
static u32 nr_vcpus;

/* While it waited for its CPU, that may have gone down and the task moved. */
void vcpu_enter(struct task_struct *me)
{
	if (me->own_depth++)
		return;
	for (;;) {
		u32 cpu = self_cpu(me);

		gate_lock(&vcpus[cpu].gate, me, ON_VCPU, &vcpus[cpu]);
		if (likely(cpu == self_cpu(me)))
			break;
		gate_unlock(&vcpus[cpu].gate);
	}
}

void vcpu_leave(struct task_struct *me)
{
	if (--me->own_depth == 0)
		gate_unlock(&vcpus[self_cpu(me)].gate);
}

void vcpu_abandon(struct task_struct *me)
{
	if (me->own_depth && me->blocked != ON_VCPU)
		gate_unlock(&vcpus[self_cpu(me)].gate);
	me->own_depth = 0;
}

/* Takes all gates but @first, without waiting; on failure gives them back and returns which was not to be had. */
static u32 take_others(u32 first)
{
	for (u32 cpu = 0; cpu < nr_vcpus; cpu++) {
		if (cpu == first || gate_trylock(&vcpus[cpu].gate))
			continue;
		for (u32 taken = 0; taken < cpu; taken++) {
			if (taken != first)
				gate_unlock(&vcpus[taken].gate);
		}
		return cpu;
	}
	return nr_vcpus;
}

/*
 * An owner may wait for an interrupt on another CPU, so no CPU is kept while waiting for one: it waits for a gate that
 * it did not get, then tries the others again.
 */
void vcpus_stop(struct task_struct *me, u32 cpu)
{
	u32 first = 0;

	for (;;) {
		u32 failed;

		gate_lock(&vcpus[first].gate, me, ON_VCPU, &vcpus[first]);
		failed = take_others(first);
		if (failed == nr_vcpus && !__atomic_load_n(&vcpus[cpu].pending, __ATOMIC_RELAXED))
			return;
		if (failed == nr_vcpus)
			vcpus_resume();
		else
			gate_unlock(&vcpus[first].gate);
		first = failed % nr_vcpus;
		self_check_teardown(me);
		sched_yield();
	}
}

void vcpus_resume(void)
{
	for (u32 cpu = 0; cpu < nr_vcpus; cpu++)
		gate_unlock(&vcpus[cpu].gate);
}

void vcpu_move_worker(u32 cpu, u32 to)
{
	__atomic_store_n(&vcpus[cpu].worker.cpu, to, __ATOMIC_RELAXED);
}

static struct ipi *ipi_take(struct vcpu *cpu)
{
	struct ipi *ipi;

	word_lock(&cpu->guard);
	ipi = cpu->first;
	if (ipi) {
		cpu->first = ipi->next;
		if (!cpu->first)
			cpu->last = &cpu->first;
		__atomic_fetch_sub(&cpu->pending, 1, __ATOMIC_RELAXED);
	}
	word_unlock(&cpu->guard);
	return ipi;
}

/* A handler has nothing of the task it interrupts: neither its private pointer nor its words. */
static void call_as_nobody(void (*func)(void *info), void *info)
{
	void *private = rt_task_private();
	u64 words[RT_TASK_WORDS];

	memcpy(words, rt_task_words(), sizeof(words));
	memset(rt_task_words(), 0, sizeof(words));
	rt_task_set_private(NULL);
	func(info);
	rt_task_set_private(private);
	memcpy(rt_task_words(), words, sizeof(words));
}

static void call_in_interrupt(struct task_struct *me, void (*func)(void *info), void *info)
{
	u32 irqs_off = me->irqs_off, nr_held = me->nr_held;

	me->irqs_off = 1;
	me->irq_depth++;
	me->preempt_count++;
	call_as_nobody(func, info);
	me->preempt_count--;
	me->irq_depth--;
	me->irqs_off = irqs_off;
	if (me->nr_held != nr_held)
		context_fail(me, "lock-held-on-return", "an interrupt handler returned with a lock held");
}

static void ipis_run(struct task_struct *me, struct vcpu *cpu)
{
	struct ipi *ipi;

	while ((ipi = ipi_take(cpu))) {
		u32 *done = ipi->done;

		call_in_interrupt(me, ipi->func, ipi->info);
		if (!done) {
			free(ipi);
			continue;
		}
		/* The entry is on the waiter's stack: gone with the store. A late wake of that address harms nobody. */
		__atomic_store_n(done, 1, __ATOMIC_RELEASE);
		futex_wake_all(done);
	}
}

void vcpu_serve(struct task_struct *me)
{
	struct vcpu *cpu = &vcpus[self_cpu(me)];

	if (likely(!__atomic_load_n(&cpu->pending, __ATOMIC_RELAXED)))
		return;
	if (!me->own_depth || me->blocked == ON_VCPU || me->irqs_off || me->irq_depth)
		return;
	ipis_run(me, cpu);
}

static void ipi_queue(u32 target, struct ipi *ipi)
{
	struct vcpu *cpu = &vcpus[target];

	ipi->next = NULL;
	word_lock(&cpu->guard);
	*cpu->last = ipi;
	cpu->last = &ipi->next;
	__atomic_fetch_add(&cpu->pending, 1, __ATOMIC_RELAXED);
	word_unlock(&cpu->guard);
	futex_wake_all(&cpu->pending);
}

/* Two CPUs may wait for each other's interrupts: each serves its own meanwhile. */
static void ipi_wait(struct task_struct *me, u32 target, const u32 *done)
{
	self_block(me, ON_IPI, &vcpus[target], 0);
	while (!__atomic_load_n(done, __ATOMIC_ACQUIRE)) {
		vcpu_serve(me);
		self_check_teardown(me);
		futex_wait(done, 0, FUTEX_SLICE_NS / 50);
	}
	self_unblock(me);
}

static void check_may_send(struct task_struct *me, const char *function)
{
	if (me->irqs_off)
		context_fail(me, "ipi-with-irqs-off", "%s() with interrupts off can deadlock", function);
}

int smp_call_function_single(unsigned int cpu, void (*func)(void *info), void *info, bool wait)
{
	struct task_struct *me = self();
	int ret = 0;

	if (cpu >= nr_vcpus)
		return -ENXIO;
	check_may_send(me, __func__);
	preempt_disable();
	if (!vcpu_is_up(cpu)) {
		ret = -ENXIO;
	} else if (cpu == self_cpu(me)) {
		call_in_interrupt(me, func, info);
	} else if (wait) {
		u32 done = 0;
		struct ipi ipi = {.func = func, .info = info, .done = &done};

		ipi_queue(cpu, &ipi);
		ipi_wait(me, cpu, &done);
	} else {
		struct ipi *ipi = calloc(1, sizeof(*ipi));

		BUG_ON(!ipi);
		ipi->func = func;
		ipi->info = info;
		ipi_queue(cpu, ipi);
	}
	preempt_enable();
	return ret;
}

void on_each_cpu(void (*func)(void *info), void *info)
{
	struct task_struct *me = self();
	struct ipi ipi[RT_MAX_CPUS];
	u32 done[RT_MAX_CPUS] = {0};

	check_may_send(me, __func__);
	preempt_disable();
	for (u32 cpu = 0; cpu < nr_vcpus; cpu++) {
		ipi[cpu] = (struct ipi){.func = func, .info = info, .done = &done[cpu]};
		if (cpu != self_cpu(me) && vcpu_is_up(cpu))
			ipi_queue(cpu, &ipi[cpu]);
	}
	call_in_interrupt(me, func, info);
	for (u32 cpu = 0; cpu < nr_vcpus; cpu++) {
		if (cpu != self_cpu(me) && vcpu_is_up(cpu))
			ipi_wait(me, cpu, &done[cpu]);
	}
	preempt_enable();
}

static void server(void *arg)
{
	struct task_struct *me = self();
	struct vcpu *cpu = arg;

	for (;;) {
		self_check_teardown(me);
		if (!__atomic_load_n(&cpu->pending, __ATOMIC_RELAXED)) {
			self_block(me, IDLE, cpu, 0);
			futex_wait(&cpu->pending, 0, FUTEX_SLICE_NS);
			__atomic_store_n(&me->blocked, (u32)RUNNING, __ATOMIC_RELEASE);
			continue;
		}
		vcpu_enter(me);
		ipis_run(me, cpu);
		vcpu_leave(me);
	}
}

static void worker(void *arg)
{
	struct vcpu *cpu = arg;

	work_serve(self(), (u32)(cpu - vcpus));
}

void vcpus_start(u32 cpus)
{
	char name[RT_TASK_NAME_MAX];

	nr_vcpus = cpus;
	vcpus_all_up();
	work_reset();
	for (u32 i = 0; i < cpus; i++) {
		struct vcpu *cpu = &vcpus[i];

		memset(cpu, 0, sizeof(*cpu));
		cpu->last = &cpu->first;
		snprintf(name, sizeof(name), "irq/%u", i);
		self_init(&cpu->server, SELF_IRQ, name, i);
		thread_start(&cpu->server, server, cpu);
		snprintf(name, sizeof(name), "kworker/%u", i);
		self_init(&cpu->worker, SELF_WORKER, name, i);
		thread_start(&cpu->worker, worker, cpu);
	}
}

void vcpus_join(void)
{
	for (u32 i = 0; i < nr_vcpus; i++) {
		thread_join(&vcpus[i].server);
		thread_join(&vcpus[i].worker);
	}
}

bool vcpus_idle(void)
{
	for (u32 i = 0; i < nr_vcpus; i++) {
		if (__atomic_load_n(&vcpus[i].pending, __ATOMIC_RELAXED))
			return false;
		if (__atomic_load_n(&vcpus[i].server.blocked, __ATOMIC_ACQUIRE) != IDLE)
			return false;
	}
	return work_idle();
}

unsigned int nr_cpu_ids(void)
{
	return nr_vcpus;
}
