/* SPDX-License-Identifier: MIT */
#include "core/mm/testing.h"

#include <string.h>

#define NEW_PFN 256u
#define NR 64u

static struct zone *normal(void)
{
	return node_zone(0, ZONE_NORMAL);
}

static void boot_state(void *arg)
{
	(void)arg;
	CHECK_EQUAL(normal()->zone_start_pfn, 0);
	CHECK_EQUAL(zone_end_pfn(normal()), NEW_PFN);
	CHECK_EQUAL(normal()->present_pages, NEW_PFN);
	CHECK_EQUAL(normal()->present_early_pages, NEW_PFN);
	CHECK_EQUAL(zone_managed_pages(normal()), NEW_PFN);
	CHECK_EQUAL(totalram_pages(), NEW_PFN);
	CHECK_EQUAL(NODE_DATA(0)->node_spanned_pages, NEW_PFN);
	CHECK_EQUAL(NODE_DATA(0)->node_present_pages, NEW_PFN);
	CHECK_EQUAL(NODE_DATA(0)->nr_zones, ZONE_NORMAL + 1);
	CHECK_EQUAL(normal()->contiguous, 1);
	CHECK(node_state(0, N_POSSIBLE) && node_state(0, N_ONLINE));
	CHECK(node_state(0, N_MEMORY) && node_state(0, N_NORMAL_MEMORY));
	CHECK(!node_state(1, N_POSSIBLE) && !node_state(1, N_MEMORY));
	CHECK(populated_zone(normal()) && !zone_is_empty(normal()));
	CHECK(!populated_zone(node_zone(0, ZONE_MOVABLE)) && zone_is_empty(node_zone(0, ZONE_MOVABLE)));
}

static void spans(void *arg)
{
	(void)arg;
	normal()->zone_start_pfn = 64;
	normal()->spanned_pages = 128;
	CHECK(!zone_spans_pfn(normal(), 63) && zone_spans_pfn(normal(), 64));
	CHECK(zone_spans_pfn(normal(), 191) && !zone_spans_pfn(normal(), 192));
	CHECK(!zone_intersects(normal(), 0, 64) && zone_intersects(normal(), 0, 65));
	CHECK(zone_intersects(normal(), 191, 10) && !zone_intersects(normal(), 192, 10));
	CHECK(zone_intersects(normal(), 0, 1000));
	normal()->spanned_pages = 0;
	CHECK(!zone_intersects(normal(), 0, 1000));
	CHECK(zone_is_empty(normal()));
}

static void contiguous(void *arg)
{
	(void)arg;
	/* A hole at the end of the span, then one that is filled, but offline. */
	normal()->spanned_pages = NEW_PFN + NR;
	clear_zone_contiguous(normal());
	set_zone_contiguous(normal());
	CHECK_EQUAL(normal()->contiguous, 0);
	test_add(NEW_PFN, NR);
	set_zone_contiguous(normal());
	CHECK_EQUAL(normal()->contiguous, 0);
	test_online(NEW_PFN, NR);
	set_zone_contiguous(normal());
	CHECK_EQUAL(normal()->contiguous, 1);
	/* One pageblock of another zone. */
	for (u64 pfn = 128; pfn < 136; pfn++)
		set_page_links(pfn_to_page(pfn), ZONE_MOVABLE, 0, pfn);
	clear_zone_contiguous(normal());
	set_zone_contiguous(normal());
	CHECK_EQUAL(normal()->contiguous, 0);
	/* The hole is remembered; once it is gone, another one is found, and then none. */
	CHECK_EQUAL(normal()->hole_pfn, 128);
	for (u64 pfn = 128; pfn < 136; pfn++)
		set_page_links(pfn_to_page(pfn), ZONE_NORMAL, 0, pfn);
	test_offline(64, NR);
	set_zone_contiguous(normal());
	CHECK_EQUAL(normal()->contiguous, 0);
	CHECK_EQUAL(normal()->hole_pfn, 64);
	test_online(64, NR);
	set_zone_contiguous(normal());
	CHECK_EQUAL(normal()->contiguous, 1);
}

static void empty_zone(void *arg)
{
	struct zone *zone = node_zone(0, ZONE_MOVABLE);

	(void)arg;
	CHECK(!zone->initialized);
	init_currently_empty_zone(zone, NEW_PFN, NR);
	CHECK(zone->initialized);
	CHECK_EQUAL(zone->zone_start_pfn, NEW_PFN);
	CHECK_EQUAL(NODE_DATA(0)->nr_zones, ZONE_MOVABLE + 1);
	for (u32 order = 0; order <= geometry.max_order; order++) {
		CHECK_EQUAL(zone->free_area[order].nr_free, 0);
		for (u32 mt = 0; mt < MIGRATE_TYPES; mt++)
			CHECK(list_empty(&zone->free_area[order].free_list[mt]));
	}
	/* nr_zones never goes down. */
	init_currently_empty_zone(node_zone(0, ZONE_DMA32), 0, NR);
	CHECK_EQUAL(NODE_DATA(0)->nr_zones, ZONE_MOVABLE + 1);
}

static void states(void *arg)
{
	(void)arg;
	node_set_state(2, N_MEMORY);
	CHECK(node_state(2, N_MEMORY) && !node_state(1, N_MEMORY) && !node_state(2, N_NORMAL_MEMORY));
	node_clear_state(2, N_MEMORY);
	CHECK(!node_state(2, N_MEMORY) && node_state(0, N_MEMORY));
}

static void test_zones(void **state)
{
	(void)state;
	test_alone(boot_state, NULL);
	test_alone(spans, NULL);
	test_alone(contiguous, NULL);
	test_alone(empty_zone, NULL);
	test_alone(states, NULL);
}

static void test_names(void **state)
{
	static const char *const names[] = {"DMA", "DMA32", "Normal", "Movable", "Device"};

	(void)state;
	for (u32 i = 0; i < MAX_NR_ZONES; i++)
		assert_string_equal(zone_type_name(i), names[i]);
	assert_string_equal(zone_type_name(MAX_NR_ZONES), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
