/* SPDX-License-Identifier: MIT */
/* The pool of huge pages: its size, what is promised, and how its pages leave a block. */
#include "core/mm/buddy.h"
#include "core/mm/hugetlb.h"
#include "core/range/isolation.h"
#include "core/range/migrate.h"
#include "core/range/testing.h"

#define POOL (&machine.hstate)

static struct page *entry_page(u32 slot, u32 entry)
{
	return pfn_to_page(pte_pfn(area_of_slot(slot)->pte[entry]));
}

static s64 resize(s32 count)
{
	return test_op("hugepages", 0, count, 0, 0);
}

static void check_pool(u64 nr, u64 free, u64 reserved, u64 surplus)
{
	CHECK(POOL->nr_huge_pages == nr);
	CHECK(POOL->free_huge_pages == free);
	CHECK(POOL->resv_huge_pages == reserved);
	CHECK(POOL->surplus_huge_pages == surplus);
}

/* ---- size and reservations ------------------------------------------------------------------------------------- */

static void change_size(void *arg)
{
	u64 free = test_free_pages(node_zone(0, ZONE_NORMAL));

	(void)arg;
	CHECK(resize(5) == 0);
	check_pool(5, 5, 0, 0);
	CHECK(resize(2) == 0);
	check_pool(2, 2, 0, 0);
	/* More than there is: what could be had. */
	CHECK(resize(64) == 0);
	CHECK(POOL->nr_huge_pages > 20 && POOL->nr_huge_pages < 64);
	CHECK(POOL->max_huge_pages == POOL->nr_huge_pages);
	CHECK(resize(0) == 0);
	check_pool(0, 0, 0, 0);
	CHECK(test_free_pages(node_zone(0, ZONE_NORMAL)) == free);
	CHECK(test_op("hugepages", 3, 1, 0, 0) == -ENOENT);
}

static void the_pool_grows_and_shrinks(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(change_size, NULL);
}

static void use_pages(void *arg)
{
	(void)arg;
	CHECK(test_op("hugetlb", 1, 0, 0, 0) == -ENOMEM);
	CHECK(resize(4) == 0);
	CHECK(test_op("hugetlb", 2, 1, 0, 0) == 2);
	check_pool(4, 2, 1, 0);
	CHECK(PageHuge(entry_page(0, 0)) && PageHuge(entry_page(0, 0) + 7) && !PageLRU(entry_page(0, 0)));
	CHECK(page_count(entry_page(0, 1)) == 1);
	CHECK(hpage_test(entry_page(0, 0), HPG_migratable));
	/* One is free, and not promised: not two. */
	CHECK(test_op("hugetlb", 2, 0, 1, 0) == -ENOMEM);
	CHECK(test_op("hugetlb", 1, 0, 1, 0) == 1);
	CHECK(test_op("read", 1, 0, 0, 0) == -EINVAL);
	check_pool(4, 1, 1, 0);
	/* What is in use becomes surplus, what is promised stays. */
	CHECK(resize(0) == 0);
	check_pool(4, 1, 1, 4);
	CHECK(test_op("free", 1, 0, 0, 0) == 1);
	check_pool(3, 1, 1, 3);
	CHECK(test_op("free", 0, 0, 0, 0) == 2);
	check_pool(0, 0, 0, 0);
}

static void promised_pages_are_there(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(use_pages, NULL);
}

static void overcommit(void *arg)
{
	(void)arg;
	CHECK(test_op("sysctl", 10, 2, 0, 0) == 0);
	CHECK(test_op("hugetlb", 3, 0, 0, 0) == -ENOMEM);
	check_pool(0, 0, 0, 0);
	CHECK(test_op("hugetlb", 1, 1, 0, 0) == 1);
	check_pool(2, 1, 1, 2);
	/* The pool takes surplus pages over before it allocates. */
	CHECK(test_op("sysctl", 9, 1, 0, 0) == 0);
	check_pool(2, 1, 1, 1);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
	check_pool(1, 1, 0, 0);
	CHECK(test_op("verify", 0, 0, 0, 0) == 0);
}

