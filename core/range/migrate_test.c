/* SPDX-License-Identifier: MIT */
#include "core/mm/buddy.h"
#include "core/mm/lru.h"
#include "core/range/migrate.h"
#include "core/range/testing.h"

#include "core/mm/huge_memory.h"
#include "core/rt/cpu.h"

static u64 entry_pfn(u32 slot, u32 entry)
{
	return area_of_slot(slot)->pte[entry] >> 8;
}

static s64 isolated_pages(void)
{
	return test_node_stat(NR_ISOLATED_ANON);
}

/* The pages of slot 0, isolated onto @list. */
static void isolate_slot(struct list_head *list, u32 count)
{
	INIT_LIST_HEAD(list);
	for (u32 i = 0; i < count; i++)
		CHECK(isolate_page_to_list(pfn_to_page(entry_pfn(0, i)), list) == 0);
}

/* ---- success --------------------------------------------------------------------------------------------------- */

struct moving {
	u32 order, count;
	enum migratetype mt;
	s64 moved;
};

static void move_slot(void *arg)
{
	const struct moving *m = arg;
	u64 before[8];

	CHECK(test_op("alloc", (s32)m->mt, (s32)m->order, (s32)m->count, 0) == m->count);
	for (u32 i = 0; i < m->count; i++)
		before[i] = entry_pfn(0, i);
	CHECK(test_op("migrate", 0, 0, 0, 0) == m->moved);
	for (u32 i = 0; i < m->count; i++)
		CHECK((entry_pfn(0, i) != before[i]) == (m->moved > 0));
	CHECK(isolated_pages() == 0);
	CHECK(test_op("verify", 0, 0, 0, 0) == m->count);
	CHECK(test_op("free", 0, 0, 0, 0) == m->count);
	CHECK(test_op("migrate", 0, 0, 0, 0) == 0);
}

/* It waits in front of the LRU lists, from where nobody can isolate it: batches are drained first. */
static void move_at_once(void *arg)
{
	(void)arg;
	geometry.lru_batch = 3;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == 1);
	CHECK(!PageLRU(pfn_to_page(entry_pfn(0, 0))));
	CHECK(test_op("migrate", 0, 0, 0, 0) == 1);
	geometry.lru_batch = 1;
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
}

static void content_moves_with_the_page(void **state)
{
	static struct moving cases[] = {
		{0, 8, MIGRATE_MOVABLE, 8},   {2, 3, MIGRATE_MOVABLE, 12},    {4, 1, MIGRATE_MOVABLE, 16},
		{0, 8, MIGRATE_UNMOVABLE, 0}, {1, 4, MIGRATE_RECLAIMABLE, 0},
	};

	(void)state;
	test_boot("", true);
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		test_run_alone(move_slot, &cases[i]);
	test_run_alone(move_at_once, NULL);
}

/* Pages outside ZONE_MOVABLE never go there, those of ZONE_MOVABLE may go anywhere. */
static void keep_zone(void *arg)
{
	struct migration_target_control mtc = {.nid = 0, .gfp = GFP_USER | __GFP_MOVABLE};
	struct page *page, *dst;

	(void)arg;
	for (u32 i = 0; i < 2; i++) {
		page = alloc_pages(test_gfp(MIGRATE_MOVABLE, i == 1), 0);
		dst = alloc_migration_target(page, &mtc);
		CHECK(page_zonenum(page) == (i ? ZONE_MOVABLE : ZONE_NORMAL));
		CHECK(page_zonenum(dst) == page_zonenum(page));
		__free_pages(dst, 0);
		__free_pages(page, 0);
	}
}

static void targets_keep_to_their_zone(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(keep_zone, NULL);
}

/* ---- failure --------------------------------------------------------------------------------------------------- */

static void move_pinned(void *arg)
{
	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 5, 0) == 5);
	CHECK(test_op("pin", 0, 0, 0, 0) == 5);
	CHECK(test_op("migrate", 0, 0, 0, 0) == 0);
	CHECK(isolated_pages() == 0);
	CHECK(test_op("verify", 0, 0, 0, 0) == 5);
	CHECK(test_op("unpin", 0, 0, 0, 0) == 5);
	CHECK(test_op("migrate", 0, 0, 0, 0) == 5);
	CHECK(test_op("free", 0, 0, 0, 0) == 5);
}

