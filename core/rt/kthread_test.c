/* SPDX-License-Identifier: MIT */
/* Kernel threads that exist asleep: woken, woken in vain, never woken, stopped. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/task.h"
#include "core/rt/wait.h"

#define LOOPS 10

struct shared {
	wait_queue_head_t wq, answer;
	struct task_struct *thread, *other;
	u64 wanted, done, rounds, saw_stop, plain;
};
#define shared RT_TEST_SHARED(struct shared)

/* Like kswapd(): sleeps until there is work, does it, ends when told to. */
static int server(void *data)
{
	BUG_ON(data != &shared || strcmp(task_name(current), "server") || task_cpu(current) != 1);
	for (;;) {
		wait_event(&shared.wq,
			   smp_load_acquire(&shared.wanted) > READ_ONCE(shared.done) || kthread_should_stop());
		if (kthread_should_stop())
			break;
		BUG_ON(shared.plain != READ_ONCE(shared.wanted));
		WRITE_ONCE(shared.rounds, READ_ONCE(shared.rounds) + 1);
		smp_store_release(&shared.done, READ_ONCE(shared.done) + 1);
		wake_up_all(&shared.answer);
	}
	WRITE_ONCE(shared.saw_stop, READ_ONCE(shared.saw_stop) + 1);
	return 42;
}

static int never(void *data)
{
	(void)data;
	BUG();
}

static void boot_queues(void)
{
	init_waitqueue_head(&shared.wq, LOCK_waitqueue);
	init_waitqueue_head(&shared.answer, LOCK_waitqueue);
}

static void boot(void)
{
	boot_queues();
	shared.thread = kthread_run_waiting(server, &shared, 1, "server", &shared.wq);
	shared.other = kthread_run_waiting(never, NULL, 0, "never", &shared.answer);
	BUG_ON(!shared.thread || !shared.other || shared.thread == shared.other);
	BUG_ON(strcmp(task_name(shared.thread), "server") || task_cpu(shared.thread) != 1);
}

static void boot_server(void)
{
	boot_queues();
	shared.thread = kthread_run_waiting(server, &shared, 1, "server", &shared.wq);
}

static void nothing(void *arg)
{
	(void)arg;
	BUG_ON(task_id(current) != 0);
	point(op, begin, 1);
	WRITE_ONCE(shared.rounds, READ_ONCE(shared.rounds));
}

static void check_slept(void)
{
	BUG_ON(shared.rounds || shared.saw_stop);
}

static void test_never_woken(void **state)
{
	struct rt_test test = {
		.cpus = 2, .rounds = 5, .boot = boot, .after = check_slept, .task = {{"t", 0, nothing, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void asks(void *arg)
{
	(void)arg;
	for (u64 i = 1; i <= LOOPS; i++) {
		shared.plain = i;
		smp_store_release(&shared.wanted, i);
		wake_up_all(&shared.wq);
		wait_event(&shared.answer, smp_load_acquire(&shared.done) == i);
	}
}

static void check_answered(void)
{
	BUG_ON(shared.rounds != LOOPS || shared.saw_stop);
}

static void test_woken(void **state)
{
	struct rt_test test = {
		.cpus = 2, .rounds = 20, .boot = boot_server, .after = check_answered, .task = {{"t", 0, asks, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

/* No look at any flag: it begins because it was woken, after what its waker did before. */
static int begins(void *data)
{
	(void)data;
	BUG_ON(shared.plain != 7);
	WRITE_ONCE(shared.done, 1);
	return 0;
}

static void boot_begins(void)
{
	boot_queues();
	shared.thread = kthread_run_waiting(begins, NULL, 1, "begins", &shared.wq);
}

static void wakes_once(void *arg)
{
	(void)arg;
	shared.plain = 7;
	wake_up_all(&shared.wq);
	while (!READ_ONCE(shared.done))
		msleep(1);
	BUG_ON(kthread_stop(shared.thread) != 0);
}

static void test_wake_orders(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 10, .boot = boot_begins, .task = {{"t", 0, wakes_once, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void wakes_in_vain(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		wake_up_all(&shared.wq);
		cond_resched();
	}
}

static void test_woken_in_vain(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 10,
			       .boot = boot_server,
			       .after = check_slept,
			       .task = {{"t", 0, wakes_in_vain, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void stops(void *arg)
{
	if (arg)
		asks(NULL);
	BUG_ON(kthread_stop(shared.thread) != 42);
	BUG_ON(READ_ONCE(shared.saw_stop) != 1);
}

/* As kswapd_stop(): the function runs, sees that it is to stop, and its result comes back. */
static void test_stopped(void **state)
{
	struct rt_test asleep = {.cpus = 2, .rounds = 10, .boot = boot_server, .task = {{"t", 0, stops, NULL}}};
	struct rt_test busy = {.cpus = 2, .rounds = 10, .boot = boot_server, .task = {{"t", 0, stops, (void *)1}}};
	struct rt_test against_wake = {.cpus = 2,
				       .rounds = 30,
				       .boot = boot_server,
				       .task = {{"t", 0, stops, NULL}, {"w", 1, wakes_in_vain, NULL}}};

	(void)state;
	rt_test_expect_ok(&asleep);
	rt_test_expect_ok(&busy);
	rt_test_expect_ok(&against_wake);
}

/* A node that comes and goes: its thread is made and stopped in the run, more often than there are ids. */
static void makes(void *arg)
{
	(void)arg;
	for (u64 i = 1; i <= 40; i++) {
		shared.thread = kthread_run_waiting(server, &shared, 1, "server", &shared.wq);
		BUG_ON(!shared.thread);
		if (i % 3 == 0) {
			shared.plain = READ_ONCE(shared.done) + 1;
			smp_store_release(&shared.wanted, shared.plain);
			wake_up_all(&shared.wq);
		}
		BUG_ON(kthread_stop(shared.thread) != 42);
		WRITE_ONCE(shared.done, READ_ONCE(shared.wanted));
		BUG_ON(READ_ONCE(shared.saw_stop) != i);
	}
}

static void test_made_in_a_run(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 10, .boot = boot_queues, .task = {{"t", 0, makes, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void signals(void *arg)
{
	(void)arg;
	rt_send_signal(shared.thread, true);
	msleep(1);
}

static void test_signals_pass_by(void **state)
{
	struct rt_test test = {
		.cpus = 2, .rounds = 3, .boot = boot_server, .after = check_slept, .task = {{"t", 0, signals, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_woken),     cmocka_unit_test(test_woken),
		cmocka_unit_test(test_wake_orders),     cmocka_unit_test(test_woken_in_vain),
		cmocka_unit_test(test_stopped),         cmocka_unit_test(test_made_in_a_run),
		cmocka_unit_test(test_signals_pass_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
