/* SPDX-License-Identifier: MIT */
/* Deadlocks: a cycle of tasks that wait for each other, or nobody who can run. */
#include <stdio.h>
#include <string.h>

#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/lock_state.h"

RT_UNINSTRUMENTED_BEGIN

static const struct lock_state *state_of(const void *lock)
{
	return (const struct lock_state *)((const struct rt_lock *)lock)->priv;
}

static u32 owner_bit(const struct lock_state *s)
{
	return s->owner && s->owner <= 32 ? 1u << (s->owner - 1) : 0;
}

/* Who keeps a task, ready by itself, from its CPU? */
static u32 kept_off_by(const struct task_struct *t)
{
	const struct rt_cpu *cpu = &rt.cpu[t->cpu];

	if (t->interrupt)
		return 0;
	if (cpu->in_interrupt)
		return cpu->interrupt;
	return cpu->holder & ~task_bit(t);
}

static u32 interrupt_kept_off_by(u32 cpu_id)
{
	const struct rt_cpu *cpu = &rt.cpu[cpu_id];

	if (cpu->in_interrupt)
		return cpu->interrupt;
	return cpu->holder && rt_tasks[__builtin_ctz(cpu->holder)].irqs_off ? cpu->holder : 0;
}

static u32 holders(void)
{
	u32 tasks = 0;

	for (u32 m = rt.held_cpus; m; m &= m - 1)
		tasks |= rt.cpu[__builtin_ctz(m)].holder;
	return tasks;
}

static u32 grace_readers_of(const struct task_struct *t)
{
	for (u32 i = 0; i < rt.nr_grace; i++)
		if (!rt_grace[i].head && rt_grace[i].waiter == t->id)
			return rt_grace[i].readers;
	return 0;
}

/* Tasks each of which must do something before @t can go on. */
static u32 waits_for(const struct task_struct *t)
{
	const struct lock_state *s;

	if (t->done)
		return 0;
	if (rt.ready & task_bit(t))
		return kept_off_by(t);
	if (t->sleep != RT_UNINTERRUPTIBLE || t->deadline)
		return 0; /* a signal or time may end it */
	switch (t->wait_kind) {
	case WAIT_EXCLUSIVE:
		s = state_of(t->wait_on);
		return owner_bit(s) | s->readers;
	case WAIT_SHARED:
		s = state_of(t->wait_on);
		return s->owner ? owner_bit(s) : s->writers_waiting;
	case WAIT_QUEUE:
		return t->draining ? state_of(t->draining)->readers : 0;
	case WAIT_TASK:
		return task_bit((const struct task_struct *)t->wait_on);
	case WAIT_GRACE_PERIOD:
		return grace_readers_of(t);
	case WAIT_WORK:
		return rt.cpu[t->wait_arg].worker;
	case WAIT_IPI:
		return interrupt_kept_off_by((u32)t->wait_arg);
	case WAIT_STOP:
		return holders();
	default:
		return 0;
	}
}

/* Is @target reached from @t? @path collects the tasks on the way. */
static bool reaches(const struct task_struct *t, u32 target, u32 *visited, u32 *path)
{
	for (u32 m = waits_for(t); m; m &= m - 1) {
		u32 next = (u32)__builtin_ctz(m);

		if (next == target)
			return *path |= task_bit(t), true;
		if (*visited >> next & 1)
			continue;
		*visited |= 1u << next;
		if (reaches(&rt_tasks[next], target, visited, path))
			return *path |= task_bit(t), true;
	}
	return false;
}

static const char *what_of(const struct task_struct *t)
{
	if (rt.ready & task_bit(t))
		return "its CPU";
	switch (t->wait_kind) {
	case WAIT_EXCLUSIVE:
	case WAIT_SHARED:
	case WAIT_QUEUE:
		return lock_class_name(((const struct rt_lock *)t->wait_on)->class);
	case WAIT_TIME:
		return "time";
	case WAIT_GRACE_PERIOD:
		return "grace period";
	case WAIT_BARRIER:
		return "RCU callbacks";
	case WAIT_TASK:
		return "end of a thread";
	case WAIT_WORK:
		return "work item";
	case WAIT_IPI:
		return "interrupt on another CPU";
	case WAIT_STOP:
		return "stop of all CPUs";
	default:
		return "nothing";
	}
}

static void describe_owners(u32 owners, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (u32 m = owners; m && used < size; m &= m - 1)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : ", which waits for ",
					 task_label((u32)__builtin_ctz(m)));
}

static void __attribute__((noreturn)) fail(u32 tasks, const char *headline)
{
	const char *names[32], *name;
	char detail[900], signature[192], owners[160];
	u32 count = 0, at;
	size_t used = 0;

	for (u32 m = tasks; m; m &= m - 1) {
		const struct task_struct *t = &rt_tasks[__builtin_ctz(m)];

		name = what_of(t);
		describe_owners(waits_for(t), owners, sizeof(owners));
		if (used < sizeof(detail))
			used += (size_t)snprintf(detail + used, sizeof(detail) - used,
						 "\n  %s on cpu%u, after %s, waits for %s%s", t->name, t->cpu,
						 point_name(t->semantic), name, owners);
		for (at = 0; at < count && strcmp(names[at], name) < 0; at++)
			;
		if (at < count && !strcmp(names[at], name))
			continue;
		for (u32 i = count++; i > at; i--)
			names[i] = names[i - 1];
		names[at] = name;
	}
	used = (size_t)snprintf(signature, sizeof(signature), "deadlock {");
	for (at = 0; at < count && used < sizeof(signature); at++)
		used += (size_t)snprintf(signature + used, sizeof(signature) - used, "%s%s", at ? ", " : "", names[at]);
	if (used < sizeof(signature) - 1)
		snprintf(signature + used, sizeof(signature) - used, "}");
	rt_fail(VERDICT_deadlock, signature, "%s:%s", headline, count ? detail : "");
}

/* The running task has just begun to wait. */
void lock_deadlock_check(void)
{
	u32 visited = 0, path = 0;

	if (reaches(rt_cur, rt_cur->id, &visited, &path))
		fail(path, "tasks wait for each other");
}

void sched_deadlock(void)
{
	fail(rt.alive & ~rt.daemons, "nobody can run");
}

RT_UNINSTRUMENTED_END