static void pinned_pages_stay(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(move_pinned, NULL);
}

/* Every move fails after the page was unmapped: it must be mapped again, where it was. */
static void move_in_vain(void *arg)
{
	u64 before;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 2, 3, 0) == 3);
	before = entry_pfn(0, 1);
	CHECK(test_op("migrate", 0, 0, 0, 0) == 0);
	CHECK(entry_pfn(0, 1) == before && isolated_pages() == 0);
	CHECK(page_mapcount(pfn_to_page(before)) == 1 && page_count(pfn_to_page(before)) == 1);
	CHECK(test_op("free", 0, 0, 0, 0) == 3);
}

static void failure_maps_pages_again(void **state)
{
	struct rt_result result;

	(void)state;
	test_boot("", true);
	result = test_run_failing(FAULT_migrate, move_in_vain, NULL);
	assert_ok(&result);
}

static u32 targets_left;

static struct page *few_targets(struct page *page, void *private)
{
	return targets_left-- ? alloc_migration_target(page, private) : NULL;
}

static void run_out_of_targets(void *arg)
{
	struct migration_target_control mtc = {.nid = 0, .gfp = GFP_USER | __GFP_MOVABLE};
	struct list_head list;
	u32 moved = 77;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 5, 0) == 5);
	isolate_slot(&list, 5);
	CHECK(isolated_pages() == 5);
	targets_left = 2;
	CHECK(migrate_pages(&list, few_targets, NULL, &mtc, MIGRATE_SYNC, &moved) == -ENOMEM);
	CHECK(moved == 2 && isolated_pages() == 3 && !list_empty(&list));
	putback_movable_pages(&list);
	CHECK(list_empty(&list) && isolated_pages() == 0);
	CHECK(test_op("free", 0, 0, 0, 0) == 5);
}

static void without_target_it_stops(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(run_out_of_targets, NULL);
}

static void isolate_twice(void *arg)
{
	struct list_head list, other;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == 1);
	isolate_slot(&list, 1);
	INIT_LIST_HEAD(&other);
	CHECK(isolate_page_to_list(pfn_to_page(entry_pfn(0, 0)), &other) == -EBUSY);
	CHECK(list_empty(&other) && isolated_pages() == 1);
	putback_movable_pages(&list);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
}

static void a_page_is_isolated_once(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(isolate_twice, NULL);
}

/* The owner lets go after isolation: only the isolation holds the pages, and migration frees them. */
static void free_under_isolation(void *arg)
{
	struct migration_target_control mtc = {.nid = 0, .gfp = GFP_USER | __GFP_MOVABLE};
	u64 free_before = test_free_pages(node_zone(0, ZONE_MOVABLE));
	struct list_head list;
	u32 moved = 0;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 3, 0) == 3);
	isolate_slot(&list, 3);
	CHECK(test_op("free", 0, 0, 0, 0) == 3);
	CHECK(test_free_pages(node_zone(0, ZONE_MOVABLE)) == free_before - 3);
	targets_left = 0;
	CHECK(migrate_pages(&list, few_targets, NULL, &mtc, MIGRATE_SYNC, &moved) == 0);
	CHECK(moved == 3 && isolated_pages() == 0);
	CHECK(test_free_pages(node_zone(0, ZONE_MOVABLE)) == free_before);
}

static void freed_pages_count_as_moved(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(free_under_isolation, NULL);
}

/* A locked page: async gives up, sync waits for it in the later passes. */
static void move_locked(void *arg)
{
	struct migration_target_control mtc = {.nid = 0, .gfp = GFP_USER | __GFP_MOVABLE};
	struct list_head list;
	struct page *page;
	u32 moved = 0;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 2, 0) == 2);
	page = pfn_to_page(entry_pfn(0, 0));
	isolate_slot(&list, 2);
	CHECK(trylock_page(page));
	CHECK(migrate_pages(&list, alloc_migration_target, NULL, &mtc, MIGRATE_ASYNC, &moved) == 1);
	CHECK(moved == 1 && list_first_entry(&list, struct page, lru) == page);
	unlock_page(page);
	CHECK(migrate_pages(&list, alloc_migration_target, NULL, &mtc, MIGRATE_ASYNC, &moved) == 0);
	CHECK(moved == 1);
	CHECK(test_op("free", 0, 0, 0, 0) == 2);
}

static void async_does_not_wait_for_locks(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(move_locked, NULL);
}

