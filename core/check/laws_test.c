/* SPDX-License-Identifier: MIT */
/*
 * Every law can be broken: for each a violation is planted in the state of a machine at rest, where all laws hold, and
 * the law sees it. A law without a row here has a scenario in corpus/planted/, or another test.
 */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/check/test_scenario.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/notifier.h"
#include "core/hotplug/resource.h"
#include "core/mm/lru.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"
#include "core/rt/sched.h"

/*
 * The machine: two nodes. Blocks 0 to 2 are early, in zone Normal of node 0; 3 is in zone Movable of node 1, 4 is there
 * and offline, 5 is absent. Slot 0 holds single pages, slot 1 compound ones.
 */
#define PAGES_PER_BLOCK 64

static struct zone *normal(void)
{
	return &machine.nodes[0].node_zones[ZONE_NORMAL];
}

static struct zone *movable(void)
{
	return &machine.nodes[1].node_zones[ZONE_MOVABLE];
}

/* First page of block 3, which is free as a whole: heads of blocks of the largest order are 16 pages apart. */
static struct page *free_page(void)
{
	return pfn_to_page(3 * PAGES_PER_BLOCK);
}

static struct page *used_page(void)
{
	return pfn_to_page(pte_pfn(machine.areas[0].pte[0]));
}

static struct page *compound_page(void)
{
	return pfn_to_page(pte_pfn(machine.areas[1].pte[0]));
}

/* ---- sections and blocks --------------------------------------------------------------------------------------- */

static void plant_section_flags(void)
{
	raw_section(5)->section_mem_map = SECTION_HAS_MEM_MAP;
}

static void plant_section_usage(void)
{
	raw_section(4)->usage = NULL;
}

static void plant_section_memmap(void)
{
	raw_section(5)->usage = raw_section(4)->usage;
	raw_section(5)->section_mem_map = SECTION_HAS_MEM_MAP | SECTION_MARKED_PRESENT;
}

static void plant_section_highest(void)
{
	machine.highest_present_section_nr = 3;
}

static void plant_section_subsections(void)
{
	raw_section(4)->usage->subsection_map &= ~1UL;
}

static void plant_section_early(void)
{
	raw_section(4)->section_mem_map |= SECTION_IS_EARLY;
}

static void plant_device_sections(void)
{
	raw_section(4)->section_mem_map |= SECTION_TAINT_ZONE_DEVICE;
}

static void plant_device_zone(void)
{
	machine.nodes[0].node_zones[ZONE_DEVICE].managed_pages.counter = 1;
}

static void plant_block_sections(void)
{
	machine.blocks[4] = NULL;
}

static void plant_block_state(void)
{
	machine.blocks[4]->state = BLOCK_GOING_OFFLINE;
}

static void plant_block_zone(void)
{
	machine.blocks[3]->zone = NULL;
}

static void plant_block_request(void)
{
	machine.blocks[4]->online_type = MMOP_ONLINE;
}

static void plant_block_iomem(void)
{
	machine.iomem = machine.iomem->next;
}

static void plant_group_present(void)
{
	machine.hotplug->groups[0].used = 1;
	machine.hotplug->groups[0].present_movable_pages = PAGES_PER_BLOCK;
}

static void plant_notifier_sequence(void)
{
	((struct memory_recorder *)memory_recorder(0))->going = MEM_GOING_ONLINE;
}

static void plant_locks_free(void)
{
	mutex_lock(&machine.device_hotplug_lock);
}

/* ---- zones and nodes ------------------------------------------------------------------------------------------- */

static void plant_zone_counters(void)
{
	normal()->present_early_pages = normal()->present_pages + 1;
}

static void plant_zone_present(void)
{
	normal()->present_pages++;
}

static void plant_node_present(void)
{
	machine.nodes[1].node_present_pages++;
}

static void plant_totalram(void)
{
	machine.totalram_pages.counter++;
}

static void plant_zone_managed(void)
{
	movable()->managed_pages.counter--;
}

