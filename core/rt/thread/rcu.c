/* SPDX-License-Identifier: MIT */
/*
 * RCU on liburcu. A reader owns its CPU, as on a kernel without preemption.
 *
 * What TSan is told: the end of a read section is a release and the end of a grace period, for its waiter or a
 * callback, an acquire of the same thing.
 */
#include "core/rt/rcu.h"

#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/thread/age.h"
#include "core/rt/thread/futex.h"
#include "core/rt/thread/grace.h"
#include "core/rt/thread/runtime.h"
#include "core/rt/thread/tsan.h"
#include "core/rt/thread/vcpu.h"

_Static_assert(sizeof(struct grace_head) <= sizeof(((struct rcu_head *)0)->priv), "liburcu's head fits");

static u64 readers_end;

/* The watchdog reads it. */
static void set_depth(struct task_struct *me, u32 depth)
{
	__atomic_store_n(&me->rcu_depth, depth, __ATOMIC_RELAXED);
}

void rcu_read_lock(void)
{
	struct task_struct *me = self();

	vcpu_enter(me);
	set_depth(me, me->rcu_depth + 1);
	if (me->rcu_depth == 1) {
		grace_read_lock();
		age_begin(me);
	}
}

void rcu_read_unlock(void)
{
	struct task_struct *me = self();

	if (!me->rcu_depth)
		context_fail(me, "rcu-unbalanced", "rcu_read_unlock() without rcu_read_lock()");
	vcpu_serve(me);
	if (me->rcu_depth == 1)
		age_end(me);
	set_depth(me, me->rcu_depth - 1);
	if (!me->rcu_depth) {
		tsan_release(&readers_end);
		grace_read_unlock();
	}
	vcpu_leave(me);
}

void rcu_read_lock_sched(void)
{
	rcu_read_lock();
}

void rcu_read_unlock_sched(void)
{
	rcu_read_unlock();
}

bool rcu_read_lock_held(void)
{
	return self()->rcu_depth != 0;
}

void rt_rcu_check_reader(void)
{
	struct task_struct *me = self();

	if (unlikely(!me->rcu_depth))
		context_fail(me, "rcu-dereference", "rcu_dereference() outside a read section");
}

void synchronize_rcu(void)
{
	struct task_struct *me = self();
	u64 before;

	might_sleep();
	self_block(me, ON_GRACE, NULL, 0);
	before = age_grace_begins();
	grace_synchronize();
	age_grace_ended(before);
	self_unblock(me);
	tsan_acquire(&readers_end);
	self_check_teardown(me);
}

/* liburcu's one callback thread stands for the softirq of CPU 0. */
struct task_struct softirq_self;

static void run_callback(struct grace_head *grace)
{
	struct rcu_head *head = container_of(grace, struct rcu_head, priv);
	struct task_struct *me = &softirq_self;

	self_set(me);
	self_unblock(me);
	tsan_acquire(&readers_end);
	tsan_acquire(head);
	preempt_disable();
	me->irq_depth++;
	head->func(head);
	me->irq_depth--;
	if (me->nr_held)
		context_fail(me, "lock-held-on-return", "an RCU callback returned with a lock held");
	preempt_enable();
	self_block(me, IDLE, NULL, 0);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	head->func = func;
	tsan_release(head);
	grace_call((struct grace_head *)head->priv, run_callback);
}

struct sentinel {
	struct grace_head head;
	u32 reached; /* futex */
};

static void sentinel_callback(struct grace_head *head)
{
	struct sentinel *sentinel = container_of(head, struct sentinel, head);

	tsan_acquire(head);
	__atomic_store_n(&sentinel->reached, 1, __ATOMIC_RELEASE);
	futex_wake_all(&sentinel->reached);
}

/*
 * One thread runs all callbacks in the order they were queued, so one more behind them tells when they are done. The
 * wait is never abandoned: the callback writes to this frame.
 */
void rcu_barrier(void)
{
	struct task_struct *me = self();
	struct sentinel sentinel = {.reached = 0};

	might_sleep();
	self_block(me, ON_CALLBACKS, NULL, 0);
	tsan_release(&sentinel.head);
	grace_call(&sentinel.head, sentinel_callback);
	while (!__atomic_load_n(&sentinel.reached, __ATOMIC_ACQUIRE))
		futex_wait(&sentinel.reached, 0, FUTEX_SLICE_NS);
	self_unblock(me);
	self_check_teardown(me);
}

static void free_callback(struct rcu_head *head)
{
	kfree(head->next);
}

/* The link is the runtime's: it carries the object, of which the head is somewhere inside. */
void rt_kfree_rcu(struct rcu_head *head, void *ptr)
{
	head->next = ptr;
	rt_rcu_removed(ptr);
	call_rcu(head, free_callback);
}
