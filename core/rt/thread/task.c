/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/task.h"

#include <stdlib.h>
#include <string.h>

#include "core/rt/cpu.h"
#include "core/rt/run.h"
#include "core/rt/thread.h"
#include "core/rt/thread/futex.h"
#include "core/rt/thread/grace.h"
#include "core/rt/thread/oops.h"
#include "core/rt/thread/runtime.h"
#include "core/rt/thread/vcpu.h"

#define TASKS_MAX 256

static struct task_struct *tasks[TASKS_MAX];
static u32 next_id, next_kthread_id;
static struct word_lock tasks_guard; /* both */
static u32 go;                       /* futex: tasks of a run wait for it */
static u64 time_base;

struct task_struct *task_new(enum self_kind kind, const char *name, u32 cpu)
{
	struct task_struct *task = calloc(1, sizeof(*task));
	u32 slot = 0;

	if (!task)
		return NULL;
	self_init(task, kind, name, cpu);
	word_lock(&tasks_guard);
	while (slot < TASKS_MAX && tasks[slot])
		slot++;
	if (slot < TASKS_MAX) {
		if (!vcpu_is_up(cpu))
			task->cpu = 0;
		task->id = kind == SELF_TASK ? next_id++ : RT_MAX_TASKS + next_kthread_id++;
		tasks[slot] = task;
	}
	word_unlock(&tasks_guard);
	if (slot < TASKS_MAX)
		return task;
	free(task);
	return NULL;
}

static void task_free(struct task_struct *task)
{
	self_unpublish(task);
	word_lock(&tasks_guard);
	for (u32 i = 0; i < TASKS_MAX; i++) {
		if (tasks[i] == task)
			tasks[i] = NULL;
	}
	word_unlock(&tasks_guard);
	free(task);
}

/* What a task must not leave behind when it returns. */
static void check_exit(struct task_struct *me)
{
	if (me->nr_held)
		context_fail(me, "lock-held-on-return", "the task returned and still holds %s",
			     lock_class_name(me->held[me->nr_held - 1].class));
	if (me->own_depth)
		context_fail(me, "atomic-on-return", "the task returned in atomic context");
}

static void *thread_main(void *arg)
{
	struct task_struct *me = arg;

	self_set(me);
	oops_thread_start();
	grace_register();
	if (!sigsetjmp(me->abandon, 0)) {
		if (me->first_wait)
			rt_wait_sleep(me->first_wait, me->first_ticket, false, 0);
		if (me->kthread_fn)
			me->exit_value = me->kthread_fn(me->arg);
		else
			me->fn(me->arg);
		check_exit(me);
	}
	while (me->rcu_depth) {
		me->rcu_depth = 0;
		grace_read_unlock();
	}
	vcpu_abandon(me);
	grace_unregister();
	oops_thread_end();
	__atomic_store_n(&me->exited, 1, __ATOMIC_RELEASE);
	futex_wake_all(&me->exited);
	return NULL;
}

void thread_start(struct task_struct *task, void (*fn)(void *arg), void *arg)
{
	int err;

	if (!task->kthread_fn) {
		task->fn = fn;
		task->arg = arg;
	}
	if (!self_publish(task))
		tool_failure("more than %u threads", SELVES_MAX);
	task->started = true;
	err = pthread_create(&task->thread, NULL, thread_main, task);
	if (err)
		tool_failure("cannot start a thread for %s: %s", task->name, strerror(err));
}

void thread_join(struct task_struct *task)
{
	if (task->started)
		pthread_join(task->thread, NULL);
	task->started = false;
}

struct run_arg {
	void (*fn)(void *arg);
	void *arg;
};

static void start_together(void *arg)
{
	struct run_arg run = *(struct run_arg *)arg;

	free(arg);
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		futex_wait(&go, 0, FUTEX_SLICE_NS);
	point(task, start, task_id(self()));
	run.fn(run.arg);
}

