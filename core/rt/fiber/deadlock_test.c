/* SPDX-License-Identifier: MIT */
/* Deadlocks of all kinds, partial ones included, livelock, and the context rules. */
#include "core/rt/fiber/testing.h"

static void m_then_n(void *arg)
{
	(void)arg;
	mutex_lock(&shared.m);
	point(op, begin, 1);
	mutex_lock(&shared.n);
	mutex_unlock(&shared.n);
	mutex_unlock(&shared.m);
}

static void n_then_m(void *arg)
{
	(void)arg;
	mutex_lock(&shared.n);
	point(op, end, 1);
	mutex_lock(&shared.m);
	mutex_unlock(&shared.m);
	mutex_unlock(&shared.n);
}

static void busy(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 1000; i++)
		WRITE_ONCE(shared.array[0], i);
}

/* The same two tasks: a cycle of waiters where it happens, else the order of classes. */
static void test_two_mutexes(void **state)
{
	struct testing_tally tally;
	const struct rt_result *result;

	(void)state;
	testing_boot(2, true, NULL);
	tally = ALL(100000, {m_then_n, 0, NULL}, {n_then_m, 1, NULL});
	assert_true(tally.complete);
	assert_int_equal(tally.verdicts[VERDICT_ok], 0);
	assert_true(tally.verdicts[VERDICT_deadlock] > 0);
	assert_true(tally.verdicts[VERDICT_lock_order] > 0);
	testing_script("");
	result = RUN({m_then_n, 0, NULL}, {n_then_m, 1, NULL});
	testing_expect(result, VERDICT_lock_order, "lock-order test mutex m -> test mutex n -> test mutex m");
	/* a third task that could go on for long does not hide the other two */
	testing_script("aabbabbbbb");
	result = RUN({m_then_n, 0, NULL}, {n_then_m, 1, NULL}, {busy, 0, NULL});
	testing_expect(result, VERDICT_deadlock, "deadlock {test mutex m, test mutex n}");
	assert_true(result->steps < 100);
	assert_non_null(
		strstr(result->verdict.detail, "a on cpu0, after op.begin, waits for test mutex n, which waits for b"));
}

static void waits(void *arg)
{
	(void)arg;
	point(op, begin, 1);
	wait_event(&shared.wq, READ_ONCE(shared.flag));
}

static void completes_nothing(void *arg)
{
	(void)arg;
	wait_for_completion(&shared.done);
}

static void test_nobody_can_run(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	testing_expect(RUN({waits, 0, NULL}, {completes_nothing, 1, NULL}), VERDICT_deadlock,
		       "deadlock {completion, waitqueue}");
}

static void reads_twice(void *arg)
{
	(void)arg;
	percpu_down_read(&shared.percpu);
	point(op, begin, 1);
	percpu_down_read(&shared.percpu);
	percpu_up_read(&shared.percpu);
	percpu_up_read(&shared.percpu);
}

static void writes(void *arg)
{
	(void)arg;
	percpu_down_write(&shared.percpu);
	percpu_up_write(&shared.percpu);
}

/* A waiting writer keeps new readers out, even one that reads already. */
static void test_recursive_reader(void **state)
{
	struct testing_tally tally;

	(void)state;
	testing_boot(2, true, NULL);
	tally = ALL(100000, {reads_twice, 0, NULL}, {writes, 1, NULL});
	assert_true(tally.complete);
	assert_true(tally.verdicts[VERDICT_ok] > 0 && tally.verdicts[VERDICT_deadlock] > 0);
	assert_int_equal(tally.runs, tally.verdicts[VERDICT_ok] + tally.verdicts[VERDICT_deadlock]);
	assert_string_equal(tally.signature, "deadlock {test percpu rwsem}");
}

static void boot_ref(void)
{
	active_ref_init((struct active_ref *)shared.array, LOCK_test_ref);
}
#define ref ((struct active_ref *)shared.array)

static void locks_with_ref(void *arg)
{
	(void)arg;
	atomic_inc(&shared.count);
	active_ref_get(ref);
	mutex_lock(&shared.m);
	mutex_unlock(&shared.m);
	active_ref_put(ref);
	if (atomic_dec_and_test(&shared.count))
		wake_up_all(&shared.wq);
}

static void drains_under_m(void *arg)
{
	(void)arg;
	mutex_lock(&shared.m);
	active_ref_drain_begin(ref);
	wait_event(&shared.wq, !atomic_read(&shared.count));
	active_ref_drain_end(ref);
	mutex_unlock(&shared.m);
}