static void surplus_pages_come_and_go(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(overcommit, NULL);
}

/* 12 pages of node 0 are in use and surplus; node 1 is asked for 2. */
static void ask_of_other_node(void *arg)
{
	const u64 *expected = arg;

	CHECK(test_op("hugepages", 0, 12, 0, 0) == 0);
	CHECK(test_op("hugetlb", 12, 0, 0, 0) == 12);
	CHECK(test_op("hugepages", 0, 0, 0, 0) == 0);
	check_pool(12, 0, 0, 12);
	CHECK(test_op("hugepages", 1, 2, 0, 0) == 0);
	CHECK(POOL->nr_huge_pages_node[1] == *expected);
}

static void surplus_of_other_nodes_does_not_count(void **state)
{
	struct machine_config config = {
		.geometry = GEOMETRY_tiny,
		.cpus = 2,
		.nodes = 2,
		.blocks = 8,
		.online = {1, {{0, 7}}},
	};
	struct rt_config rt = {.cpus = 2, .race_detector = true};

	(void)state;
	for (u32 on = 0; on < 2; on++) {
		u64 expected = on ? 14 : 2;

		switches_default(&config.sw);
		config.sw.bug[BUG_nr_hugepages_counts_surplus] = (u8)on;
		core_boot(&config, &rt, NULL, NULL);
		test_run_alone(ask_of_other_node, &expected);
	}
}

/* ---- leaving a block ------------------------------------------------------------------------------------------- */

static u64 huge_pages_of_block(u32 block)
{
	u64 count = 0;

	for (u64 pfn = BLOCK_PFN(block); pfn < BLOCK_PFN(block + 1); pfn += BIT(POOL->order))
		count += PageHuge(pfn_to_page(pfn));
	return count;
}

/* Free huge pages are dissolved, those in use migrate, and their content with them. */
static void offline_block(void *arg)
{
	u64 in_block, used = 0;

	(void)arg;
	CHECK(resize(20) == 0);
	/* The last to come are the first to be used; then as many more are free elsewhere. */
	CHECK(test_op("hugetlb", 16, 0, 0, 0) == 16);
	CHECK(resize(26) == 0);
	in_block = huge_pages_of_block(4);
	for (u32 i = 0; i < 16; i++)
		used += page_to_pfn(entry_page(0, i)) / geometry.pages_per_block == 4;
	CHECK(in_block > used && used > 0);
	if (bug(hugetlb_reuses_isolated)) {
		CHECK(test_op("offline", 4, 0, 0, 0) == -EINTR);
		return;
	}
	CHECK(test_op("offline", 4, 0, 0, 0) == 0);
	/* What was moved took free pages of the pool; what was there as free is gone, as are those moved away from. */
	check_pool(26 - in_block, 10 - in_block, 0, 0);
	CHECK(POOL->max_huge_pages == 26 - in_block);
	CHECK(test_op("verify", 0, 0, 0, 0) == 16);
	for (u32 i = 0; i < 16; i++)
		CHECK(PageHuge(entry_page(0, i)) && hpage_test(entry_page(0, i), HPG_migratable));
	CHECK(test_op("free", 0, 0, 0, 0) == 16);
	check_pool(26 - in_block, 26 - in_block, 0, 0);
}

static void a_block_loses_its_huge_pages(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(offline_block, NULL);
	/* From one page of the block to another, until the writer has enough of it. */
	test_boot("hugetlb_reuses_isolated=on", true);
	test_run_alone(offline_block, NULL);
}

