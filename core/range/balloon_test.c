/* SPDX-License-Identifier: MIT */
#include "core/range/balloon.h"

#include "core/mm/lru.h"
#include "core/range/contig.h"
#include "core/range/isolation.h"
#include "core/range/testing.h"
#include "core/rt/cpu.h"

static u64 entry_pfn(u32 slot, u32 entry)
{
	return pte_pfn(area_of_slot(slot)->pte[entry]);
}

/* ---- inflating and deflating ----------------------------------------------------------------------------------- */

static void inflate_and_deflate(void *arg)
{
	u64 totalram = totalram_pages();
	struct page *page;

	(void)arg;
	CHECK(test_op("inflate", 5, 0, 0, 0) == 5);
	CHECK(totalram_pages() == totalram - 5);
	page = pfn_to_page(entry_pfn(0, 0));
	CHECK(PageOffline(page) && page_is_movable_ops(page) && !PageLRU(page) && page_count(page) == 1);
	/* It is no memory that a process could use. */
	CHECK(test_op("free", 0, 0, 0, 0) == -EINVAL);
	CHECK(test_op("pin", 0, 0, 0, 0) == -EINVAL);
	CHECK(test_op("mlock", 0, 0, 0, 0) == -EINVAL);
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == -EINVAL);
	CHECK(test_op("verify", 0, 0, 0, 0) == 0);
	CHECK(test_op("deflate", 2, 0, 0, 0) == 2);
	CHECK(totalram_pages() == totalram - 3);
	CHECK(!PageOffline(page) && page_count(page) == 0);
	CHECK(test_op("inflate", 64, 0, 0, 0) == 61); /* full */
	CHECK(test_op("deflate", 64, 0, 0, 0) == 64);
	CHECK(test_op("deflate", 1, 0, 0, 0) == 0);
	CHECK(totalram_pages() == totalram);
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == 1);
	CHECK(test_op("inflate", 1, 0, 0, 0) == -EINVAL);
	CHECK(test_op("deflate", 1, 0, 0, 0) == -EINVAL);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
}

static void out_of_memory(void *arg)
{
	u32 slot;

	(void)arg;
	for (slot = 0; slot < OP_SLOTS && test_op("inflate", 64, (s32)slot, 0, 0) > 0; slot++)
		;
	CHECK(slot < OP_SLOTS);
	CHECK(test_op("inflate", 1, (s32)slot, 0, 0) == -ENOMEM);
	while (slot-- > 0)
		CHECK(test_op("deflate", 64, (s32)slot, 0, 0) > 0);
}

static void takes_and_gives(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(inflate_and_deflate, NULL);
	test_run_alone(out_of_memory, NULL);
}

/* ---- isolation and migration ------------------------------------------------------------------------------------ */

static void isolate_and_put_back(void *arg)
{
	struct list_head pages;
	struct page *page;
	s64 isolated;

	(void)arg;
	INIT_LIST_HEAD(&pages);
	CHECK(test_op("inflate", 2, 0, 0, 0) == 2);
	page = pfn_to_page(entry_pfn(0, 0));
	isolated = test_node_stat(NR_ISOLATED_ANON) + test_node_stat(NR_ISOLATED_FILE);
	CHECK(isolate_page_to_list(page, &pages) == 0);
	CHECK(PageIsolated(page) && page_count(page) == 2);
	CHECK(test_node_stat(NR_ISOLATED_ANON) + test_node_stat(NR_ISOLATED_FILE) == isolated);
	/* Not twice, and not while its lock is held. */
	CHECK(isolate_movable_page(page) == -EBUSY);
	page = pfn_to_page(entry_pfn(0, 1));
	lock_page(page);
	CHECK(isolate_movable_page(page) == -EBUSY);
	unlock_page(page);
	/* What is isolated, the balloon does not give back. */
	CHECK(test_op("deflate", 64, 0, 0, 0) == 1);
	putback_movable_pages(&pages);
	CHECK(test_op("deflate", 64, 0, 0, 0) == 1);
	/* Nor is any page of a process one that its owner moves. */
	CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 0, 1, 0) == 1);
	CHECK(isolate_movable_page(pfn_to_page(entry_pfn(0, 0))) == -EBUSY);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
	CHECK(isolate_movable_page(pfn_to_page(BLOCK_PFN(2))) == -EBUSY); /* free */
}

