/* SPDX-License-Identifier: MIT */
/* Virtual CPUs: preemption and interrupt state, interrupts from other CPUs, per-CPU areas, work items. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/rcu.h"
#include "core/rt/task.h"

#define LOOPS 30

struct slot {
	u64 count;
};

struct shared {
	struct slot *percpu;
	struct work_struct work, other;
	struct mutex m;
	u64 inside, hits, handled, stop, off;
	u64 parts;
};
#define shared RT_TEST_SHARED(struct shared)

static void plain_work(struct work_struct *work);
static void nested_work(struct work_struct *work);

static void boot(void)
{
	shared.percpu = alloc_percpu(struct slot, OBJ_test);
	rt_mark_permanent(shared.percpu);
	init_work(&shared.work, plain_work);
	init_work(&shared.other, nested_work);
	mutex_init(&shared.m, LOCK_test_m);
}

static void add(u64 *counter, s64 by)
{
	atomic_long_add_return(by, (atomic_long_t *)counter);
}

/* Two tasks of one CPU with preemption off exclude each other, without any lock and any atomic. */
static void alone(void *arg)
{
	unsigned long flags;

	for (int i = 0; i < LOOPS; i++) {
		if (arg)
			local_irq_save(flags);
		else
			preempt_disable();
		BUG_ON(shared.inside);
		shared.inside = 1;
		this_cpu_ptr(shared.percpu)->count++;
		point(op, begin, i);
		cpu_relax();
		BUG_ON(!shared.inside);
		shared.inside = 0;
		if (arg)
			local_irq_restore(flags);
		else
			preempt_enable();
	}
}

static void check_alone(void)
{
	BUG_ON(per_cpu_ptr(shared.percpu, 0)->count != 2 * LOOPS);
	BUG_ON(per_cpu_ptr(shared.percpu, 1)->count != 0);
	free_percpu(NULL);
}

static void test_preemption_off_excludes(void **state)
{
	for (u64 irqs = 0; irqs < 3; irqs++) {
		struct rt_test test = {
			.cpus = 2,
			.rounds = 20,
			.boot = boot,
			.after = check_alone,
			.task = {{"a", 0, alone, (void *)(irqs & 1)}, {"b", 0, alone, (void *)(irqs & 2)}}};

		rt_test_expect_ok(&test);
	}
	(void)state;
}

/* Tasks of different CPUs do not exclude each other: both are in at once, or this never ends. */
static void together(void *arg)
{
	(void)arg;
	preempt_disable();
	add(&shared.hits, 1);
	while (READ_ONCE(shared.hits) < 2)
		cpu_relax();
	preempt_enable();
}

