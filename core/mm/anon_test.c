/* SPDX-License-Identifier: MIT */
/* Areas, the LRU their pages are on, and migration's side of them. */
#include "core/mm/testing.h"

#include "core/mm/anon.h"
#include "core/mm/huge_memory.h"
#include "core/mm/lru.h"
#include "core/rt/cpu.h"

#define NR_PAGES 256u

static u64 free_pages(void)
{
	return test_free_pages(node_zone(0, ZONE_NORMAL));
}

static u64 lru_pages(void)
{
	const pg_data_t *pgdat = NODE_DATA(0);
	unsigned int cpu;
	s64 sum = 0;

	for (u32 i = NR_INACTIVE_ANON; i <= NR_UNEVICTABLE; i++) {
		sum += pgdat->vm_stat[i].counter;
		for_each_possible_cpu (cpu)
			sum += per_cpu_ptr(pgdat->per_cpu_nodestats, cpu)->vm_node_stat_diff[i];
	}
	return (u64)sum;
}

static struct page *entry_page(const struct area *area, u32 index)
{
	return pfn_to_page(pte_pfn(area->pte[index]));
}

static void alloc_and_free(void *arg)
{
	struct area *area = area_of_slot(3);

	(void)arg;
	CHECK_EQUAL(area_alloc(area, GFP_HIGHUSER_MOVABLE, 0, 5), 5);
	CHECK_EQUAL(area->used, 5);
	for (u32 i = 0; i < 5; i++) {
		struct page *page = entry_page(area, i);

		CHECK_EQUAL(area->pte[i] & 0xf, PTE_PRESENT);
		CHECK(PageLRU(page));
		CHECK_EQUAL(page_mapcount(page), 1);
		CHECK_EQUAL(page_ref_count(page), 1);
		CHECK_EQUAL(page->mapping, (u64)area | PAGE_MAPPING_ANON);
		CHECK_EQUAL(page->index, i);
		CHECK_EQUAL(page_content_read(page_to_pfn(page)), area->stamp[i]);
		CHECK(i == 0 || area->stamp[i] != area->stamp[i - 1]);
	}
	CHECK_EQUAL(lru_pages(), 5);
	CHECK_EQUAL(area_verify_all(area), 5);
	CHECK_EQUAL(area_free(area), 5);
	CHECK_EQUAL(area->used, 0);
	CHECK_EQUAL(area_free(area), 0);
	CHECK_EQUAL(lru_pages(), 0);
	CHECK_EQUAL(free_pages(), NR_PAGES);
}

static void kernel_pages(void *arg)
{
	struct area *area = area_of_slot(0);

	(void)arg;
	CHECK_EQUAL(area_alloc(area, GFP_KERNEL, 2, 2), 2);
	CHECK_EQUAL(area_alloc(area, GFP_KERNEL | __GFP_RECLAIMABLE, 0, 1), 1);
	for (u32 i = 0; i < 3; i++) {
		CHECK(!PageLRU(entry_page(area, i)));
		CHECK(!PageCompound(entry_page(area, i)));
		CHECK_EQUAL(entry_page(area, i)->mapping, 0);
		CHECK_EQUAL(page_mapcount(entry_page(area, i)), 0);
	}
	CHECK_EQUAL(free_pages(), NR_PAGES - 9);
	CHECK_EQUAL(area_verify_all(area), 3);
	CHECK_EQUAL(area_free(area), 3);
	CHECK_EQUAL(free_pages(), NR_PAGES);
}

static void compound_pages(void *arg)
{
	struct area *area = area_of_slot(0);

	(void)arg;
	CHECK_EQUAL(area_alloc(area, GFP_HIGHUSER_MOVABLE, 3, 2), 2);
	CHECK(PageHead(entry_page(area, 1)));
	CHECK_EQUAL(lru_pages(), 16);
	for (u32 k = 0; k < 8; k++)
		CHECK_EQUAL(page_content_read(page_to_pfn(entry_page(area, 1)) + k), area->stamp[1] + k);
	CHECK_EQUAL(area_verify_all(area), 2);
	CHECK_EQUAL(area_free(area), 2);
	CHECK_EQUAL(free_pages(), NR_PAGES);
}

static void full(void *arg)
{
	struct area *area = area_of_slot(0), *other = area_of_slot(1);

	(void)arg;
	CHECK_EQUAL(area_alloc(area, GFP_HIGHUSER_MOVABLE, 0, AREA_ENTRIES + 9), AREA_ENTRIES);
	CHECK_EQUAL(area_alloc(area, GFP_HIGHUSER_MOVABLE, 0, 1), -ENOMEM);
	CHECK(area_alloc(other, GFP_HIGHUSER_MOVABLE, 4, 64) < 64);
	CHECK_EQUAL(area_alloc(other, GFP_HIGHUSER_MOVABLE, 4, 1), -ENOMEM);
	area_free(area);
	area_free(other);
	CHECK_EQUAL(free_pages(), NR_PAGES);
}

