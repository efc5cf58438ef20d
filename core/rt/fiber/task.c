/* SPDX-License-Identifier: MIT */
/* Tasks: creation, start, end, signals, sleep; what blocks and what wakes them. */
#include <stdio.h>

#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

struct task_struct rt_tasks[32];
struct task_struct rt_boot_task = {.id = RT_NO_TASK, .name = "boot"};
struct task_struct *rt_cur = &rt_boot_task;
struct fiber rt_main_fiber;

struct fiber rt_fibers[33];

/* ---- creation and end ------------------------------------------------------------------------------------------ */

/*
 * Scenario tasks are numbered from 0 up, daemons from 31 down, so that a scenario's ids do not depend on daemons;
 * dormant threads in between, so that other daemons' ids do not depend on them.
 */
static u32 free_id(u32 taken, enum task_sort sort)
{
	u32 above = ~taken >> RT_WAITING_FIRST << RT_WAITING_FIRST;

	if (sort == TASK_DORMANT && above)
		return (u32)__builtin_ctz(above);
	return sort == TASK_SCENARIO ? (u32)__builtin_ctz(~taken) : 31 - (u32)__builtin_clz(~taken);
}

static u32 taken_ids(void)
{
	bool slots_left = rt.nr_slots + (u32)__builtin_popcount(rt.dormant) < RT_SLOTS;
	u32 taken = slots_left ? rt.used : rt.alive;

	if (!slots_left)
		taken |= ~rt.used; /* a slot can only be had together with its id */
	if (rt_cur != &rt_boot_task)
		taken |= task_bit(rt_cur);
	return taken;
}

static void clear_task(struct task_struct *t)
{
	u32 slot = t->slot, epoch = t->epoch, log_length = t->log_length;
	bool again = rt.used >> t->id & 1 && t->slot != RT_NO_SLOT;
	volatile cell_vector *words = (volatile cell_vector *)t;

	_Static_assert(sizeof(*t) % 64 == 0, "cleared 64 bytes at a time");
	for (u32 i = 0; i < sizeof(*t) / sizeof(*words); i += 4) {
		words[i] = (cell_vector){0};
		words[i + 1] = (cell_vector){0};
		words[i + 2] = (cell_vector){0};
		words[i + 3] = (cell_vector){0};
	}
	t->slot = RT_NO_SLOT;
	if (again) {
		t->slot = slot;
		t->epoch = epoch;
		t->log_length = log_length;
	}
}

static void take_slot(struct task_struct *t)
{
	if (t->slot != RT_NO_SLOT)
		return;
	t->slot = rt.nr_slots++;
	if (rt.nr_slots == RT_FEW_SLOTS + 1)
		vc_widen();
	rt.slot_id[t->slot] = (u8)t->id;
}

static void task_main(void);

/* By the creator, not by whoever happens to switch to it first: TSan orders the two. */
void task_prepare(struct task_struct *t)
{
	fiber_prepare(&rt_fibers[t->id], task_main);
}

/* It may run from now on. What the running task did so far happens before. */
static void bring_to_life(struct task_struct *t)
{
	take_slot(t);
	if (!rt_running())
		return; /* rt_run() will */
	clock_start_task(t);
	task_prepare(t);
	hb_release(&t->sync);
}

/* The first wake-up of a dormant thread. */
static void rouse(struct task_struct *t)
{
	rt.dormant &= ~task_bit(t);
	rt.undisturbed &= ~task_bit(t);
	bring_to_life(t);
}

/* @cpu may be RT_MAX_CPUS, nowhere. NULL if all tasks are taken. */
struct task_struct *task_create(const char *name, u32 cpu, enum task_sort sort)
{
	u32 taken = taken_ids(), id, i;
	struct task_struct *t;

