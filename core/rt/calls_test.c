/* SPDX-License-Identifier: MIT */
/* Calls that core makes rarely or only on one of its paths: each does what its header promises, on either runtime. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/percpu_ref.h"
#include "core/rt/rcu.h"
#include "core/rt/task.h"

struct shared {
	spinlock_t spin;
	struct mutex mutex;
	struct rw_semaphore rw;
	struct percpu_ref ref;
	atomic_t narrow;
	u32 pad;
	atomic_long_t wide;
	u64 bits, handled, holds, tried;
};
#define shared RT_TEST_SHARED(struct shared)

static void released(struct percpu_ref *ref)
{
	BUG_ON(!percpu_ref_is_zero(ref));
}

static void boot(void)
{
	spin_lock_init(&shared.spin, LOCK_test_a);
	mutex_init(&shared.mutex, LOCK_test_m);
	init_rwsem(&shared.rw, LOCK_test_rw);
	BUG_ON(percpu_ref_init(&shared.ref, released));
	rt_mark_permanent(shared.ref.percpu);
}

/* ---- atomics ----------------------------------------------------------------------------------------------------- */

static void atomics(void *arg)
{
	(void)arg;
	atomic_set(&shared.narrow, 1);
	BUG_ON(!atomic_inc_not_zero(&shared.narrow) || atomic_sub_and_test(1, &shared.narrow));
	BUG_ON(!atomic_dec_and_test(&shared.narrow) || atomic_inc_not_zero(&shared.narrow));
	atomic_long_set(&shared.wide, 1);
	BUG_ON(atomic_long_inc_return(&shared.wide) != 2 || atomic_long_dec_return(&shared.wide) != 1);
	BUG_ON(!atomic_long_inc_not_zero(&shared.wide) || atomic_long_dec_and_test(&shared.wide));
	BUG_ON(atomic_long_cmpxchg(&shared.wide, 2, 5) != 1 || atomic_long_read(&shared.wide) != 1);
	BUG_ON(atomic_long_cmpxchg(&shared.wide, 1, 5) != 1 || atomic_long_xchg(&shared.wide, 1) != 5);
	BUG_ON(!atomic_long_dec_and_test(&shared.wide) || atomic_long_add_unless(&shared.wide, 7, 0));
	BUG_ON(test_and_set_bit_lock(3, &shared.bits) || !test_and_set_bit_lock(3, &shared.bits));
	clear_bit_unlock(3, &shared.bits);
	BUG_ON(test_bit(3, &shared.bits));
}

static void references(void *arg)
{
	(void)arg;
	BUG_ON(!percpu_ref_tryget(&shared.ref) || percpu_ref_is_dying(&shared.ref));
	percpu_ref_kill(&shared.ref);
	synchronize_rcu_expedited();
	/* The counts of the CPUs are added up by a callback. */
	rcu_barrier();
	BUG_ON(!percpu_ref_is_dying(&shared.ref) || percpu_ref_is_zero(&shared.ref));
	BUG_ON(!percpu_ref_tryget(&shared.ref));
	percpu_ref_put_many(&shared.ref, 2);
	BUG_ON(!percpu_ref_is_zero(&shared.ref) || percpu_ref_tryget(&shared.ref));
}

static void test_values(void **state)
{
	const struct rt_test test = {
		.cpus = 2, .rounds = 5, .boot = boot, .task = {{"a", 0, atomics, NULL}, {"r", 1, references, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

/* ---- CPUs -------------------------------------------------------------------------------------------------------- */

static void note_cpu(void *info)
{
	set_bit(raw_smp_processor_id(), info);
}

static void everywhere(void *arg)
{
	unsigned int cpu = get_cpu();

	(void)arg;
	BUG_ON(cpu != raw_smp_processor_id());
	put_cpu();
	on_each_cpu(note_cpu, &shared.handled);
	BUG_ON(READ_ONCE(shared.handled) != 7);
}

static void bystander(void *arg)
{
	(void)arg;
	cond_resched();
}

static void test_on_each_cpu(void **state)
{
	const struct rt_test test = {
		.cpus = 3, .rounds = 5, .boot = boot, .task = {{"e", 1, everywhere, NULL}, {"b", 2, bystander, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

/* ---- attempts ---------------------------------------------------------------------------------------------------- */

/* Holds each lock while the other task tries. */
static void holder(void *arg)
{
	unsigned long flags;

	(void)arg;
	mutex_lock(&shared.mutex);
	down_write(&shared.rw);
	spin_lock_irqsave(&shared.spin, flags);
	WRITE_ONCE(shared.holds, 1);
	while (!READ_ONCE(shared.tried))
		cpu_relax();
	spin_unlock_irqrestore(&shared.spin, flags);
	up_write(&shared.rw);
	mutex_unlock(&shared.mutex);
}

static void trier(void *arg)
{
	unsigned long flags;

	(void)arg;
	while (!READ_ONCE(shared.holds))
		cond_resched();
	BUG_ON(spin_trylock_irqsave_flags(&shared.spin, &flags) || mutex_trylock(&shared.mutex));
	BUG_ON(down_read_trylock(&shared.rw) || down_write_trylock(&shared.rw));
	WRITE_ONCE(shared.tried, 1);
	BUG_ON(mutex_lock_interruptible(&shared.mutex) != 0);
	mutex_unlock(&shared.mutex);
	BUG_ON(mutex_lock_killable(&shared.mutex) != 0);
	mutex_unlock(&shared.mutex);
	down_read(&shared.rw);
	up_read(&shared.rw);
	BUG_ON(!down_read_trylock(&shared.rw));
	up_read(&shared.rw);
	BUG_ON(!down_write_trylock(&shared.rw));
	up_write(&shared.rw);
	while (!spin_trylock_irqsave_flags(&shared.spin, &flags))
		cpu_relax();
	spin_unlock_irqrestore(&shared.spin, flags);
}

static void test_attempts(void **state)
{
	const struct rt_test test = {
		.cpus = 2, .rounds = 5, .boot = boot, .task = {{"h", 0, holder, NULL}, {"t", 1, trier, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

/* ---- signals ----------------------------------------------------------------------------------------------------- */

static void keeper(void *arg)
{
	(void)arg;
	mutex_lock(&shared.mutex);
	WRITE_ONCE(shared.holds, 1);
	while (READ_ONCE(shared.tried) < 2)
		msleep(1);
	mutex_unlock(&shared.mutex);
}

static void interrupted(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.holds))
		msleep(1);
	rt_send_signal(current, false);
	BUG_ON(mutex_lock_interruptible(&shared.mutex) != -EINTR);
	WRITE_ONCE(shared.tried, 1);
	BUG_ON(msleep_interruptible(50) != 50);
	rt_send_signal(current, true);
	BUG_ON(mutex_lock_killable(&shared.mutex) != -EINTR);
	WRITE_ONCE(shared.tried, 2);
	rt_clear_signals();
}

static void test_signals_end_waits(void **state)
{
	const struct rt_test test = {
		.cpus = 2, .rounds = 5, .boot = boot, .task = {{"k", 0, keeper, NULL}, {"i", 1, interrupted, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_on_each_cpu),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_signals_end_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
