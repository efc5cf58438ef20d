/* SPDX-License-Identifier: MIT */
/* CPUs that go down and come up: what is online, who moves, what waits, in which order steps are taken. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/rcu.h"
#include "core/rt/task.h"
#include "core/rt/wait.h"

#define LOOPS 10

struct slot {
	u64 count;
};

struct shared {
	struct slot *percpu;
	spinlock_t lock;
	struct mutex hotplug; /* what the core's cpu_hotplug_lock does: one change at a time */
	struct work_struct work;
	wait_queue_head_t wq;
	struct task_struct *thread;
	u64 drained, order, dead_order[2], fail_startup, ran_on, handled, stop, laps, holders, plain;
};
#define shared RT_TEST_SHARED(struct shared)

/* The counters of a dead CPU are nobody's: no lock, as page_alloc_cpu_dead() drains. */
static void drain(unsigned int cpu)
{
	BUG_ON(cpu_online(cpu));
	msleep(1);
	shared.drained += per_cpu_ptr(shared.percpu, cpu)->count;
	per_cpu_ptr(shared.percpu, cpu)->count = 0;
	shared.dead_order[0] = ++shared.order;
}

static int second_startup(unsigned int cpu)
{
	BUG_ON(cpu_online(cpu));
	shared.order += 100;
	return shared.fail_startup ? -ENOMEM : 0;
}

static void second_dead(unsigned int cpu)
{
	BUG_ON(cpu_online(cpu));
	shared.dead_order[1] = ++shared.order;
}

static const struct cpuhp_step steps[] = {
	{.name = "drain", .dead = drain},
	{.name = "second", .startup = second_startup, .dead = second_dead},
};

static void remember_cpu(struct work_struct *work)
{
	(void)work;
	WRITE_ONCE(shared.ran_on, 1 + raw_smp_processor_id());
}

static void boot_without(void)
{
	shared.percpu = alloc_percpu(struct slot, OBJ_test);
	rt_mark_permanent(shared.percpu);
	mutex_init(&shared.hotplug, LOCK_test_m);
	spin_lock_init(&shared.lock, LOCK_test_a);
	init_work(&shared.work, remember_cpu);
	init_waitqueue_head(&shared.wq, LOCK_waitqueue);
}

static void boot(void)
{
	boot_without();
	cpuhp_setup(steps, ARRAY_SIZE(steps));
}

static void handler(void *info)
{
	(void)info;
	atomic_long_add(1, (atomic_long_t *)&shared.handled);
}

static u32 count_online(void)
{
	u32 cpu, count = 0;

	for_each_online_cpu (cpu)
		count++;
	return count;
}

static void states(void *arg)
{
	(void)arg;
	BUG_ON(cpu_down(0) != -EPERM || cpu_down(3) != -EINVAL || cpu_up(3) != -EINVAL || cpu_up(1) != 0);
	BUG_ON(count_online() != 3 || shared.order);
	BUG_ON(cpu_down(2) || cpu_online(2) || !cpu_online(1) || count_online() != 2 || nr_cpu_ids() != 3);
	BUG_ON(shared.dead_order[1] != 1 || shared.dead_order[0] != 2);
	BUG_ON(cpu_down(2) || shared.order != 2);
	BUG_ON(smp_call_function_single(2, handler, NULL, true) != -ENXIO || shared.handled);
	on_each_cpu(handler, NULL);
	BUG_ON(READ_ONCE(shared.handled) != 2);
	shared.fail_startup = 1;
	BUG_ON(cpu_up(2) != -ENOMEM || cpu_online(2) || shared.order != 103 || shared.dead_order[0] != 103);
	shared.fail_startup = 0;
	BUG_ON(cpu_up(2) || !cpu_online(2) || count_online() != 3 || shared.order != 203);
	BUG_ON(smp_call_function_single(2, handler, NULL, true) || READ_ONCE(shared.handled) != 3);
}

static void cannot(void *arg)
{
	(void)arg;
	BUG_ON(cpu_down(1) != -EOPNOTSUPP || !cpu_online(1) || cpu_up(1));
}

