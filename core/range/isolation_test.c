/* SPDX-License-Identifier: MIT */
#include "core/mm/buddy.h"
#include "core/mm/hwpoison.h"
#include "core/mm/lru.h"
#include "core/range/isolation.h"
#include "core/range/testing.h"

static struct page *alloc_one(u32 order, enum migratetype mt, bool movable_zone)
{
	return alloc_pages(test_gfp(mt, movable_zone), order);
}

/* ---- what makes a pageblock unmovable -------------------------------------------------------------------------- */

struct rule {
	const char *name;
	u32 order;
	enum migratetype alloc_mt;
	bool movable_zone;
	void (*spoil)(struct page *page);  /* brings the allocated page into the state of the rule */
	void (*repair)(struct page *page); /* and back */
	enum migratetype isolate_mt;
	u32 flags;
	int expected;
};

static void nothing(struct page *page)
{
	(void)page;
}

static void freeze(struct page *page)
{
	CHECK(page_ref_freeze(page, 1));
}

static void unfreeze(struct page *page)
{
	page_ref_unfreeze(page, 1);
}

static void set_type_offline(struct page *page)
{
	atomic_set(&page->_mapcount, (s32)~PG_TYPE_offline);
}

static void clear_type(struct page *page)
{
	atomic_set(&page->_mapcount, -1);
}

static void take_off_lru(struct page *page)
{
	CHECK(isolate_lru_page(page) == 0);
	put_page(page);
}

static void reserve_on_lru(struct page *page)
{
	lru_cache_add(page);
	SetPageReserved(page);
}

static void unreserve_on_lru(struct page *page)
{
	ClearPageReserved(page);
	take_off_lru(page);
}

static void poison_taken(struct page *page)
{
	SetPageHWPoison(page);
	SetPageHWPoisonUsed(page);
}

static void make_cma(struct page *page)
{
	set_pageblock_migratetype(page, MIGRATE_CMA);
}

static void make_movable(struct page *page)
{
	set_pageblock_migratetype(page, MIGRATE_MOVABLE);
}

#define U MIGRATE_UNMOVABLE
#define M MIGRATE_MOVABLE
static const struct rule rules[] = {
	{"CMA, for somebody else", 4, M, false, make_cma, make_movable, M, 0, -EBUSY},
	{"CMA, for CMA", 4, M, false, make_cma, make_movable, MIGRATE_CMA, 0, 0},
	{"reserved", 0, U, false, SetPageReserved, ClearPageReserved, M, 0, -EBUSY},
	{"reserved, although on the LRU", 0, M, false, reserve_on_lru, unreserve_on_lru, M, 0, -EBUSY},
	{"reserved, although in Movable", 0, M, true, SetPageReserved, ClearPageReserved, M, 0, -EBUSY},
	{"not on the LRU, but in Movable", 0, M, true, nothing, nothing, M, 0, 0},
	{"compound, not on the LRU", 2, M, false, nothing, nothing, M, 0, -EBUSY},
	{"compound, on the LRU", 2, M, false, lru_cache_add, take_off_lru, M, 0, 0},
	{"no references, not free", 0, U, false, freeze, unfreeze, M, 0, 0},
	{"hwpoisoned, for offline", 0, U, false, poison_taken, ClearPageHWPoison, M, MEMORY_OFFLINE, 0},
	{"hwpoisoned, but in use", 0, U, false, SetPageHWPoison, ClearPageHWPoison, M, MEMORY_OFFLINE, -EBUSY},
	{"hwpoisoned, for others", 0, U, false, poison_taken, ClearPageHWPoison, M, 0, -EBUSY},
	{"logically offline, for offline", 0, U, false, set_type_offline, clear_type, M, MEMORY_OFFLINE, 0},
	{"logically offline, for others", 0, U, false, set_type_offline, clear_type, M, 0, -EBUSY},
	{"on the LRU", 0, M, false, lru_cache_add, take_off_lru, M, 0, 0},
	{"kernel allocation", 0, U, false, nothing, nothing, M, MEMORY_OFFLINE, -EBUSY},
};

