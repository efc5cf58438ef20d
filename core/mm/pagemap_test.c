/* SPDX-License-Identifier: MIT */
/* Device memory: what each step of a mapping leaves behind, the errno of each failure, and who meets its pages. */
#include "core/mm/testing.h"

#include "core/hotplug/device_memory.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/memremap.h"
#include "core/mm/altmap.h"
#include "core/rt/cpu.h"

#define NR 64u               /* pages of a section */
#define SUB 8u               /* pages of a subsection */
#define NEW_PFN (5u * NR)    /* absent at boot */
#define MEMORY_PFN (3u * NR) /* early */

static struct zone *device_zone(void)
{
	return node_zone(0, ZONE_DEVICE);
}

static void life_of_a_mapping(void *arg)
{
	(void)arg;
	CHECK_EQUAL(device_memory_probe(NEW_PFN, NR, false), 0);
	CHECK(valid_section(__pfn_to_section(NEW_PFN)) && !online_section(__pfn_to_section(NEW_PFN)));
	CHECK(pfn_valid(NEW_PFN) && pfn_valid(NEW_PFN + NR - 1) && !pfn_to_online_page(NEW_PFN));
	/* A whole section is nobody else's. */
	CHECK(!(__pfn_to_section(NEW_PFN)->section_mem_map & SECTION_TAINT_ZONE_DEVICE));
	for (u64 pfn = NEW_PFN; pfn < NEW_PFN + NR; pfn++) {
		CHECK(is_zone_device_page(pfn_to_page(pfn)) && PageReserved(pfn_to_page(pfn)));
		CHECK_EQUAL(page_count(pfn_to_page(pfn)), 1);
		CHECK_EQUAL(get_pfnblock_migratetype(pfn), MIGRATE_MOVABLE);
		CHECK(pfn_in_pagemap(pfn));
	}
	CHECK_EQUAL(device_zone()->zone_start_pfn, NEW_PFN);
	CHECK_EQUAL(device_zone()->spanned_pages, NR);
	CHECK_EQUAL(device_zone()->present_pages + zone_managed_pages(device_zone()), 0);
	CHECK_EQUAL(device_zone()->contiguous, 0);
	CHECK_EQUAL(zone_end_pfn(node_zone(0, ZONE_NORMAL)), 4 * NR);
	CHECK_EQUAL(NODE_DATA(0)->node_spanned_pages, NEW_PFN + NR);
	CHECK_EQUAL(device_memory_use(NEW_PFN + 5, 3), 3);

	CHECK_EQUAL(device_memory_remove(NEW_PFN), 0);
	CHECK(!present_section(__pfn_to_section(NEW_PFN)) && !pfn_in_pagemap(NEW_PFN));
	CHECK(!rt_memmap_live(pfn_to_page(NEW_PFN)));
	/* Its zone can not shrink, nor the node: it will never go offline. */
	CHECK_EQUAL(device_zone()->spanned_pages, NR);
	CHECK_EQUAL(NODE_DATA(0)->node_spanned_pages, NEW_PFN + NR);
	CHECK_EQUAL(device_memory_use(NEW_PFN, 1), -ENODEV);
	CHECK_EQUAL(device_memory_remove(NEW_PFN), -ENODEV);
}

static void parts_of_a_section(void *arg)
{
	struct mem_section *ms = __pfn_to_section(NEW_PFN);

	(void)arg;
	CHECK_EQUAL(device_memory_probe(NEW_PFN + SUB, 2 * SUB, false), 0);
	CHECK_EQUAL(ms->usage->subsection_map, 0x6);
	CHECK(ms->section_mem_map & SECTION_TAINT_ZONE_DEVICE);
	CHECK(!pfn_valid(NEW_PFN) && pfn_valid(NEW_PFN + SUB) && !pfn_valid(NEW_PFN + 3 * SUB));
	CHECK_EQUAL(device_memory_probe(NEW_PFN + 2 * SUB, SUB, false), -EBUSY);
	CHECK_EQUAL(device_memory_probe(NEW_PFN + 4 * SUB, 6 * SUB, false), 0);
	CHECK_EQUAL(ms->usage->subsection_map, 0xf6);
	CHECK_EQUAL(ms[1].usage->subsection_map, 0x3);
	/* Only the section with an edge inside it is marked. */
	CHECK(ms[1].section_mem_map & SECTION_TAINT_ZONE_DEVICE);
	CHECK_EQUAL(device_memory_remove(NEW_PFN + SUB), 0);
	CHECK_EQUAL(ms->usage->subsection_map, 0xf0);
	CHECK(is_zone_device_page(pfn_to_page(NEW_PFN + 4 * SUB)));
	CHECK_EQUAL(device_memory_remove(NEW_PFN + 4 * SUB), 0);
	CHECK_EQUAL(ms->section_mem_map + ms[1].section_mem_map, 0);
}

