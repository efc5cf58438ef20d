/* SPDX-License-Identifier: MIT */
/* Wait queues and completions: a generation count to sleep on. */
#include "core/rt/wait.h"

#include "core/rt/cpu.h"
#include "core/rt/thread/futex.h"
#include "core/rt/thread/held.h"
#include "core/rt/thread/runtime.h"

struct queue {
	u32 generation; /* futex */
	u32 sleepers;
	struct word_lock guard; /* of a completion */
};
_Static_assert(sizeof(struct queue) <= sizeof(((struct rt_lock *)0)->priv), "fits");

static struct queue *queue_of(wait_queue_head_t *wq)
{
	return (struct queue *)wq->rt.priv;
}

void init_waitqueue_head(wait_queue_head_t *wq, enum lock_class class)
{
	rt_lock_init(&wq->rt, class);
}

void wake_up_all(wait_queue_head_t *wq)
{
	struct queue *queue = queue_of(wq);

	rt_lock_check(self(), &wq->rt);
	/*
	 * Full barrier: orders the caller's store to the condition before the read of sleepers; pairs with the count in
	 * rt_wait_sleep(), which comes before the kernel's comparison of the generation.
	 */
	__atomic_fetch_add(&queue->generation, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&queue->sleepers, __ATOMIC_SEQ_CST))
		futex_wake_all(&queue->generation);
}

u64 rt_wait_prepare(wait_queue_head_t *wq)
{
	struct task_struct *me = self();

	rt_lock_check(me, &wq->rt);
	/* Before the caller looks at its condition: who sets that and then this is seen by the look or by the sleep. */
	__atomic_store_n(&me->woken, 0, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&queue_of(wq)->generation, __ATOMIC_SEQ_CST);
}

static int sleep_slice(struct task_struct *me, struct queue *queue, u32 ticket, enum rt_sleep sleep, u64 deadline)
{
	u64 slice = FUTEX_SLICE_NS;

	if (self_interrupted(me, sleep))
		return -ERESTARTSYS;
	if (deadline) {
		u64 now = rt_now_ns();

		if (now >= deadline)
			return -ETIME;
		slice = min(slice, deadline - now);
	}
	futex_wait(&queue->generation, ticket, slice);
	self_check_teardown(me);
	return 0;
}

int rt_wait_sleep(wait_queue_head_t *wq, u64 ticket, enum rt_sleep sleep, u64 deadline)
{
	struct task_struct *me = self();
	struct queue *queue = queue_of(wq);
	int ret = 0;

	might_sleep();
	self_block(me, deadline ? ON_TIME : ON_WAIT, wq, deadline);
	__atomic_fetch_add(&queue->sleepers, 1, __ATOMIC_SEQ_CST);
	while (!ret && __atomic_load_n(&queue->generation, __ATOMIC_ACQUIRE) == (u32)ticket &&
	       !__atomic_load_n(&me->woken, __ATOMIC_SEQ_CST))
		ret = sleep_slice(me, queue, (u32)ticket, sleep, deadline);
	__atomic_fetch_sub(&queue->sleepers, 1, __ATOMIC_RELAXED);
	self_unblock(me);
	return ret;
}

/* The queue's memory may be gone by then: a wake-up of a dead address harms nobody. */
void wait_interrupt(struct task_struct *task)
{
	const void *wq = __atomic_load_n(&task->blocked_what, __ATOMIC_RELAXED);
	u32 blocked = __atomic_load_n(&task->blocked, __ATOMIC_ACQUIRE);

	__atomic_store_n(&task->woken, 1, __ATOMIC_SEQ_CST);
	if (wq && (blocked == ON_WAIT || blocked == ON_TIME))
		futex_wake_all(&queue_of((wait_queue_head_t *)(uintptr_t)wq)->generation);
}

void init_completion(struct completion *x)
{
	x->done = 0;
	x->pad = 0;
	init_waitqueue_head(&x->wait, LOCK_completion);
}

static bool take_one(struct completion *x)
{
	struct queue *queue = queue_of(&x->wait);
	bool taken;

	word_lock(&queue->guard);
	taken = x->done != 0;
	if (taken && x->done != UINT32_MAX)
		x->done--;
	word_unlock(&queue->guard);
	return taken;
}

void wait_for_completion(struct completion *x)
{
	might_sleep();
	wait_event(&x->wait, take_one(x));
}

/* The wake-up stays inside the guard: the waiter, which takes it too, may free the completion as soon as it returns. */
static void add_done(struct completion *x, bool all)
{
	struct queue *queue = queue_of(&x->wait);

	rt_lock_check(self(), &x->wait.rt);
	word_lock(&queue->guard);
	if (all)
		x->done = UINT32_MAX;
	else if (x->done != UINT32_MAX)
		x->done++;
	wake_up_all(&x->wait);
	word_unlock(&queue->guard);
}

void complete(struct completion *x)
{
	add_done(x, false);
}

void complete_all(struct completion *x)
{
	add_done(x, true);
}
