/* SPDX-License-Identifier: MIT */
/* Configurations, boot, and the views of a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/hotplug/memory_block.h"
#include "core/mm/machine.h"

static struct machine_config base(void)
{
	struct machine_config config = {
		.geometry = GEOMETRY_tiny,
		.cpus = 2,
		.nodes = 1,
		.blocks = 8,
		.online = {1, {{0, 3}}},
		.normal = {1, {{4, 4}}},
		.movable = {2, {{5, 5}, {7, 7}}},
		.offline = {1, {{6, 6}}},
	};

	switches_default(&config.sw);
	return config;
}

static void boot(const struct machine_config *config, void (*setup)(void *))
{
	struct rt_config rt = {.cpus = 1, .race_detector = true};

	assert_null(machine_config_error(config));
	core_boot(config, &rt, setup, NULL);
}

static void check_error(const struct machine_config *config, const char *text)
{
	const char *error = machine_config_error(config);

	assert_non_null(error);
	if (!strstr(error, text))
		fail_msg("'%s' does not say '%s'", error, text);
}

#define BAD(text, change)                                                                                              \
	do {                                                                                                           \
		struct machine_config c = base();                                                                      \
		change;                                                                                                \
		check_error(&c, text);                                                                                 \
	} while (0)

static void test_config_errors(void **state)
{
	struct machine_config good = base();

	(void)state;
	assert_null(machine_config_error(&good));
	BAD("geometry", c.geometry = NR_GEOMETRIES);
	BAD("cpus: expected 1 to 16, found 0", c.cpus = 0);
	BAD("cpus: expected 1 to 16, found 17", c.cpus = 17);
	BAD("nodes: expected 1 to 4, found 5", c.nodes = 5);
	BAD("nodes: expected 1 to 4, found 0", c.nodes = 0);
	BAD("blocks: expected 1 to 8192, found 0", c.blocks = 0);
	BAD("blocks: expected 1 to 8192, found 8193", c.blocks = 8193);
	BAD("3 nodes need as many blocks, found 2", (c.blocks = 2, c.nodes = 3));
	BAD("online: expected ascending blocks below blocks=8, found 0-8", c.online.range[0].last = 8);
	BAD("online: expected ascending blocks below blocks=8, found 3-0",
	    (c.online.range[0].first = 3, c.online.range[0].last = 0));
	BAD("movable: ranges must be sorted and disjoint, found 5-7 after 5-5", c.movable.range[1].first = 5);
	BAD("offline: at most 8 ranges of blocks, found 9", c.offline.count = 9);
	BAD("block 0 must be online", c.online.count = 0);
	BAD("block 0 must be online", c.online.range[0].first = 1);
	BAD("block 4 is in both normal and offline", c.offline.range[0].first = 4);
	BAD("block 3 is in both online and normal", c.normal.range[0].first = 3);
	/* The largest machine there may be, and the first that is too large. */
	good = (struct machine_config){
		.geometry = GEOMETRY_x86_64, .cpus = 1, .nodes = 1, .blocks = 8192, .online = {1, {{0, 0}}}};
	assert_null(machine_config_error(&good));
}

static void test_boot(void **state)
{
	struct machine_config config = base();
	struct zone *normal, *movable;

	(void)state;
	boot(&config, NULL);
	normal = node_zone(0, ZONE_NORMAL);
	movable = node_zone(0, ZONE_MOVABLE);
	assert_int_equal(normal->present_pages, 5 * 64);
	assert_int_equal(normal->present_early_pages, 4 * 64);
	assert_int_equal(normal->zone_start_pfn, 0);
	assert_int_equal(normal->spanned_pages, 5 * 64);
	assert_int_equal(movable->present_pages, 2 * 64);
	assert_int_equal(movable->zone_start_pfn, 5 * 64);
	assert_int_equal(movable->spanned_pages, 3 * 64);
	assert_int_equal(totalram_pages(), 7 * 64);
	for (u32 block = 0; block < 8; block++) {
		assert_non_null(machine.blocks[block]);
		assert_int_equal(machine.blocks[block]->state, block == 6 ? BLOCK_OFFLINE : BLOCK_ONLINE);
		assert_int_equal(online_section(__nr_to_section(block)), block != 6);
		assert_int_equal(early_section(__nr_to_section(block)), block < 4);
	}
	core_check_laws(true);
}

static void test_every_geometry(void **state)
{
	(void)state;
	for (u32 id = 0; id < NR_GEOMETRIES; id++) {
		struct machine_config config = base();

		config.geometry = id;
		boot(&config, NULL);
		assert_int_equal(totalram_pages(), 7 * geometry.pages_per_block);
		assert_int_equal(geometry.max_pfn, 8 * geometry.pages_per_block);
		assert_int_equal(geometry.pages_per_section * sizeof(struct page) % RT_MEMMAP_UNIT, 0);
		core_check_laws(true);
	}
	assert_string_equal(geometry.name, "x86-64");
	assert_int_equal(geometry.pages_per_section, 32768);
	assert_int_equal(pageblock_nr_pages, 512);
	assert_int_equal(geometry.subsections_per_section, 64);
	assert_int_equal(geometry.max_order, 10);
	assert_int_equal(geometry.pages_per_block, 32768);
}