unsigned int rt_task_create(const char *name, unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	struct run_arg *run = malloc(sizeof(*run));
	struct task_struct *task = task_new(SELF_TASK, name, cpu);

	if (!task || !run)
		tool_failure("no room for task %s", name);
	if (cpu >= nr_cpu_ids())
		tool_failure("task %s on cpu%u of %u", name, cpu, nr_cpu_ids());
	*run = (struct run_arg){fn, arg};
	task->fn = start_together;
	task->arg = run;
	return task->id;
}

void tasks_run(void)
{
	struct task_struct *run[TASKS_MAX];
	u32 count = 0;

	__atomic_store_n(&go, 0, __ATOMIC_RELEASE);
	for (u32 i = 0; i < TASKS_MAX; i++) {
		if (tasks[i] && tasks[i]->kind == SELF_TASK)
			run[count++] = tasks[i];
	}
	for (u32 i = 0; i < count; i++)
		thread_start(run[i], run[i]->fn, run[i]->arg);
	__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
	futex_wake_all(&go);
	for (u32 i = 0; i < count; i++)
		thread_join(run[i]);
	for (u32 i = 0; i < count; i++)
		task_free(run[i]);
}

static struct task_struct *start_kthread(int (*fn)(void *data), void *data, u32 cpu, const char *name,
					 wait_queue_head_t *wq)
{
	struct task_struct *task;

	might_sleep();
	BUG_ON(cpu >= nr_cpu_ids());
	task = task_new(SELF_KTHREAD, name, cpu);
	if (!task)
		return NULL;
	task->kthread_fn = fn;
	task->arg = data;
	task->first_wait = wq;
	if (wq)
		task->first_ticket = rt_wait_prepare(wq);
	thread_start(task, NULL, NULL);
	return task;
}

struct task_struct *kthread_run(int (*fn)(void *data), void *data, unsigned int cpu, const char *name)
{
	return start_kthread(fn, data, cpu, name, NULL);
}

struct task_struct *kthread_run_waiting(int (*fn)(void *data), void *data, unsigned int cpu, const char *name,
					wait_queue_head_t *wq)
{
	return start_kthread(fn, data, cpu, name, wq);
}

int kthread_stop(struct task_struct *task)
{
	struct task_struct *me = self();
	int value;

	might_sleep();
	__atomic_store_n(&task->should_stop, 1, __ATOMIC_RELEASE);
	wait_interrupt(task);
	self_block(me, ON_TASK, task, 0);
	while (!__atomic_load_n(&task->exited, __ATOMIC_ACQUIRE)) {
		futex_wait(&task->exited, 0, FUTEX_SLICE_NS);
		self_check_teardown(me);
	}
	self_unblock(me);
	thread_join(task);
	value = task->exit_value;
	task_free(task);
	return value;
}

bool kthread_should_stop(void)
{
	return __atomic_load_n(&self()->should_stop, __ATOMIC_ACQUIRE) != 0;
}

/* Each task reads its CPU as it takes it. */
static void set_cpu(struct task_struct *task, u32 cpu)
{
	__atomic_store_n(&task->cpu, cpu, __ATOMIC_RELAXED);
}

void tasks_leave_cpu(u32 cpu, u32 to)
{
	word_lock(&tasks_guard);
	for (u32 i = 0; i < TASKS_MAX; i++) {
		if (tasks[i] && self_cpu(tasks[i]) == cpu)
			set_cpu(tasks[i], to);
	}
	word_unlock(&tasks_guard);
}

void tasks_return_to_cpu(u32 cpu)
{
	word_lock(&tasks_guard);
	for (u32 i = 0; i < TASKS_MAX; i++) {
		if (tasks[i] && tasks[i]->home == cpu)
			set_cpu(tasks[i], cpu);
	}
	word_unlock(&tasks_guard);
}

static bool kthread_idle(const struct task_struct *task)
{
	u32 blocked = __atomic_load_n(&task->blocked, __ATOMIC_ACQUIRE);

	/* Who waits for nothing but time is in the middle of something. */
	if (blocked == ON_TIME)
		return __atomic_load_n(&task->blocked_what, __ATOMIC_ACQUIRE) != NULL;
	return blocked == ON_WAIT || __atomic_load_n(&task->exited, __ATOMIC_ACQUIRE);
}

