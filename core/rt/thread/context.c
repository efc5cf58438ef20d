/* SPDX-License-Identifier: MIT */
/* Preemption and interrupt state of the calling task, and what it forbids. */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/rt/thread/runtime.h"
#include "core/rt/thread/vcpu.h"

void context_fail(struct task_struct *me, const char *what, const char *fmt, ...)
{
	char text[256], signature[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(signature, sizeof(signature), "context %s {%s}", what, point_name(me->point));
	rt_fail(VERDICT_context, signature, "%s (task %s on cpu%u: preempt_count %u, irqs %s, rcu depth %u)", text,
		me->name, self_cpu(me), me->preempt_count, me->irqs_off ? "off" : "on", me->rcu_depth);
}

void preempt_disable(void)
{
	struct task_struct *me = self();

	vcpu_enter(me);
	me->preempt_count++;
}

void preempt_enable(void)
{
	struct task_struct *me = self();

	if (!me->preempt_count)
		context_fail(me, "preempt-unbalanced", "preempt_enable() without preempt_disable()");
	vcpu_serve(me);
	me->preempt_count--;
	vcpu_leave(me);
}

unsigned long local_irq_save_flags(void)
{
	struct task_struct *me = self();

	if (me->irqs_off)
		return 1;
	vcpu_enter(me);
	me->irqs_off = 1;
	return 0;
}

void local_irq_restore(unsigned long flags)
{
	struct task_struct *me = self();

	if (flags)
		return;
	if (!me->irqs_off)
		context_fail(me, "irq-unbalanced", "interrupts are on already");
	me->irqs_off = 0;
	vcpu_serve(me);
	vcpu_leave(me);
}

bool irqs_disabled(void)
{
	return self()->irqs_off;
}

bool in_atomic(void)
{
	return self()->preempt_count != 0;
}

bool in_interrupt(void)
{
	return self()->irq_depth != 0;
}

unsigned int raw_smp_processor_id(void)
{
	return self_cpu(self());
}

unsigned int smp_processor_id(void)
{
	struct task_struct *me = self();

	if (!me->own_depth)
		context_fail(me, "smp-processor-id", "smp_processor_id() with preemption on");
	return self_cpu(me);
}

void might_sleep(void)
{
	struct task_struct *me = self();

	if (unlikely(me->own_depth))
		context_fail(me, "sleep-in-atomic", "a call that may sleep");
}

void cond_resched(void)
{
	struct task_struct *me = self();

	might_sleep();
	self_check_teardown(me);
	__atomic_store_n(&me->progress, me->progress + 1, __ATOMIC_RELAXED);
	perturb(me);
}

void cpu_relax(void)
{
	struct task_struct *me = self();

	vcpu_serve(me);
	self_check_teardown(me);
	sched_yield();
}
