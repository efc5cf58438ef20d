/* SPDX-License-Identifier: MIT */
/*
 * RCU with an adversarial grace period: it may end once the readers that were there at its start are gone, and does
 * end when the schedule runs whoever waits for it. Callbacks run in a daemon of their own, on no CPU, in an order that
 * the schedule chooses among those whose grace period is over.
 */
#include "core/rt/rcu.h"

#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

struct grace_period rt_grace[RT_CALLBACKS_MAX]; /* rt.nr_grace are pending, oldest first */

/* ---- readers ---------------------------------------------------------------------------------------------------- */

void rcu_read_lock(void)
{
	rt_step(RT_LOCK, 0, 0, RT_PC());
	task_atomic_enter();
	if (rt_cur->rcu_depth++ || !rt_running())
		return;
	rt.readers |= task_bit(rt_cur);
	if (rt_cur->grace_seen != rt.grace_count) {
		/* a section that begins after a grace period began sees what the updater did before it */
		hb_acquire(&rt.grace_start_sync);
		rt_cur->grace_seen = rt.grace_count;
	}
}

static void grace_over(struct grace_period *g)
{
	if (g->head)
		rt.ready |= rt.rcu_task;
	else
		task_wake(&rt_tasks[g->waiter]);
}

static void reader_gone(void)
{
	u32 bit = task_bit(rt_cur);

	rt.readers &= ~bit;
	hb_release(&rt.readers_sync);
	if (likely(!(rt.grace_readers & bit)))
		return;
	rt.grace_readers = 0;
	for (u32 i = 0; i < rt.nr_grace; i++) {
		struct grace_period *g = &rt_grace[i];

		if (g->readers & bit) {
			g->readers &= ~bit;
			hb_release(&g->sync);
			if (!g->readers)
				grace_over(g);
		}
		rt.grace_readers |= g->readers;
	}
}

void rcu_read_unlock(void)
{
	rt_step(RT_UNLOCK, 0, 0, RT_PC());
	if (!rt_cur->rcu_depth)
		context_fail("rcu-unbalanced", "rcu_read_unlock() outside of a read section");
	rt_cur->rcu_depth--;
	if (!rt_cur->rcu_depth && rt_running())
		reader_gone();
	task_atomic_leave();
}

/* Preemption off as well: per-CPU data is its user's, as between preempt_disable() and preempt_enable(). */
void rcu_read_lock_sched(void)
{
	rcu_read_lock();
	preempt_disable();
}

void rcu_read_unlock_sched(void)
{
	preempt_enable();
	rcu_read_unlock();
}

bool rcu_read_lock_held(void)
{
	return rt_cur->rcu_depth || !rt_running();
}

void rt_rcu_check_reader(void)
{
	if (!rcu_read_lock_held())
		context_fail("rcu-dereference", "rcu_dereference() outside of a read section");
}

/* ---- updaters --------------------------------------------------------------------------------------------------- */

static struct grace_period *grace_add(void)
{
	struct grace_period *g = &rt_grace[rt.nr_grace];

	if (rt.nr_grace == RT_CALLBACKS_MAX)
		rt_fail(VERDICT_crash, "crash too many grace periods", "more than %u grace periods are pending",
			RT_CALLBACKS_MAX);
	rt.nr_grace++;
	*g = (struct grace_period){.readers = rt.readers, .waiter = RT_NO_TASK};
	rt.grace_readers |= rt.readers;
	return g;
}

static void grace_remove(u32 index)
{
	rt.nr_grace--;
	for (u32 i = index; i < rt.nr_grace; i++)
		rt_grace[i] = rt_grace[i + 1];
}

/* Sections that are over are ordered before the end of any grace period that begins now. */
static void grace_begins(void)
{
	weak_drain();
	hb_acquire(&rt.readers_sync);
	hb_release(&rt.grace_start_sync);
	rt.grace_count++;
}