	if (taken == UINT32_MAX)
		return NULL;
	id = free_id(taken, sort);
	t = &rt_tasks[id];
	t->id = id;
	clear_task(t);
	t->id = id;
	t->daemon = sort != TASK_SCENARIO;
	t->home = t->daemon ? cpu : RT_NO_CPU;
	t->cpu = cpu < RT_MAX_CPUS && !cpu_is_up(cpu) ? 0 : cpu;
	for (i = 0; name[i] && i < RT_TASK_NAME_MAX - 1; i++)
		t->name[i] = name[i];
	t->semantic = POINT_task_start;
	t->occurrence = t->seen[POINT_task_start] = 1;
	rt.used |= task_bit(t);
	rt.alive |= task_bit(t);
	rt.daemons &= ~task_bit(t);
	if (t->daemon)
		rt.daemons |= task_bit(t);
	rt.cpu[t->cpu].tasks |= task_bit(t);
	if (sort == TASK_DORMANT) {
		rt.dormant |= task_bit(t);
		if (rt_running())
			hb_release(&t->sync);
		return t;
	}
	rt.ready |= task_bit(t);
	bring_to_life(t);
	return t;
}

static void task_main(void)
{
	struct task_struct *t = rt_cur;

	fiber_entered();
	t->started = true;
	san_acquire(&rt);
	hb_acquire(&t->sync);
	if (t->thread_fn)
		t->exit_code = t->thread_fn(t->arg);
	else
		t->fn(t->arg);
	task_exit();
}

void task_check_returned(const char *what)
{
	char detail[160];
	const struct held_lock *held;

	if (rt_cur->nr_held) {
		held = &rt_cur->held[rt_cur->nr_held - 1];
		snprintf(detail, sizeof(detail), "%s is still held", lock_class_name(held->class));
		context_fail("lock-held-on-return", detail);
	}
	if (rt_cur->preempt_count || rt_cur->irqs_off || rt_cur->rcu_depth)
		context_fail("atomic-on-return", what);
}

static void over(struct task_struct *t)
{
	t->done = true;
	rt.ready &= ~task_bit(t);
	rt.alive &= ~task_bit(t);
	rt.dormant &= ~task_bit(t);
	rt.cpu[t->cpu].tasks &= ~task_bit(t);
}

void task_exit(void)
{
	struct task_struct *t = rt_cur;

	task_check_returned("the task returned with preemption or interrupts off or inside an RCU read section");
	hb_release(&t->sync);
	if (t->daemon)
		weak_drain();
	over(t);
	task_wake_all(WAIT_TASK, t);
	sched_leave(RT_EXIT, 0, NULL);
	__builtin_unreachable();
}

/* ---- block and wake -------------------------------------------------------------------------------------------- */

void task_block(enum wait_kind kind, const void *on, u64 deadline)
{
	task_sleep(kind, on, deadline, RT_UNINTERRUPTIBLE);
}

void task_sleep(enum wait_kind kind, const void *on, u64 deadline, enum rt_sleep sleep)
{
	struct task_struct *t = rt_cur;

	if (!rt_running())
		rt_fail(VERDICT_deadlock, "deadlock outside of tasks",
			"a wait that nobody can end: no task runs while the machine boots or is checked");
	t->wait_kind = kind;
	t->wait_on = on;
	t->deadline = deadline;
	t->sleep = sleep;
	rt.ready &= ~task_bit(t);
	if (deadline) {
		rt.sleepers |= task_bit(t);
		task_sleepers_changed();
	} else {
		lock_deadlock_check();
	}
	sched_leave(RT_BLOCK, (u64)on, RT_PC());
}

void task_wake(struct task_struct *t)
{
	if (unlikely(rt.dormant & task_bit(t)))
		rouse(t);
	t->wait_kind = WAIT_NONE;
	if (t->deadline) {
		t->deadline = 0;
		rt.sleepers &= ~task_bit(t);
		task_sleepers_changed();
	}
	rt.ready |= task_bit(t);
}

void task_wake_all(enum wait_kind kind, const void *on)
{
	for (u32 m = rt.alive & ~rt.ready; m; m &= m - 1) {
		struct task_struct *t = &rt_tasks[__builtin_ctz(m)];

		if (t->wait_kind != kind || t->wait_on != on)
			continue;
		t->woken = true;
		task_wake(t);
	}
}

