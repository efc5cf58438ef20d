/* SPDX-License-Identifier: MIT */
#include "core/range/cma.h"

#include "core/range/contig.h"
#include "core/range/isolation.h"
#include "core/range/testing.h"
#include "core/rt/cpu.h"

#define AREA (machine.cma)

static s64 free_cma(void)
{
	const struct zone *zone = node_zone(0, ZONE_NORMAL);
	s64 sum = zone->vm_stat[NR_FREE_CMA_PAGES].counter;
	unsigned int cpu;

	for_each_possible_cpu (cpu)
		sum += per_cpu_ptr(zone->per_cpu_zonestats, cpu)->vm_stat_diff[NR_FREE_CMA_PAGES];
	return sum;
}

static bool in_area(u64 pfn)
{
	return pfn >= AREA->base_pfn && pfn < AREA->base_pfn + AREA->count;
}

/* ---- the area --------------------------------------------------------------------------------------------------- */

static void declared(void *arg)
{
	(void)arg;
	CHECK(AREA->count == 32 && AREA->base_pfn == BLOCK_PFN(4) - 32);
	CHECK(node_zone(0, ZONE_NORMAL)->cma_pages == 32 && free_cma() == 32);
	for (u64 pfn = AREA->base_pfn; pfn < BLOCK_PFN(4); pfn += 8)
		CHECK(get_pfnblock_migratetype(pfn) == MIGRATE_CMA);
}

static void allocate(void *arg)
{
	struct page *a, *b, *c;

	(void)arg;
	a = cma_alloc(AREA, 3, 0);
	CHECK(a && page_to_pfn(a) == AREA->base_pfn && page_count(a + 2) == 1);
	CHECK(AREA->bitmap == 7 && free_cma() == 29);
	b = cma_alloc(AREA, 4, 3);
	CHECK(b && page_to_pfn(b) == AREA->base_pfn + 8);
	c = cma_alloc(AREA, 5, 0);
	CHECK(c == a + 3 && AREA->bitmap == 0xfff);
	CHECK(!cma_alloc(AREA, 21, 0));
	CHECK(!cma_alloc(AREA, 33, 0));
	CHECK(!cma_alloc(AREA, 0, 0));
	CHECK(!cma_alloc(NULL, 1, 0));
	CHECK(!cma_release(AREA, pfn_to_page(AREA->base_pfn - 1), 1));
	CHECK(cma_release(AREA, a, 3) && cma_release(AREA, c, 5) && cma_release(AREA, b, 4));
	CHECK(AREA->bitmap == 0 && free_cma() == 32);
}

static void area_gives_ranges(void **state)
{
	(void)state;
	test_boot_params(BIT(BOOT_PARAM_cma));
	test_run_alone(declared, NULL);
	test_run_alone(allocate, NULL);
}

/* ---- what borrows it -------------------------------------------------------------------------------------------- */

/* Movable pages come to lie in it when nothing else is left, others never do; what moves is made to. */
static void lend(void *arg)
{
	u32 lent = 0;
	u64 pfn;

	(void)arg;
	for (s32 slot = 0; slot < 4; slot++)
		test_op("alloc", MIGRATE_UNMOVABLE, 0, 64, slot);
	for (u32 slot = 0; slot < 4; slot++)
		for (u32 i = 0; i < 64; i++)
			CHECK(!area_of_slot(slot)->pte[i] || !in_area(pte_pfn(area_of_slot(slot)->pte[i])));
	CHECK(free_cma() == 32);
	for (s32 slot = 0; slot < 4; slot++)
		CHECK(test_op("free", slot, 0, 0, 0) >= 0);
	for (s32 slot = 4; slot < 10; slot++)
		test_op("alloc", MIGRATE_MOVABLE, 0, 64, slot);
	CHECK(free_cma() < 32);
	for (u32 slot = 4; slot < 10; slot++)
		for (u32 i = 0; i < 64; i++)
			lent += area_of_slot(slot)->pte[i] && in_area(pte_pfn(area_of_slot(slot)->pte[i]));
	CHECK(lent == 32 - free_cma());
	for (s32 slot = 6; slot < 10; slot++)
		CHECK(test_op("free", slot, 0, 0, 0) >= 0);
	CHECK(test_op("cma_alloc", 32, 0, 0, 0) == 32);
	pfn = pte_pfn(area_of_slot(0)->pte[0]);
	CHECK(pfn == AREA->base_pfn && free_cma() == 0);
	CHECK(test_op("cma_release", 0, 0, 0, 0) == 32);
	CHECK(test_op("free", 4, 0, 0, 0) >= 0 && test_op("free", 5, 0, 0, 0) >= 0);
}

