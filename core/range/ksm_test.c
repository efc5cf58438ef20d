/* SPDX-License-Identifier: MIT */
#include "core/range/ksm.h"
#include "core/range/testing.h"

static void remember(void *arg)
{
	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 6, 0) == 6);
	CHECK(test_op("ksm", 0, 0, 0, 0) == 6);
	/* Known by now, and of other areas nothing is there. */
	CHECK(test_op("ksm", 0, 0, 0, 0) == 6);
	CHECK(test_op("ksm", 1, 0, 0, 0) == 6);
	/* They move, some of them to where others were: at least one pfn is none of them any more. */
	CHECK(test_op("migrate", 0, 0, 0, 0) == 6);
	CHECK(test_op("ksm", 1, 0, 0, 0) < 6);
	CHECK(test_op("ksm", 0, 0, 0, 0) == 6);
	CHECK(test_op("free", 0, 0, 0, 0) == 6);
	CHECK(test_op("ksm", 0, 0, 0, 0) == 0);
}

static void pages_are_remembered_until_stale(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(remember, NULL);
}

/* What lies in the range is forgotten, though it still is what it was; a cancelled offline forgets nothing. */
static void forget(void *arg)
{
	u64 pfn;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 6, 0) == 6);
	CHECK(test_op("ksm", 0, 0, 0, 0) == 6);
	pfn = area_of_slot(0)->pte[0] >> 8;
	ksm_going_offline();
	ksm_offline_ended(pfn, 0);
	CHECK(test_op("ksm", 1, 0, 0, 0) == 6);
	ksm_going_offline();
	ksm_offline_ended(pfn, 1);
	CHECK(test_op("ksm", 1, 0, 0, 0) == 5);
	/* CANCEL_OFFLINE comes to those, too, that never saw GOING_OFFLINE. */
	ksm_offline_ended(pfn, 0);
	CHECK(test_op("free", 0, 0, 0, 0) == 6);
}

static void offline_forgets_its_range(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(forget, NULL);
}

static void use_and_scan(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 3; i++) {
		test_op("alloc", MIGRATE_MOVABLE, 0, 8, 0);
		test_op("ksm", 0, 0, 0, 0);
		test_op("free", 0, 0, 0, 0);
	}
}

static void hotplug(void *arg)
{
	(void)arg;
	if (test_op("offline", 4, 0, 0, 0) == 0)
		CHECK(test_op("remove", 4, 0, 0, 0) == 0);
}

static void ksmd_survives_hotplug(void **state)
{
	const struct test_task tasks[] = {
		{"ksmd", use_and_scan, NULL}, {"hotplug", hotplug, NULL}, {"user", use_and_scan, NULL}};

	(void)state;
	test_boot("", true);
	for (u64 seed = 1; seed <= 200; seed++) {
		struct rt_result result = test_run(seed, 3, tasks);

		assert_ok(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_remembered_until_stale),
		cmocka_unit_test(offline_forgets_its_range),
		cmocka_unit_test(ksmd_survives_hotplug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
