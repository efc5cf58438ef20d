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

/* What Debian 12's kernel has of each bug; every row that is not planted must be here. */
static const struct {
	u32 bug;
	bool in_6_1;
} rows_6_1[] = {
	{BUG_add_pages_no_rollback, true},
	{BUG_lowmem_reserve_unlocked, true},
	{BUG_compaction_waits_for_itself, true},
	{BUG_failed_add_unregisters, true},
	{BUG_device_claims_parts, true},
	{BUG_nodestats_folded_remotely, true},
	{BUG_soft_offline_counts_twice, true},
	{BUG_hugetlb_poison_moves_late, true},
	{BUG_hugetlb_poison_counted_again, true},
	{BUG_dead_cpu_offline_node, true},
	{BUG_kcore_reads_unfrozen, false},
	{BUG_section_flag_cleared_last, false},
	{BUG_online_type_sticks, true},
	{BUG_free_scanner_stale_type, true},
	{BUG_usage_free_no_rcu, false}, /* fixed by 6.1.192 */
	{BUG_straddling_free_block, true},
	{BUG_compaction_start_beyond_end, true},
	{BUG_free_lists_reinit_unlocked, true},
	{BUG_pageset_alloc_unchecked, true},
	{BUG_pageset_cached_values, true},
	{BUG_pageset_setup_unlocked, true},
	{BUG_zonestat_not_folded, false},
	{BUG_nodestats_cleared, false},
	{BUG_zonelist_no_retry, false},
	{BUG_kswapd_stopped_first, false},
	{BUG_lru_disable_leak, false},
	{BUG_memmap_on_memory_unlocked, false},
	{BUG_add_error_without_altmap, false},
	{BUG_auto_movable_scanned_pfn, true},
	{BUG_contig_zone_unchecked, true},
	{BUG_contig_undo_foreign, true},
	{BUG_balloon_managed_not_moved, false},
	{BUG_cma_mutex_removed, false},
	{BUG_thp_mapcount_head_only, false},
	{BUG_thp_mapcount_before_reference, false},
	{BUG_remove_blocks_in_hotplug_lock, false},
	{BUG_compaction_wraps_around, true},
	{BUG_pgdat_reinit, true},
	{BUG_zonelist_rebuild_irqs_on, false},
	{BUG_node_span_from_zero, false},
	{BUG_zone_shrunk_at_removal, false},
	{BUG_pgdat_cleared_in_use, false},
	{BUG_partial_section_uninitialised, false},
	{BUG_walkers_trust_valid, false},
	{BUG_isolate_type_trusted, false},
	{BUG_add_locks_device, false},
	{BUG_cancel_without_going, false},
	{BUG_remove_unpaired_unlock, false},
	{BUG_dissolve_vs_free_huge, false},
	{BUG_dissolve_keeps_surplus, true},
	{BUG_pool_shrinks_surplus, true},
	{BUG_temporary_stays_surplus, true},
	{BUG_nr_hugepages_counts_surplus, true},
	{BUG_isolation_reads_dying_hugepage, true},
	{BUG_hugetlb_reuses_isolated, true},
	{BUG_memory_failure_unlocked, true},
	{BUG_offline_takes_poisoned, true},
	{BUG_hwpoison_drops_block, true},
	{BUG_hwpoison_flag_lost, true},
	{BUG_unpoison_trusts_count, true},
	{BUG_soft_offline_poisons_late, false},
	{BUG_poison_takeoff_misreport, false}, /* fixed by 6.1.192 */
	{BUG_poison_misses_pcp_page, false},
	{BUG_drain_takes_cpu_lock, false},
	{BUG_zonelist_entry_unchecked, true},
	{BUG_section_not_tainted, false},
	{BUG_taint_after_add, true},
	{BUG_pagemap_dying_online, true},
	{BUG_pagemap_forgotten_early, true},
	{BUG_pagemap_node_unchecked, true},
	{BUG_usage_not_tested, false},
	{BUG_zone_span_torn_read, true},
	{BUG_slab_show_mem_lock, false},
	{BUG_slab_directory_locked, false},
	{BUG_slab_nodes_by_state, false},
	{BUG_slab_node_freed, false},
	{BUG_slab_shrink_counts_late, false},
	{BUG_page_ext_freed_in_use, false},
	{BUG_ksm_stale_pfns, false},
	{BUG_ksm_mutex_held, false},
};

static void test_era_6_1(void **state)
{
	struct switches sw;
	u32 planted = 0;

	(void)state;
	assert_int_equal(switches_set_era(&sw, "6.1"), 0);
	for (u32 i = 0; i < NR_BUGS; i++) {
		if (strcmp(bug_infos[i].since, "planted") != 0)
			continue;
		planted++;
		assert_string_equal(bug_infos[i].fixed, "-");
		assert_int_equal(sw.bug[i], 0);
		assert_false(bug_in_kernel(&bug_infos[i], "0.0") || bug_in_kernel(&bug_infos[i], "99.0"));
	}
	for (u32 i = 0; i < ARRAY_SIZE(rows_6_1); i++) {
		if (sw.bug[rows_6_1[i].bug] != rows_6_1[i].in_6_1)
			fail_msg("%s", bug_infos[rows_6_1[i].bug].name);
	}
	assert_int_equal(planted + ARRAY_SIZE(rows_6_1), NR_BUGS);
}

static void test_bug_in_kernel(void **state)
{
	static const struct {
		const char *since, *fixed, *version;
		bool has;
	} rows[] = {
		{"5.3", "6.8 6.1", "5.2", false},
		{"5.3", "6.8 6.1", "5.3", true},
		{"5.3", "6.8 6.1", "5.10", true},
		{"5.3", "6.8 6.1", "6.0", true},
		{"5.3", "6.8 6.1", "6.1", false},
		{"5.3", "6.8 6.1", "6.2", true},
		{"5.3", "6.8 6.1", "6.8", false},
		{"5.3", "6.8 6.1", "6.12", false},
		{"5.3", "6.8 5.10 6.1", "5.10", false},
		{"5.3", "6.8 5.10 6.1", "6.1", false},
		{"5.3", "6.8 5.10 6.1", "5.4", true},
		{"5.3", "-", "99.0", true},
		{"3.11", "-", "3.9", false},
		{"3", "-", "3.0", true},
		{"planted", "-", "6.1", false},
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bug_info bug = {"a_bug", rows[i].since, rows[i].fixed, "a summary"};

		if (bug_in_kernel(&bug, rows[i].version) != rows[i].has)
			fail_msg("%s, %s: %s", rows[i].since, rows[i].fixed, rows[i].version);
	}
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
		cmocka_unit_test(test_tables),      cmocka_unit_test(test_defaults_and_eras),
		cmocka_unit_test(test_era_6_1),     cmocka_unit_test(test_bug_in_kernel),
		cmocka_unit_test(test_assignments), cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
