/* SPDX-License-Identifier: MIT */
/* Tasks, kthreads, signals and time. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/task.h"
#include "core/rt/wait.h"

struct shared {
	wait_queue_head_t wq;
	u64 laps, started, ended, seen;
};
#define shared RT_TEST_SHARED(struct shared)

static void boot(void)
{
	BUG_ON(current != NULL);
	init_waitqueue_head(&shared.wq, LOCK_waitqueue);
}

static void identity(void *arg)
{
	BUG_ON(strcmp(task_name(current), arg ? "second" : "first"));
	BUG_ON(task_id(current) != (arg ? 1 : 0));
	BUG_ON(task_cpu(current) != (arg ? 1 : 0));
	BUG_ON(rt_task_by_id(task_id(current)) != current);
	BUG_ON(rt_task_by_id(77) != NULL);
}

static void test_identity(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 3,
			       .boot = boot,
			       .task = {{"first", 0, identity, NULL}, {"second", 1, identity, (void *)1}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static int has_no_private(void *data)
{
	(void)data;
	BUG_ON(rt_task_private() != NULL || rt_task_words()[0]);
	rt_task_set_private(&shared.seen);
	rt_task_words()[0] = 1;
	return 0;
}

static void keeps_private(void *arg)
{
	struct task_struct *task;

	BUG_ON(rt_task_private() != NULL || rt_task_words()[0]);
	rt_task_set_private(arg);
	rt_task_words()[0] = (u64)arg;
	for (int i = 0; i < 3; i++) {
		msleep(1);
		BUG_ON(rt_task_private() != arg);
	}
	task = kthread_run(has_no_private, NULL, 0, "child");
	BUG_ON(!task || kthread_stop(task) != 0);
	BUG_ON(rt_task_private() != arg || rt_task_words()[0] != (u64)arg);
}

static void boot_private(void)
{
	boot();
	rt_task_set_private(&shared);
	BUG_ON(rt_task_private() != NULL);
}

/* Each task has its own, whatever others, earlier runs and boot did. */
static void test_private(void **state)
{
	struct rt_test test = {
		.cpus = 2,
		.rounds = 3,
		.boot = boot_private,
		.task = {{"first", 0, keeps_private, (void *)8}, {"second", 1, keeps_private, (void *)16}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static int lapper(void *data)
{
	BUG_ON(data != &shared || strcmp(task_name(current), "lapper"));
	while (!kthread_should_stop()) {
		WRITE_ONCE(shared.laps, READ_ONCE(shared.laps) + 1);
		msleep(1);
	}
	return 42;
}

static void parent(void *arg)
{
	struct task_struct *task;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		u64 laps = READ_ONCE(shared.laps);

		task = kthread_run(lapper, &shared, 1, "lapper");
		BUG_ON(!task || task_cpu(task) != 1);
		/* On a loaded machine a real thread may need long to get there; stopped before, it would not lap. */
		while (READ_ONCE(shared.laps) == laps)
			msleep(1);
		BUG_ON(kthread_stop(task) != 42);
	}
}

static void test_kthread(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 5, .boot = boot, .task = {{"parent", 0, parent, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

/* A waiting kthread is a daemon: the run ends without it, and the next boot starts without it. */
static int idler(void *data)
{
	(void)data;
	WRITE_ONCE(shared.started, 1);
	wait_event(&shared.wq, READ_ONCE(shared.ended));
	return 0;
}

static void abandons(void *arg)
{
	(void)arg;
	BUG_ON(!kthread_run(idler, NULL, 1, "idler"));
	while (!READ_ONCE(shared.started))
		cond_resched();
}

static void test_daemon_does_not_keep_the_run(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 5, .boot = boot, .task = {{"t", 0, abandons, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

/* One that sleeps for a time is in the middle of something: the run ends when it waits for work. */
static int napper(void *data)
{
	(void)data;
	WRITE_ONCE(shared.started, 1);
	msleep(3);
	WRITE_ONCE(shared.laps, 1);
	for (;;)
		wait_event_timeout(&shared.wq, READ_ONCE(shared.ended), 3600000000000UL);
	return 0;
}

static void leaves_a_napper(void *arg)
{
	(void)arg;
	BUG_ON(!kthread_run(napper, NULL, 1, "napper"));
	while (!READ_ONCE(shared.started))
		cond_resched();
}

static void has_ended_its_nap(void)
{
	BUG_ON(shared.laps != 1);
}

static void test_daemon_ends_what_it_is_at(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 5,
			       .boot = boot,
			       .after = has_ended_its_nap,
			       .task = {{"t", 0, leaves_a_napper, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void signalled(void *arg)
{
	(void)arg;
	while (!fatal_signal_pending())
		cond_resched();
	BUG_ON(!signal_pending());
	rt_clear_signals();
	BUG_ON(signal_pending() || fatal_signal_pending());
	WRITE_ONCE(shared.seen, 1);
}

static void signaller(void *arg)
{
	(void)arg;
	rt_send_signal(rt_task_by_id(0), true);
	while (!READ_ONCE(shared.seen))
		msleep(1);
}

static void test_fatal_signal(void **state)
{
	struct rt_test test = {
		.cpus = 2, .rounds = 5, .boot = boot, .task = {{"t", 0, signalled, NULL}, {"s", 1, signaller, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void sleeper(void *arg)
{
	u64 before = rt_now_ns(), after;

	(void)arg;
	msleep(7);
	after = rt_now_ns();
	BUG_ON(after - before < 7000000UL);
}

static void test_time(void **state)
{
	struct rt_test test = {
		.cpus = 1, .rounds = 2, .boot = boot, .task = {{"a", 0, sleeper, NULL}, {"b", 0, sleeper, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void bug(void *arg)
{
	BUG_ON(arg == NULL);
}

static void warn(void *arg)
{
	BUG_ON(!WARN_ON(arg == NULL));
}

static void fails(void *arg)
{
	(void)arg;
	rt_fail(VERDICT_invariant, "invariant test {a}", "%d is wrong", 7);
}

static void check_log(void)
{
	BUG_ON(!strstr(rt_log(), "arg == NULL"));
}

static void check_fails(void)
{
	rt_fail(VERDICT_leak, "leak test", "something is left");
}

static void idle(void *arg)
{
	(void)arg;
}

static void test_verdicts(void **state)
{
	struct rt_test bugs = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, bug, NULL}}};
	struct rt_test warns = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, warn, NULL}}};
	struct rt_test law = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, fails, NULL}}};
	struct rt_test quiet = {
		.cpus = 1, .rounds = 1, .boot = boot, .after = check_fails, .task = {{"t", 0, idle, NULL}}};
	struct rt_test tolerant = {.cpus = 1,
				   .rounds = 1,
				   .boot = boot,
				   .after = check_log,
				   .warn_continue = true,
				   .task = {{"t", 0, warn, NULL}}};

	(void)state;
	rt_test_expect(&bugs, VERDICT_bug, "bug bug: arg == ");
	rt_test_expect(&warns, VERDICT_warning, "warning warn: arg == ");
	rt_test_expect(&law, VERDICT_invariant, "7 is wrong");
	rt_test_expect(&quiet, VERDICT_leak, "something is left");
	rt_test_expect_ok(&tolerant);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),     cmocka_unit_test(test_private),
		cmocka_unit_test(test_kthread),      cmocka_unit_test(test_daemon_does_not_keep_the_run),
		cmocka_unit_test(test_daemon_ends_what_it_is_at),
		cmocka_unit_test(test_fatal_signal), cmocka_unit_test(test_time),
		cmocka_unit_test(test_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