/* Who waits for the last reference waits for its holders: the cycle is seen at once, whoever else could go on. */
static void test_reference_against_lock(void **state)
{
	struct testing_tally tally;
	const struct rt_result *result;

	(void)state;
	testing_boot(2, true, boot_ref);
	tally = ALL(100000, {locks_with_ref, 0, NULL}, {drains_under_m, 1, NULL});
	assert_true(tally.complete);
	assert_int_equal(tally.verdicts[VERDICT_ok], 0);
	assert_true(tally.verdicts[VERDICT_deadlock] > 0);
	assert_true(tally.verdicts[VERDICT_lock_order] > 0);
	/* a has the reference, b the mutex: it drains, a wants the mutex */
	testing_script("aabbbbbbbba");
	result = RUN({locks_with_ref, 0, NULL}, {drains_under_m, 1, NULL}, {busy, 0, NULL});
	testing_expect(result, VERDICT_deadlock, "deadlock {test mutex m, waitqueue}");
	assert_true(result->steps < 100);
}
#undef ref

static void takes_a(void *info)
{
	(void)info;
	spin_lock(&shared.a);
	spin_unlock(&shared.a);
}

static void holds_a(void *arg)
{
	unsigned long flags;

	if (arg) {
		spin_lock_irqsave(&shared.a, flags);
		spin_unlock_irqrestore(&shared.a, flags);
	} else {
		spin_lock(&shared.a);
		spin_unlock(&shared.a);
	}
}

static void interrupts_cpu0(void *arg)
{
	(void)arg;
	BUG_ON(smp_call_function_single(0, takes_a, NULL, true));
}

/* A handler that spins for a lock which the task it interrupted holds. */
static void test_interrupt_against_holder(void **state)
{
	struct testing_tally tally;

	(void)state;
	testing_boot(2, true, NULL);
	tally = ALL(100000, {holds_a, 0, NULL}, {interrupts_cpu0, 1, NULL});
	assert_true(tally.complete);
	assert_true(tally.verdicts[VERDICT_deadlock] > 0);
	assert_string_equal(tally.signature, "deadlock {its CPU, test lock a}");
	tally = ALL(100000, {holds_a, 0, (void *)1}, {interrupts_cpu0, 1, NULL});
	assert_true(tally.complete);
	assert_int_equal(tally.verdicts[VERDICT_ok], tally.runs);
}

static void cross_ipi(void *arg)
{
	unsigned long flags;

	local_irq_save(flags);
	spin_lock(&shared.a);
	spin_unlock(&shared.a);
	local_irq_restore(flags);
	BUG_ON(smp_call_function_single(!(u64)arg, takes_a, NULL, true));
}

static void ipi_under_lock(void *arg)
{
	(void)arg;
	spin_lock(&shared.a);
	BUG_ON(smp_call_function_single(1, takes_a, NULL, true));
	spin_unlock(&shared.a);
}

static void spins_irqs_off(void *arg)
{
	unsigned long flags;

	(void)arg;
	spin_lock_irqsave(&shared.a, flags);
	spin_unlock_irqrestore(&shared.a, flags);
}

/* Waiting for an interrupt on a CPU whose task waits, interrupts off, for a lock of ours. */
static void test_ipi_under_lock(void **state)
{
	struct testing_tally tally;

	(void)state;
	testing_boot(2, true, NULL);
	tally = ALL(100000, {ipi_under_lock, 0, NULL}, {spins_irqs_off, 1, NULL});
	assert_true(tally.complete);
	assert_true(tally.verdicts[VERDICT_deadlock] > 0);
	tally = ALL(3000, {cross_ipi, 0, (void *)0}, {cross_ipi, 1, (void *)1});
	assert_int_equal(tally.verdicts[VERDICT_ok], tally.runs);
}

static void grace_under_mutex(void *arg)
{
	(void)arg;
	mutex_lock(&shared.m);
	synchronize_rcu();
	mutex_unlock(&shared.m);
}

static void polls_in_reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
	while (!mutex_trylock(&shared.m))
		cpu_relax();
	mutex_unlock(&shared.m);
	rcu_read_unlock();
}

/* A reader that polls for what the updater holds while it waits for readers: nothing blocks, nothing goes on. */
static void test_livelock(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	testing_script("aabba");
	testing_expect(RUN({grace_under_mutex, 0, NULL}, {polls_in_reader, 1, NULL}), VERDICT_livelock, "livelock");
	testing_script("");
	testing_expect(RUN({polls_in_reader, 0, NULL}, {grace_under_mutex, 1, NULL}), VERDICT_ok, "");
}