/* A pin keeps a range from being emptied: the next one will do. */
static void pinned(void *arg)
{
	struct page *page = cma_alloc(AREA, 1, 0), *other;

	(void)arg;
	CHECK(page && page_to_pfn(page) == AREA->base_pfn);
	/* As if it were lent, and pinned. */
	AREA->bitmap = 0;
	other = cma_alloc(AREA, 1, 0);
	CHECK(other == page + 1);
	CHECK(cma_release(AREA, other, 1));
	AREA->bitmap = 1;
	CHECK(cma_release(AREA, page, 1));
}

static void area_is_lent(void **state)
{
	(void)state;
	test_boot_params(BIT(BOOT_PARAM_cma));
	test_run_alone(lend, NULL);
	test_run_alone(pinned, NULL);
}

/* ---- isolation -------------------------------------------------------------------------------------------------- */

static void others_isolate(void *arg)
{
	u64 pfn = AREA->base_pfn;

	(void)arg;
	CHECK(start_isolate_page_range(pfn, pfn + 8, MIGRATE_MOVABLE, 0) == -EBUSY);
	CHECK(alloc_contig_range(pfn, pfn + 8, MIGRATE_MOVABLE, GFP_KERNEL) == -EBUSY);
	CHECK(test_op("offline", 3, 0, 0, 0) == -EBUSY);
	CHECK(test_op("offline", 2, 0, 0, 0) == 0);
	CHECK(get_pfnblock_migratetype(pfn) == MIGRATE_CMA && free_cma() == 32);
	CHECK(test_op("contig", 3, 32, 8, 0) == -EBUSY);
	CHECK(test_op("contig", 3, 16, 16, 0) == 16);
	CHECK(test_op("free", 0, 0, 0, 0) == 16);
}

static void block_stays_online(void **state)
{
	(void)state;
	test_boot_params(BIT(BOOT_PARAM_cma));
	test_run_alone(others_isolate, NULL);
}

/* ---- operations ------------------------------------------------------------------------------------------------- */

static void operations(void *arg)
{
	(void)arg;
	CHECK(test_op("cma_alloc", 4, 0, 0, 0) == 4);
	CHECK(test_op("cma_alloc", 4, 0, 0, 0) == -EINVAL); /* not empty */
	CHECK(test_op("free", 0, 0, 0, 0) == -EINVAL);
	CHECK(test_op("pin", 0, 0, 0, 0) == -EINVAL);
	CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 0, 1, 0) == -EINVAL);
	CHECK(test_op("cma_alloc", 30, 0, 1, 0) == -ENOMEM);
	CHECK(test_op("cma_release", 0, 0, 0, 0) == 4);
	CHECK(test_op("cma_release", 0, 0, 0, 0) == 0);
	CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 0, 1, 0) == 1);
	CHECK(test_op("cma_release", 0, 0, 0, 0) == -EINVAL);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
}

static void without_area(void *arg)
{
	(void)arg;
	CHECK(!AREA && test_op("cma_alloc", 1, 0, 0, 0) == -ENOMEM);
}

static void run_operations(void **state)
{
	(void)state;
	test_boot_params(BIT(BOOT_PARAM_cma));
	test_run_alone(operations, NULL);
	test_boot("", true);
	test_run_alone(without_area, NULL);
}

/* ---- several users ---------------------------------------------------------------------------------------------- */

static void use_area(void *arg)
{
	s32 slot = (s32)(s64)arg;

	for (u32 i = 0; i < 3; i++) {
		CHECK(test_op("cma_alloc", 6, 0, slot, 0) == 6);
		CHECK(test_op("cma_release", slot, 0, 0, 0) == 6);
	}
}

static void borrow(void *arg)
{
	(void)arg;
	for (s32 i = 0; i < 3; i++) {
		test_op("alloc", MIGRATE_MOVABLE, 0, 64, 4 + i);
		test_op("offline", 3, 0, 0, 0);
	}
	for (s32 i = 0; i < 3; i++)
		test_op("free", 4 + i, 0, 0, 0);
}

static void users_do_not_disturb_each_other(void **state)
{
	const struct test_task tasks[] = {{"a", use_area, (void *)0}, {"b", use_area, (void *)1}, {"c", borrow, NULL}};

	(void)state;
	test_boot_params(BIT(BOOT_PARAM_cma));
	for (u64 seed = 1; seed <= 100; seed++) {
		struct rt_result result = test_run(seed, 3, tasks);

		assert_ok(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(area_gives_ranges),
		cmocka_unit_test(area_is_lent),
		cmocka_unit_test(block_stays_online),
		cmocka_unit_test(run_operations),
		cmocka_unit_test(users_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