static void plant_zone_empty(void)
{
	machine.nodes[1].node_zones[ZONE_NORMAL].present_pages = 1;
}

static void plant_zone_span(void)
{
	normal()->spanned_pages++;
}

static void plant_node_span(void)
{
	machine.nodes[0].node_spanned_pages++;
}

static void plant_zone_contiguous(void)
{
	normal()->spanned_pages += pageblock_nr_pages;
}

static void plant_nr_zones(void)
{
	machine.nodes[1].nr_zones = 0;
}

static void plant_node_states(void)
{
	machine.node_states[N_MEMORY] &= ~1UL;
}

static void plant_node_threads(void)
{
	machine.nodes[1].kcompactd = NULL;
}

static void plant_node_offline(void)
{
	machine.node_states[N_ONLINE] &= ~BIT(1);
}

static void plant_node_links(void)
{
	machine.blocks[4]->node_links = 0;
}

static void plant_zonelist_zones(void)
{
	machine.nodes[1].node_zonelists[ZONELIST_FALLBACK]._zonerefs[1].zone = NULL;
}

static void plant_zonelist_order(void)
{
	struct zoneref *ref = machine.nodes[0].node_zonelists[ZONELIST_FALLBACK]._zonerefs;

	ref[0].zone = movable();
	ref[1].zone = normal();
}

static void plant_zone_watermarks(void)
{
	normal()->_watermark[WMARK_HIGH] = normal()->_watermark[WMARK_LOW] - 1;
}

static void plant_zone_reserves(void)
{
	normal()->lowmem_reserve[ZONE_MOVABLE]++;
}

/* ---- free pages ------------------------------------------------------------------------------------------------- */

static void plant_free_list_links(void)
{
	free_page()->private = 0;
}

static void plant_page_links(void)
{
	free_page()[16].flags ^= BIT(NODES_PGSHIFT);
}

static void plant_page_states(void)
{
	free_page()->_refcount.counter = 1;
}

static void plant_page_conservation(void)
{
	used_page()->_refcount.counter = 0;
}

static void plant_free_list_count(void)
{
	normal()->free_area[0].nr_free++;
}

static void plant_free_pages_count(void)
{
	normal()->vm_stat[NR_FREE_PAGES].counter++;
}

static void plant_free_list_type(void)
{
	set_pageblock_migratetype(free_page(), MIGRATE_ISOLATE);
}

static void plant_free_block_types(void)
{
	set_pageblock_migratetype(free_page() + pageblock_nr_pages, MIGRATE_ISOLATE);
}

static void plant_isolate_count(void)
{
	normal()->nr_isolate_pageblock = 1;
}

static void plant_pageblock_types(void)
{
	set_pageblock_migratetype(free_page(), MIGRATE_TYPES);
}

static void plant_free_block_merged(void)
{
	u32 order = pageblock_order - 1;
	struct page *half = free_page() + BIT(order);

	free_page()->private = half->private = order;
	half->_mapcount.counter = (s32)~PG_TYPE_buddy;
}

/* ---- pages in use ------------------------------------------------------------------------------------------------ */

static void plant_page_lru(void)
{
	struct list_head *list = &machine.nodes[0].lruvec.lists[LRU_INACTIVE_ANON];

	container_of(list->next, struct page, lru)->flags &= ~BIT(PG_lru);
}

static void plant_page_isolated(void)
{
	machine.nodes[0].vm_stat[NR_ISOLATED_ANON].counter = 1;
}

static void plant_page_poison(void)
{
	pfn_to_page(4 * PAGES_PER_BLOCK + 1)->private = 0;
}

static void plant_page_tails(void)
{
	compound_page()[2]._refcount.counter = 1;
}

static void plant_area_pages(void)
{
	machine.areas[0].pte[0] &= ~PTE_PRESENT;
}

static void plant_area_content(void)
{
	page_content_write(page_to_pfn(used_page()), 0);
}