static void test_states(void **state)
{
	struct rt_test test = {.cpus = 3, .rounds = 5, .boot = boot, .task = {{"t", 0, states, NULL}}};
	struct rt_test from_there = {.cpus = 3, .rounds = 5, .boot = boot, .task = {{"t", 2, states, NULL}}};
	struct rt_test without = {.cpus = 2, .rounds = 1, .boot = boot_without, .task = {{"t", 0, cannot, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
	rt_test_expect_ok(&from_there);
	rt_test_expect_ok(&without);
}

static void cycles(void *arg)
{
	u32 cpu = (u32)(u64)arg;

	for (int i = 0; i < LOOPS; i++) {
		mutex_lock(&shared.hotplug);
		BUG_ON(cpu_down(cpu));
		msleep(1);
		BUG_ON(cpu_up(cpu));
		mutex_unlock(&shared.hotplug);
		msleep(1);
	}
	WRITE_ONCE(shared.stop, 1);
}

/*
 * With preemption off: one's own CPU stays, online ones stay online, interrupts sent there arrive; and what is done to
 * the CPU's own data is done before it is drained.
 */
static void inhabitant(void *arg)
{
	u32 other = (u32)(u64)arg;

	do {
		u32 cpu;

		preempt_disable();
		cpu = smp_processor_id();
		BUG_ON(!cpu_online(cpu));
		this_cpu_ptr(shared.percpu)->count++;
		atomic_long_add(1, (atomic_long_t *)&shared.laps);
		if (cpu_online(other))
			BUG_ON(smp_call_function_single(other, handler, NULL, true));
		point(op, begin, cpu);
		BUG_ON(smp_processor_id() != cpu || !cpu_online(cpu));
		preempt_enable();
		msleep(1);
	} while (!READ_ONCE(shared.stop));
}

static void check_counted(void)
{
	u64 sum = shared.drained;

	for (u32 cpu = 0; cpu < nr_cpu_ids(); cpu++)
		sum += per_cpu_ptr(shared.percpu, cpu)->count;
	BUG_ON(sum != shared.laps || !sum);
	BUG_ON(!cpu_online(1) || !cpu_online(2));
}

static void test_tasks_move(void **state)
{
	struct rt_test test = {.cpus = 3,
			       .rounds = 20,
			       .boot = boot,
			       .after = check_counted,
			       .task = {{"h", 0, cycles, (void *)2},
					{"g", 2, cycles, (void *)1},
					{"a", 1, inhabitant, (void *)2},
					{"b", 2, inhabitant, (void *)1},
					{"c", 0, inhabitant, (void *)2}}};

	(void)state;
	rt_test_expect_ok(&test);
}

/* What is online stays so while any CPU is held, be it by a spinlock, a read section or interrupts off. */
static void holder(void *arg)
{
	unsigned long flags = 0;

	do {
		bool before;

		if (arg == (void *)1)
			local_irq_save(flags);
		else if (arg)
			spin_lock(&shared.lock);
		else
			rcu_read_lock();
		before = cpu_online(1);
		point(op, begin, 0);
		cpu_relax();
		BUG_ON(before && !cpu_online(1));
		if (arg == (void *)1)
			local_irq_restore(flags);
		else if (arg)
			spin_unlock(&shared.lock);
		else
			rcu_read_unlock();
		msleep(1);
	} while (!READ_ONCE(shared.stop));
}

static void downs(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		BUG_ON(cpu_down(1));
		BUG_ON(cpu_up(1));
		msleep(1);
	}
	WRITE_ONCE(shared.stop, 1);
}

static void test_held_cpus_are_waited_for(void **state)
{
	struct rt_test test = {.cpus = 4,
			       .rounds = 20,
			       .boot = boot,
			       .task = {{"h", 0, downs, NULL},
					{"r", 1, holder, NULL},
					{"i", 2, holder, (void *)1},
					{"s", 3, holder, (void *)2}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void holds_for_long(void *arg)
{
	(void)arg;
	preempt_disable();
	WRITE_ONCE(shared.holders, 1);
	for (int i = 0; i < 50; i++)
		cpu_relax();
	shared.plain = 1;
	WRITE_ONCE(shared.holders, 2);
	preempt_enable();
}

/* Whatever it did before it let go is done, without any other order between the two. */
static void goes_down_meanwhile(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.holders))
		msleep(1);
	BUG_ON(cpu_down(1));
	BUG_ON(READ_ONCE(shared.holders) != 2 || shared.plain != 1);
}

static void test_stop_orders(void **state)
{
	struct rt_test same = {.cpus = 2,
			       .rounds = 20,
			       .boot = boot,
			       .task = {{"h", 1, holds_for_long, NULL}, {"d", 0, goes_down_meanwhile, NULL}}};
	struct rt_test another = {.cpus = 3,
				  .rounds = 20,
				  .boot = boot,
				  .task = {{"h", 2, holds_for_long, NULL}, {"d", 0, goes_down_meanwhile, NULL}}};

	(void)state;
	rt_test_expect_ok(&same);
	rt_test_expect_ok(&another);
}

static void adds_to_plain(void *info)
{
	(void)info;
	shared.plain++;
}

/* Folds what the CPU has, as vmstat does, while it is away. */
static void folds_and_starts(void *arg)
{
	(void)arg;
	BUG_ON(cpu_down(1));
	shared.plain++;
	WRITE_ONCE(shared.holders, 1);
	BUG_ON(cpu_up(1));
}

/*
 * Knows of it by a look that orders nothing, and interrupts the CPU as soon as that can be, before cpu_up() returns:
 * what runs on the CPU is ordered by the start of the CPU.
 */
static void interrupts_it(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.holders))
		cpu_relax();
	while (smp_call_function_single(1, adds_to_plain, NULL, true))
		cpu_relax();
	BUG_ON(READ_ONCE(shared.plain) != 2);
}

static void test_start_orders(void **state)
{
	struct rt_test test = {.cpus = 3,
			       .rounds = 20,
			       .boot = boot,
			       .task = {{"f", 0, folds_and_starts, NULL}, {"i", 2, interrupts_it, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void works(void *arg)
{
	(void)arg;
	for (u64 i = 0; i < LOOPS; i++) {
		BUG_ON(cpu_down(1));
		BUG_ON(!schedule_work_on(1, &shared.work));
		flush_work(&shared.work);
		BUG_ON(READ_ONCE(shared.ran_on) != 1);
		BUG_ON(cpu_up(1));
		BUG_ON(!schedule_work_on(1, &shared.work));
		flush_work(&shared.work);
		BUG_ON(READ_ONCE(shared.ran_on) != 2);
	}
}

static void test_work_runs_elsewhere(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 10, .boot = boot, .task = {{"t", 0, works, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static int sits(void *data)
{
	u64 seen = 0;

	(void)data;
	for (;;) {
		wait_event(&shared.wq, smp_load_acquire(&shared.laps) > seen || kthread_should_stop());
		if (kthread_should_stop())
			return (int)task_cpu(current);
		seen++;
		WRITE_ONCE(shared.ran_on, 1 + raw_smp_processor_id());
		smp_store_release(&shared.handled, seen);
		wake_up_all(&shared.wq);
	}
}

static u64 asks_where(void)
{
	u64 lap = READ_ONCE(shared.laps) + 1;

	smp_store_release(&shared.laps, lap);
	wake_up_all(&shared.wq);
	wait_event(&shared.wq, smp_load_acquire(&shared.handled) == lap);
	return READ_ONCE(shared.ran_on) - 1;
}

/* A kthread returns with its CPU; the caller, an ordinary task, does not. */
static void follows(void *arg)
{
	(void)arg;
	BUG_ON(asks_where() != 1 || task_cpu(current) != 1);
	BUG_ON(cpu_down(1));
	BUG_ON(asks_where() != 0 || task_cpu(current) != 0 || task_cpu(shared.thread) != 0);
	BUG_ON(cpu_up(1));
	BUG_ON(asks_where() != 1 || task_cpu(current) != 0);
	BUG_ON(cpu_down(1));
	BUG_ON(kthread_stop(shared.thread) != 0);
	shared.thread = kthread_run(sits, NULL, 1, "born while it is down");
	BUG_ON(!shared.thread || asks_where() != 0);
	BUG_ON(cpu_up(1));
	BUG_ON(asks_where() != 1);
	BUG_ON(kthread_stop(shared.thread) != 1);
}

static void boot_thread(void)
{
	boot();
	shared.thread = kthread_run_waiting(sits, NULL, 1, "sits", &shared.wq);
}

static void test_kthreads_return(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 10, .boot = boot_thread, .task = {{"t", 1, follows, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void boot_down(void)
{
	boot_thread();
	BUG_ON(cpu_down(1));
}

static void born_elsewhere(void *arg)
{
	(void)arg;
	BUG_ON(cpu_online(1) || task_cpu(current) != 0 || asks_where() != 0);
	BUG_ON(cpu_up(1));
	BUG_ON(task_cpu(current) != 0 || asks_where() != 1);
}

static void test_down_since_boot(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 5, .boot = boot_down, .task = {{"t", 1, born_elsewhere, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void down_in_atomic(void *arg)
{
	(void)arg;
	preempt_disable();
	cpu_down(1);
}

static void test_misuse(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 1, .boot = boot, .task = {{"t", 0, down_in_atomic, NULL}}};

	(void)state;
	rt_test_expect(&test, VERDICT_context, "sleep-in-atomic");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_tasks_move),
		cmocka_unit_test(test_held_cpus_are_waited_for),
		cmocka_unit_test(test_stop_orders),
		cmocka_unit_test(test_start_orders),
		cmocka_unit_test(test_work_runs_elsewhere),
		cmocka_unit_test(test_kthreads_return),
		cmocka_unit_test(test_down_since_boot),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
