/* SPDX-License-Identifier: MIT */
/* Counters that CPUs keep of a zone, while the zone loses its memory and gets it back. */
#include "core/range/testing.h"
#include "core/rt/task.h"

/* So long that the shepherd looks again. */
#define LONG_MS 1001

static void zone_comes_and_goes(void *arg)
{
	(void)arg;
	msleep(LONG_MS);
	for (u32 i = 0; i < 2; i++) {
		CHECK(test_op("offline", 4, 0, 0, 0) == 0);
		CHECK(test_op("online", 4, 2, 0, 0) == 0);
	}
}

static void set_thresholds(void *arg)
{
	(void)arg;
	msleep(LONG_MS);
	/* Else no threshold is set. */
	CHECK(READ_ONCE(node_zone(0, ZONE_MOVABLE)->percpu_drift_mark));
	for (u32 i = 0; i < 40; i++)
		set_pgdat_percpu_threshold(NODE_DATA(0), i % 2);
}

static void look_for_differences(void *arg)
{
	(void)arg;
	msleep(LONG_MS);
	for (u32 i = 0; i < 40; i++) {
		WRITE_ONCE(machine.vmstat_ns, 0);
		vmstat_shepherd();
	}
}

static void beside_hotplug(const char *name, void (*fn)(void *arg))
{
	const struct test_task tasks[] = {{name, fn, NULL}, {"admin", zone_comes_and_goes, NULL}};

	for (u64 seed = 1; seed <= 150; seed++) {
		struct rt_result result;

		test_boot("", true);
		result = test_run(seed, 2, tasks);
		assert_ok(&result);
	}
}

static void thresholds_are_set_of_zones_that_are_there(void **state)
{
	(void)state;
	beside_hotplug("kswapd", set_thresholds);
}

static void the_shepherd_looks_at_zones_that_are_there(void **state)
{
	(void)state;
	beside_hotplug("shepherd", look_for_differences);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_are_set_of_zones_that_are_there),
		cmocka_unit_test(the_shepherd_looks_at_zones_that_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