/* ---- context ------------------------------------------------------------------------------------------------------
 */

static void mutex_under_spinlock(void *arg)
{
	(void)arg;
	spin_lock(&shared.a);
	mutex_lock(&shared.m);
}

static void sleep_with_irqs_off(void *arg)
{
	unsigned long flags;

	(void)arg;
	local_irq_save(flags);
	msleep(1);
	local_irq_restore(flags);
}

static void synchronize_in_reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
	synchronize_rcu();
}

static void resched_in_atomic(void *arg)
{
	(void)arg;
	preempt_disable();
	cond_resched();
}

static void unbalanced_rcu(void *arg)
{
	(void)arg;
	rcu_read_unlock();
}

static void dereference_outside(void *arg)
{
	(void)arg;
	(void)rcu_dereference(shared.pointer);
}

static void returns_locked(void *arg)
{
	(void)arg;
	mutex_lock(&shared.m);
}

static void returns_atomic(void *arg)
{
	(void)arg;
	preempt_disable();
}

static void unlocks_others(void *arg)
{
	(void)arg;
	mutex_unlock(&shared.m);
}

static void recursive(void *arg)
{
	(void)arg;
	spin_lock(&shared.a);
	spin_lock(&shared.a);
}

static void uninitialised_lock(void *arg)
{
	(void)arg;
	spin_lock(rt_kzalloc(sizeof(spinlock_t), OBJ_test));
}

static void processor_id(void *arg)
{
	(void)arg;
	(void)smp_processor_id();
}

static void ipi_irqs_off(void *arg)
{
	unsigned long flags;

	(void)arg;
	local_irq_save(flags);
	smp_call_function_single(1, takes_a, NULL, true);
	local_irq_restore(flags);
}

static void sleeping_handler(void *info)
{
	(void)info;
	mutex_lock(&shared.m);
}

static void handler_sleeps(void *arg)
{
	(void)arg;
	smp_call_function_single(1, sleeping_handler, NULL, true);
}

static void sleeping_callback(struct rcu_head *head)
{
	(void)head;
	synchronize_rcu();
}

static void callback_sleeps(void *arg)
{
	(void)arg;
	call_rcu(rt_kzalloc(sizeof(struct rcu_head), OBJ_test), sleeping_callback);
}

static void not_held(void *arg)
{
	(void)arg;
	lockdep_assert_held(&shared.m);
}

static void read_not_write(void *arg)
{
	(void)arg;
	down_read(&shared.rw);
	lockdep_assert_held(&shared.rw);
	lockdep_assert_held_write(&shared.rw);
}

static const struct {
	void (*fn)(void *arg);
	const char *signature;
} rows[] = {
	{mutex_under_spinlock, "context sleep-in-atomic {task.start}"},
	{sleep_with_irqs_off, "context sleep-in-atomic {task.start}"},
	{synchronize_in_reader, "context sleep-in-atomic {task.start}"},
	{resched_in_atomic, "context sleep-in-atomic {task.start}"},
	{handler_sleeps, "context sleep-in-atomic {task.start}"},
	{callback_sleeps, "context sleep-in-atomic {task.start}"},
	{unbalanced_rcu, "context rcu-unbalanced {task.start}"},
	{dereference_outside, "context rcu-dereference {task.start}"},
	{returns_locked, "context lock-held-on-return {task.start}"},
	{returns_atomic, "context atomic-on-return {task.start}"},
	{unlocks_others, "context unlock-not-held {task.start}"},
	{recursive, "context recursive-lock {task.start}"},
	{uninitialised_lock, "context lock-not-initialised {task.start}"},
	{processor_id, "context smp-processor-id {task.start}"},
	{ipi_irqs_off, "context ipi-with-irqs-off {task.start}"},
	{not_held, "context lock-not-held {task.start}"},
	{read_not_write, "context lock-not-held {task.start}"},
};

static void test_context(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		testing_expect(RUN({rows[i].fn, 0, NULL}), VERDICT_context, rows[i].signature);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_mutexes),
		cmocka_unit_test(test_nobody_can_run),
		cmocka_unit_test(test_recursive_reader),
		cmocka_unit_test(test_reference_against_lock),
		cmocka_unit_test(test_interrupt_against_holder),
		cmocka_unit_test(test_ipi_under_lock),
		cmocka_unit_test(test_livelock),
		cmocka_unit_test(test_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
