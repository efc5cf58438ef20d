/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/core.h"

static void test_tables(void **state)
{
	u32 alternatives = 0;

	(void)state;
	for (u32 i = 0; i < NR_DESIGNS; i++) {
		const struct design_info *design = &design_infos[i];

		assert_true(design->count >= 2);
		assert_int_equal(design->first, alternatives);
		alternatives += design->count;
		for (u32 alt = design->first; alt < alternatives; alt++)
			assert_int_equal(alternative_infos[alt].design, i);
		assert_in_range(design->default_alternative, design->first, alternatives - 1);
		assert_in_range(design->in_6_1, design->first, alternatives - 1);
	}
	assert_int_equal(alternatives, NR_ALTERNATIVES);
	for (u32 i = 0; i < NR_BUGS; i++) {
		assert_true(strlen(bug_infos[i].name) > 0 && strlen(bug_infos[i].summary) > 0);
		for (u32 j = 0; j < i; j++)
			assert_string_not_equal(bug_infos[i].name, bug_infos[j].name);
	}
}

static void test_defaults_and_eras(void **state)
{
	struct switches sw;

	(void)state;
	memset(&sw, 0xff, sizeof(sw));
	switches_default(&sw);
	assert_int_equal(sw.design[DESIGN_pfn_walk], ALT_pfn_walk_rcu);
	for (u32 i = 0; i < NR_BUGS; i++)
		assert_int_equal(sw.bug[i], 0);

	assert_int_equal(switches_set_era(&sw, "6.1"), 0);
	assert_int_equal(sw.design[DESIGN_pfn_walk], ALT_pfn_walk_unsynchronised);
	/* What 6.1 has is on; what we planted, or what was fixed before, is not. */
	assert_int_equal(sw.bug[BUG_add_pages_no_rollback], 1);
	assert_int_equal(sw.bug[BUG_planted_no_signal_check], 0);

	assert_int_equal(switches_set_era(&sw, "none"), 0);
	assert_int_equal(sw.design[DESIGN_pfn_walk], ALT_pfn_walk_rcu);
	assert_int_equal(sw.bug[BUG_add_pages_no_rollback], 0);
	assert_int_equal(switches_set_era(&sw, "7.0"), -EINVAL);
	assert_int_equal(switches_set_era(&sw, ""), -EINVAL);
}

static void test_assignments(void **state)
{
	struct switches sw;
	char error[256] = "";

	(void)state;
	switches_default(&sw);
	assert_int_equal(switches_set(&sw, "pfn_walk=unsynchronised", error, sizeof(error)), 0);
	assert_int_equal(sw.design[DESIGN_pfn_walk], ALT_pfn_walk_unsynchronised);
	assert_int_equal(switches_set(&sw, "add_pages_no_rollback=on", error, sizeof(error)), 0);
	assert_int_equal(sw.bug[BUG_add_pages_no_rollback], 1);
	assert_int_equal(switches_set(&sw, "add_pages_no_rollback=off", error, sizeof(error)), 0);
	assert_int_equal(sw.bug[BUG_add_pages_no_rollback], 0);
	assert_string_equal(error, "");
}

static void test_errors(void **state)
{
	static const struct {
		const char *assignment, *error;
	} rows[] = {
		{"pfn_walk=maybe", "design pfn_walk: 'maybe' is none of unsynchronised, rcu"},
		{"pfn_walk=", "design pfn_walk: '' is none of unsynchronised, rcu"},
		{"pfn_walk", "expected design=alternative or bug=on|off, found 'pfn_walk'"},
		{"=rcu", "expected design=alternative or bug=on|off, found '=rcu'"},
		{"", "expected design=alternative or bug=on|off, found ''"},
		{"add_pages_no_rollback=1", "bug add_pages_no_rollback: expected on or off, found '1'"},
		{"pfn_wal=rcu", "no design or bug is called 'pfn_wal'"},
		{"pfn_walks=rcu", "no design or bug is called 'pfn_walks'"},
	};
	struct switches sw, before;
	char error[256], small[12];

	(void)state;
	switches_default(&sw);
	before = sw;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(switches_set(&sw, rows[i].assignment, error, sizeof(error)), -EINVAL);
		assert_ptr_equal(strstr(error, rows[i].error), error);
		assert_memory_equal(&sw, &before, sizeof(sw));
	}
	assert_int_equal(switches_set(&sw, "pfn_walk=maybe", small, sizeof(small)), -EINVAL);
	assert_string_equal(small, "design pfn_");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_defaults_and_eras),
		cmocka_unit_test(test_assignments),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