static void try_rule(void *arg)
{
	const struct rule *rule = arg;
	struct page *page = alloc_one(rule->order, rule->alloc_mt, rule->movable_zone);
	struct zone *zone = page_zone(page);
	u64 free_before, pfn = page_to_pfn(page), block = pageblock_start_pfn(pfn);
	enum migratetype mt;
	int ret;

	CHECK((zone->idx == ZONE_MOVABLE) == rule->movable_zone);
	rule->spoil(page);
	mt = get_pageblock_migratetype(page);
	free_before = test_free_pages(zone);
	ret = set_migratetype_isolate(pfn_to_page(block), rule->isolate_mt, rule->flags, block, block + 8);
	CHECK(ret == rule->expected);
	CHECK(is_migrate_isolate_page(page) == !ret);
	CHECK(zone->nr_isolate_pageblock == !ret);
	if (!ret)
		unset_migratetype_isolate(pfn_to_page(block), mt);
	CHECK(get_pageblock_migratetype(page) == mt);
	CHECK(test_free_pages(zone) == free_before);
	rule->repair(page);
	if (rule->order == 4) /* a whole pair of pageblocks changed hands */
		set_pageblock_migratetype(page, MIGRATE_MOVABLE);
	__free_pages(page, rule->order);
}

static void unmovable_rules(void **state)
{
	(void)state;
	test_boot("", true);
	for (u32 i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct test_task task = {"isolator", try_rule, (void *)&rules[i]};
		struct rt_result result = test_run(0, 1, &task);

		if (result.verdict.kind != VERDICT_ok)
			print_error("rule: %s\n", rules[i].name);
		assert_ok(&result);
	}
}

/* ---- free pages ------------------------------------------------------------------------------------------------ */

/* Free pages of an isolated pageblock do not count and cannot be allocated; undo gives them back, merged. */
static void isolate_free(void *arg)
{
	u64 pfn = BLOCK_PFN(2);
	struct zone *zone = node_zone(0, ZONE_NORMAL);
	u64 free_before = test_free_pages(zone);
	struct page *page;
	u64 taken = 0;

	(void)arg;
	CHECK(start_isolate_page_range(pfn, pfn + 64, MIGRATE_MOVABLE, 0) == 0);
	CHECK(zone->nr_isolate_pageblock == 8);
	CHECK(test_free_pages(zone) == free_before - 64);
	CHECK(test_pages_isolated(pfn, pfn + 64, 0) == 0);
	CHECK(test_pages_isolated(pfn, pfn + 65, 0) == -EBUSY);
	CHECK(test_pages_isolated(pfn - 8, pfn + 64, 0) == -EBUSY);
	for (u32 i = 0; i < 8; i++) {
		page = alloc_one(4, MIGRATE_MOVABLE, false);
		if (!page)
			break;
		CHECK(page_to_pfn(page) < pfn || page_to_pfn(page) >= pfn + 64);
		__free_pages(page, 4);
		taken++;
	}
	CHECK(taken > 0);
	undo_isolate_page_range(pfn, pfn + 64, MIGRATE_MOVABLE);
	CHECK(zone->nr_isolate_pageblock == 0);
	CHECK(test_free_pages(zone) == free_before);
	CHECK(buddy_order(pfn_to_page(pfn)) == 4);
}

static void isolation_hides_free_pages(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(isolate_free, NULL);
}