void task_sleepers_changed(void)
{
	rt.next_deadline = UINT64_MAX;
	for (u32 m = rt.sleepers; m; m &= m - 1)
		rt.next_deadline = min(rt.next_deadline, rt_tasks[__builtin_ctz(m)].deadline);
}

/* The earliest deadline after @after, UINT64_MAX if there is none. */
static u64 deadline_after(u64 after)
{
	u64 next = UINT64_MAX;

	for (u32 m = rt.sleepers; m; m &= m - 1) {
		u64 deadline = rt_tasks[__builtin_ctz(m)].deadline;

		if (deadline > after)
			next = min(next, deadline);
	}
	return next;
}

/*
 * Everybody waits. Time passes to the next deadline, or, if the schedule says so, to a later one, as on a machine that
 * is slow to wake: then all that are due by then can go on, in any order.
 */
static u64 choose_deadline(void)
{
	u64 deadline = rt.next_deadline;
	u32 n = 0;

	for (u64 at = deadline; at != UINT64_MAX; at = deadline_after(at))
		n++;
	for (u32 skip = sched_choose(RT_CHOOSE_TIMER, 0, n); skip; skip--)
		deadline = deadline_after(deadline);
	return deadline;
}

/* Wakes whose deadline has come; with @jump, lets time pass until somebody's does. False if nobody was woken. */
bool task_wake_sleepers(bool jump)
{
	u64 now = rt_now_ns();

	if (rt.next_deadline == UINT64_MAX || (rt.next_deadline > now && !jump))
		return false;
	if (rt.next_deadline > now) {
		u64 deadline = choose_deadline();

		weak_drain_all();
		rt.time_base += deadline - now;
		now = deadline;
	}
	for (u32 m = rt.sleepers; m; m &= m - 1) {
		struct task_struct *t = &rt_tasks[__builtin_ctz(m)];

		if (t->deadline <= now)
			task_wake(t);
	}
	return true;
}

/* ---- task.h ---------------------------------------------------------------------------------------------------- */

struct task_struct *rt_current(void)
{
	return rt_cur == &rt_boot_task ? NULL : rt_cur;
}

const char *task_name(const struct task_struct *task)
{
	return task ? task->name : "boot";
}

void *rt_task_private(void)
{
	return rt_cur->private;
}

void rt_task_set_private(void *private)
{
	if (rt_cur != &rt_boot_task)
		rt_cur->private = private;
}

u64 *rt_task_words(void)
{
	return rt_cur->words;
}

unsigned int task_id(const struct task_struct *task)
{
	return task->id;
}

struct task_struct *rt_task_by_id(unsigned int id)
{
	return id < 32 && rt.alive >> id & 1 ? &rt_tasks[id] : NULL;
}

unsigned int task_cpu(const struct task_struct *task)
{
	return task->cpu < RT_MAX_CPUS ? task->cpu : 0;
}

static struct task_struct *create_kthread(int (*fn)(void *data), void *data, u32 cpu, const char *name,
					  enum task_sort sort)
{
	struct task_struct *t;

	BUG_ON(cpu >= rt_config.cpus);
	might_sleep();
	rt_step(RT_WAKE, 0, 0, RT_PC());
	t = task_create(name, cpu, sort);
	if (t) {
		t->thread_fn = fn;
		t->arg = data;
	}
	return t;
}

struct task_struct *kthread_run(int (*fn)(void *data), void *data, unsigned int cpu, const char *name)
{
	return create_kthread(fn, data, cpu, name, TASK_DAEMON);
}

struct task_struct *kthread_run_waiting(int (*fn)(void *data), void *data, unsigned int cpu, const char *name,
					wait_queue_head_t *wq)
{
	struct task_struct *t = create_kthread(fn, data, cpu, name, TASK_DORMANT);

	if (t) {
		t->wait_kind = WAIT_QUEUE;
		t->wait_on = wq;
	}
	return t;
}