/* Memory that a device is in the way of can not be added, and the other way round. */
static void conflicts(void *arg)
{
	(void)arg;
	CHECK_EQUAL(device_memory_probe(MEMORY_PFN, SUB, false), -EBUSY);
	CHECK_EQUAL(device_memory_probe(geometry.max_pfn - SUB, 2 * SUB, false), -E2BIG);
	CHECK_EQUAL(device_memory_probe(NEW_PFN + 3 * SUB, SUB, false), 0);
	CHECK_EQUAL(add_memory_block(5), -EEXIST);
	CHECK_EQUAL(add_memory_block(6), 0);
	CHECK_EQUAL(device_memory_probe(6 * NR, SUB, false), -EBUSY);
	CHECK_EQUAL(device_memory_remove(NEW_PFN + 3 * SUB), 0);
	CHECK_EQUAL(add_memory_block(5), 0);
	CHECK(!(__pfn_to_section(NEW_PFN)->section_mem_map & SECTION_TAINT_ZONE_DEVICE));
	for (u64 i = 0; i < DEVICE_MEMORY_RANGES; i++)
		CHECK_EQUAL(device_memory_probe(4 * NR + i * SUB, SUB, false), 0);
	CHECK_EQUAL(device_memory_probe(7 * NR, SUB, false), -ENOSPC);
}

static void memmap_on_device(void *arg)
{
	struct page *page = pfn_to_page(NEW_PFN);
	struct dev_pagemap *pgmap;

	(void)arg;
	CHECK_EQUAL(device_memory_probe(NEW_PFN, NR, true), 0);
	pgmap = get_dev_pagemap(NEW_PFN);
	CHECK_EQUAL(pgmap->altmap.alloc, geometry.memmap_pages);
	CHECK_EQUAL(pfn_first(pgmap), NEW_PFN + 2 * SUB);
	/* Pages of the memmap belong to the zone but to no mapping. (What the driver keeps is not initialised.) */
	CHECK(PageReserved(&page[2]) && is_zone_device_page(&page[2]) && page_pgmap(&page[2]) != pgmap);
	CHECK(page_pgmap(&page[2 * SUB]) == pgmap);
	put_dev_pagemap(pgmap);
	CHECK_EQUAL(device_memory_use(NEW_PFN, NR), NR - 2 * SUB);
	CHECK_EQUAL(device_memory_remove(NEW_PFN), 0);
	/* What is less than a section gets its memmap from elsewhere, but the driver wants its pages all the same. */
	CHECK_EQUAL(device_memory_probe(NEW_PFN + SUB, 2 * SUB, true), 0);
	pgmap = get_dev_pagemap(NEW_PFN + SUB);
	CHECK_EQUAL(pgmap->altmap.alloc, 0);
	CHECK_EQUAL(pfn_first(pgmap), NEW_PFN + 2 * SUB);
	put_dev_pagemap(pgmap);
	CHECK_EQUAL(device_memory_use(NEW_PFN + SUB, NR), SUB);
	CHECK_EQUAL(device_memory_remove(NEW_PFN + SUB), 0);
	CHECK_EQUAL(device_memory_probe(NEW_PFN + SUB, SUB, true), -ENXIO);
}

