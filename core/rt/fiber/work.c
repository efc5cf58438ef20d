/* SPDX-License-Identifier: MIT */
/*
 * Work items: a worker task per CPU, created on first use, runs them. Which of several it takes is the schedule's
 * choice, by default in order of queueing: workqueues promise no order.
 */
#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

void init_work(struct work_struct *work, void (*func)(struct work_struct *work))
{
	access_object(work, sizeof(*work), RT_PC());
	work->func = func;
	work->next = NULL;
	work->pending = 0;
	work->cpu = 0;
	init_waitqueue_head(&work->done, LOCK_work);
}

static struct work_struct *take_work(struct rt_cpu *cpu)
{
	u32 skip = sched_choose(RT_CHOOSE_WORK, 0, cpu->works--);
	struct work_struct *work = cpu->first, *before = NULL;

	for (; skip; skip--) {
		access_object(work, sizeof(*work), RT_PC());
		before = work;
		work = work->next;
	}
	access_object(work, sizeof(*work), RT_PC());
	if (before)
		before->next = work->next;
	else
		cpu->first = work->next;
	if (!work->next)
		cpu->last = before;
	work->next = NULL;
	return work;
}

static void run_next(struct rt_cpu *cpu)
{
	struct work_struct *work = take_work(cpu);
	void (*func)(struct work_struct * work);

	work->pending = 0;
	func = work->func;
	cpu->running = work;
	if (in_arena((u64)work))
		hb_acquire(sync_at((u64)work));
	func(work); /* which may free it */
	task_check_returned("a work item returned with preemption or interrupts off or inside an RCU read section");
	cpu->running = NULL;
	weak_drain();
	hb_release(&cpu->worker_sync);
	task_wake_all(WAIT_WORK, work);
}

static void worker(void *arg)
{
	struct rt_cpu *cpu = &rt.cpu[(u64)arg];

	for (;;) {
		while (!cpu->first)
			task_block(WAIT_IDLE, cpu, 0);
		run_next(cpu);
		rt_step(RT_RESCHED, 0, 0, RT_PC());
	}
}

bool schedule_work_on(unsigned int cpu_id, struct work_struct *work)
{
	struct rt_cpu *cpu = &rt.cpu[cpu_id];

	BUG_ON(cpu_id >= rt_config.cpus);
	rt_step(RT_WAKE, (u64)work, sizeof(*work), RT_PC());
	access_object(work, sizeof(*work), RT_PC());
	if (work->pending)
		return false;
	work->cpu = cpu_id;
	if (!rt_running()) { /* nobody else is there: now is as good as any time */
		work->func(work);
		return true;
	}
	if (!cpu->worker)
		cpu->worker = task_bit(daemon_create("kworker", cpu_id, worker));
	work->pending = 1;
	work->next = NULL;
	if (cpu->last)
		cpu->last->next = work;
	else
		cpu->first = work;
	cpu->last = work;
	cpu->works++;
	if (in_arena((u64)work))
		hb_release(sync_at((u64)work));
	task_wake_all(WAIT_IDLE, cpu);
	return true;
}

void flush_work(struct work_struct *work)
{
	struct rt_cpu *cpu;

	might_sleep();
	rt_step(RT_LOCK, (u64)work, sizeof(*work), RT_PC());
	access_object(work, sizeof(*work), RT_PC());
	cpu = &rt.cpu[work->cpu];
	while (work->pending || cpu->running == work) {
		rt_cur->wait_arg = work->cpu;
		task_block(WAIT_WORK, work, 0);
		access_object(work, sizeof(*work), RT_PC());
	}
	hb_acquire(&cpu->worker_sync);
}

RT_UNINSTRUMENTED_END
