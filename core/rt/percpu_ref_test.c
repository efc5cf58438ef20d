/* SPDX-License-Identifier: MIT */
/* References counted per CPU: none is lost between the CPUs' counts and the common one, and the last one releases. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/percpu_ref.h"
#include "core/rt/task.h"
#include "core/rt/wait.h"

#define LOOPS 20

struct shared {
	struct percpu_ref ref;
	struct completion released;
	u64 data, releases, users, given, refused;
};
#define shared RT_TEST_SHARED(struct shared)

static void release(struct percpu_ref *ref)
{
	BUG_ON(ref != &shared.ref || !percpu_ref_is_zero(ref));
	BUG_ON(READ_ONCE(shared.users) || READ_ONCE(shared.given));
	atomic_long_inc((atomic_long_t *)&shared.releases);
	complete(&shared.released);
}

static void boot(void)
{
	BUG_ON(percpu_ref_init(&shared.ref, release));
	rt_mark_permanent(shared.ref.percpu);
	init_completion(&shared.released);
	shared.data = 1;
}

static void add(u64 *counter, s64 by)
{
	atomic_long_add(by, (atomic_long_t *)counter);
}

/* What it looks at is there while it holds a reference, without any lock. */
static void user(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS && percpu_ref_tryget_live(&shared.ref); i++) {
		add(&shared.users, 1);
		BUG_ON(shared.data != 1);
		point(op, begin, i);
		BUG_ON(shared.data != 1);
		add(&shared.users, -1);
		percpu_ref_put(&shared.ref);
		cond_resched();
	}
}

/* References got on one CPU and put on another. */
static void giver(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS && percpu_ref_tryget_live(&shared.ref); i++) {
		percpu_ref_get_many(&shared.ref, 2);
		add(&shared.given, 2);
		percpu_ref_put(&shared.ref);
		while (atomic_long_read((atomic_long_t *)&shared.given))
			msleep(1);
	}
	WRITE_ONCE(shared.refused, 1);
}

static void taker(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.refused)) {
		if (atomic_long_read((atomic_long_t *)&shared.given)) {
			BUG_ON(shared.data != 1);
			add(&shared.given, -2);
			percpu_ref_put_many(&shared.ref, 2);
		}
		msleep(1);
	}
}

/* As memunmap_pages(): kills, waits for the last user, and takes the thing away. */
static void killer(void *arg)
{
	(void)arg;
	msleep(3);
	BUG_ON(percpu_ref_is_dying(&shared.ref) || percpu_ref_is_zero(&shared.ref));
	percpu_ref_kill(&shared.ref);
	BUG_ON(!percpu_ref_is_dying(&shared.ref) || percpu_ref_tryget_live(&shared.ref));
	wait_for_completion(&shared.released);
	BUG_ON(percpu_ref_tryget(&shared.ref));
	shared.data = 0;
}

static void check_released(void)
{
	BUG_ON(shared.releases != 1 || shared.data);
	percpu_ref_exit(&shared.ref);
}

static void test_users(void **state)
{
	struct rt_test test = {
		.cpus = 3,
		.rounds = 30,
		.boot = boot,
		.after = check_released,
		.task = {{"a", 0, user, NULL}, {"b", 1, user, NULL}, {"k", 2, killer, NULL}, {"c", 1, user, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void test_between_cpus(void **state)
{
	struct rt_test test = {.cpus = 3,
			       .rounds = 30,
			       .boot = boot,
			       .after = check_released,
			       .task = {{"g", 0, giver, NULL}, {"t", 1, taker, NULL}, {"k", 2, killer, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

/* Dead is not gone: who has a reference may pass it on. */
static void holds_on(void *arg)
{
	(void)arg;
	BUG_ON(!percpu_ref_tryget_live(&shared.ref));
	percpu_ref_kill(&shared.ref);
	rcu_barrier();
	BUG_ON(READ_ONCE(shared.releases) || percpu_ref_tryget_live(&shared.ref));
	BUG_ON(!percpu_ref_tryget(&shared.ref));
	percpu_ref_put(&shared.ref);
	BUG_ON(READ_ONCE(shared.releases) || percpu_ref_is_zero(&shared.ref));
	percpu_ref_put(&shared.ref);
	BUG_ON(READ_ONCE(shared.releases) != 1 || percpu_ref_tryget(&shared.ref));
}

static void test_dead_is_not_gone(void **state)
{
	struct rt_test test = {.cpus = 2, .rounds = 5, .boot = boot, .task = {{"t", 1, holds_on, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void kills_twice(void *arg)
{
	(void)arg;
	percpu_ref_kill(&shared.ref);
	percpu_ref_kill(&shared.ref);
}

/* One put too many: the sum is not what somebody holds. */
static void puts_too_often(void *arg)
{
	(void)arg;
	percpu_ref_put(&shared.ref);
	percpu_ref_put(&shared.ref);
	percpu_ref_kill(&shared.ref);
	rcu_barrier();
}

static void test_misuse_warns(void **state)
{
	struct rt_test twice = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, kills_twice, NULL}}};
	struct rt_test often = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, puts_too_often, NULL}}};

	(void)state;
	rt_test_expect(&twice, VERDICT_warning, "warning percpu_ref_kill");
	rt_test_expect(&often, VERDICT_warning, "warning add_up");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_between_cpus),
		cmocka_unit_test(test_dead_is_not_gone),
		cmocka_unit_test(test_misuse_warns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
