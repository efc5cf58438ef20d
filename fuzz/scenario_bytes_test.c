/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rt/random.h"
#include "fuzz/scenario.h"

static struct scenario a, b;
static struct switches sw;
static u8 bytes[SCENARIO_BYTES_MAX], again[SCENARIO_BYTES_MAX];

static size_t encode(const struct scenario *s, u8 *buf)
{
	char why[128] = "";
	ssize_t len = scenario_encode(s, buf, SCENARIO_BYTES_MAX, why, sizeof(why));

	if (len < 0)
		fail_msg("%zd: %s", len, why);
	return (size_t)len;
}

/* decode, encode, decode: the same scenario and the same bytes again. */
static void check_fixpoint(const u8 *data, size_t size)
{
	size_t len;

	scenario_decode(data, size, &sw, &a);
	if (scenario_error(&a))
		fail_msg("%s", scenario_error(&a));
	len = encode(&a, bytes);
	scenario_decode(bytes, len, &sw, &b);
	assert_true(scenario_equal(&a, &b));
	assert_int_equal(encode(&b, again), len);
	assert_memory_equal(bytes, again, len);
}

static void any_bytes_are_a_scenario(void **state)
{
	u8 data[640];
	struct rt_random random;
	u64 ops = 0, entries = 0;

	(void)state;
	switches_default(&sw);
	rt_random_seed(&random, 42);
	for (u32 i = 0; i < 100000; i++) {
		size_t size = rt_random_below(&random, sizeof(data) + 1);

		for (size_t j = 0; j < size; j++)
			data[j] = (u8)rt_random_u64(&random);
		/* In half of them, first bytes that tables have, so that most records mean something. */
		for (size_t j = 8; i % 2 && j < size; j += 8)
			data[j] = data[j] & 0x80 ? data[j] : 1 + data[j] % nr_op_infos;
		for (size_t j = 10; i % 4 == 1 && j + 1 < size; j += 8) {
			data[j] %= NR_POINTS;
			data[j + 1] = 0;
		}
		check_fixpoint(data, size);
		ops += scenario_nr_ops(&a) + a.nr_boot_ops;
		entries += a.schedule.count;
	}
	/* The inputs were not all empty. */
	assert_true(ops > 100000);
	assert_true(entries > 100000);
}

static void no_bytes_are_one_idle_task(void **state)
{
	(void)state;
	switches_default(&sw);
	check_fixpoint(bytes, 0);
	assert_int_equal(a.nr_tasks, 1);
	assert_int_equal(a.task[0].nr_ops, 0);
}