static void pins(void *arg)
{
	struct area *area = area_of_slot(0);
	struct page *page;

	(void)arg;
	CHECK_EQUAL(area_pin(area), -EINVAL);
	CHECK_EQUAL(area_unpin(area), -EINVAL);
	area_alloc(area, GFP_HIGHUSER_MOVABLE, 0, 3);
	page = entry_page(area, 2);
	CHECK_EQUAL(area_pin(area), 3);
	CHECK_EQUAL(page_ref_count(page), 2);
	CHECK_EQUAL(area_pin(area), -EINVAL);
	CHECK_EQUAL(area_free(area), -EINVAL);
	CHECK_EQUAL(area_unpin(area), 3);
	CHECK_EQUAL(page_ref_count(page), 1);
	CHECK_EQUAL(area_unpin(area), -EINVAL);
	CHECK_EQUAL(area_free(area), 3);
	CHECK_EQUAL(free_pages(), NR_PAGES);
}

static void lose_content(void *arg)
{
	struct area *area = area_of_slot(2);

	(void)arg;
	area_alloc(area, GFP_HIGHUSER_MOVABLE, 3, 1);
	page_content_write(page_to_pfn(entry_page(area, 0)) + 5, 0x1234);
	area_verify_all(area);
}

static void lose_content_before_free(void *arg)
{
	struct area *area = area_of_slot(2);

	(void)arg;
	area_alloc(area, GFP_KERNEL, 0, 1);
	page_content_write(page_to_pfn(entry_page(area, 0)), 0);
	area_free(area);
}

/* ---- LRU -------------------------------------------------------------------------------------------------------- */

static void lru(void *arg)
{
	struct lruvec *lruvec = &NODE_DATA(0)->lruvec;
	struct page *page = alloc_pages(test_gfp(MIGRATE_MOVABLE), 0),
		    *active = alloc_pages(test_gfp(MIGRATE_MOVABLE), 0);

	(void)arg;
	CHECK_EQUAL(isolate_lru_page(page), -EBUSY);
	SetPageSwapBacked(page);
	SetPageSwapBacked(active);
	lru_cache_add(page);
	SetPageActive(active);
	lru_cache_add(active);
	CHECK(list_first_entry(&lruvec->lists[LRU_INACTIVE_ANON], struct page, lru) == page);
	CHECK(list_first_entry(&lruvec->lists[LRU_ACTIVE_ANON], struct page, lru) == active);
	CHECK_EQUAL(isolate_lru_page(page), 0);
	CHECK_EQUAL(page_ref_count(page), 2);
	CHECK(!PageLRU(page) && list_empty(&lruvec->lists[LRU_INACTIVE_ANON]));
	CHECK_EQUAL(isolate_lru_page(page), -EBUSY);
	putback_lru_page(page);
	CHECK_EQUAL(page_ref_count(page), 1);
	CHECK(PageLRU(page));
	put_page(page);
	put_page(active);
	CHECK(list_empty(&lruvec->lists[LRU_ACTIVE_ANON]) && list_empty(&lruvec->lists[LRU_INACTIVE_ANON]));
	CHECK_EQUAL(free_pages(), NR_PAGES);
}

/* ---- migration's side ------------------------------------------------------------------------------------------- */

static void migration_entries(void *arg)
{
	struct area *area = area_of_slot(0);
	struct page *src, *dst = alloc_pages(test_gfp(MIGRATE_MOVABLE), 0);

	(void)arg;
	area_alloc(area, GFP_HIGHUSER_MOVABLE, 0, 2);
	src = entry_page(area, 1);
	CHECK_EQUAL(isolate_lru_page(src), 0);
	lock_page(src);
	CHECK(try_to_migrate(src));
	/* The entry's reference went with the entry; what is left is the isolation's. */
	CHECK_EQUAL(page_ref_count(src), 1);
	CHECK_EQUAL(page_mapcount(src), 0);
	CHECK_EQUAL(area->pte[1] & 0xf, PTE_MIGRATION);
	CHECK_EQUAL(pte_pfn(area->pte[1]), page_to_pfn(src));
	CHECK_EQUAL(area->pte[0] & 0xf, PTE_PRESENT);

	/* Back. */
	remove_migration_ptes(src, src);
	CHECK_EQUAL(page_ref_count(src), 2);
	CHECK_EQUAL(page_mapcount(src), 1);
	CHECK_EQUAL(area->pte[1] & 0xf, PTE_PRESENT);

	/* And forth. */
	CHECK(try_to_migrate(src));
	dst->mapping = src->mapping;
	dst->index = src->index;
	page_content_write(page_to_pfn(dst), page_content_read(page_to_pfn(src)));
	remove_migration_ptes(src, dst);
	CHECK(entry_page(area, 1) == dst);
	CHECK_EQUAL(page_ref_count(dst), 2);
	CHECK_EQUAL(page_mapcount(dst), 1);
	unlock_page(src);
	put_page(src);
	putback_lru_page(dst);
	CHECK_EQUAL(area_verify_all(area), 2);
	CHECK_EQUAL(area_free(area), 2);
	CHECK_EQUAL(free_pages(), NR_PAGES);
}

