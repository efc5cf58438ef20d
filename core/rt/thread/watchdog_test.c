/* SPDX-License-Identifier: MIT */
/* Tasks that sleep and look again: called a livelock when nobody gets anywhere, and only then. */
#include "core/rt/rt_test.h"

#include "core/rt/task.h"
#include "core/rt/thread/futex.h"
#include "core/rt/wait.h"

#define PATIENCE_NS 50000000UL /* a livelock after 200 ms */
#define LONG_MS 400            /* longer than that, and than two passes of the watchdog more */

struct shared {
	wait_queue_head_t wq;
	u64 flag, turns;
};
#define shared RT_TEST_SHARED(struct shared)

static void boot(void)
{
	rt_thread_patience(PATIENCE_NS);
	init_waitqueue_head(&shared.wq, LOCK_waitqueue);
}

/* Passes the same point each time. */
static void looks(void *arg)
{
	while (!READ_ONCE(shared.flag)) {
		point(op, begin, (u64)arg);
		msleep(3);
	}
}

static void looks_quietly(void *arg)
{
	(void)arg;
	while (wait_event_timeout(&shared.wq, READ_ONCE(shared.flag), 3000000UL))
		;
}

static void waits(void *arg)
{
	(void)arg;
	wait_event(&shared.wq, READ_ONCE(shared.flag));
}

static void set_flag(void)
{
	WRITE_ONCE(shared.flag, 1);
	wake_up_all(&shared.wq);
}

static void sleeps_long(void *arg)
{
	(void)arg;
	msleep(LONG_MS);
	set_flag();
}

static void computes_long(void *arg)
{
	u64 began = clock_ns();

	(void)arg;
	while (clock_ns() - began < LONG_MS * 1000000UL)
		WRITE_ONCE(shared.turns, READ_ONCE(shared.turns) + 1);
	set_flag();
}

/* Sleeps as the others do, but comes to something new each time, or ends an operation. */
static void goes_on(void *arg)
{
	for (u64 i = 0; i < LONG_MS / 20; i++) {
		msleep(20);
		if (arg)
			point(op, end, 0);
		else
			point(op, begin, i);
	}
	set_flag();
}

static void expect_livelock(void (*first)(void *arg), void (*second)(void *arg), const char *signature)
{
	struct rt_test test = {
		.cpus = 2, .rounds = 1, .boot = boot, .task = {{"first", 0, first, NULL}, {"second", 1, second, NULL}}};
	struct rt_verdict verdict = rt_test_run(&test);

	assert_int_equal(verdict.kind, VERDICT_livelock);
	assert_string_equal(verdict.signature, signature);
	assert_non_null(strstr(verdict.detail, "first on cpu0"));
}

static void test_looking_forever(void **state)
{
	(void)state;
	expect_livelock(looks, looks_quietly, "livelock {op.begin, task.start}");
	expect_livelock(looks, waits, "livelock {op.begin, task.start}");
	expect_livelock(looks_quietly, looks_quietly, "livelock {task.start}");
}

static void expect_patience(void (*first)(void *arg), void (*second)(void *arg), void *arg)
{
	struct rt_test test = {
		.cpus = 2, .rounds = 1, .boot = boot, .task = {{"first", 0, first, NULL}, {"second", 1, second, arg}}};

	rt_test_expect_ok(&test);
}

static void test_somebody_gets_somewhere(void **state)
{
	(void)state;
	expect_patience(looks, sleeps_long, NULL);
	expect_patience(looks, computes_long, NULL);
	expect_patience(looks, goes_on, NULL);
	expect_patience(looks_quietly, goes_on, (void *)1);
}

/* ---- a daemon that looks again does not hide that the tasks wait for ever ------------------------------------------
 */

static int daemon_looks(void *data)
{
	(void)data;
	while (!kthread_should_stop())
		msleep(3);
	return 0;
}

static void starts_daemon(void *arg)
{
	BUG_ON(!kthread_run(daemon_looks, NULL, 1, "daemon"));
	waits(arg);
}

static void test_daemons_hide_nothing(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 1, .boot = boot, .task = {{"first", 0, starts_daemon, NULL}}};

	(void)state;
	rt_test_expect(&test, VERDICT_deadlock, "waitqueue");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looking_forever),
		cmocka_unit_test(test_somebody_gets_somewhere),
		cmocka_unit_test(test_daemons_hide_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
