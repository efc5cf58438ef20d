/* SPDX-License-Identifier: MIT */
/* Zones that policies choose for memory that goes online. */
#include "core/check/test_scenario.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/policy.h"
#include "core/mm/machine.h"

#define MOVABLE true
#define KERNEL false

/* Blocks 0 and 1 are DMA and DMA32, block 2 is Normal, all early; 3 to 7 are not there. */
static void boot(const char *assignment)
{
	struct test_scenario s = test_scenario(8, 3);

	s.config.topology = TOPOLOGY_zones;
	if (assignment)
		test_set(&s, assignment);
	test_boot(&s);
	machine.hotplug->online_policy = ONLINE_POLICY_AUTO_MOVABLE;
}

static const struct zone *zone_for(enum mmop type, struct memory_group *group, u64 block)
{
	return zone_for_pfn_range(type, 0, group, block_id_to_pfn(block), geometry.pages_per_block);
}

/* ---- contig-zones ---------------------------------------------------------------------------------------------- */

static void whole_requests_are_met(void **state)
{
	(void)state;
	boot(NULL);
	assert_ptr_equal(zone_for(MMOP_ONLINE_KERNEL, NULL, 0), node_zone(0, ZONE_DMA));
	assert_ptr_equal(zone_for(MMOP_ONLINE_KERNEL, NULL, 1), node_zone(0, ZONE_DMA32));
	assert_ptr_equal(zone_for(MMOP_ONLINE_KERNEL, NULL, 2), node_zone(0, ZONE_NORMAL));
	assert_ptr_equal(zone_for(MMOP_ONLINE_KERNEL, NULL, 5), node_zone(0, ZONE_NORMAL));
	assert_ptr_equal(zone_for(MMOP_ONLINE_MOVABLE, NULL, 5), node_zone(0, ZONE_MOVABLE));
	machine.hotplug->online_policy = ONLINE_POLICY_CONTIG_ZONES;
	assert_ptr_equal(zone_for(MMOP_ONLINE, NULL, 5), node_zone(0, ZONE_NORMAL));
}

/* ---- auto-movable ---------------------------------------------------------------------------------------------- */

/* Movable memory up to the ratio, in percent of the early kernel memory: 3 blocks. */
static void ratio_bounds_movable_memory(void **state)
{
	static const struct {
		u32 ratio;
		bool movable;
	} rows[] = {{301, MOVABLE}, {100, MOVABLE}, {34, MOVABLE}, {33, KERNEL}, {0, KERNEL}};

	(void)state;
	boot(NULL);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct zone *zone;

		machine.hotplug->auto_movable_ratio = rows[i].ratio;
		zone = zone_for(MMOP_ONLINE, NULL, 4);
		if ((zone->idx == ZONE_MOVABLE) != rows[i].movable)
			fail_msg("ratio %u: zone %s", rows[i].ratio, zone_type_name(zone->idx));
	}
}

/* All that a static group may get must fit; once it has kernel memory, all of it is. */
static void static_groups_are_of_one_kind(void **state)
{
	struct memory_group *group;
	s32 id;

	(void)state;
	boot(NULL);
	id = memory_group_register_static(0, 4UL * geometry.pages_per_block);
	assert_true(id >= 0);
	group = memory_group_find_by_id(id);
	machine.hotplug->auto_movable_ratio = 134;
	assert_int_equal(zone_for(MMOP_ONLINE, group, 4)->idx, ZONE_MOVABLE);
	machine.hotplug->auto_movable_ratio = 133;
	assert_int_equal(zone_for(MMOP_ONLINE, group, 4)->idx, ZONE_NORMAL);
	machine.hotplug->auto_movable_ratio = 301;
	group->present_kernel_pages = geometry.pages_per_block;
	assert_int_equal(zone_for(MMOP_ONLINE, group, 4)->idx, ZONE_NORMAL);
}

/*
 * A unit of four blocks of which the first three are kernel memory: the fourth must be, too. Its zone is that of its
 * own addresses; where the scan of the unit ended is DMA.
 */
static void a_mixed_unit_goes_to_the_kernel_zone_of_the_block(void **state)
{
	static const struct {
		const char *assignment;
		u32 zone;
	} rows[] = {{NULL, ZONE_NORMAL}, {"auto_movable_scanned_pfn=on", ZONE_DMA}};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		s32 id;

		boot(rows[i].assignment);
		id = memory_group_register_dynamic(0, 4UL * geometry.pages_per_block);
		assert_true(id >= 0);
		assert_int_equal(zone_for(MMOP_ONLINE, memory_group_find_by_id(id), 3)->idx, rows[i].zone);
	}
}

/* What another dynamic group has of movable memory is covered by its own kernel memory, or by early memory. */
static void dynamic_groups_need_early_memory(void **state)
{
	const u64 most = 3UL * geometry.pages_per_block;
	struct memory_group *other;
	int id;

	(void)state;
	boot(NULL);
	machine.hotplug->auto_movable_ratio = 100;
	id = memory_group_register_dynamic(0, geometry.pages_per_block);
	assert_true(id >= 0);
	other = memory_group_find_by_id(id);
	other->present_movable_pages = node_zone(0, ZONE_MOVABLE)->present_pages = most;
	assert_int_equal(zone_for(MMOP_ONLINE, NULL, 6)->idx, ZONE_NORMAL);
	other->present_kernel_pages = most;
	assert_int_equal(zone_for(MMOP_ONLINE, NULL, 6)->idx, ZONE_MOVABLE);
	machine.hotplug->auto_movable_ratio = 0;
	assert_int_equal(zone_for(MMOP_ONLINE, NULL, 6)->idx, ZONE_NORMAL);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static void groups_are_refused(void **state)
{
	int id;

	(void)state;
	boot(NULL);
	assert_int_equal(memory_group_register_static(0, 0), -EINVAL);
	assert_int_equal(memory_group_register_static(-1, 1), -EINVAL);
	assert_int_equal(memory_group_register_static(MAX_NODES, 1), -EINVAL);
	assert_int_equal(memory_group_register_dynamic(0, 0), -EINVAL);
	assert_int_equal(memory_group_register_dynamic(0, geometry.pages_per_block / 2), -EINVAL);
	assert_int_equal(memory_group_register_dynamic(0, 3UL * geometry.pages_per_block), -EINVAL);
	assert_int_equal(memory_group_unregister(-1), -EINVAL);
	assert_int_equal(memory_group_unregister(0), -EINVAL);
	for (id = 0; id < MEMORY_GROUPS_MAX; id++)
		assert_int_equal(memory_group_register_static(0, 1), id);
	assert_int_equal(memory_group_register_static(0, 1), -ENOMEM);
	memory_group_find_by_id(1)->nr_blocks = 1;
	assert_int_equal(memory_group_unregister(1), -EBUSY);
	memory_group_find_by_id(1)->nr_blocks = 0;
	assert_int_equal(memory_group_unregister(1), 0);
	assert_null(memory_group_find_by_id(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_requests_are_met),
		cmocka_unit_test(ratio_bounds_movable_memory),
		cmocka_unit_test(static_groups_are_of_one_kind),
		cmocka_unit_test(dynamic_groups_need_early_memory),
		cmocka_unit_test(groups_are_refused),
		cmocka_unit_test(a_mixed_unit_goes_to_the_kernel_zone_of_the_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