int kthread_stop(struct task_struct *task)
{
	might_sleep();
	rt_step(RT_WAKE, 0, 0, RT_PC());
	task->should_stop = task->woken = true;
	if (!rt_running()) { /* it has never run: the run would end it before its function, as kthread() does */
		over(task);
		return -EINTR;
	}
	hb_release(&task->sync);
	if (task->wait_kind == WAIT_QUEUE || task->wait_kind == WAIT_TIME)
		task_wake(task);
	while (!task->done)
		task_block(WAIT_TASK, task, 0);
	hb_acquire(&task->sync);
	return task->exit_code;
}

bool kthread_should_stop(void)
{
	if (rt_cur->should_stop)
		hb_acquire(&rt_cur->sync);
	return rt_cur->should_stop;
}

bool signal_pending(void)
{
	if (rt_cur->signal)
		hb_acquire(&rt_cur->sync);
	return rt_cur->signal;
}

bool fatal_signal_pending(void)
{
	return rt_cur->fatal_signal && signal_pending();
}

static bool ends(const struct task_struct *t, enum rt_sleep sleep)
{
	return sleep == RT_INTERRUPTIBLE ? t->signal : sleep == RT_KILLABLE ? t->fatal_signal : false;
}

bool task_interrupted(enum rt_sleep sleep)
{
	if (!ends(rt_cur, sleep))
		return false;
	hb_acquire(&rt_cur->sync);
	return true;
}

void rt_send_signal(struct task_struct *task, bool fatal)
{
	rt_step(RT_WAKE, 0, 0, RT_PC());
	if (rt.dormant & task_bit(task))
		return;
	task->signal = true;
	task->fatal_signal |= fatal;
	hb_release(&task->sync);
	if (task->wait_kind == WAIT_NONE || !ends(task, task->sleep))
		return;
	if (task->wait_kind == WAIT_EXCLUSIVE || task->wait_kind == WAIT_SHARED)
		lock_cancel_wait(task);
	task_wake(task);
}

void rt_clear_signals(void)
{
	rt_cur->signal = rt_cur->fatal_signal = false;
}

u64 rt_now_ns(void)
{
	return sched_now_ns();
}

void msleep(unsigned int ms)
{
	u64 deadline = rt_now_ns() + ms * 1000000UL;

	might_sleep();
	if (!rt_running()) {
		rt.time_base += ms * 1000000UL;
		return;
	}
	rt_step(RT_RESCHED, 0, 0, RT_PC());
	while (rt_now_ns() < deadline)
		task_block(WAIT_TIME, NULL, deadline);
}

unsigned int msleep_interruptible(unsigned int ms)
{
	u64 deadline = rt_now_ns() + ms * 1000000UL, now;

	might_sleep();
	if (!rt_running()) {
		rt.time_base += ms * 1000000UL;
		return 0;
	}
	rt_step(RT_RESCHED, 0, 0, RT_PC());
	while ((now = rt_now_ns()) < deadline && !task_interrupted(RT_INTERRUPTIBLE))
		task_sleep(WAIT_TIME, NULL, deadline, RT_INTERRUPTIBLE);
	return now < deadline ? (u32)((deadline - now + 999999) / 1000000) : 0;
}

/* ---- sched.h's view -------------------------------------------------------------------------------------------- */

bool rt_task_exists(u32 task)
{
	return task < 32 && rt.used >> task & 1;
}

const char *rt_task_name_of(u32 task)
{
	return task_label(task);
}

u32 rt_task_cpu_of(u32 task)
{
	return task < 32 && rt.used >> task & 1 ? task_cpu(&rt_tasks[task]) : 0;
}

bool rt_task_is_daemon(u32 task)
{
	return task < 32 && rt.daemons >> task & 1;
}

/* One more than the highest id in use: ids of daemons are counted from RT_MAX_TASKS - 1 down. */
u32 rt_nr_tasks(void)
{
	return rt.used ? 32 - (u32)__builtin_clz(rt.used) : 0;
}

RT_UNINSTRUMENTED_END