static void plant_batch_pages(void)
{
	struct lru_batch *batch = per_cpu_ptr(machine.lru_batches, 0);

	batch->page[batch->nr++] = free_page();
}

/* ---- per-CPU lists and counters ---------------------------------------------------------------------------------- */

static void plant_pageset_own(void)
{
	normal()->per_cpu_pageset = machine.boot_pageset;
}

static void plant_pageset_length(void)
{
	per_cpu_ptr(normal()->per_cpu_pageset, 1)->high++;
}

static void plant_pageset_pages(void)
{
	per_cpu_ptr(normal()->per_cpu_pageset, 1)->count++;
}

static void plant_pageset_shared(void)
{
	per_cpu_ptr(machine.boot_pageset, 1)->count = 1;
}

static void plant_pageset_ratio(void)
{
	normal()->pageset_high = 1;
}

static void plant_lru_enabled(void)
{
	machine.lru_disable_count.counter = 1;
}

static void plant_lru_counters(void)
{
	normal()->vm_stat[NR_ZONE_INACTIVE_ANON].counter++;
}

static void plant_cpu_dead(void)
{
	struct op op = test_op("cpu_down", 1, 1, 0, 0);

	core_run_op(&op);
	per_cpu_ptr(normal()->per_cpu_zonestats, 1)->vm_stat_diff[NR_FREE_PAGES] = 1;
}

static void plant_stat_sums(void)
{
	machine.vm_node_stat[NR_FILE_DIRTY].counter++;
}

static void plant_stat_bounds(void)
{
	per_cpu_ptr(normal()->per_cpu_zonestats, 1)->vm_stat_diff[NR_FREE_PAGES] = STAT_THRESHOLD_MAX + 1;
}

/* ---- the test ---------------------------------------------------------------------------------------------------- */

#define PLANT(law) [LAW_##law] = plant_##law
static void (*const plants[NR_LAWS])(void) = {
	PLANT(section_flags),
	PLANT(section_usage),
	PLANT(section_memmap),
	PLANT(section_highest),
	PLANT(block_sections),
	PLANT(block_state),
	PLANT(block_zone),
	PLANT(block_request),
	PLANT(block_iomem),
	PLANT(zone_counters),
	PLANT(zone_present),
	PLANT(node_present),
	PLANT(totalram),
	PLANT(zone_managed),
	PLANT(zone_empty),
	PLANT(zone_span),
	PLANT(node_span),
	PLANT(zone_contiguous),
	PLANT(nr_zones),
	PLANT(node_states),
	PLANT(free_list_links),
	PLANT(page_links),
	PLANT(page_states),
	PLANT(page_conservation),
	PLANT(free_list_count),
	PLANT(free_pages_count),
	PLANT(free_list_type),
	PLANT(free_block_types),
	PLANT(isolate_count),
	PLANT(page_lru),
	PLANT(page_isolated),
	PLANT(page_poison),
	PLANT(area_pages),
	PLANT(area_content),
	PLANT(notifier_sequence),
	PLANT(locks_free),
	PLANT(pageset_own),
	PLANT(pageset_length),
	PLANT(pageset_pages),
	PLANT(lru_enabled),
	PLANT(lru_counters),
	PLANT(cpu_dead),
	PLANT(section_subsections),
	PLANT(section_early),
	PLANT(group_present),
	PLANT(node_threads),
	PLANT(node_offline),
	PLANT(node_links),
	PLANT(zonelist_zones),
	PLANT(zonelist_order),
	PLANT(zone_watermarks),
	PLANT(zone_reserves),
	PLANT(stat_sums),
	PLANT(stat_bounds),
	PLANT(pageset_shared),
	PLANT(pageset_ratio),
	PLANT(batch_pages),
	PLANT(page_tails),
	PLANT(free_block_merged),
	PLANT(pageblock_types),
	PLANT(device_sections),
	PLANT(device_zone),
	/* The same state breaks both. */
	[LAW_zone_populated] = plant_zone_present,
	[LAW_isolate_none] = plant_free_list_type,
};

static enum law_id planted;
static char before[256], after[256];

