/* SPDX-License-Identifier: MIT */
/* Wait queues, completions and sequence counters. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/task.h"
#include "core/rt/wait.h"

#define LOOPS 30

struct shared {
	wait_queue_head_t wq;
	struct completion x;
	seqlock_t sl;
	u64 turn, done, pair[2];
	u64 message;
};
#define shared RT_TEST_SHARED(struct shared)

static void boot(void)
{
	init_waitqueue_head(&shared.wq, LOCK_waitqueue);
	init_completion(&shared.x);
	seqlock_init(&shared.sl, LOCK_test_a);
}

/* Two tasks hand the turn to each other: a wake-up that is lost ends in a deadlock. */
static void player(void *arg)
{
	u64 me = (u64)arg;

	for (int i = 0; i < LOOPS; i++) {
		wait_event(&shared.wq, smp_load_acquire(&shared.turn) == me);
		shared.message++;
		smp_store_release(&shared.turn, 1 - me);
		wake_up_all(&shared.wq);
	}
}

static void check_played(void)
{
	BUG_ON(shared.message != 2 * LOOPS);
}

static void test_wait_event(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 20,
			       .boot = boot,
			       .after = check_played,
			       .task = {{"ping", 0, player, NULL}, {"pong", 1, player, (void *)1}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void waits_forever(void *arg)
{
	(void)arg;
	wait_event(&shared.wq, READ_ONCE(shared.done));
}

static void test_nobody_wakes(void **state)
{
	struct rt_test test = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, waits_forever, NULL}}};

	(void)state;
	rt_test_expect(&test, VERDICT_deadlock, "waitqueue");
}

static void times_out(void *arg)
{
	u64 before = rt_now_ns();

	(void)arg;
	BUG_ON(wait_event_timeout(&shared.wq, READ_ONCE(shared.done), 20000000UL) != -ETIME);
	BUG_ON(rt_now_ns() - before < 20000000UL);
	WRITE_ONCE(shared.done, 1);
	BUG_ON(wait_event_timeout(&shared.wq, READ_ONCE(shared.done), 20000000UL) != 0);
}

static void test_timeout(void **state)
{
	struct rt_test test = {.cpus = 1, .rounds = 3, .boot = boot, .task = {{"t", 0, times_out, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void interrupted(void *arg)
{
	(void)arg;
	BUG_ON(wait_event_interruptible(&shared.wq, READ_ONCE(shared.done)) != -ERESTARTSYS);
	BUG_ON(!signal_pending() || fatal_signal_pending());
	rt_clear_signals();
	BUG_ON(signal_pending());
	WRITE_ONCE(shared.done, 1);
	BUG_ON(wait_event_interruptible(&shared.wq, READ_ONCE(shared.done)) != 0);
}

static void interrupter(void *arg)
{
	(void)arg;
	msleep(10);
	rt_send_signal(rt_task_by_id(0), false);
}

static void test_signal_interrupts(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 5,
			       .boot = boot,
			       .task = {{"t", 0, interrupted, NULL}, {"s", 1, interrupter, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void waits_in_atomic(void *arg)
{
	(void)arg;
	preempt_disable();
	wait_event(&shared.wq, READ_ONCE(shared.done));
}

static void completes_in_atomic(void *arg)
{
	(void)arg;
	preempt_disable();
	wait_for_completion(&shared.x);
}

static void test_wait_in_atomic(void **state)
{
	struct rt_test wait = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, waits_in_atomic, NULL}}};
	struct rt_test completion = {
		.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, completes_in_atomic, NULL}}};

	(void)state;
	rt_test_expect(&wait, VERDICT_context, "sleep-in-atomic");
	rt_test_expect(&completion, VERDICT_context, "sleep-in-atomic");
}

static void completer(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		shared.message = (u64)i;
		complete(&shared.x);
		wait_event(&shared.wq, smp_load_acquire(&shared.done) == (u64)i + 1);
	}
	complete_all(&shared.x);
}

static void waiter(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		wait_for_completion(&shared.x);
		BUG_ON(shared.message != (u64)i);
		smp_store_release(&shared.done, (u64)i + 1);
		wake_up_all(&shared.wq);
	}
	for (int i = 0; i < 3; i++)
		wait_for_completion(&shared.x);
}

static void test_completion(void **state)
{
	struct rt_test test = {
		.cpus = 2, .rounds = 20, .boot = boot, .task = {{"w", 0, waiter, NULL}, {"c", 1, completer, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void seq_writer(void *arg)
{
	(void)arg;
	for (u64 i = 1; i <= LOOPS; i++) {
		unsigned long flags = write_seqlock_irqsave_flags(&shared.sl);

		WRITE_ONCE(shared.pair[0], i);
		point(op, begin, i);
		WRITE_ONCE(shared.pair[1], i);
		write_sequnlock_irqrestore(&shared.sl, flags);
	}
}

static void seq_reader(void *arg)
{
	(void)arg;
	for (u64 i = 0; i < LOOPS; i++) {
		u64 a, b;
		u32 seq;

		do {
			seq = read_seqbegin(&shared.sl);
			a = READ_ONCE(shared.pair[0]);
			point(op, end, i);
			b = READ_ONCE(shared.pair[1]);
		} while (read_seqretry(&shared.sl, seq));
		BUG_ON(a != b);
	}
}

static void test_seqlock(void **state)
{
	struct rt_test test = {
		.cpus = 2,
		.rounds = 20,
		.boot = boot,
		.task = {{"w", 0, seq_writer, NULL}, {"r", 1, seq_reader, NULL}, {"r2", 1, seq_reader, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wait_event),     cmocka_unit_test(test_nobody_wakes),
		cmocka_unit_test(test_timeout),        cmocka_unit_test(test_signal_interrupts),
		cmocka_unit_test(test_wait_in_atomic), cmocka_unit_test(test_completion),
		cmocka_unit_test(test_seqlock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
