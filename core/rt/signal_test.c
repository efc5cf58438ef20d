/* SPDX-License-Identifier: MIT */
/* Sleeps that a signal ends: of which kind, by which signal, and that nothing is left of the wait. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/rcu.h"
#include "core/rt/task.h"
#include "core/rt/wait.h"

struct shared {
	struct mutex m;
	wait_queue_head_t wq;
	u64 held, done, ended;
};
#define shared RT_TEST_SHARED(struct shared)

static void boot(void)
{
	mutex_init(&shared.m, LOCK_test_m);
	init_waitqueue_head(&shared.wq, LOCK_waitqueue);
}

/* Holds the mutex until the other's wait for it has ended. */
static void holder(void *arg)
{
	struct task_struct *waiter = rt_task_by_id(1);

	mutex_lock(&shared.m);
	WRITE_ONCE(shared.held, 1);
	msleep(20);
	rt_send_signal(waiter, false);
	if (arg) {
		msleep(20);
		BUG_ON(READ_ONCE(shared.ended));
		rt_send_signal(waiter, true);
	}
	while (!READ_ONCE(shared.ended))
		msleep(1);
	mutex_unlock(&shared.m);
}

static void waiter(void *arg)
{
	while (!READ_ONCE(shared.held))
		msleep(1);
	BUG_ON((arg ? mutex_lock_killable(&shared.m) : mutex_lock_interruptible(&shared.m)) != -EINTR);
	BUG_ON(!signal_pending() || lock_is_held(&shared.m.rt) || fatal_signal_pending() != !!arg);
	/* Pending already: no wait at all. */
	BUG_ON(mutex_lock_interruptible(&shared.m) != -EINTR);
	WRITE_ONCE(shared.ended, 1);
	mutex_lock(&shared.m);
	mutex_unlock(&shared.m);
	/* A free lock is taken, signals or not. */
	BUG_ON(mutex_lock_interruptible(&shared.m));
	mutex_unlock(&shared.m);
	BUG_ON(mutex_lock_killable(&shared.m) || !lock_is_held(&shared.m.rt));
	mutex_unlock(&shared.m);
	rt_clear_signals();
}

static void test_mutex(void **state)
{
	for (u64 fatal = 0; fatal < 2; fatal++) {
		struct rt_test test = {
			.cpus = 2,
			.rounds = 10,
			.boot = boot,
			.task = {{"holder", 0, holder, (void *)fatal}, {"waiter", 1, waiter, (void *)fatal}}};

		rt_test_expect_ok(&test);
	}
	(void)state;
}

/* Unlocked and interrupted at once: one of the two, and the mutex is what the result says. */
static void unlocks(void *arg)
{
	(void)arg;
	mutex_lock(&shared.m);
	WRITE_ONCE(shared.held, 1);
	cond_resched();
	mutex_unlock(&shared.m);
}

static void interrupts(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.held))
		msleep(1);
	rt_send_signal(rt_task_by_id(0), true);
}

static void either(void *arg)
{
	(void)arg;
	if (!mutex_lock_killable(&shared.m)) {
		BUG_ON(!lock_is_held(&shared.m.rt));
		mutex_unlock(&shared.m);
	}
	mutex_lock(&shared.m);
	mutex_unlock(&shared.m);
	while (!fatal_signal_pending())
		msleep(1);
}

static void test_signal_against_unlock(void **state)
{
	struct rt_test test = {.cpus = 3,
			       .rounds = 60,
			       .boot = boot,
			       .task = {{"w", 0, either, NULL}, {"u", 1, unlocks, NULL}, {"s", 2, interrupts, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void sends_both(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.held))
		msleep(1);
	msleep(10);
	rt_send_signal(rt_task_by_id(0), false);
	msleep(10);
	WRITE_ONCE(shared.done, 1); /* nobody is woken */
	rt_send_signal(rt_task_by_id(0), true);
}

/* The first signal does not end it, and after the second its condition holds: that counts. */
static void waits_killable(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared.held, 1);
	BUG_ON(wait_event_killable(&shared.wq, READ_ONCE(shared.done)) != 0);
	BUG_ON(!fatal_signal_pending());
	BUG_ON(wait_event_killable(&shared.wq, false) != -ERESTARTSYS);
}

static void test_wait_killable(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 10,
			       .boot = boot,
			       .task = {{"w", 0, waits_killable, NULL}, {"s", 1, sends_both, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

/* It must not sleep: if all do, time may pass to any of their deadlines. */
static void sends_one(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.held))
		cpu_relax();
	rt_send_signal(rt_task_by_id(0), false);
}

static void waits_with_timeout(void *arg)
{
	u64 before = rt_now_ns();

	(void)arg;
	BUG_ON(wait_event_interruptible_timeout(&shared.wq, false, 20000000UL) != -ETIME);
	BUG_ON(rt_now_ns() - before < 20000000UL);
	BUG_ON(wait_event_interruptible_timeout(&shared.wq, true, 20000000UL) != 0);
	WRITE_ONCE(shared.held, 1);
	BUG_ON(wait_event_interruptible_timeout(&shared.wq, false, 1UL << 50) != -ERESTARTSYS);
}

static void sleeps(void *arg)
{
	u64 before = rt_now_ns();
	u32 left;

	(void)arg;
	BUG_ON(msleep_interruptible(20) != 0 || rt_now_ns() - before < 20000000UL);
	WRITE_ONCE(shared.held, 1);
	left = msleep_interruptible(1000000);
	BUG_ON(!left || left > 1000000 || !signal_pending());
	BUG_ON(msleep_interruptible(10) == 0);
	rt_clear_signals();
	synchronize_rcu_expedited();
	BUG_ON(get_cpu() != 0 || !in_atomic());
	put_cpu();
	BUG_ON(in_atomic());
}

static void test_timed_sleeps(void **state)
{
	struct rt_test queue = {.cpus = 2,
				.rounds = 10,
				.boot = boot,
				.task = {{"w", 0, waits_with_timeout, NULL}, {"s", 1, sends_one, NULL}}};
	struct rt_test time = {
		.cpus = 2, .rounds = 10, .boot = boot, .task = {{"w", 0, sleeps, NULL}, {"s", 1, sends_one, NULL}}};

	(void)state;
	rt_test_expect_ok(&queue);
	rt_test_expect_ok(&time);
}

static void interruptible_in_atomic(void *arg)
{
	preempt_disable();
	if (arg)
		BUG_ON(mutex_lock_interruptible(&shared.m));
	else
		msleep_interruptible(1);
}

static void test_misuse(void **state)
{
	for (u64 which = 0; which < 2; which++) {
		struct rt_test test = {.cpus = 1,
				       .rounds = 1,
				       .boot = boot,
				       .task = {{"t", 0, interruptible_in_atomic, (void *)which}}};

		rt_test_expect(&test, VERDICT_context, "sleep-in-atomic");
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutex),         cmocka_unit_test(test_signal_against_unlock),
		cmocka_unit_test(test_wait_killable), cmocka_unit_test(test_timed_sleeps),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