void synchronize_rcu(void)
{
	struct grace_period *g;
	u32 i;

	might_sleep();
	if (!rt_running()) {
		rcu_run_at_boot();
		return;
	}
	rt_step(RT_LOCK, 0, 0, RT_PC());
	grace_begins();
	if (!rt.readers) {
		weak_drain_all();
		return;
	}
	g = grace_add();
	g->waiter = rt_cur->id;
	task_block(WAIT_GRACE_PERIOD, NULL, 0);
	weak_drain_all(); /* each CPU has passed a full barrier meanwhile */
	for (i = 0; rt_grace[i].head || rt_grace[i].waiter != rt_cur->id; i++)
		;
	hb_acquire(&rt_grace[i].sync);
	grace_remove(i);
}

static void run_callback(struct grace_period g)
{
	access_object(g.head, sizeof(*g.head), RT_PC());
	if (g.object)
		kfree(g.object);
	else
		g.head->func(g.head);
}

void rcu_run_at_boot(void)
{
	while (rt.nr_grace) {
		struct grace_period g = rt_grace[0];

		grace_remove(0);
		run_callback(g);
	}
}

static u32 nth_ready(u32 n)
{
	for (u32 i = 0;; i++)
		if (rt_grace[i].head && !rt_grace[i].readers && !n--)
			return i;
}

static u32 count_ready(void)
{
	u32 count = 0;

	for (u32 i = 0; i < rt.nr_grace; i++)
		count += rt_grace[i].head && !rt_grace[i].readers;
	return count;
}

static bool callback_pending(u64 last)
{
	if (rt.callback_running && rt.callback_running <= last)
		return true;
	for (u32 i = 0; i < rt.nr_grace; i++)
		if (rt_grace[i].head && rt_grace[i].seq <= last)
			return true;
	return false;
}

static void wake_barriers(void)
{
	for (u32 m = rt.alive & ~rt.ready; m; m &= m - 1) {
		struct task_struct *t = &rt_tasks[__builtin_ctz(m)];

		if (t->wait_kind == WAIT_BARRIER && !callback_pending(t->wait_arg))
			task_wake(t);
	}
}

static void rcu_daemon(void *arg)
{
	(void)arg;
	for (;;) {
		u32 ready, chosen;
		struct grace_period g;

		while (!(ready = count_ready()))
			task_block(WAIT_IDLE, NULL, 0);
		rt_cur->wait_kind = WAIT_NONE;
		chosen = nth_ready(sched_choose(RT_CHOOSE_CALLBACK, 0, ready));
		g = rt_grace[chosen];
		grace_remove(chosen);
		rt.callback_running = g.seq;
		weak_drain_all();
		hb_acquire(&g.sync);
		rt_cur->preempt_count++; /* callbacks run in softirq context: they may not sleep */
		task_atomic_enter();
		run_callback(g);
		rt_cur->preempt_count--;
		task_atomic_leave();
		task_check_returned("an RCU callback returned with preemption or interrupts off");
		weak_drain();
		hb_release(&rt.callbacks_sync);
		rt.callback_running = 0;
		wake_barriers();
		rt_step(RT_RESCHED, 0, 0, RT_PC());
	}
}

static void queue_callback(struct rcu_head *head, void *object)
{
	struct grace_period *g;

	access_object(head, sizeof(*head), RT_PC());
	if (rt_running() && !rt.rcu_task)
		rt.rcu_task = task_bit(daemon_create("rcu", RT_MAX_CPUS, rcu_daemon));
	g = grace_add();
	g->head = head;
	g->object = object;
	g->seq = ++rt.callback_seq;
	if (!rt_running())
		return;
	grace_begins();
	hb_release(&g->sync);
	if (!g->readers)
		grace_over(g);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	rt_step(RT_WAKE, (u64)head, sizeof(*head), RT_PC());
	queue_callback(head, NULL);
	head->func = func;
}

void rt_kfree_rcu(struct rcu_head *head, void *ptr)
{
	rt_step(RT_WAKE, (u64)head, sizeof(*head), RT_PC());
	queue_callback(head, ptr);
}

void rcu_barrier(void)
{
	might_sleep();
	if (!rt_running()) {
		rcu_run_at_boot();
		return;
	}
	rt_step(RT_LOCK, 0, 0, RT_PC());
	if (callback_pending(rt.callback_seq)) {
		rt_cur->wait_arg = rt.callback_seq;
		task_block(WAIT_BARRIER, NULL, 0);
	}
	weak_drain_all();
	hb_acquire(&rt.callbacks_sync);
}

RT_UNINSTRUMENTED_END
