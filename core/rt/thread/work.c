/* SPDX-License-Identifier: MIT */
/* Work items: a queue per CPU, run one after the other by its worker. */
#include <string.h>

#include "core/rt/thread/futex.h"
#include "core/rt/thread/runtime.h"
#include "core/rt/thread/vcpu.h"

static struct pool {
	struct word_lock guard; /* everything here, and pending of each item */
	struct work_struct *first, **last;
	struct work_struct *running;
	u32 turn; /* futex: an item was queued or is over */
} pools[RT_MAX_CPUS];

void work_reset(void)
{
	memset(pools, 0, sizeof(pools));
	for (u32 i = 0; i < RT_MAX_CPUS; i++)
		pools[i].last = &pools[i].first;
}

void init_work(struct work_struct *work, void (*func)(struct work_struct *work))
{
	work->func = func;
	work->next = NULL;
	work->pending = 0;
	work->cpu = 0;
	init_waitqueue_head(&work->done, LOCK_work);
}

static void pool_changed(struct pool *pool)
{
	__atomic_fetch_add(&pool->turn, 1, __ATOMIC_RELAXED);
	futex_wake_all(&pool->turn);
}

bool schedule_work_on(unsigned int cpu, struct work_struct *work)
{
	struct pool *pool = &pools[cpu];
	bool queued;

	BUG_ON(cpu >= nr_cpu_ids());
	word_lock(&pool->guard);
	queued = !work->pending;
	if (queued) {
		work->pending = 1;
		__atomic_store_n(&work->cpu, cpu, __ATOMIC_RELAXED);
		work->next = NULL;
		*pool->last = work;
		pool->last = &work->next;
	}
	word_unlock(&pool->guard);
	if (queued)
		pool_changed(pool);
	return queued;
}

static bool work_over(struct pool *pool, const struct work_struct *work, u32 *turn)
{
	bool over;

	word_lock(&pool->guard);
	over = !work->pending && pool->running != work;
	*turn = __atomic_load_n(&pool->turn, __ATOMIC_RELAXED);
	word_unlock(&pool->guard);
	return over;
}

void flush_work(struct work_struct *work)
{
	struct task_struct *me = self();
	struct pool *pool = &pools[__atomic_load_n(&work->cpu, __ATOMIC_RELAXED)];
	u32 turn;

	might_sleep();
	self_block(me, ON_WORK, work, 0);
	while (!work_over(pool, work, &turn)) {
		futex_wait(&pool->turn, turn, FUTEX_SLICE_NS);
		self_check_teardown(me);
	}
	self_unblock(me);
}

static struct work_struct *work_take(struct pool *pool, u32 *turn)
{
	struct work_struct *work;

	word_lock(&pool->guard);
	work = pool->first;
	if (work) {
		pool->first = work->next;
		if (!pool->first)
			pool->last = &pool->first;
		work->pending = 0;
	}
	pool->running = work;
	*turn = __atomic_load_n(&pool->turn, __ATOMIC_RELAXED);
	word_unlock(&pool->guard);
	return work;
}

static void work_done(struct pool *pool)
{
	word_lock(&pool->guard);
	pool->running = NULL;
	word_unlock(&pool->guard);
	pool_changed(pool);
}

void work_serve(struct task_struct *me, u32 cpu)
{
	struct pool *pool = &pools[cpu];
	u32 turn;

	for (;;) {
		struct work_struct *work = work_take(pool, &turn);

		self_check_teardown(me);
		if (!work) {
			self_block(me, IDLE, pool, 0);
			futex_wait(&pool->turn, turn, FUTEX_SLICE_NS);
			__atomic_store_n(&me->blocked, (u32)RUNNING, __ATOMIC_RELEASE);
			continue;
		}
		work->func(work);
		if (me->nr_held || me->own_depth)
			context_fail(me, me->nr_held ? "lock-held-on-return" : "atomic-on-return",
				     "a work item returned so");
		work_done(pool);
	}
}

bool work_idle(void)
{
	bool idle = true;

	for (u32 i = 0; i < nr_cpu_ids() && idle; i++) {
		word_lock(&pools[i].guard);
		idle = !pools[i].first && !pools[i].running;
		word_unlock(&pools[i].guard);
	}
	return idle;
}