/* The area was freed under the isolation: nothing is mapped, and the entry may be another page's by now. */
static void unmapped_meanwhile(void *arg)
{
	struct area *area = area_of_slot(0);
	struct page *page;

	(void)arg;
	area_alloc(area, GFP_HIGHUSER_MOVABLE, 0, 1);
	page = entry_page(area, 0);
	CHECK_EQUAL(isolate_lru_page(page), 0);
	area_free(area);
	area_alloc(area, GFP_HIGHUSER_MOVABLE, 0, 1);
	lock_page(page);
	CHECK(try_to_migrate(page));
	remove_migration_ptes(page, page);
	CHECK_EQUAL(page_mapcount(page), 0);
	CHECK(entry_page(area, 0) != page);
	unlock_page(page);
	CHECK_EQUAL(page_ref_count(page), 1);
	put_page(page);
	area_free(area);
	CHECK_EQUAL(free_pages(), NR_PAGES);
}

/* Moves whatever can be isolated, as migration does, until there is nothing left to do. */
static void mover(void *arg)
{
	struct area *area = area_of_slot(0);

	(void)arg;
	for (u32 round = 0; round < 6; round++) {
		struct page *src = NULL, *dst;
		u64 pte;

		spin_lock(&area->ptl);
		pte = area->pte[round % 3];
		if (pte & PTE_PRESENT) {
			src = pfn_to_page(pte_pfn(pte));
			get_page(src);
		}
		spin_unlock(&area->ptl);
		if (!src)
			continue;
		if (isolate_lru_page(src)) {
			put_page(src);
			continue;
		}
		put_page(src);
		dst = alloc_pages(test_gfp(MIGRATE_MOVABLE), 0);
		lock_page(src);
		CHECK(dst && try_to_migrate(src));
		if (page_ref_count(src) == 1) {
			dst->mapping = src->mapping;
			dst->index = src->index;
			page_content_write(page_to_pfn(dst), page_content_read(page_to_pfn(src)));
			remove_migration_ptes(src, dst);
			unlock_page(src);
			put_page(src);
			putback_lru_page(dst);
		} else {
			remove_migration_ptes(src, src);
			unlock_page(src);
			putback_lru_page(src);
			put_page(dst);
		}
	}
}

static void user(void *arg)
{
	struct area *area = area_of_slot(0);

	(void)arg;
	for (u32 round = 0; round < 3; round++) {
		area_alloc(area, GFP_HIGHUSER_MOVABLE, 0, 3);
		area_verify_all(area);
		if (round == 1) {
			area_pin(area);
			area_unpin(area);
		}
		area_free(area);
	}
}

static void test_concurrent(void **state)
{
	static void (*const tasks[])(void *) = {user, mover, mover};

	(void)state;
	test_boot();
	for (u64 seed = 1; seed <= 400; seed++) {
		struct rt_result result = test_run(seed, 3, tasks, NULL);

		if (result.verdict.kind != VERDICT_ok)
			fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, result.verdict.signature,
				 result.verdict.detail);
	}
}

/* Somebody who wants the page while it moves waits for its lock, and gets the new one. */
static bool moving;

static void slow_mover(void *arg)
{
	struct area *area = area_of_slot(0);
	struct page *page;

	(void)arg;
	area_alloc(area, GFP_HIGHUSER_MOVABLE, 0, 1);
	page = entry_page(area, 0);
	CHECK_EQUAL(isolate_lru_page(page), 0);
	lock_page(page);
	CHECK(try_to_migrate(page));
	moving = true;
	while (!PageWaiters(page))
		cpu_relax();
	remove_migration_ptes(page, page);
	moving = false;
	unlock_page(page);
	putback_lru_page(page);
}

static void waiter(void *arg)
{
	(void)arg;
	CHECK_EQUAL(area_verify_all(area_of_slot(0)), 1);
	CHECK(!moving);
}

static void test_waiting(void **state)
{
	static void (*const tasks[])(void *) = {slow_mover, waiter};
	struct rt_result result;

	(void)state;
	test_boot();
	result = test_run(0, 2, tasks, NULL);
	if (result.verdict.kind != VERDICT_ok)
		fail_msg("%s\n%s", result.verdict.signature, result.verdict.detail);
}

static void test_users(void **state)
{
	(void)state;
	test_alone(alloc_and_free, NULL);
	test_alone(kernel_pages, NULL);
	test_alone(compound_pages, NULL);
	test_alone(full, NULL);
	test_alone(pins, NULL);
}

static void test_content(void **state)
{
	(void)state;
	test_fails(lose_content, VERDICT_invariant, "page content lost");
	test_fails(lose_content_before_free, VERDICT_invariant, "page content lost");
}

static void test_lru(void **state)
{
	(void)state;
	test_alone(lru, NULL);
}

static void test_migration(void **state)
{
	(void)state;
	test_alone(migration_entries, NULL);
	test_alone(unmapped_meanwhile, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),     cmocka_unit_test(test_content),    cmocka_unit_test(test_lru),
		cmocka_unit_test(test_migration), cmocka_unit_test(test_concurrent), cmocka_unit_test(test_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