/* All that is free is promised: dissolving would break the promise. */
static void offline_promised(void *arg)
{
	(void)arg;
	CHECK(resize(16) == 0);
	CHECK(huge_pages_of_block(4) > 0);
	CHECK(test_op("hugetlb", 0, 16, 0, 0) == 0);
	CHECK(dissolve_free_huge_page(pfn_to_page(BLOCK_PFN(4))) == -EBUSY);
	CHECK(test_op("offline", 4, 0, 0, 0) == -EBUSY);
	check_pool(16, 16, 16, 0);
	CHECK(test_op("free", 0, 0, 0, 0) == 0);
	CHECK(test_op("offline", 4, 0, 0, 0) == 0);
}

static void promised_pages_keep_a_block(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(offline_promised, NULL);
}

static void dissolve_one(void *arg)
{
	struct list_head list;
	struct page *page;

	(void)arg;
	CHECK(resize(3) == 0);
	CHECK(test_op("hugetlb", 1, 0, 0, 0) == 1);
	page = entry_page(0, 0);
	CHECK(dissolve_free_huge_page(page) == -EBUSY);
	INIT_LIST_HEAD(&list);
	CHECK(isolate_hugetlb(page, &list) == 0);
	CHECK(isolate_hugetlb(page, &list) == -EBUSY);
	CHECK(page_count(page) == 2 && !hpage_test(page, HPG_migratable));
	putback_movable_pages(&list);
	CHECK(page_count(page) == 1 && hpage_test(page, HPG_migratable));
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
	CHECK(isolate_hugetlb(page, &list) == -EBUSY);
	CHECK(dissolve_free_huge_page(page + 3) == 0);
	CHECK(PageBuddy(page) || !PageHuge(page));
	check_pool(2, 2, 0, 0);
	CHECK(dissolve_free_huge_page(page) == 0);
	check_pool(2, 2, 0, 0);
}

static void only_free_pages_dissolve(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(dissolve_one, NULL);
}

/* The pool has nothing to give: the target is temporary, and the old page goes instead of it. */
static void migrate_without_free(void *arg)
{
	u64 before;

	(void)arg;
	CHECK(resize(2) == 0);
	CHECK(test_op("hugetlb", 2, 0, 0, 0) == 2);
	before = page_to_pfn(entry_page(0, 0));
	CHECK(test_op("migrate", 0, 0, 0, 0) == 2 << POOL->order);
	CHECK(page_to_pfn(entry_page(0, 0)) != before);
	check_pool(2, 0, 0, 0);
	CHECK(!hpage_test(entry_page(0, 0), HPG_temporary));
	CHECK(test_op("split", 0, 0, 0, 0) == 0);
	CHECK(test_op("verify", 0, 0, 0, 0) == 2);
	/* A pinned one stays, and what was allocated for it does not. */
	CHECK(test_op("pin", 0, 0, 0, 0) == 2);
	before = page_to_pfn(entry_page(0, 0));
	CHECK(test_op("migrate", 0, 0, 0, 0) == 0);
	CHECK(page_to_pfn(entry_page(0, 0)) == before);
	check_pool(2, 0, 0, 0);
	CHECK(test_op("unpin", 0, 0, 0, 0) == 2);
}

static void temporary_pages_replace_their_source(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(migrate_without_free, NULL);
}

/* All of node 1 is in use and surplus; a page that moves to node 0 is surplus there. */
static void migrate_surplus(void *arg)
{
	(void)arg;
	CHECK(test_op("hugepages", 1, 64, 0, 0) == 0);
	CHECK(test_op("hugetlb", 16, 0, 0, 0) == 16);
	CHECK(test_op("hugetlb", 5, 0, 1, 0) == 5);
	CHECK(test_op("hugepages", 1, 0, 0, 0) == 0);
	check_pool(21, 0, 0, 21);
	CHECK(POOL->surplus_huge_pages_node[1] == 21);
	CHECK(test_op("migrate", 1, 0, 0, 0) == 5 << POOL->order);
	CHECK(page_to_nid(entry_page(1, 0)) == 0);
	check_pool(21, 0, 0, 21);
	for (u32 nid = 0; nid < 2; nid++)
		CHECK(POOL->surplus_huge_pages_node[nid] == POOL->nr_huge_pages_node[nid]);
	CHECK(POOL->surplus_huge_pages_node[0] > 0);
}

