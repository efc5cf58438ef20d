/* SPDX-License-Identifier: MIT */
/* The laws of CMA and of virtio-mem can be broken: machines at rest, a violation, and the law that sees it. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/check/test_scenario.h"
#include "core/hotplug/virtio_mem.h"
#include "core/mm/vmstat.h"
#include "core/range/cma.h"
#include "core/rt/sched.h"

/* Blocks 0 to 2 are early, with the CMA area at their end; 3 and 4 are the device's: 3 is online with five of its eight
 * sub-blocks, 4 is not there. */
#define DEVICE_BLOCK 3
#define PAGES_PER_BLOCK 64

static struct zone *normal(void)
{
	return &machine.nodes[0].node_zones[ZONE_NORMAL];
}

static struct virtio_mem_block *device_block(void)
{
	return &machine.virtio_mem->block[0];
}

static void count_one_more(void)
{
	normal()->vm_stat[NR_FREE_CMA_PAGES].counter++;
}

static void type_of_free_block(void)
{
	set_pageblock_migratetype(pfn_to_page(machine.cma->base_pfn), MIGRATE_MOVABLE);
}

static void bit_of_free_page(void)
{
	machine.cma->bitmap |= 1UL << 20;
}

static void bit_of_page_in_use(void)
{
	machine.cma->bitmap = 0;
}

static void state_of_other_zone(void)
{
	device_block()->state = VIRTIO_MEM_MOVABLE_PARTIAL;
}

static void state_full(void)
{
	device_block()->state = VIRTIO_MEM_KERNEL;
}

static void state_without_block(void)
{
	machine.virtio_mem->block[1].state = VIRTIO_MEM_OFFLINE_PARTIAL;
}

static void subblock_plugged(void)
{
	device_block()->plugged |= 1UL << 7;
}

static void page_without_reference(void)
{
	pfn_to_page(DEVICE_BLOCK * PAGES_PER_BLOCK + 60)->_refcount.counter = 0;
}

static void mutex_held(void)
{
	machine.virtio_mem->hotplug_mutex = 1;
}

static void operation_open(void)
{
	machine.virtio_mem->hotplug_active = 1;
}

static const struct plant {
	const char *name;
	const char *(*law)(void);
	void (*violate)(void);
} plants[] = {
	{"a page too many", law_free_cma_count, count_one_more},
	{"a block on the wrong list", law_free_list_cma, type_of_free_block},
	{"a pageblock of the area", law_cma_pageblocks, type_of_free_block},
	{"a bit for nothing", law_cma_bitmap, bit_of_free_page},
	{"a page without its bit", law_cma_bitmap, bit_of_page_in_use},
	{"online in another zone", law_virtio_blocks, state_of_other_zone},
	{"not all of it is plugged", law_virtio_blocks, state_full},
	{"there is no block", law_virtio_blocks, state_without_block},
	{"a sub-block that is not memory", law_virtio_pages, subblock_plugged},
	{"a page that nobody holds", law_virtio_pages, page_without_reference},
	{"a mutex at rest", law_virtio_idle, mutex_held},
	{"an operation at rest", law_virtio_idle, operation_open},
};

static const struct plant *planted;
static bool seen_before, seen_after;

static void plant_one(void *arg)
{
	const char *text;

	(void)arg;
	seen_before = laws_check(true, &text) != NR_LAWS;
	planted->violate();
	census_take();
	seen_after = planted->law() != NULL;
}

static void each_law_sees_its_violation(void **state)
{
	struct test_scenario s = test_scenario(5, 3);

	(void)state;
	s.config.boot_params = BIT(BOOT_PARAM_cma) | BIT(BOOT_PARAM_virtio_mem);
	test_add_op(&s.boot, "cma_alloc", 3, 0, 0, 0);
	test_add_op(&s.boot, "virtio_resize", 5, 0, 0, 0);
	test_add_op(&s.boot, "online", DEVICE_BLOCK, 1, 0, 0);
	test_boot(&s);
	for (u32 i = 0; i < ARRAY_SIZE(plants); i++) {
		struct rt_result result;

		planted = &plants[i];
		rt_task_create("a", 0, plant_one, NULL);
		rt_set_strategy(NULL);
		rt_run(&result);
		rt_reset();
		if (seen_before || !seen_after || result.verdict.kind == VERDICT_ok)
			fail_msg("%s: a law was broken %s, the run ended %s", plants[i].name,
				 seen_before ? "before" : "never", verdict_name(result.verdict.kind));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_law_sees_its_violation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