static void plant_one(void *arg)
{
	enum law_id id;
	const char *text;

	(void)arg;
	before[0] = after[0] = '\0';
	id = laws_check(true, &text);
	if (id != NR_LAWS)
		snprintf(before, sizeof(before), "law %s: %s", law_name(id), text);
	plants[planted]();
	census_take();
	text = law_check(planted);
	if (text)
		snprintf(after, sizeof(after), "%s", text);
}

static void boot(struct test_scenario *s)
{
	*s = test_scenario(6, 3);
	s->config.nodes = 2;
	s->config.movable.count = s->config.offline.count = 1;
	s->config.movable.range[0].first = s->config.movable.range[0].last = 3;
	s->config.offline.range[0].first = s->config.offline.range[0].last = 4;
	test_add_op(&s->boot, "alloc", MIGRATE_MOVABLE, 0, 10, 0);
	test_add_op(&s->boot, "alloc", MIGRATE_MOVABLE, 2, 1, 1);
	test_boot(s);
}

static void each_law_sees_its_violation(void **state)
{
	struct test_scenario s;

	(void)state;
	boot(&s);
	for (planted = 0; planted < NR_LAWS; planted++) {
		struct rt_result result;

		if (!plants[planted])
			continue;
		rt_task_create("a", 0, plant_one, NULL);
		rt_set_strategy(NULL);
		rt_run(&result);
		rt_reset();
		if (before[0])
			fail_msg("before %s was broken: %s", law_name(planted), before);
		if (!after[0])
			fail_msg("law %s does not see its violation", law_name(planted));
		if (result.verdict.kind == VERDICT_ok)
			fail_msg("the run that broke law %s ended well", law_name(planted));
	}
}

static bool went_on;

static void plant_and_go_on(void *arg)
{
	(void)arg;
	plants[planted]();
	point(task, start, 0);
	went_on = true;
}

/* Of those that may be asked in the middle of a run, each sees it at the next point, long before the end. */
static void laws_of_steps_see_it_there(void **state)
{
	u32 seen = 0;

	(void)state;
	for (planted = 0; planted < NR_LAWS; planted++) {
		struct law_set set = {{0}};
		struct rt_result result;

		if (!plants[planted] || !core_law_at_steps(planted))
			continue;
		set.word[planted / 64] = BIT(planted % 64);
		core_check_at_each_step(&set);
		went_on = false;
		rt_task_create("a", 0, plant_and_go_on, NULL);
		rt_run(&result);
		rt_reset();
		if (went_on || result.verdict.kind != VERDICT_invariant ||
		    strcmp(result.verdict.signature + strlen("law "), law_name(planted)) != 0)
			fail_msg("law %s at a step: %s [%s]", law_name(planted), verdict_name(result.verdict.kind),
				 result.verdict.signature);
		seen++;
	}
	core_check_at_each_step(NULL);
	assert_true(seen >= 30);
}

/* Does a scenario expect law @name to be broken, or another test of core name it? */
static bool broken_elsewhere(const char *root, const char *name)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "grep -rqsE --include='*.pfn' --include='*_test.c' 'law[_ ]%s' '%s/corpus/planted' '%s/core'", name,
		 root, root);
	return system(command) == 0;
}

/* Laws of memory that this machine has not are broken by tests of their own, which need not name them. */
#define UNNAMED_MAX 4

static void few_laws_are_left_out(void **state)
{
	const char *root = getenv("PFNSTORM_SOURCE_DIR");
	u32 unnamed = 0;

	(void)state;
	if (!root)
		skip();
	for (u32 id = 0; id < NR_LAWS; id++) {
		if (plants[id] || broken_elsewhere(root, law_name(id)))
			continue;
		printf("no test names law %s\n", law_name(id));
		unnamed++;
	}
	assert_true(unnamed <= UNNAMED_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_law_sees_its_violation),
		cmocka_unit_test(laws_of_steps_see_it_there),
		cmocka_unit_test(few_laws_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