static void surplus_moves_with_its_page(void **state)
{
	struct machine_config config = {
		.geometry = GEOMETRY_tiny,
		.cpus = 2,
		.nodes = 2,
		.blocks = 8,
		.online = {2, {{0, 2}, {4, 6}}},
	};
	struct rt_config rt = {.cpus = 2, .race_detector = true};

	(void)state;
	switches_default(&config.sw);
	core_boot(&config, &rt, NULL, NULL);
	test_run_alone(migrate_surplus, NULL);
}

/* To isolation a huge page of the pool is as good as movable, in use or not. */
static void isolate_over(void *arg)
{
	struct page *page;

	(void)arg;
	CHECK(resize(1) == 0);
	CHECK(test_op("hugetlb", 1, 0, 0, 0) == 1);
	page = entry_page(0, 0);
	for (u32 i = 0; i < 2; i++) {
		u64 pfn = page_to_pfn(page);
		u64 movable = 0;

		CHECK(set_migratetype_isolate(page, MIGRATE_MOVABLE, 0, pfn, pfn + pageblock_nr_pages) == 0);
		unset_migratetype_isolate(page, MIGRATE_MOVABLE);
		CHECK(scan_movable_pages(pfn, pfn + BIT(POOL->order), &movable) == (i ? -ENOENT : 0));
		CHECK(i || movable == pfn);
		if (!i)
			CHECK(test_op("free", 0, 0, 0, 0) == 1);
	}
}

static void isolation_takes_huge_pages_for_movable(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(isolate_over, NULL);
}

/* ---- interleaved ----------------------------------------------------------------------------------------------- */

static void use_and_free(void *arg)
{
	u32 slot = *(const u32 *)arg;

	for (u32 i = 0; i < 3; i++) {
		test_op("hugetlb", 3, 1, (s32)slot, 0);
		test_op("verify", (s32)slot, 0, 0, 0);
		test_op("free", (s32)slot, 0, 0, 0);
	}
}

static void hotplug_and_resize(void *arg)
{
	(void)arg;
	test_op("hugepages", 0, 12, 0, 0);
	test_op("offline", 4, 0, 0, 0);
	test_op("sysctl", 10, 3, 0, 0);
	test_op("hugepages", 0, 2, 0, 0);
	test_op("online", 4, 2, 0, 0);
	test_op("hugepages", 0, 10, 0, 0);
	test_op("offline", 4, 0, 0, 0);
}

static void the_laws_hold_interleaved(void **state)
{
	static u32 slots[2] = {0, 1};
	static const struct test_task tasks[] = {
		{"a", use_and_free, &slots[0]}, {"b", hotplug_and_resize, NULL}, {"c", use_and_free, &slots[1]}};

	(void)state;
	test_boot("", true);
	for (u64 seed = 1; seed <= 150; seed++) {
		struct rt_result result = test_run(seed, 3, tasks);

		assert_ok(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pool_grows_and_shrinks),
		cmocka_unit_test(promised_pages_are_there),
		cmocka_unit_test(surplus_pages_come_and_go),
		cmocka_unit_test(surplus_of_other_nodes_does_not_count),
		cmocka_unit_test(a_block_loses_its_huge_pages),
		cmocka_unit_test(promised_pages_keep_a_block),
		cmocka_unit_test(only_free_pages_dissolve),
		cmocka_unit_test(temporary_pages_replace_their_source),
		cmocka_unit_test(surplus_moves_with_its_page),
		cmocka_unit_test(isolation_takes_huge_pages_for_movable),
		cmocka_unit_test(the_laws_hold_interleaved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