static void test_cpus_are_independent(void **state)
{
	struct rt_test test = {
		.cpus = 2, .rounds = 10, .boot = boot, .task = {{"a", 0, together, NULL}, {"b", 1, together, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void states(void *arg)
{
	unsigned long outer, inner;

	(void)arg;
	BUG_ON(in_atomic() || irqs_disabled() || in_interrupt());
	BUG_ON(raw_smp_processor_id() != 1 || nr_cpu_ids() != 2);
	preempt_disable();
	preempt_disable();
	BUG_ON(smp_processor_id() != 1);
	preempt_enable();
	BUG_ON(!in_atomic());
	preempt_enable();
	BUG_ON(in_atomic());
	local_irq_save(outer);
	local_irq_save(inner);
	local_irq_restore(inner);
	BUG_ON(!irqs_disabled());
	local_irq_restore(outer);
	BUG_ON(irqs_disabled());
	BUG_ON(cpu_online(2) || !cpu_online(1));
	BUG_ON(smp_call_function_single(2, NULL, NULL, true) != -ENXIO);
	might_sleep();
}

static void test_states(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 1, .boot = boot, .task = {{"t", 1, states, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void handler(void *info)
{
	BUG_ON(!in_interrupt() || !irqs_disabled() || !in_atomic());
	BUG_ON(smp_processor_id() != (u64)info);
	BUG_ON(READ_ONCE(shared.off) && smp_processor_id() == 0);
	/* Nothing of the task it interrupts. */
	BUG_ON(rt_task_private() || rt_task_words()[0]);
	add(&shared.handled, 1);
}

static void caller(void *arg)
{
	u64 target = (u64)arg;

	rt_task_set_private(&shared);
	rt_task_words()[0] = target + 1;
	for (u64 i = 0; i < LOOPS; i++) {
		BUG_ON(smp_call_function_single((u32)target, handler, (void *)target, true));
		BUG_ON(READ_ONCE(shared.handled) < i + 1);
	}
	BUG_ON(rt_task_private() != &shared || rt_task_words()[0] != target + 1);
}

/* Interrupts wait for this CPU while they are off, and come afterwards. */
static void masker(void *arg)
{
	unsigned long flags;

	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		local_irq_save(flags);
		WRITE_ONCE(shared.off, 1);
		for (int k = 0; k < 5; k++)
			cpu_relax();
		WRITE_ONCE(shared.off, 0);
		local_irq_restore(flags);
		cond_resched();
	}
}

static void check_handled(void)
{
	BUG_ON(shared.handled != 2 * LOOPS);
}

static void test_ipi(void **state)
{
	struct rt_test crossed = {.cpus = 2,
				  .rounds = 10,
				  .boot = boot,
				  .after = check_handled,
				  .task = {{"a", 0, caller, (void *)1}, {"b", 1, caller, (void *)0}}};
	struct rt_test masked = {
		.cpus = 2,
		.rounds = 10,
		.boot = boot,
		.after = check_handled,
		.task = {{"m", 0, masker, NULL}, {"a", 1, caller, (void *)0}, {"b", 1, caller, (void *)0}}};

	(void)state;
	rt_test_expect_ok(&crossed);
	rt_test_expect_ok(&masked);
}

/* Both wait for the other's interrupt with preemption off: each must serve while it waits. */
static void atomic_caller(void *arg)
{
	preempt_disable();
	caller(arg);
	preempt_enable();
}

static void test_crossed_atomic_callers(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 10,
			       .boot = boot,
			       .after = check_handled,
			       .task = {{"a", 0, atomic_caller, (void *)1}, {"b", 1, atomic_caller, (void *)0}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void count_handler(void *info)
{
	(void)info;
	this_cpu_ptr(shared.percpu)->count++;
}

static void everywhere(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++)
		on_each_cpu(count_handler, NULL);
	for (u32 cpu = 0; cpu < nr_cpu_ids(); cpu++)
		BUG_ON(smp_call_function_single(cpu, count_handler, NULL, false));
}

static void check_everywhere(void)
{
	u32 cpu;

	for_each_online_cpu (cpu)
		BUG_ON(per_cpu_ptr(shared.percpu, cpu)->count != LOOPS + 1);
}

static void test_on_each_cpu(void **state)
{
	struct rt_test test = {
		.cpus = 4, .rounds = 10, .boot = boot, .after = check_everywhere, .task = {{"t", 1, everywhere, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void plain_work(struct work_struct *work)
{
	BUG_ON(work != &shared.work || raw_smp_processor_id() != 1 || in_interrupt());
	mutex_lock(&shared.m);
	shared.parts++;
	cond_resched();
	mutex_unlock(&shared.m);
}

static void nested_work(struct work_struct *work)
{
	(void)work;
	schedule_work_on(1, &shared.work);
}

static void scheduler(void *arg)
{
	(void)arg;
	for (u64 i = 0; i < LOOPS; i++) {
		BUG_ON(!schedule_work_on(1, &shared.work));
		flush_work(&shared.work);
		BUG_ON(shared.parts != i + 1);
	}
	schedule_work_on(0, &shared.other);
}

/* The work the last item started is done before quiescence. */
static void check_parts(void)
{
	BUG_ON(shared.parts != LOOPS + 1);
}

static void test_work(void **state)
{
	struct rt_test test = {
		.cpus = 2, .rounds = 10, .boot = boot, .after = check_parts, .task = {{"t", 0, scheduler, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void preemptible_id(void *arg)
{
	(void)arg;
	BUG_ON(smp_processor_id() > 1);
}

static void unbalanced(void *arg)
{
	(void)arg;
	preempt_enable();
}

static void ipi_with_irqs_off(void *arg)
{
	unsigned long flags;

	(void)arg;
	local_irq_save(flags);
	smp_call_function_single(1, count_handler, NULL, true);
	local_irq_restore(flags);
}

static void resched_in_atomic(void *arg)
{
	(void)arg;
	preempt_disable();
	cond_resched();
}

static void flushes_in_atomic(void *arg)
{
	(void)arg;
	preempt_disable();
	flush_work(&shared.work);
}

static void returns_atomic(void *arg)
{
	(void)arg;
	preempt_disable();
}

static void locking_handler(void *info)
{
	(void)info;
	mutex_lock(&shared.m);
}

static void sleeps_in_handler(void *arg)
{
	(void)arg;
	smp_call_function_single(1, locking_handler, NULL, true);
}

static void test_misuse_is_context(void **state)
{
	static const struct {
		void (*fn)(void *arg);
		const char *what;
	} misuse[] = {
		{preemptible_id, "smp-processor-id"},     {unbalanced, "preempt-unbalanced"},
		{ipi_with_irqs_off, "ipi-with-irqs-off"}, {resched_in_atomic, "sleep-in-atomic"},
		{flushes_in_atomic, "sleep-in-atomic"},   {returns_atomic, "atomic-on-return"},
		{sleeps_in_handler, "sleep-in-atomic"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(misuse); i++) {
		struct rt_test test = {.cpus = 2, .rounds = 1, .boot = boot, .task = {{"t", 0, misuse[i].fn, NULL}}};

		rt_test_expect(&test, VERDICT_context, misuse[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_preemption_off_excludes),
		cmocka_unit_test(test_cpus_are_independent),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_ipi),
		cmocka_unit_test(test_crossed_atomic_callers),
		cmocka_unit_test(test_on_each_cpu),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_misuse_is_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
