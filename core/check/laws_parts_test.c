/* SPDX-License-Identifier: MIT */
/*
 * A law that looks at several things sees each of them by itself: laws_test.c breaks every law once, here the other
 * things that it looks at are broken, and what it says is about that one.
 */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/check/test_scenario.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/mm/hugetlb.h"
#include "core/mm/memory_tiers.h"
#include "core/mm/page_ext.h"
#include "core/mm/pagemap.h"
#include "core/mm/slab.h"
#include "core/rt/cpu.h"
#include "core/rt/sched.h"

/*
 * The machine: two nodes of different memory, three CPUs of which one is down. Block 3 is in zone Movable of node 1 and
 * free but for a poisoned page; two mappings of a device are in block 5. Slot 0 has pages, the pool huge ones, the
 * cache full, partial and frozen slabs.
 */
#define PAGES_PER_BLOCK 64

static struct kmem_cache *cache(void)
{
	return machine.slab->caches[0];
}

static struct page *frozen_slab(void)
{
	return per_cpu_ptr(cache()->cpu_slab, 0)->slab;
}

static struct page *partial_slab(void)
{
	return container_of(cache()->node[0]->partial.next, struct page, lru);
}

static struct page *free_huge_page_of_pool(void)
{
	return container_of(machine.hstate.hugepage_freelists[0].next, struct page, lru);
}

static struct page *used_page(void)
{
	return pfn_to_page(pte_pfn(machine.areas[0].pte[0]));
}

static struct page_ext *ext_of(u64 pfn)
{
	return &raw_section(pfn / PAGES_PER_SECTION)->page_ext[pfn % PAGES_PER_SECTION];
}

static struct device_memory *device(u32 number)
{
	return &machine.hotplug->devices.range[number];
}

/* All that is left of it are its CPUs, and they are down. */
static void node_with_cpus_goes(void)
{
	machine.node_states[N_ONLINE] &= ~BIT(0);
	machine.node_states[N_CPU] &= ~BIT(0);
	machine.nodes[0].node_spanned_pages = machine.nodes[0].node_present_pages = 0;
}

/* LAW_x broken so that its text has @text. */
static const struct part {
	enum law_id law;
	const char *text;
} parts[] = {
#define PART(law, text, change) {LAW_##law, text},
#include "core/check/laws_parts_test.def"
#undef PART
};

static u32 planted;
static char before[256], after[256];

static void plant(u32 number)
{
	u32 i = 0;

#define PART(law, text, change)                                                                                        \
	if (i++ == number)                                                                                             \
		change;
#include "core/check/laws_parts_test.def"
#undef PART
}

static void plant_one(void *arg)
{
	enum law_id id;
	const char *text;

	(void)arg;
	before[0] = after[0] = '\0';
	id = laws_check(true, &text);
	if (id != NR_LAWS)
		snprintf(before, sizeof(before), "law %s: %s", law_name(id), text);
	plant(planted);
	census_take();
	text = law_check(parts[planted].law);
	if (text)
		snprintf(after, sizeof(after), "%s", text);
}

static void boot(void)
{
	struct test_scenario s = test_scenario(6, 3);

	s.config.nodes = 2;
	s.config.cpus = 3;
	s.config.boot_params = BIT(BOOT_PARAM_page_owner) | BIT(BOOT_PARAM_memory_tiers);
	s.config.movable.count = 1;
	s.config.movable.range[0].first = s.config.movable.range[0].last = 3;
	test_add_op(&s.boot, "alloc", MIGRATE_MOVABLE, 0, 10, 0);
	test_add_op(&s.boot, "hugepages", 0, 2, 0, 0);
	test_add_op(&s.boot, "cache_create", 0, 0, 0, 0);
	test_add_op(&s.boot, "slab_alloc", 0, 20, 0, 0);
	test_add_op(&s.boot, "slab_free", 0, 1, 0, 0);
	test_add_op(&s.boot, "memremap", 5, 0, 4, 0);
	test_add_op(&s.boot, "memremap", 5, 4, 4, 0);
	test_add_op(&s.boot, "hard_offline", 3, 9, 0, 0);
	test_add_op(&s.boot, "cpu_down", 2, 0, 0, 0);
	test_boot(&s);
}

static void each_part_is_seen(void **state)
{
	(void)state;
	boot();
	for (planted = 0; planted < ARRAY_SIZE(parts); planted++) {
		struct rt_result result;

		rt_task_create("a", 0, plant_one, NULL);
		rt_set_strategy(NULL);
		rt_run(&result);
		rt_reset();
		if (before[0])
			fail_msg("before '%s': %s", parts[planted].text, before);
		if (!strstr(after, parts[planted].text))
			fail_msg("law %s says '%s', expected '%s'", law_name(parts[planted].law), after,
				 parts[planted].text);
		if (result.verdict.kind == VERDICT_ok)
			fail_msg("the run that broke '%s' ended well", parts[planted].text);
	}
	assert_true(planted >= 30);
}

/* ---- what outlived its users ------------------------------------------------------------------------------------- */

static char leaked[128];

static void plant_leak(void *arg)
{
	const char *signature = "nothing", *text;

	(void)arg;
	switch (planted) {
	case 0:
		machine.iomem = machine.iomem->next;
		break;
	case 1:
		machine.blocks[3]->kref.counter++;
		break;
	case 2:
		used_page()->_refcount.counter++;
		break;
	}
	census_take();
	text = leaks_check(&signature);
	snprintf(leaked, sizeof(leaked), "%s", text ? signature : "nothing");
}

static void leaks_are_named(void **state)
{
	static const char *const signatures[] = {"iomem resource", "memory block reference", "page reference"};

	(void)state;
	boot();
	for (planted = 0; planted < ARRAY_SIZE(signatures); planted++) {
		struct rt_result result;

		rt_task_create("a", 0, plant_leak, NULL);
		rt_run(&result);
		rt_reset();
		assert_string_equal(leaked, signatures[planted]);
		assert_true(result.verdict.kind != VERDICT_ok);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_is_seen),
		cmocka_unit_test(leaks_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
