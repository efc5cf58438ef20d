/* SPDX-License-Identifier: MIT */
/* Spinlocks and mutexes: exclusion, trying, state of preemption and interrupts, and every misuse. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/task.h"

#define LOOPS 40

struct shared {
	spinlock_t a, b;
	struct mutex m, n;
	u64 count, inside, met;
};
#define shared RT_TEST_SHARED(struct shared)

static void boot(void)
{
	spin_lock_init(&shared.a, LOCK_test_a);
	spin_lock_init(&shared.b, LOCK_test_b);
	mutex_init(&shared.m, LOCK_test_m);
	mutex_init(&shared.n, LOCK_test_m);
}

/* Plain accesses: exclusion must hold, and order them for the race detector as well. */
static void work_inside(void)
{
	BUG_ON(shared.inside);
	shared.inside = 1;
	point(op, begin, shared.count);
	shared.count++;
	BUG_ON(shared.inside != 1);
	shared.inside = 0;
}

static void spin_task(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		spin_lock(&shared.a);
		BUG_ON(!lock_is_held(&shared.a.rt) || !lock_is_held_write(&shared.a.rt));
		lockdep_assert_held(&shared.a);
		work_inside();
		spin_unlock(&shared.a);
		BUG_ON(lock_is_held(&shared.a.rt));
	}
}

static void irqsave_task(void *arg)
{
	unsigned long flags;

	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		spin_lock_irqsave(&shared.a, flags);
		BUG_ON(!irqs_disabled() || !in_atomic());
		work_inside();
		spin_unlock_irqrestore(&shared.a, flags);
		BUG_ON(irqs_disabled() || in_atomic());
	}
}

static void mutex_task(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		mutex_lock(&shared.m);
		work_inside();
		cond_resched();
		mutex_unlock(&shared.m);
	}
}

static void trylock_task(void *arg)
{
	unsigned long flags;

	(void)arg;
	for (int i = 0; i < LOOPS;) {
		bool got = i % 2 ? spin_trylock_irqsave_flags(&shared.a, &flags) : spin_trylock(&shared.a);

		if (!got) {
			cpu_relax();
			continue;
		}
		work_inside();
		if (i++ % 2)
			spin_unlock_irqrestore(&shared.a, flags);
		else
			spin_unlock(&shared.a);
	}
}

static void mutex_trylock_task(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		while (!mutex_trylock(&shared.m))
			cpu_relax();
		work_inside();
		mutex_unlock(&shared.m);
	}
}

static void check_count_3(void)
{
	BUG_ON(shared.count != 3 * LOOPS);
	BUG_ON(spin_is_locked(&shared.a) || mutex_is_locked(&shared.m));
}

static void expect_exclusion(void (*first)(void *), void (*second)(void *))
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 20,
			       .boot = boot,
			       .after = check_count_3,
			       .task = {{"a", 0, first, NULL}, {"b", 1, second, NULL}, {"c", 1, first, NULL}}};

	rt_test_expect_ok(&test);
}

static void test_exclusion(void **state)
{
	(void)state;
	expect_exclusion(spin_task, spin_task);
	expect_exclusion(spin_task, irqsave_task);
	expect_exclusion(trylock_task, spin_task);
	expect_exclusion(mutex_task, mutex_task);
	expect_exclusion(mutex_trylock_task, mutex_task);
}

static void nesting(void *arg)
{
	unsigned long outer, inner;

	(void)arg;
	spin_lock_irqsave(&shared.a, outer);
	spin_lock_irqsave(&shared.b, inner);
	BUG_ON(!spin_is_locked(&shared.a) || !spin_is_locked(&shared.b));
	spin_unlock_irqrestore(&shared.b, inner);
	BUG_ON(!irqs_disabled());
	spin_unlock_irqrestore(&shared.a, outer);
	BUG_ON(irqs_disabled());
	spin_lock(&shared.a);
	BUG_ON(spin_trylock(&shared.a));
	BUG_ON(irqs_disabled());
	spin_unlock(&shared.a);
}

