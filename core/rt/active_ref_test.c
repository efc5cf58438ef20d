/* SPDX-License-Identifier: MIT */
/* Active references in the lock-order graph: what closes a cycle, what must not, and who waits for whom. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/task.h"
#include "core/rt/wait.h"

#define LOOPS 20
#define DEACTIVATED (-1000)

/* A file as kernfs has them: opened by reference, removed when the last one is gone. */
struct shared {
	struct active_ref ref;
	atomic_t active;
	wait_queue_head_t wq;
	struct mutex m, n;
	u64 opened;
};
#define shared RT_TEST_SHARED(struct shared)

static void boot(void)
{
	active_ref_init(&shared.ref, LOCK_test_ref);
	init_waitqueue_head(&shared.wq, LOCK_waitqueue);
	mutex_init(&shared.m, LOCK_test_m);
	mutex_init(&shared.n, LOCK_test_n);
}

static bool open_file(void)
{
	s32 seen = atomic_read(&shared.active), before;

	for (; seen >= 0; seen = before) {
		before = atomic_cmpxchg(&shared.active, seen, seen + 1);
		if (before == seen)
			break;
	}
	if (seen < 0)
		return false;
	active_ref_get(&shared.ref);
	return true;
}

static void close_file(void)
{
	active_ref_put(&shared.ref);
	if (atomic_dec_return(&shared.active) == DEACTIVATED)
		wake_up_all(&shared.wq);
}

static void remove_file(void)
{
	atomic_add(DEACTIVATED, &shared.active);
	active_ref_drain_begin(&shared.ref);
	wait_event(&shared.wq, smp_load_acquire(&shared.active.counter) == DEACTIVATED);
	active_ref_drain_end(&shared.ref);
}

/* As a write to a block's state file does it: never waits for the lock while it holds the reference. */
static void tries(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS && open_file(); i++) {
		if (mutex_trylock(&shared.m)) {
			shared.opened++;
			mutex_unlock(&shared.m);
		}
		close_file();
		cond_resched();
	}
}

static void removes(void *arg)
{
	if (arg)
		msleep((unsigned int)(u64)arg);
	mutex_lock(&shared.m);
	remove_file();
	mutex_unlock(&shared.m);
}

static void test_trylock_is_silent(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 20,
			       .boot = boot,
			       .task = {{"a", 0, tries, NULL}, {"b", 1, tries, NULL}, {"r", 1, removes, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void blocks(void *arg)
{
	(void)arg;
	if (!open_file())
		return;
	mutex_lock(&shared.m);
	mutex_unlock(&shared.m);
	close_file();
}

/* The lock inside the reference, and the drain inside the lock, one after the other: the order alone tells. */
static void test_order(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 1,
			       .boot = boot,
			       .task = {{"writer", 0, blocks, NULL}, {"remover", 1, removes, (void *)50}}};

	(void)state;
	rt_test_expect(&test, VERDICT_lock_order, "test mutex m -> test reference -> test mutex m");
}

static void opens_under_lock(void *arg)
{
	(void)arg;
	mutex_lock(&shared.m);
	if (open_file())
		close_file();
	mutex_unlock(&shared.m);
}

/* To get a reference under a lock waits for nobody, and so is no edge. */
static void test_get_adds_no_edge(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 10,
			       .boot = boot,
			       .task = {{"a", 0, opens_under_lock, NULL}, {"b", 1, blocks, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void drains_then_m(void *arg)
{
	(void)arg;
	mutex_lock(&shared.n);
	remove_file();
	mutex_lock(&shared.m);
	mutex_unlock(&shared.m);
	mutex_unlock(&shared.n);
}

/* Nor is what the remover takes after the drain ordered behind the reference. */
static void test_drained_is_not_held(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 10, .boot = boot, .task = {{"r", 0, drains_then_m, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void drains_own(void *arg)
{
	(void)arg;
	BUG_ON(!open_file());
	remove_file();
}

static void leaks(void *arg)
{
	(void)arg;
	BUG_ON(!open_file());
}

static void puts_unheld(void *arg)
{
	(void)arg;
	active_ref_put(&shared.ref);
}

static void ends_unbegun(void *arg)
{
	(void)arg;
	active_ref_drain_end(&shared.ref);
}

static void uses_uninitialised(void *arg)
{
	(void)arg;
	active_ref_get((struct active_ref *)&shared.opened);
}

static void test_misuse(void **state)
{
	static const struct {
		void (*fn)(void *arg);
		const char *what;
	} misuse[] = {
		{drains_own, "recursive-lock"},
		{leaks, "lock-held-on-return"},
		{puts_unheld, "unlock-not-held"},
		{ends_unbegun, "unlock-not-held"},
		{uses_uninitialised, "lock-not-initialised"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(misuse); i++) {
		struct rt_test test = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, misuse[i].fn, NULL}}};

		rt_test_expect(&test, VERDICT_context, misuse[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trylock_is_silent),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_get_adds_no_edge),
		cmocka_unit_test(test_drained_is_not_held),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