static void test_nodes(void **state)
{
	struct machine_config config = base();

	(void)state;
	config.nodes = 4;
	boot(&config, NULL);
	for (u32 nid = 0; nid < 4; nid++) {
		/* Two blocks a node; of node 3 only the last is online. */
		u64 start_pfn = nid == 3 ? 7 * 64 : nid * 128;

		assert_true(node_state(nid, N_POSSIBLE));
		assert_true(node_state(nid, N_ONLINE));
		assert_int_equal(NODE_DATA(nid)->node_start_pfn, start_pfn);
		assert_int_equal(page_to_nid(pfn_to_page(start_pfn)), nid);
	}
	assert_true(node_state(2, N_NORMAL_MEMORY));
	/* Block 6 is offline, block 7 is movable. */
	assert_false(node_state(3, N_NORMAL_MEMORY));
	assert_true(node_state(3, N_MEMORY));
	core_check_laws(true);
}

static u64 hash_after(void (*setup)(void *))
{
	struct machine_config config = base();

	boot(&config, setup);
	return core_state_hash();
}

static void use_memory(void *arg)
{
	const struct op alloc = {.id = 5, .arg = {1, 0, 3, 0}};

	(void)arg;
	core_run_op(&alloc);
}

static void use_and_free(void *arg)
{
	const struct op free = {.id = 6, .arg = {0}};

	use_memory(arg);
	core_run_op(&free);
}

static void offline_block(void *arg)
{
	const struct op offline = {.id = 3, .arg = {7}};

	(void)arg;
	core_run_op(&offline);
}

static void change_content(void *arg)
{
	use_memory(arg);
	page_content_write(pte_pfn(area_of_slot(0)->pte[1]), 5);
}

/* Equal states have equal hashes, different ones do not; what nobody can observe is not part of the state. */
static void test_state_hash(void **state)
{
	u64 fresh = hash_after(NULL);

	(void)state;
	assert_int_equal(hash_after(NULL), fresh);
	assert_int_equal(core_state_hash(), fresh);
	assert_int_not_equal(hash_after(use_memory), fresh);
	assert_int_equal(hash_after(use_memory), hash_after(use_memory));
	assert_int_not_equal(hash_after(use_memory), hash_after(change_content));
	assert_int_not_equal(hash_after(offline_block), fresh);
	assert_int_not_equal(hash_after(use_and_free), hash_after(use_memory));
}

static void test_descriptions(void **state)
{
	struct machine_config config = base();
	char text[4096], small[16];

	(void)state;
	boot(&config, offline_block);
	core_describe_machine(text, sizeof(text));
	assert_non_null(strstr(text, "node 0 zone Normal: pfns 0 to 320, present 320 managed 320"));
	assert_non_null(strstr(text, "block 0 online zone Normal: section 0 present memmap online early\n"));
	assert_non_null(strstr(text, "block 6 offline: section 6 present memmap\n"));
	core_describe_address((u64)&pfn_to_page(7 * 64 + 1)->lru, text, sizeof(text));
	assert_string_equal(text, "page[449].lru.next: pfn 449, section 7 present memmap, block 7 offline, its struct "
				  "page is poisoned");
	core_describe_address((u64)pfn_to_page(8 * 64), text, sizeof(text));
	assert_string_equal(text,
			    "page[512].flags: pfn 512, section 8 absent, block 8 absent, its struct page is gone");
	core_describe_address((u64)pfn_to_page(3), text, sizeof(text));
	assert_string_equal(text, "page[3].flags: pfn 3, section 0 present memmap online early, block 0 online, "
				  "refcount 0");
	core_describe_machine(small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

/* A machine boots again after another one, whatever that was. */
static void test_boot_again(void **state)
{
	struct machine_config config = base();
	u64 fresh = hash_after(NULL);

	(void)state;
	config.geometry = GEOMETRY_x86_64;
	config.nodes = 2;
	boot(&config, use_memory);
	assert_int_equal(hash_after(NULL), fresh);
}

static void offline_and_remove(void *arg)
{
	const struct op remove = {.id = 4, .arg = {7}};

	offline_block(arg);
	use_memory(arg);
	core_run_op(&remove);
}

/* A run leaves nothing behind: reset brings the booted machine back, memmap and all, and equal runs are equal. */
static void test_reset(void **state)
{
	u64 fresh = hash_after(NULL), run_hash = 0;
	struct rt_result result;

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		rt_task_create("test", 0, offline_and_remove, NULL);
		rt_run(&result);
		assert_int_equal(result.verdict.kind, VERDICT_ok);
		assert_int_not_equal(core_state_hash(), fresh);
		assert_false(rt_memmap_live(pfn_to_page(7 * 64)));
		assert_true(i == 0 || result.hash == run_hash);
		run_hash = result.hash;
		rt_reset();
		assert_int_equal(core_state_hash(), fresh);
		assert_true(rt_memmap_live(pfn_to_page(7 * 64)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_errors),  cmocka_unit_test(test_boot),
		cmocka_unit_test(test_every_geometry), cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_state_hash),     cmocka_unit_test(test_descriptions),
		cmocka_unit_test(test_boot_again),     cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