/* The owner lets an isolated page go, as a driver may that has nobody to ask: it is freed at the end of isolation. */
static void let_go_while_isolated(void *arg)
{
	struct list_head pages;
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	struct area *area = area_of_slot(0);

	(void)arg;
	INIT_LIST_HEAD(&pages);
	CHECK(test_op("inflate", 1, 0, 0, 0) == 1);
	__free_pages(page, 0);
	page = pfn_to_page(entry_pfn(0, 0));
	CHECK(isolate_page_to_list(page, &pages) == 0);
	spin_lock(&area->ptl);
	area->pte[0] = 0;
	area_count(area, -1);
	spin_unlock(&area->ptl);
	lock_page(page);
	__ClearPageOffline(page);
	__ClearPageMovable(page);
	CHECK(!PageMovable(page));
	unlock_page(page);
	adjust_managed_page_count(page_zone(page), 1);
	put_page(page);
	CHECK(page_count(page) == 1);
	putback_movable_pages(&pages);
	CHECK(page_count(page) == 0);
}

static void migrate_all(void *arg)
{
	u64 before[3];

	(void)arg;
	CHECK(test_op("inflate", 3, 0, 0, 0) == 3);
	for (u32 i = 0; i < 3; i++)
		before[i] = entry_pfn(0, i);
	CHECK(test_op("migrate", 0, 0, 0, 0) == 3);
	for (u32 i = 0; i < 3; i++) {
		CHECK(entry_pfn(0, i) != before[i]);
		CHECK(PageOffline(pfn_to_page(entry_pfn(0, i))) && !PageIsolated(pfn_to_page(entry_pfn(0, i))));
	}
	CHECK(test_op("deflate", 64, 0, 0, 0) == 3);
}

static void are_movable(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(isolate_and_put_back, NULL);
	test_run_alone(let_go_while_isolated, NULL);
	test_run_alone(migrate_all, NULL);
}

/* ---- blocks with a balloon in them ------------------------------------------------------------------------------ */

/* Pages of Movable (block 4) are taken first. */
static void offline_moves_it(void *arg)
{
	u32 in_block = 0;

	(void)arg;
	CHECK(test_op("inflate", 40, 0, 0, 0) == 40);
	for (u32 i = 0; i < 40; i++)
		in_block += entry_pfn(0, i) / geometry.pages_per_block == 4;
	CHECK(in_block == 40);
	CHECK(test_op("offline", 4, 0, 0, 0) == 0);
	CHECK(test_op("online", 4, 2, 0, 0) == 0);
	CHECK(test_op("deflate", 64, 0, 0, 0) == 40);
}

static void contig_moves_it(void *arg)
{
	u64 pfn;

	(void)arg;
	CHECK(test_op("inflate", 1, 0, 0, 0) == 1);
	pfn = entry_pfn(0, 0);
	CHECK(alloc_contig_range(pfn, pfn + 1, MIGRATE_MOVABLE, GFP_KERNEL) == 0);
	CHECK(entry_pfn(0, 0) != pfn);
	free_contig_range(pfn, 1);
	CHECK(test_op("deflate", 1, 0, 0, 0) == 1);
}

static void compaction_moves_it(void *arg)
{
	(void)arg;
	CHECK(test_op("inflate", 20, 0, 0, 0) == 20);
	CHECK(test_op("compact", 1, 0, 0, 0) > 0);
	CHECK(test_op("deflate", 64, 0, 0, 0) == 20);
}

static void blocks_can_be_emptied(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(offline_moves_it, NULL);
	test_run_alone(contig_moves_it, NULL);
	test_run_alone(compaction_moves_it, NULL);
}

/* ---- all at once ------------------------------------------------------------------------------------------------ */

static void breathe(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 3; i++) {
		CHECK(test_op("inflate", 20, 0, 0, 0) > 0);
		CHECK(test_op("deflate", 10, 0, 0, 0) >= 0);
	}
}

static void move_around(void *arg)
{
	(void)arg;
	test_op("offline", 4, 0, 0, 0);
	test_op("compact", 0, 0, 0, 0);
	test_op("migrate", 0, 0, 0, 0);
}

static void breathes_while_it_moves(void **state)
{
	const struct test_task tasks[] = {{"balloon", breathe, NULL}, {"mover", move_around, NULL}};

	(void)state;
	test_boot("", true);
	for (u64 seed = 1; seed <= 100; seed++) {
		struct rt_result result = test_run(seed, 2, tasks);

		assert_ok(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_and_gives),
		cmocka_unit_test(are_movable),
		cmocka_unit_test(blocks_can_be_emptied),
		cmocka_unit_test(breathes_while_it_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