static void altmap_does_not_fit(void *arg)
{
	struct dev_pagemap *pgmap = kzalloc_obj(struct dev_pagemap, OBJ_test);

	(void)arg;
	pgmap->start_pfn = NEW_PFN;
	pgmap->end_pfn = NEW_PFN + NR;
	pgmap->flags = PGMAP_ALTMAP_VALID;
	pgmap->altmap.base_pfn = NEW_PFN + 1;
	CHECK_EQUAL(memremap_pages(pgmap, 0), -EINVAL);
	pgmap->altmap.base_pfn = NEW_PFN;
	pgmap->altmap.free = NR + 1;
	CHECK_EQUAL(memremap_pages(pgmap, 0), -EINVAL);
	/* Too little for the memmap of the section. */
	pgmap->altmap.free = geometry.memmap_pages - 1;
	CHECK_EQUAL(memremap_pages(pgmap, 0), -ENOMEM);
	CHECK(!pfn_in_pagemap(NEW_PFN) && !present_section(__pfn_to_section(NEW_PFN)));
	CHECK_EQUAL(add_memory_block(5), 0);
	pgmap->altmap.free = geometry.memmap_pages;
	kfree(pgmap);
}

static void map_memory(void *arg)
{
	struct dev_pagemap *pgmap = kzalloc_obj(struct dev_pagemap, OBJ_test);

	(void)arg;
	pgmap->start_pfn = MEMORY_PFN;
	pgmap->end_pfn = MEMORY_PFN + SUB;
	memremap_pages(pgmap, 0);
}

static void map_twice(void *arg)
{
	struct dev_pagemap *pgmap = kzalloc_obj(struct dev_pagemap, OBJ_test);

	(void)arg;
	CHECK_EQUAL(device_memory_probe(NEW_PFN, NR, false), 0);
	pgmap->start_pfn = NEW_PFN + NR - SUB;
	pgmap->end_pfn = NEW_PFN + NR + SUB;
	memremap_pages(pgmap, 0);
}

static void probe_or_fail(void *arg)
{
	u64 before = core_state_hash();
	int ret = device_memory_probe(NEW_PFN + 7 * SUB, 2 * SUB, false);

	(void)arg;
	if (ret == 0)
		return;
	CHECK_EQUAL(ret, -ENOMEM);
	CHECK(!pfn_in_pagemap(NEW_PFN + 7 * SUB));
	CHECK_EQUAL(core_state_hash(), before);
	CHECK_EQUAL(device_memory_probe(NEW_PFN + 7 * SUB, 2 * SUB, false), 0);
}

static void test_mappings(void **state)
{
	(void)state;
	test_alone(life_of_a_mapping, NULL);
	test_alone(parts_of_a_section, NULL);
	test_alone(conflicts, NULL);
	test_alone(memmap_on_device, NULL);
}

static void test_failures(void **state)
{
	u32 n = 0;

	(void)state;
	test_alone(altmap_does_not_fit, NULL);
	test_fails(map_memory, VERDICT_warning, "");
	test_fails(map_twice, VERDICT_warning, "");
	while (test_with_fault(probe_or_fail, FAULT_kmalloc, n))
		n++;
	assert_true(n >= 5);
	for (n = 0; test_with_fault(probe_or_fail, FAULT_memmap, n);)
		n++;
	assert_true(n >= 2);
}

/* ---- users against removal ------------------------------------------------------------------------------------- */

static u32 used, gone;

static void use(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 6; i++) {
		s64 ret = device_memory_use(NEW_PFN + 6 * SUB, 4);

		CHECK(ret == 4 || ret == -ENODEV);
		__atomic_fetch_add(ret == 4 ? &used : &gone, 1, __ATOMIC_RELAXED);
	}
}

static void map_and_unmap(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 3; i++) {
		CHECK_EQUAL(device_memory_probe(NEW_PFN + 6 * SUB, 4 * SUB, i & 1), 0);
		for (u32 j = 0; j < 40; j++)
			cond_resched();
		CHECK_EQUAL(device_memory_remove(NEW_PFN + 6 * SUB), 0);
	}
}

static void test_users(void **state)
{
	static void (*const tasks[3])(void *) = {use, map_and_unmap, use};

	(void)state;
	test_boot();
	for (u64 seed = 1; seed <= 400; seed++) {
		struct rt_result result = test_run(seed, 3, tasks, NULL);

		if (result.verdict.kind != VERDICT_ok)
			fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, result.verdict.signature,
				 result.verdict.detail);
	}
	assert_true(used > 100 && gone > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
