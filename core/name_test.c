/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/hotplug/memory_block.h"
#include "core/hotplug/notifier.h"
#include "core/mm/machine.h"
#include "core/name.h"
#include "core/rt/name.h"

static void boot(void **state)
{
	struct machine_config config = {
		.geometry = GEOMETRY_tiny,
		.cpus = 2,
		.nodes = 2,
		.blocks = 8,
		.online = {1, {{0, 3}}},
		.movable = {1, {{6, 6}}},
	};
	struct rt_config rt = {.cpus = 2};

	(void)state;
	switches_default(&config.sw);
	core_boot(&config, &rt, NULL, NULL);
}

static int setup(void **state)
{
	boot(state);
	return 0;
}

/* A member that nobody gave a row leaves bytes without a name. */
static void test_every_byte(void **state)
{
	char name[128];

	(void)state;
	for (u32 layout = 0; layout < NR_LAYOUTS; layout++) {
		assert_true(layout_size(layout) > 0);
		for (u64 offset = 0; offset < layout_size(layout); offset++)
			if (!layout_name(layout, 0, offset, true, name, sizeof(name)))
				fail_msg("byte %llu of layout %u (\"%s\") has no name", (unsigned long long)offset,
					 layout, name);
		assert_false(layout_name(layout, 0, layout_size(layout), true, name, sizeof(name)));
	}
}

static void check(const void *address, const char *with_index, const char *without)
{
	char name[128];

	assert_int_equal(rt_name((u64)address, true, name, sizeof(name)), strlen(with_index));
	assert_string_equal(name, with_index);
	rt_name((u64)address, false, name, sizeof(name));
	assert_string_equal(name, without);
}

static void test_names(void **state)
{
	struct zone *normal = node_zone(0, ZONE_NORMAL), *movable = node_zone(1, ZONE_MOVABLE);
	struct mem_section *ms = __nr_to_section(6);

	(void)state;
	check(&pfn_to_page(132)->flags, "page[132].flags", "page.flags");
	check(&pfn_to_page(132)->lru.prev, "page[132].lru.prev", "page.lru.prev");
	check(&pfn_to_page(3000)->_refcount, "page[3000]._refcount", "page._refcount");
	check(&normal->present_pages, "zone[Normal].present_pages", "zone[Normal].present_pages");
	check(&normal->free_area[3].nr_free, "zone[Normal].free_area[3].nr_free", "zone[Normal].free_area.nr_free");
	check(&normal->free_area[1].free_list[2].next, "zone[Normal].free_area[1].free_list[2].next",
	      "zone[Normal].free_area.free_list.next");
	check(&normal->lock, "zone[Normal].lock", "zone[Normal].lock");
	check((char *)&normal->lock + 40, "zone[Normal].lock", "zone[Normal].lock");
	check(&movable->spanned_pages, "zone[Movable,node1].spanned_pages", "zone[Movable].spanned_pages");
	check(&NODE_DATA(1)->lruvec.lru_lock, "pgdat[1].lruvec.lru_lock", "pgdat.lruvec.lru_lock");
	check(&area_of_slot(7)->pte[5], "area[7].pte[5]", "area.pte");
	check(&machine.mem_hotplug_lock, "machine.mem_hotplug_lock", "machine.mem_hotplug_lock");
	check(&machine.blocks[6], "machine.blocks[6]", "machine.blocks");
	check(&ms->section_mem_map, "section[6].section_mem_map", "section.section_mem_map");
	check(&ms->usage->subsection_map, "usage[6].subsection_map", "usage.subsection_map");
	check(&ms->usage->pageblock_flags[0], "usage[6].pageblock_flags[0]", "usage.pageblock_flags");
	check(&machine.blocks[6]->state, "memory_block[6].state", "memory_block.state");
	check(machine.memory_chain, "notifier.notifier_call", "notifier.notifier_call");
	check(&memory_recorder(0)->going, "recorder.going", "recorder.going");
}

/* Numbers stand for names without indices, whatever was asked before. */
static void test_numbers(void **state)
{
	struct zone *normal = node_zone(0, ZONE_NORMAL), *movable = node_zone(1, ZONE_MOVABLE);
	u32 flags = rt_name_number((u64)&pfn_to_page(132)->flags);

	(void)state;
	assert_int_not_equal(flags, 0);
	assert_int_equal(flags, rt_name_number((u64)&pfn_to_page(3000)->flags));
	assert_int_not_equal(flags, rt_name_number((u64)&pfn_to_page(132)->lru.prev));
	assert_int_not_equal(rt_name_number((u64)&normal->present_pages), rt_name_number((u64)&movable->present_pages));
	assert_int_equal(rt_name_number((u64)&normal->free_area[3].nr_free),
			 rt_name_number((u64)&normal->free_area[1].nr_free));
	assert_int_equal(rt_name_number((u64)&machine.blocks[6]->state),
			 rt_name_number((u64)&machine.blocks[2]->state));
	assert_int_equal(rt_name_number((u64)&area_of_slot(7)->pte[5]), rt_name_number((u64)area_of_slot(1)->pte));
	assert_int_not_equal(rt_name_number((u64)area_of_slot(7)->stamp), rt_name_number((u64)area_of_slot(7)->pte));
	assert_int_equal(rt_name_number(0x1000), rt_name_number(0x2000));
}

/* A name that does not fit is cut, never overrun. */
static void test_short_buffer(void **state)
{
	char name[16];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_int_equal(rt_name((u64)&pfn_to_page(132)->flags, true, name, 8), 7);
	assert_string_equal(name, "page[13");
	assert_int_equal(name[8], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_short_buffer),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
