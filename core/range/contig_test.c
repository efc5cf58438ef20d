/* SPDX-License-Identifier: MIT */
#include "core/range/contig.h"

#include "core/mm/buddy.h"
#include "core/mm/lru.h"
#include "core/mm/pcp.h"
#include "core/range/isolation.h"
#include "core/range/testing.h"
#include "core/rt/task.h"

static int take(u64 pfn, u64 nr_pages)
{
	return alloc_contig_range(pfn, pfn + nr_pages, MIGRATE_MOVABLE, GFP_KERNEL);
}

/* ---- what it gives --------------------------------------------------------------------------------------------- */

/* A part of a pageblock, out of a larger free block; what is before and behind it stays free. */
static void take_free_pages(void *arg)
{
	struct zone *zone = node_zone(0, ZONE_NORMAL);
	u64 pfn = BLOCK_PFN(2) + 3, free_before = test_free_pages(zone);

	(void)arg;
	CHECK(take(pfn, 7) == 0);
	CHECK(test_free_pages(zone) == free_before - 7);
	CHECK(zone->nr_isolate_pageblock == 0);
	for (u64 i = 0; i < 7; i++) {
		CHECK(page_ref_count(pfn_to_page(pfn + i)) == 1);
		CHECK(!PageBuddy(pfn_to_page(pfn + i)) && !PageCompound(pfn_to_page(pfn + i)));
	}
	CHECK(PageBuddy(pfn_to_page(pfn - 1)) && PageBuddy(pfn_to_page(pfn + 7)));
	/* Taken, they are in the way of the next one. */
	CHECK(take(pfn, 1) == -EBUSY);
	CHECK(test_free_pages(zone) == free_before - 7);
	free_contig_range(pfn, 7);
	CHECK(test_free_pages(zone) == free_before);
	CHECK(buddy_order(pfn_to_page(BLOCK_PFN(2))) == 4);
}

/* Single and huge pages of processes move away; clean page cache is dropped instead. */
static void take_used_pages(void *arg)
{
	struct zone *zone = node_zone(0, ZONE_NORMAL);
	u64 pfn, free_before = test_free_pages(zone);

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 2, 1, 0) == 1);
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 4, 1) == 4);
	CHECK(test_op("read", 2, 2, 0, 0) == 2);
	for (u32 slot = 0; slot < 3; slot++) {
		pfn = ALIGN_DOWN(area_of_slot(slot)->pte[0] >> 8, 8ULL);
		if (pfn >= BLOCK_PFN(4))
			continue; /* Movable */
		CHECK(take(pfn, 8) == 0);
		for (u32 i = 0; i < area_of_slot(slot)->size; i++)
			CHECK(ALIGN_DOWN(area_of_slot(slot)->pte[i] >> 8, 8ULL) != pfn);
		free_contig_range(pfn, 8);
	}
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
	CHECK(test_op("free", 1, 0, 0, 0) == 4);
	CHECK(test_op("free", 2, 0, 0, 0) <= 2);
	CHECK(test_free_pages(zone) == free_before);
}

static u64 only_pfn(u32 slot)
{
	return area_of_slot(slot)->pte[0] >> 8;
}

/* In front of the LRU lists no scan finds a page, on a per-CPU list it is not free yet: both are drained. */
static void take_waiting_pages(void *arg)
{
	struct zone *zone = node_zone(0, ZONE_MOVABLE);
	u64 pfn;

	(void)arg;
	zone_pcp_set_high_and_batch(zone, 8, 2);
	zone->pageset_high = 8;
	zone->pageset_batch = 2;
	geometry.lru_batch = 3;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == 1);
	pfn = only_pfn(0);
	CHECK(!PageLRU(pfn_to_page(pfn)));
	CHECK(take(pfn, 1) == 0);
	CHECK(only_pfn(0) != pfn);
	free_contig_range(pfn, 1);
	CHECK(!PageBuddy(pfn_to_page(pfn)));
	CHECK(take(pfn, 1) == 0);
	free_contig_range(pfn, 1);
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == 1);
	CHECK(test_op("offline", 4, 0, 0, 0) == 0);
	CHECK(test_op("free", 0, 0, 0, 0) == 2);
	geometry.lru_batch = 1;
}

static void gives_single_pages(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(take_free_pages, NULL);
	test_run_alone(take_used_pages, NULL);
	test_run_alone(take_waiting_pages, NULL);
}

/* ---- what it refuses ------------------------------------------------------------------------------------------- */