static void test_nesting(void **state)
{
	struct rt_test test = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, nesting, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void unlock_unheld(void *arg)
{
	(void)arg;
	preempt_disable();
	spin_unlock(&shared.a);
}

static void mutex_unlock_unheld(void *arg)
{
	(void)arg;
	mutex_unlock(&shared.m);
}

static void recursion(void *arg)
{
	(void)arg;
	spin_lock(&shared.a);
	spin_lock(&shared.a);
}

static void mutex_recursion(void *arg)
{
	(void)arg;
	mutex_lock(&shared.m);
	mutex_lock(&shared.m);
}

static void held_at_exit(void *arg)
{
	(void)arg;
	mutex_lock(&shared.m);
}

static void spin_held_at_exit(void *arg)
{
	(void)arg;
	spin_lock(&shared.a);
}

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

static void assert_unheld(void *arg)
{
	(void)arg;
	lockdep_assert_held(&shared.a);
}

static void test_misuse_is_context(void **state)
{
	static const struct {
		void (*fn)(void *arg);
		const char *what;
	} misuse[] = {
		{unlock_unheld, "unlock-not-held"},
		{mutex_unlock_unheld, "unlock-not-held"},
		{recursion, "recursive-lock"},
		{mutex_recursion, "recursive-lock"},
		{held_at_exit, "lock-held-on-return"},
		{spin_held_at_exit, "on-return"},
		{mutex_under_spinlock, "sleep-in-atomic"},
		{sleep_with_irqs_off, "sleep-in-atomic"},
		{assert_unheld, "lock-not-held"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(misuse); i++) {
		struct rt_test test = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, misuse[i].fn, NULL}}};

		rt_test_expect(&test, VERDICT_context, misuse[i].what);
	}
}

static void one_order(void *arg)
{
	(void)arg;
	spin_lock(&shared.a);
	spin_lock(&shared.b);
	spin_unlock(&shared.b);
	spin_unlock(&shared.a);
}

static void other_order(void *arg)
{
	(void)arg;
	spin_lock(&shared.b);
	spin_lock(&shared.a);
	spin_unlock(&shared.a);
	spin_unlock(&shared.b);
}

static void both_orders(void *arg)
{
	one_order(arg);
	other_order(arg);
}

/* No deadlock is needed for the verdict: one task that shows both orders is enough. */
static void test_lock_order(void **state)
{
	struct rt_test good = {
		.cpus = 2, .rounds = 5, .boot = boot, .task = {{"a", 0, one_order, NULL}, {"b", 1, one_order, NULL}}};
	struct rt_test bad = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, both_orders, NULL}}};

	(void)state;
	rt_test_expect_ok(&good);
	rt_test_expect(&bad, VERDICT_lock_order, "test lock b");
}

/* Both hold one before either asks for the other; the two mutexes are of one class, which has no order. */
static void embrace(struct mutex *own, struct mutex *other)
{
	mutex_lock(own);
	atomic_long_add(1, (atomic_long_t *)&shared.met);
	while (READ_ONCE(shared.met) < 2)
		cond_resched();
	mutex_lock(other);
	mutex_unlock(other);
	mutex_unlock(own);
}

static void embrace_mn(void *arg)
{
	(void)arg;
	embrace(&shared.m, &shared.n);
}

static void embrace_nm(void *arg)
{
	(void)arg;
	embrace(&shared.n, &shared.m);
}

static void test_deadlock(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 1,
			       .boot = boot,
			       .task = {{"mn", 0, embrace_mn, NULL}, {"nm", 1, embrace_nm, NULL}}};

	(void)state;
	rt_test_expect(&test, VERDICT_deadlock, "test mutex m");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exclusion),         cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_misuse_is_context), cmocka_unit_test(test_lock_order),
		cmocka_unit_test(test_deadlock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
