/* SPDX-License-Identifier: MIT */
/* Wait queues and completions. */
#include "core/rt/wait.h"

#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/lock_state.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

static struct lock_state *state_of(wait_queue_head_t *wq)
{
	return (struct lock_state *)wq->rt.priv;
}

void init_waitqueue_head(wait_queue_head_t *wq, enum lock_class class)
{
	volatile u64 *words = wq->rt.priv;

	access_object(wq, sizeof(*wq), RT_PC());
	wq->rt.class = class;
	wq->rt.flags = RT_LOCK_MAGIC;
	for (u32 i = 0; i < ARRAY_SIZE(wq->rt.priv); i++)
		words[i] = 0;
}

static void check_queue(wait_queue_head_t *wq, void *pc)
{
	access_object(wq, sizeof(*wq), pc);
	if (wq->rt.flags != RT_LOCK_MAGIC)
		context_fail("waitqueue-not-initialised", "a wait queue is used before its init function ran");
}

static void wake_queue(wait_queue_head_t *wq)
{
	state_of(wq)->sequence++;
	hb_release(&state_of(wq)->sync);
	if (rt.relaxed)
		sched_stored();
	task_wake_all(WAIT_QUEUE, wq);
}

void wake_up_all(wait_queue_head_t *wq)
{
	rt_step(RT_WAKE, (u64)wq, sizeof(*wq), RT_PC());
	check_queue(wq, RT_PC());
	wake_queue(wq);
}

u64 rt_wait_prepare(wait_queue_head_t *wq)
{
	rt_step(RT_LOCK, (u64)wq, sizeof(*wq), RT_PC());
	check_queue(wq, RT_PC());
	weak_drain(); /* before the condition is looked at: whoever makes it true and wakes has a barrier too */
	rt_cur->woken = false;
	return state_of(wq)->sequence;
}

int rt_wait_sleep(wait_queue_head_t *wq, u64 ticket, enum rt_sleep sleep, u64 deadline)
{
	struct lock_state *s = state_of(wq);

	might_sleep();
	check_queue(wq, RT_PC());
	if (s->sequence == ticket && !rt_cur->woken) {
		if (task_interrupted(sleep))
			return -ERESTARTSYS;
		if (deadline && rt_now_ns() >= deadline)
			return -ETIME;
		task_sleep(WAIT_QUEUE, wq, deadline, sleep);
		check_queue(wq, RT_PC());
	}
	if (s->sequence != ticket) {
		hb_acquire(&s->sync);
		return 0;
	}
	if (task_interrupted(sleep))
		return -ERESTARTSYS;
	return deadline && !rt_cur->woken && rt_now_ns() >= deadline ? -ETIME : 0;
}

/* ---- completions ------------------------------------------------------------------------------------------------ */

void init_completion(struct completion *x)
{
	access_object(x, sizeof(*x), RT_PC());
	x->done = 0;
	x->pad = 0;
	init_waitqueue_head(&x->wait, LOCK_completion);
}

void wait_for_completion(struct completion *x)
{
	might_sleep();
	rt_step(RT_LOCK, (u64)x, sizeof(*x), RT_PC());
	check_queue(&x->wait, RT_PC());
	while (!x->done) {
		task_block(WAIT_QUEUE, &x->wait, 0);
		check_queue(&x->wait, RT_PC());
	}
	access_object(x, sizeof(*x), RT_PC());
	if (x->done != UINT32_MAX)
		x->done--;
	hb_acquire(&state_of(&x->wait)->sync);
}

static void complete_with(struct completion *x, bool all, void *pc)
{
	rt_step(RT_WAKE, (u64)x, sizeof(*x), pc);
	access_object(x, sizeof(*x), pc);
	check_queue(&x->wait, pc);
	if (all)
		x->done = UINT32_MAX;
	else if (x->done != UINT32_MAX)
		x->done++;
	wake_queue(&x->wait);
}

void complete(struct completion *x)
{
	complete_with(x, false, RT_PC());
}

void complete_all(struct completion *x)
{
	complete_with(x, true, RT_PC());
}

RT_UNINSTRUMENTED_END