static void lock_shortly(void *arg)
{
	struct page *page = pfn_to_page(*(const u64 *)arg);

	if (!page_ref_count(page) || !get_page_unless_zero(page))
		return;
	lock_page(page);
	cond_resched();
	unlock_page(page);
	put_page(page);
}

static void move_often(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 2; i++)
		CHECK(test_op("migrate", 0, 0, 0, 0) >= 0);
}

static void use_content(void *arg)
{
	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 4, 0) == 4);
	CHECK(test_op("verify", 0, 0, 0, 0) == 4);
	CHECK(test_op("free", 0, 0, 0, 0) == 4);
}

/* Two movers, an owner who comes and goes, and somebody who takes references and page locks. */
static void migration_interleaved(void **state)
{
	static u64 pfn;
	const struct test_task tasks[] = {{"owner", use_content, NULL},
					  {"mover", move_often, NULL},
					  {"locker", lock_shortly, &pfn},
					  {"second mover", move_often, NULL}};

	(void)state;
	test_boot("", true);
	pfn = BLOCK_PFN(4);
	for (u64 seed = 1; seed <= 1000; seed++) {
		struct rt_result result = test_run(seed, 4, tasks);

		assert_ok(&result);
	}
}

/* ---- huge pages ------------------------------------------------------------------------------------------------- */

/* Each piece is mapped, and holds a reference of its own, while the page stays whole. */
static void map_piecewise(void *arg)
{
	struct page *page;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 2, 2, 0) == 2);
	page = pfn_to_page(area_of_slot(0)->pte[0] >> 8);
	CHECK(page_ref_count(page) == 1 && total_mapcount(page) == 1);
	CHECK(test_op("split_pmd", 0, 0, 0, 0) == 2);
	CHECK(PageHead(page) && page_ref_count(page) == 4 && total_mapcount(page) == 4);
	CHECK(test_op("split_pmd", 0, 0, 0, 0) == 0);
	CHECK(test_op("free", 0, 0, 0, 0) == 2);
}

static void a_huge_page_is_mapped_piecewise(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(map_piecewise, NULL);
}

/* ---- the scan of offline --------------------------------------------------------------------------------------- */

static void scan_block(void *arg)
{
	u64 pfn = 0, first;
	struct page *page;

	(void)arg;
	CHECK(scan_movable_pages(BLOCK_PFN(4), BLOCK_PFN(5), &pfn) == -ENOENT);
	CHECK(scan_movable_pages(BLOCK_PFN(7), BLOCK_PFN(8), &pfn) == -ENOENT);
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 1, 1, 0) == 1);
	first = entry_pfn(0, 0);
	CHECK(scan_movable_pages(BLOCK_PFN(4), BLOCK_PFN(5), &pfn) == 0 && pfn == first);
	CHECK(scan_movable_pages(first + 1, BLOCK_PFN(5), &pfn) == 0 && pfn == first + 1);
	CHECK(scan_movable_pages(first + 2, BLOCK_PFN(5), &pfn) == -ENOENT);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);

	CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 0, 1, 0) == 1);
	first = entry_pfn(0, 0);
	page = pfn_to_page(first);
	CHECK(scan_movable_pages(first, first + 1, &pfn) == -ENOENT);
	atomic_set(&page->_mapcount, (s32)~PG_TYPE_offline);
	CHECK(scan_movable_pages(first, first + 1, &pfn) == -EBUSY);
	CHECK(page_ref_freeze(page, 1));
	CHECK(scan_movable_pages(first, first + 1, &pfn) == -ENOENT);
	page_ref_unfreeze(page, 1);
	atomic_set(&page->_mapcount, -1);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
}

static void scan_finds_what_can_move(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(scan_block, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_moves_with_the_page),
		cmocka_unit_test(targets_keep_to_their_zone),
		cmocka_unit_test(pinned_pages_stay),
		cmocka_unit_test(failure_maps_pages_again),
		cmocka_unit_test(without_target_it_stops),
		cmocka_unit_test(a_page_is_isolated_once),
		cmocka_unit_test(freed_pages_count_as_moved),
		cmocka_unit_test(async_does_not_wait_for_locks),
		cmocka_unit_test(migration_interleaved),
		cmocka_unit_test(scan_finds_what_can_move),
		cmocka_unit_test(a_huge_page_is_mapped_piecewise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