static void refuse_busy(void *arg)
{
	struct zone *zone = node_zone(0, ZONE_NORMAL);
	u64 pfn;

	(void)arg;
	/* Unmovable. */
	CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 0, 1, 0) == 1);
	CHECK(take(ALIGN_DOWN(only_pfn(0), 8ULL), 8) == -EBUSY);
	/* Pinned: it does not move, however often it is tried. */
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 1) == 1);
	pfn = only_pfn(1);
	CHECK(test_op("pin", 1, 0, 0, 0) == 1);
	CHECK(take(pfn, 1) == -EBUSY);
	CHECK(only_pfn(1) == pfn && page_count(pfn_to_page(pfn)) == 2);
	CHECK(test_op("unpin", 1, 0, 0, 0) == 1);
	CHECK(take(pfn, 1) == 0);
	CHECK(only_pfn(1) != pfn);
	free_contig_range(pfn, 1);
	/* Somebody else isolates, and goes on to do so. */
	pfn = BLOCK_PFN(2);
	CHECK(start_isolate_page_range(pfn, pfn + 8, MIGRATE_MOVABLE, 0) == 0);
	CHECK(take(pfn, 16) == -EBUSY);
	CHECK(zone->nr_isolate_pageblock == 1 && is_migrate_isolate_page(pfn_to_page(pfn)));
	undo_isolate_page_range(pfn, pfn + 8, MIGRATE_MOVABLE);
	/* Not online. */
	CHECK(take(BLOCK_PFN(6), 8) == -EBUSY);
	CHECK(take(BLOCK_PFN(7), 8) == -EBUSY);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
	CHECK(test_op("free", 1, 0, 0, 0) == 1);
}

static void refuse_killed(void *arg)
{
	(void)arg;
	rt_send_signal(current, true);
	CHECK(take(BLOCK_PFN(2), 8) == -EINTR);
	CHECK(node_zone(0, ZONE_NORMAL)->nr_isolate_pageblock == 0);
	rt_clear_signals();
	CHECK(take(BLOCK_PFN(2), 8) == 0);
	free_contig_range(BLOCK_PFN(2), 8);
}

/* Every other page is taken, so there is nowhere to go. */
static void refuse_full(void *arg)
{
	struct list_head taken;
	struct page *page, *next;
	u64 pfn;

	(void)arg;
	INIT_LIST_HEAD(&taken);
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == 1);
	pfn = only_pfn(0);
	while ((page = __alloc_pages(GFP_NOWAIT | __GFP_HIGHMEM | __GFP_MOVABLE | __GFP_MEMALLOC, 0, 0, NULL)))
		list_add(&page->lru, &taken);
	CHECK(take(pfn, 1) == -ENOMEM);
	CHECK(only_pfn(0) == pfn);
	CHECK(node_zone(0, ZONE_NORMAL)->nr_isolate_pageblock == 0);
	list_for_each_entry_safe (page, next, &taken, lru) {
		list_del_init(&page->lru);
		__free_pages(page, 0);
	}
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
}

static void refuses(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(refuse_busy, NULL);
	test_run_alone(refuse_killed, NULL);
	test_run_alone(refuse_full, NULL);
}

/* ---- operations ------------------------------------------------------------------------------------------------ */

static void operations(void *arg)
{
	s64 got;

	(void)arg;
	CHECK(test_op("contig", 2, 8, 16, 0) == 16);
	CHECK(only_pfn(0) == BLOCK_PFN(2) + 8);
	CHECK(test_op("contig", 2, 60, 8, 1) == -EINVAL); /* beyond the block */
	CHECK(test_op("contig", 6, 0, 8, 1) == -EINVAL);  /* offline */
	CHECK(test_op("contig", 7, 0, 8, 1) == -EINVAL);  /* absent */
	CHECK(test_op("contig", 3, 0, 64, 0) == -ENOMEM); /* the slot has no room */
	CHECK(test_op("contig", 2, 0, 16, 1) == -EBUSY);  /* taken */
	CHECK(test_op("verify", 0, 0, 0, 0) == 16);
	got = test_op("contig_pages", 5, 1, 0, 0);
	CHECK(got == 32 && only_pfn(1) % 32 == 0);
	CHECK(test_op("offline", 2, 0, 0, 0) == -EBUSY);
	CHECK(test_op("free", 0, 0, 0, 0) == 16);
	CHECK(test_op("free", 1, 0, 0, 0) == 32);
	CHECK(test_op("read", 1, 3, 0, 0) == 1);
	CHECK(test_op("contig", 2, 0, 8, 3) == -EINVAL); /* a file */
	CHECK(test_op("free", 3, 0, 0, 0) == 1);
}

static void run_operations(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(operations, NULL);
}

/* ---- against offline ------------------------------------------------------------------------------------------- */

static void offline_block(void *arg)
{
	CHECK(test_op("offline", (s32)(s64)arg, 0, 0, 0) <= 0);
}

static void contig_block(void *arg)
{
	s64 ret = test_op("contig", (s32)(s64)arg, 8, 16, 0);

	CHECK(ret == 16 || ret == -EBUSY || ret == -EINVAL);
	if (ret == 16)
		CHECK(test_op("free", 0, 0, 0, 0) == 16);
}

/* Whoever isolates first has the range; the other one leaves everything as it is. */
static void one_of_two_isolators(void **state)
{
	const struct test_task tasks[] = {{"offline", offline_block, (void *)5}, {"contig", contig_block, (void *)5}};

	(void)state;
	test_boot("", true);
	for (u64 seed = 1; seed <= 200; seed++) {
		struct rt_result result = test_run(seed, 2, tasks);

		assert_ok(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_single_pages),
		cmocka_unit_test(refuses),
		cmocka_unit_test(run_operations),
		cmocka_unit_test(one_of_two_isolators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
