/* SPDX-License-Identifier: MIT */
/* Priorities: drawn from the seed, with the shares that were meant, and no verdict by themselves. */
#include "core/rt/rt_test.h"

#include "core/rt/lock.h"
#include "core/rt/thread/priority.h"

#define INTERVALS 4000
#define SLOTS 8

static void count(u64 seed, u32 *kinds, u32 *mixed)
{
	for (u64 interval = 0; interval < INTERVALS; interval++) {
		u32 seen = 0;

		for (u32 slot = 0; slot < SLOTS; slot++) {
			enum priority priority = priority_of(seed, interval, slot);

			assert_int_equal(priority, priority_of(seed, interval, slot));
			kinds[priority]++;
			seen |= BIT(priority);
		}
		/* An interval starves those of low priority or does not. */
		*mixed += (seen & BIT(PRIORITY_LOW)) && (seen & BIT(PRIORITY_STARVED));
	}
}

static void test_shares(void **state)
{
	u32 kinds[3] = {0}, mixed = 0, all = INTERVALS * SLOTS;

	(void)state;
	count(1, kinds, &mixed);
	assert_in_range(kinds[PRIORITY_HIGH], all * 72 / 100, all * 78 / 100);
	assert_in_range(kinds[PRIORITY_STARVED], all * 3 / 100, all * 7 / 100);
	assert_int_equal(mixed, 0);
}

static void test_seeds_differ(void **state)
{
	u32 equal = 0;

	(void)state;
	for (u64 interval = 0; interval < INTERVALS; interval++)
		equal += priority_of(1, interval, 3) == priority_of(2, interval, 3);
	assert_in_range(equal, INTERVALS / 2, INTERVALS * 3 / 4);
}

struct shared {
	struct mutex m;
	u64 sum;
};
#define shared RT_TEST_SHARED(struct shared)

static void boot(void)
{
	mutex_init(&shared.m, LOCK_test_m);
	rt_thread_priorities(1000000);
}

static void adds(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 500; i++) {
		mutex_lock(&shared.m);
		point(op, begin, i);
		shared.sum++;
		mutex_unlock(&shared.m);
	}
}

static void all_added(void)
{
	BUG_ON(shared.sum != 2000);
}

/* Who waits for the end of an interval may hold a lock: others wait with it, and that is no deadlock. */
static void test_starving_is_no_verdict(void **state)
{
	struct rt_test test = {
		.cpus = 2,
		.rounds = 3,
		.boot = boot,
		.after = all_added,
		.task = {{"a", 0, adds, NULL}, {"b", 1, adds, NULL}, {"c", 0, adds, NULL}, {"d", 1, adds, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_seeds_differ),
		cmocka_unit_test(test_starving_is_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