static void text_within_the_limits_survives(void **state)
{
	static const char text[] = "pfnstorm 1\n"
				   "machine  geometry=tiny memory=tso cpus=2 nodes=1 blocks=8 online=0-5\n"
				   "boot     alloc movable order=0 count=40 as s2\n"
				   "task t0 on cpu0\n"
				   "         compact zone=Normal\n"
				   "         alloc reclaimable order=4 count=64 as s15\n"
				   "task t1 on cpu1\n"
				   "         offline block=4\n"
				   "         signal t0\n"
				   "         veto going-offline\n"
				   "schedule start t1\n"
				   "schedule switch t1 -> t0 at op.begin #300\n"
				   "schedule switch t0 -> t1 at +500 after op.end #1\n"
				   "schedule switch t0 -> task/9 at exit #1 after op.end #1\n"
				   "schedule choose fault migrate #2 = 1\n"
				   "schedule choose callback #1 = 3\n"
				   "schedule choose drain load #2 = 1\n";
	static char printed[SCENARIO_TEXT_MAX];
	struct text_error error = {0};
	size_t len;

	(void)state;
	if (scenario_parse(text, strlen(text), &a, &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.message);
	len = encode(&a, bytes);
	scenario_decode(bytes, len, &a.machine.sw, &b);
	assert_true(scenario_equal(&a, &b));
	scenario_print(&b, printed, sizeof(printed));
	assert_string_equal(printed, text);
}

static void bytes_never_set_switches(void **state)
{
	(void)state;
	switches_default(&sw);
	sw.design[DESIGN_pfn_walk] = ALT_pfn_walk_unsynchronised;
	memset(bytes, 0xff, sizeof(bytes));
	scenario_decode(bytes, sizeof(bytes), &sw, &a);
	assert_int_equal(a.machine.sw.design[DESIGN_pfn_walk], ALT_pfn_walk_unsynchronised);
	switches_default(&sw);
	scenario_decode(bytes, sizeof(bytes), &sw, &a);
	assert_int_equal(a.machine.sw.design[DESIGN_pfn_walk], ALT_pfn_walk_rcu);
}

/* What stored corpora mean. A failure here means that old inputs would change: bump the format instead. */
static void stored_bytes_keep_their_meaning(void **state)
{
	static const u8 stored[] = {
		1,    0, 0, 0,  0, 0, 0, 0, /* machine 0 */
		5,    1, 0, 39, 2, 0, 0, 0, /* boot: alloc movable order=0 count=40 as s2 */
		0x40, 0, 0, 0,  0, 0, 0, 0, /* t0 on cpu0 */
		7,    1, 0, 0,  0, 0, 0, 0, /* compact zone=Movable */
		0x41, 0, 0, 0,  0, 0, 0, 0, /* t1 on cpu1 */
		3,    4, 0, 0,  0, 0, 0, 0, /* offline block=4 */
		4,    4, 0, 0,  0, 0, 0, 0, /* remove block=4 */
		0x80, 1, 1, 0,  1, 0, 0, 0, /* switch t0 -> t1 at op.begin #1 */
	};
	static const char text[] = "pfnstorm 1\n"
				   "machine  geometry=tiny cpus=2 nodes=1 blocks=8 online=0-5\n"
				   "boot     alloc movable order=0 count=40 as s2\n"
				   "task t0 on cpu0\n"
				   "         compact zone=Movable\n"
				   "task t1 on cpu1\n"
				   "         offline block=4\n"
				   "         remove block=4\n"
				   "schedule switch t0 -> t1 at op.begin #1\n";
	static char printed[SCENARIO_TEXT_MAX];

	(void)state;
	switches_default(&sw);
	scenario_decode(stored, sizeof(stored), &sw, &a);
	scenario_print(&a, printed, sizeof(printed));
	assert_string_equal(printed, text);
	assert_int_equal(encode(&a, bytes), sizeof(stored));
	assert_memory_equal(bytes, stored, sizeof(stored));
}

static void outside_the_limits_is_said(void **state)
{
	char why[128];

	(void)state;
	scenario_init(&a);
	a.machine.blocks = 17;
	assert_int_equal(scenario_encode(&a, bytes, sizeof(bytes), why, sizeof(why)), -ERANGE);
	assert_non_null(strstr(why, "machine"));
	scenario_init(&a);
	for (u32 i = 0; i <= SCHEDULE_FUZZ_MAX; i++) {
		const struct schedule_entry e = {.form = SCHEDULE_SEMANTIC, .target = 1, .occurrence = 1};

		assert_int_equal(schedule_add(&a.schedule, &e), 0);
	}
	assert_int_equal(scenario_encode(&a, bytes, sizeof(bytes), why, sizeof(why)), -ERANGE);
	assert_non_null(strstr(why, "64"));
	a.schedule.count = 1;
	assert_int_equal(scenario_encode(&a, bytes, 16, why, sizeof(why)), -ENOSPC);
	a.schedule.entry[0].form = SCHEDULE_RAW;
	a.schedule.entry[0].count = 1;
	a.schedule.entry[0].build = schedule_fingerprint() ^ 2;
	assert_int_equal(scenario_encode(&a, bytes, sizeof(bytes), why, sizeof(why)), -ERANGE);
	assert_non_null(strstr(why, "build"));
}

static void switches_come_from_the_campaign(void **state)
{
	char message[200];

	(void)state;
	assert_int_equal(scenario_switches_from("era=6.1,pfn_walk=rcu", &sw, message, sizeof(message)), 0);
	assert_int_equal(sw.design[DESIGN_pfn_walk], ALT_pfn_walk_rcu);
	assert_int_equal(scenario_switches_from("pfn_walk=rcu,era=6.1", &sw, message, sizeof(message)), 0);
	assert_int_equal(sw.design[DESIGN_pfn_walk], ALT_pfn_walk_unsynchronised);
	sw.bug[0] = 1;
	assert_int_equal(scenario_switches_from("pfn_walk=rcu", &sw, message, sizeof(message)), 0);
	assert_int_equal(sw.design[DESIGN_pfn_walk], ALT_pfn_walk_rcu);
	assert_int_equal(sw.bug[0], 1);
	assert_int_equal(scenario_switches_from("era=none", &sw, message, sizeof(message)), 0);
	assert_int_equal(sw.bug[0], 0);
	assert_true(scenario_switches_from("nonsense", &sw, message, sizeof(message)) < 0);
	assert_true(scenario_switches_from("era=9.9", &sw, message, sizeof(message)) < 0);
	assert_non_null(strstr(message, "9.9"));
}

/* A strategy is said in format 2 only: whatever stood there in format 1 means what it always has. */
static void strategies_are_in_the_header(void **state)
{
	u8 data[SCENARIO_RECORD] = {SCENARIO_BYTES_SEARCH, 1, 0, 3, 7, 0, 0, 0x80};

	(void)state;
	switches_default(&sw);
	scenario_decode(data, sizeof(data), &sw, &a);
	assert_int_equal(a.search.strategy, 3);
	assert_int_equal(a.search.seed, 0x80000007);
	assert_true(scenario_encode(&a, again, sizeof(again), NULL, 0) >= (ssize_t)sizeof(data));
	assert_memory_equal(again, data, sizeof(data));
	data[0] = SCENARIO_BYTES_FORMAT;
	scenario_decode(data, sizeof(data), &sw, &a);
	assert_int_equal(a.search.strategy | a.search.seed, 0);
	data[0] = SCENARIO_BYTES_SEARCH;
	data[3] = 200;
	scenario_decode(data, sizeof(data), &sw, &a);
	assert_int_equal(a.search.strategy | a.search.seed, 0);
	scenario_encode(&a, again, sizeof(again), NULL, 0);
	assert_int_equal(again[0], SCENARIO_BYTES_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_are_a_scenario),        cmocka_unit_test(no_bytes_are_one_idle_task),
		cmocka_unit_test(text_within_the_limits_survives), cmocka_unit_test(bytes_never_set_switches),
		cmocka_unit_test(stored_bytes_keep_their_meaning), cmocka_unit_test(outside_the_limits_is_said),
		cmocka_unit_test(switches_come_from_the_campaign), cmocka_unit_test(strategies_are_in_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
