/* SPDX-License-Identifier: MIT */
#include "core/range/demote.h"

#include "core/mm/area.h"
#include "core/mm/memory_tiers.h"
#include "core/range/testing.h"

/* Blocks 0 to 3 are node 0's; 4 and 5 are node 1's, in its zone Movable; 6 is its, too, and offline. */
static void boot(u32 boot_params)
{
	struct machine_config config = {
		.geometry = GEOMETRY_tiny,
		.cpus = 2,
		.nodes = 2,
		.blocks = 8,
		.boot_params = boot_params,
		.online = {1, {{0, 3}}},
		.movable = {1, {{4, 5}}},
		.offline = {1, {{6, 6}}},
	};
	struct rt_config rt = {.cpus = 2, .race_detector = true};

	switches_default(&config.sw);
	core_boot(&config, &rt, NULL, NULL);
}

static u32 pages_on(u32 nid, u32 slot)
{
	u32 count = 0;

	for (u32 i = 0; i < area_of_slot(slot)->size; i++) {
		u64 pte = area_of_slot(slot)->pte[i];

		count += (pte & PTE_PRESENT) && page_to_nid(pfn_to_page(pte_pfn(pte))) == nid;
	}
	return count;
}

static void demote_and_come_back(void *arg)
{
	(void)arg;
	CHECK(next_demotion_node(0) == 1 && next_demotion_node(1) == -1);
	CHECK(node_get_allowed_targets(0) == BIT(1) && !node_get_allowed_targets(1));
	CHECK(test_op("demote", 4, 8, 0, 0) == -ENOENT);
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 10, 0) == 10);
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 2, 2, 1) == 2);
	CHECK(pages_on(0, 0) == 10);
	/* The oldest first. */
	CHECK(test_op("demote", 0, 8, 0, 0) == 8);
	CHECK(pages_on(1, 0) == 8 && pages_on(0, 1) == 2);
	CHECK(test_op("demote", 1, 8, 0, 0) == 0);
	CHECK(test_op("demote", 0, 64, 0, 0) == 2 + 8);
	CHECK(pages_on(1, 0) == 10 && pages_on(1, 1) == 2);
	CHECK(test_op("offline", 4, 0, 0, 0) == 0 && test_op("offline", 5, 0, 0, 0) == 0);
	CHECK(next_demotion_node(0) == -1 && !node_get_allowed_targets(0));
	CHECK(pages_on(0, 0) == 10);
	CHECK(test_op("demote", 0, 64, 0, 0) == 0);
	CHECK(test_op("online", 6, 2, 0, 0) == 0);
	CHECK(next_demotion_node(0) == 1);
	CHECK(test_op("verify", 0, 0, 0, 0) == 10 && test_op("verify", 1, 0, 0, 0) == 2);
	CHECK(test_op("free", 0, 0, 0, 0) == 10 && test_op("free", 1, 0, 0, 0) == 2);
}

static void pages_go_down_one_tier(void **state)
{
	(void)state;
	boot(BIT(BOOT_PARAM_memory_tiers));
	test_run_alone(demote_and_come_back, NULL);
}

/* What is used stays, and so does what is locked; there may be less room than pages. */
static void keep(void *arg)
{
	u32 slot = 2;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 10, 0) == 10);
	CHECK(test_op("mlock", 0, 0, 0, 0) == 10);
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 10, 1) == 10);
	CHECK(test_op("touch", 1, 0, 0, 0) == 10);
	CHECK(test_op("demote", 0, 64, 0, 0) == 0);
	/* Asked a second time nobody has used them since; they are active now. */
	CHECK(test_op("demote", 0, 64, 0, 0) == 0);
	for (; slot < 6; slot++)
		CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 40, (s32)slot) == 40);
	while (test_op("demote", 0, 64, 0, 0) > 0)
		;
	CHECK(pages_on(0, 0) == 10 && pages_on(0, 1) == 10);
	CHECK(pages_on(1, 2) + pages_on(1, 3) + pages_on(1, 4) + pages_on(1, 5) > 2 * 64 - 32);
	CHECK(pages_on(0, 2) + pages_on(0, 3) + pages_on(0, 4) + pages_on(0, 5) > 0);
}

static void what_stays(void **state)
{
	(void)state;
	boot(BIT(BOOT_PARAM_memory_tiers));
	test_run_alone(keep, NULL);
}

/* The first memory of a node finds no memory for its tier: it goes online, and nobody demotes to it. */
static void no_tier(void *arg)
{
	(void)arg;
	CHECK(test_op("offline", 4, 0, 0, 0) == 0 && test_op("offline", 5, 0, 0, 0) == 0);
	CHECK(next_demotion_node(0) == -1);
	if (test_op("online", 6, 2, 0, 0) == 0)
		CHECK(next_demotion_node(0) == -1 && node_state(1, N_MEMORY));
}

static void a_tier_without_memory(void **state)
{
	struct rt_result result;

	(void)state;
	boot(BIT(BOOT_PARAM_memory_tiers));
	result = test_run_failing(FAULT_kmalloc, no_tier, NULL);
	assert_ok(&result);
}

static void nothing_without_the_parameter(void *arg)
{
	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 10, 0) == 10);
	CHECK(test_op("demote", 0, 64, 0, 0) == 0);
	CHECK(!node_get_allowed_targets(0));
	CHECK(test_op("free", 0, 0, 0, 0) == 10);
}

static void off_by_default(void **state)
{
	(void)state;
	boot(0);
	test_run_alone(nothing_without_the_parameter, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_go_down_one_tier),
		cmocka_unit_test(what_stays),
		cmocka_unit_test(a_tier_without_memory),
		cmocka_unit_test(off_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