/* One pageblock of a free block of two: split at the boundary, and merged again by undo. */
static void isolate_half(void *arg)
{
	u64 pfn = BLOCK_PFN(2) + *(const u64 *)arg;
	u64 other = pfn ^ 8;

	CHECK(buddy_order(pfn_to_page(BLOCK_PFN(2))) == 4);
	CHECK(start_isolate_page_range(pfn, pfn + 8, MIGRATE_MOVABLE, 0) == 0);
	CHECK(PageBuddy(pfn_to_page(pfn)) && buddy_order(pfn_to_page(pfn)) == 3);
	CHECK(PageBuddy(pfn_to_page(other)) && buddy_order(pfn_to_page(other)) == 3);
	CHECK(is_migrate_isolate_page(pfn_to_page(pfn)) && !is_migrate_isolate_page(pfn_to_page(other)));
	CHECK(test_pages_isolated(pfn, pfn + 8, 0) == 0);
	undo_isolate_page_range(pfn, pfn + 8, MIGRATE_MOVABLE);
	CHECK(PageBuddy(pfn_to_page(BLOCK_PFN(2))) && buddy_order(pfn_to_page(BLOCK_PFN(2))) == 4);
}

static void boundary_splits_free_block(void **state)
{
	static u64 lower = 0, upper = 8;

	(void)state;
	test_boot("", true);
	test_run_alone(isolate_half, &lower);
	test_run_alone(isolate_half, &upper);
}

/* A compound page over the boundary is migrated; its owner does not notice. */
static void isolate_half_of_compound(void *arg)
{
	u64 before, pfn;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 4, 1, 0) == 1);
	before = area_of_slot(0)->pte[0] >> 8;
	pfn = before + 8;
	CHECK(start_isolate_page_range(pfn, pfn + 8, MIGRATE_MOVABLE, 0) == 0);
	CHECK(area_of_slot(0)->pte[0] >> 8 != before);
	CHECK(test_pages_isolated(pfn, pfn + 8, 0) == 0);
	CHECK(!is_migrate_isolate_page(pfn_to_page(before)));
	undo_isolate_page_range(pfn, pfn + 8, MIGRATE_MOVABLE);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
}

/* Pinned it cannot move, and nothing is left isolated. */
static void isolate_half_of_pinned(void *arg)
{
	u64 pfn;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 4, 1, 0) == 1);
	pfn = (area_of_slot(0)->pte[0] >> 8) + 8;
	CHECK(test_op("pin", 0, 0, 0, 0) == 1);
	CHECK(start_isolate_page_range(pfn, pfn + 8, MIGRATE_MOVABLE, 0) == -EBUSY);
	CHECK(node_zone(0, ZONE_NORMAL)->nr_isolate_pageblock == 0);
	CHECK(test_op("unpin", 0, 0, 0, 0) == 1);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
}

static void boundary_migrates_compound_page(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(isolate_half_of_compound, NULL);
	test_run_alone(isolate_half_of_pinned, NULL);
}

/* ---- several isolators ----------------------------------------------------------------------------------------- */

static void overlap(void *arg)
{
	u64 pfn = BLOCK_PFN(2);
	struct zone *zone = node_zone(0, ZONE_NORMAL);

	(void)arg;
	CHECK(start_isolate_page_range(pfn + 16, pfn + 32, MIGRATE_MOVABLE, 0) == 0);
	/* The last, the first, and one in the middle is taken. */
	CHECK(start_isolate_page_range(pfn, pfn + 24, MIGRATE_MOVABLE, 0) == -EBUSY);
	CHECK(start_isolate_page_range(pfn + 24, pfn + 64, MIGRATE_MOVABLE, 0) == -EBUSY);
	CHECK(start_isolate_page_range(pfn, pfn + 64, MIGRATE_MOVABLE, 0) == -EBUSY);
	CHECK(zone->nr_isolate_pageblock == 2);
	for (u64 p = pfn; p < pfn + 64; p += 8)
		CHECK(is_migrate_isolate_page(pfn_to_page(p)) == (p >= pfn + 16 && p < pfn + 32));
	undo_isolate_page_range(pfn + 16, pfn + 32, MIGRATE_MOVABLE);
	CHECK(zone->nr_isolate_pageblock == 0);
}

static void loser_gives_back_its_own_only(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(overlap, NULL);
}