bool kthreads_idle(void)
{
	bool idle = true;

	word_lock(&tasks_guard);
	for (u32 i = 0; i < TASKS_MAX; i++) {
		if (tasks[i] && tasks[i]->kind == SELF_KTHREAD)
			idle = idle && kthread_idle(tasks[i]);
	}
	word_unlock(&tasks_guard);
	return idle;
}

void tasks_clear(void)
{
	for (u32 i = 0; i < TASKS_MAX; i++) {
		if (!tasks[i])
			continue;
		thread_join(tasks[i]);
		task_free(tasks[i]);
	}
	next_id = next_kthread_id = 0;
}

struct task_struct *rt_current(void)
{
	struct task_struct *me = self();

	return me->kind == SELF_BOOT ? NULL : me;
}

const char *task_name(const struct task_struct *task)
{
	return task->name;
}

__thread void *rt_task_private_pointer;

void rt_task_set_private(void *private)
{
	if (self()->kind != SELF_BOOT)
		rt_task_private_pointer = private;
}

u64 *rt_task_words(void)
{
	static __thread u64 words[RT_TASK_WORDS];

	return words;
}

unsigned int task_id(const struct task_struct *task)
{
	return task->id;
}

struct task_struct *rt_task_by_id(unsigned int id)
{
	struct task_struct *found = NULL;

	word_lock(&tasks_guard);
	for (u32 i = 0; i < TASKS_MAX; i++) {
		if (tasks[i] && tasks[i]->id == id && !__atomic_load_n(&tasks[i]->exited, __ATOMIC_ACQUIRE))
			found = tasks[i];
	}
	word_unlock(&tasks_guard);
	return found;
}

unsigned int task_cpu(const struct task_struct *task)
{
	return self_cpu(task);
}

bool signal_pending(void)
{
	return __atomic_load_n(&self()->signals, __ATOMIC_ACQUIRE) != 0;
}

bool fatal_signal_pending(void)
{
	return __atomic_load_n(&self()->signals, __ATOMIC_ACQUIRE) & SIGNAL_FATAL;
}

void rt_send_signal(struct task_struct *task, bool fatal)
{
	__atomic_fetch_or(&task->signals, SIGNAL_ANY | (fatal ? SIGNAL_FATAL : 0), __ATOMIC_RELEASE);
}

void rt_thread_interrupt(void)
{
	word_lock(&tasks_guard);
	for (u32 i = 0; i < TASKS_MAX; i++) {
		if (tasks[i] && tasks[i]->kind == SELF_TASK)
			rt_send_signal(tasks[i], true);
	}
	word_unlock(&tasks_guard);
}

void rt_clear_signals(void)
{
	__atomic_store_n(&self()->signals, 0, __ATOMIC_RELEASE);
}

void time_start(void)
{
	time_base = clock_ns();
}

u64 rt_now_ns(void)
{
	return clock_ns() - time_base;
}

/* Returns the nanoseconds left. */
static u64 sleep_until(u64 deadline, enum rt_sleep sleep)
{
	struct task_struct *me = self();
	u64 now = rt_now_ns();
	u32 nobody = 0;

	might_sleep();
	self_block(me, ON_TIME, NULL, deadline);
	for (; now < deadline && !self_interrupted(me, sleep); now = rt_now_ns()) {
		futex_wait(&nobody, 0, min(FUTEX_SLICE_NS, deadline - now));
		self_check_teardown(me);
	}
	self_unblock(me);
	return now < deadline ? deadline - now : 0;
}

void msleep(unsigned int ms)
{
	sleep_until(rt_now_ns() + (u64)ms * 1000000UL, RT_UNINTERRUPTIBLE);
}

unsigned int msleep_interruptible(unsigned int ms)
{
	return (u32)((sleep_until(rt_now_ns() + (u64)ms * 1000000UL, RT_INTERRUPTIBLE) + 999999) / 1000000);
}