static void isolate_range_often(void *arg)
{
	u64 pfn = BLOCK_PFN(2) + *(const u64 *)arg;

	/* Ranges of whole largest blocks: no free block of one isolator can merge with one of the other. */
	for (u32 i = 0; i < 2; i++) {
		if (start_isolate_page_range(pfn, pfn + 48, MIGRATE_MOVABLE, 0))
			continue;
		CHECK(test_pages_isolated(pfn, pfn + 48, 0) == 0);
		undo_isolate_page_range(pfn, pfn + 48, MIGRATE_MOVABLE);
	}
}

/* Whoever succeeds has the whole range until he gives it back, whatever the others do. */
static void isolators_interleaved(void **state)
{
	static u64 low = 0, high = 32;
	const struct test_task tasks[] = {{"low", isolate_range_often, &low}, {"high", isolate_range_often, &high}};

	(void)state;
	test_boot("", true);
	for (u64 seed = 1; seed <= 500; seed++) {
		struct rt_result result = test_run(seed, 2, tasks);

		assert_ok(&result);
	}
}

static void isolate_pair(void *arg)
{
	u64 pfn = BLOCK_PFN(2);

	(void)arg;
	CHECK(start_isolate_page_range(pfn, pfn + 16, MIGRATE_MOVABLE, 0) == 0);
	undo_isolate_page_range(pfn, pfn + 16, MIGRATE_MOVABLE);
}

/* All that Normal has, whatever its watermarks say; a law says that none of it may come from an isolated pageblock. */
static void allocate_all(void *arg)
{
	struct page *page[96];
	u32 count = 0;

	(void)arg;
	current_flags |= PF_MEMALLOC;
	for (; count < ARRAY_SIZE(page); count++) {
		page[count] = alloc_one(2, MIGRATE_MOVABLE, false);
		if (!page[count])
			break;
	}
	CHECK(count > 60 && count < ARRAY_SIZE(page));
	while (count > 0)
		__free_pages(page[--count], 2);
}

/*
 * Two isolated pageblocks are one free block; the first has been given back, the second not yet. In 6.1 the free block
 * has moved as a whole.
 */
static void free_blocks_are_taken_apart(void **state)
{
	const struct test_task tasks[] = {{"isolator", isolate_pair, NULL}, {"user", allocate_all, NULL}};
	struct rt_result result;

	(void)state;
	test_boot("", true);
	result = test_run_preempted(POINT_isolation_pageblock_unset, BLOCK_PFN(2), 2, tasks);
	assert_ok(&result);
	test_boot("straddling_free_block=on", true);
	result = test_run_preempted(POINT_isolation_pageblock_unset, BLOCK_PFN(2), 2, tasks);
	assert_verdict(&result, VERDICT_invariant, "law isolated_page_allocated");
}

/* ---- nothing there --------------------------------------------------------------------------------------------- */

static void isolate_absent(void *arg)
{
	(void)arg;
	CHECK(test_op("isolate", 6, 0, 0, 0) == -EBUSY);
	CHECK(test_op("isolate", 7, 0, 0, 0) == -EBUSY);
	CHECK(test_pages_isolated(BLOCK_PFN(7), BLOCK_PFN(8), 0) == -EBUSY);
	CHECK(test_op("isolate", 2, 0, 0, 0) == 0);
	CHECK(test_op("isolate", 4, 0, 0, 0) == 0);
}

static void offline_blocks_are_not_isolated(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(isolate_absent, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unmovable_rules),
		cmocka_unit_test(isolation_hides_free_pages),
		cmocka_unit_test(boundary_splits_free_block),
		cmocka_unit_test(boundary_migrates_compound_page),
		cmocka_unit_test(loser_gives_back_its_own_only),
		cmocka_unit_test(isolators_interleaved),
		cmocka_unit_test(free_blocks_are_taken_apart),
		cmocka_unit_test(offline_blocks_are_not_isolated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
