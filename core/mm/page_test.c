/* SPDX-License-Identifier: MIT */
#include "core/mm/testing.h"

#include "core/mm/buddy.h"
#include "core/mm/huge_memory.h"
#include "core/mm/lru.h"
#include "core/rt/cpu.h"

#define NEW_PFN 256u
#define NR 64u

static struct page *take(u32 order, enum migratetype mt)
{
	struct page *page = alloc_pages(test_gfp(mt), order);

	CHECK(page);
	return page;
}

static void flags(void *arg)
{
	struct page *page = take(0, MIGRATE_UNMOVABLE);
	u64 links = page->flags;

	(void)arg;
	for (u32 flag = 0; flag < NR_PAGEFLAGS; flag++) {
		if (flag == PG_head)
			continue;
		CHECK(!page_test_flag(page, flag));
		page_set_flag(page, flag);
		CHECK(page_test_flag(page, flag));
		CHECK_EQUAL(page->flags, links | BIT(flag));
		CHECK(page_test_set_flag(page, flag));
		CHECK(page_test_clear_flag(page, flag));
		CHECK(!page_test_clear_flag(page, flag));
		CHECK(!page_test_set_flag(page, flag));
		page_clear_flag(page, flag);
		CHECK_EQUAL(page->flags, links);
	}
	CHECK_EQUAL(page_zonenum(page), ZONE_NORMAL);
	CHECK_EQUAL(page_to_nid(page), 0);
	CHECK(page_zone(page) == node_zone(0, ZONE_NORMAL));
	__free_pages(page, 0);
}

static void initialised(void *arg)
{
	(void)arg;
	test_add(NEW_PFN, NR);
	memmap_init_range(NEW_PFN, NR, ZONE_MOVABLE, 0, MIGRATE_ISOLATE);
	for (struct page *page = pfn_to_page(NEW_PFN); page < pfn_to_page(NEW_PFN + NR); page++) {
		CHECK(PageReserved(page) && page_ref_count(page) == 1 && page_mapcount(page) == 0);
		CHECK(page_zone(page) == node_zone(0, ZONE_MOVABLE) && list_empty(&page->lru));
		CHECK_EQUAL(get_pageblock_migratetype(page), MIGRATE_ISOLATE);
	}
	memmap_init_free_range(NEW_PFN, NR, ZONE_NORMAL, 0);
	for (struct page *page = pfn_to_page(NEW_PFN); page < pfn_to_page(NEW_PFN + NR); page++) {
		check_page_state(page, "initialised");
		CHECK(page_zone(page) == node_zone(0, ZONE_NORMAL) && list_empty(&page->lru));
		CHECK(!PageBuddy(page) && page->private == 0);
	}
}

static void test_initialised(void **state)
{
	(void)state;
	test_alone(initialised, NULL);
}

static void compound(void *arg)
{
	struct page *page = take(3, MIGRATE_MOVABLE);

	(void)arg;
	CHECK(PageHead(page) && PageCompound(page) && !PageTail(page));
	CHECK_EQUAL(compound_order(page), 3);
	CHECK_EQUAL(page_count(page), 1);
	for (u32 i = 1; i < 8; i++) {
		CHECK(PageTail(page + i) && PageCompound(page + i) && !PageHead(page + i));
		CHECK(compound_head(page + i) == page);
		CHECK_EQUAL(page_ref_count(page + i), 0);
		CHECK_EQUAL(page_count(page + i), 1);
		/* References are taken on heads only. */
		CHECK(!get_page_unless_zero(page + i));
	}
	/* Flags of the whole page live in the head, flags of a page frame do not. */
	SetPageDirty(page + 5);
	CHECK(PageDirty(page) && PageDirty(page + 2));
	SetPageHWPoison(page + 5);
	CHECK(!PageHWPoison(page) && PageHWPoison(page + 5));
	ClearPageHWPoison(page + 5);
	get_page(page + 3);
	CHECK_EQUAL(page_ref_count(page), 2);
	put_page(page + 6);
	CHECK_EQUAL(page_ref_count(page), 1);
	put_page(page);
	CHECK(PageBuddy(page) || PageBuddy(pfn_to_page(page_to_pfn(page) & ~15ULL)));
	for (u32 i = 0; i < 8; i++)
		CHECK(!PageCompound(page + i));
}

static void references(void *arg)
{
	struct page *page = take(0, MIGRATE_MOVABLE);

	(void)arg;
	CHECK(get_page_unless_zero(page));
	CHECK(!page_ref_freeze(page, 1));
	CHECK(page_ref_freeze(page, 2));
	CHECK_EQUAL(page_ref_count(page), 0);
	CHECK(!get_page_unless_zero(page));
	page_ref_unfreeze(page, 2);
	CHECK(!put_page_testzero(page));
	lru_cache_add(page);
	CHECK(PageLRU(page));
	/* The last reference takes the page off its list and frees it. */
	put_page(page);
	CHECK(!PageLRU(page));
	CHECK_EQUAL(page_ref_count(page), 0);
	CHECK(!get_page_unless_zero(page));
}

static void types(void *arg)
{
	struct page *page = take(0, MIGRATE_UNMOVABLE);

	(void)arg;
	CHECK(!PageBuddy(page) && !PageOffline(page) && !page_has_type(page));
	CHECK_EQUAL(page_mapcount(page), 0);
	__SetPageBuddy(page);
	CHECK(PageBuddy(page) && !PageOffline(page) && page_has_type(page));
	CHECK_EQUAL((u32)page->_mapcount.counter, 0xffffff7fu);
	__ClearPageBuddy(page);
	atomic_set(&page->_mapcount, (s32)~PG_TYPE_offline);
	CHECK(PageOffline(page) && !PageBuddy(page) && page_has_type(page));
	atomic_set(&page->_mapcount, -1);
	__free_pages(page, 0);
}

/* What lock-free walkers see of a memmap that was added and not initialised. */
static void poisoned(void *arg)
{
	struct page *page = pfn_to_page(NEW_PFN);

	(void)arg;
	test_add(NEW_PFN, NR);
	CHECK(!PageBuddy(page));
	CHECK(PageTail(page));
	CHECK_EQUAL(page_ref_count(page), -1);
	CHECK(get_page_unless_zero(page));
	CHECK_EQUAL(page_ref_count(page), 0);
}

static void test_poisoned_flag(void *arg)
{
	(void)arg;
	test_add(NEW_PFN, NR);
	PageReserved(pfn_to_page(NEW_PFN));
}

static void zone_of_poisoned(void *arg)
{
	(void)arg;
	test_add(NEW_PFN, NR);
	page_zone(pfn_to_page(NEW_PFN));
}

/* The flag of a compound page is looked up in its head, and a poisoned page claims to be a tail of nowhere. */
static void head_of_poisoned(void *arg)
{
	(void)arg;
	test_add(NEW_PFN, NR);
	PageLRU(pfn_to_page(NEW_PFN));
}

static void get_of_free_page(void *arg)
{
	struct page *page = take(0, MIGRATE_UNMOVABLE);

	(void)arg;
	__free_pages(page, 0);
	get_page(page);
}

static void init_single(void *arg)
{
	struct page *page = pfn_to_page(NEW_PFN + 1);

	(void)arg;
	test_add(NEW_PFN, NR);
	__init_single_page(page, NEW_PFN + 1, ZONE_MOVABLE, 2);
	CHECK(PageReserved(page));
	CHECK_EQUAL(page->flags & (BIT(NR_PAGEFLAGS) - 1), BIT(PG_reserved));
	CHECK_EQUAL(page_zonenum(page), ZONE_MOVABLE);
	CHECK_EQUAL(page_to_nid(page), 2);
	CHECK_EQUAL(page_ref_count(page), 1);
	CHECK_EQUAL(page_mapcount(page), 0);
	CHECK(!PageTail(page) && list_empty(&page->lru));
	set_page_links(page, ZONE_NORMAL, 1, NEW_PFN + 1);
	CHECK_EQUAL(page_zonenum(page), ZONE_NORMAL);
	CHECK_EQUAL(page_to_nid(page), 1);
	CHECK(PageReserved(page));
}

/* ---- page lock -------------------------------------------------------------------------------------------------- */

#define LOCK_ROUNDS 4
#define LOCKED_PFN 7u

static u32 lock_users_done;

/* The lock is all that orders the tasks' plain accesses to the word. */
static void lock_and_count(void *arg)
{
	struct page *page = pfn_to_page(LOCKED_PFN);

	(void)arg;
	for (u32 i = 0; i < LOCK_ROUNDS; i++) {
		lock_page(page);
		CHECK(!trylock_page(page));
		page->compound_dtor++;
		cond_resched();
		if (page->compound_dtor == 3 * LOCK_ROUNDS)
			page->compound_dtor = 0;
		unlock_page(page);
	}
	/* The last unlock leaves nothing behind. */
	if (__atomic_add_fetch(&lock_users_done, 1, __ATOMIC_RELAXED) == 3)
		CHECK(!PageWaiters(page) && !PageLocked(page));
}

static void test_lock(void **state)
{
	static void (*const tasks[])(void *) = {lock_and_count, lock_and_count, lock_and_count};
	u64 preemptions = 0;

	(void)state;
	test_boot();
	for (u64 seed = 0; seed < 300; seed++) {
		struct rt_result result;

		lock_users_done = 0;
		result = test_run(seed, 3, tasks, NULL);
		if (result.verdict.kind != VERDICT_ok)
			fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, result.verdict.signature,
				 result.verdict.detail);
		preemptions += result.preemptions;
	}
	assert_true(preemptions > 300);
}

static void unlock_twice(void *arg)
{
	struct page *page = pfn_to_page(LOCKED_PFN);

	(void)arg;
	lock_page(page);
	unlock_page(page);
	unlock_page(page);
}

static void test_flags(void **state)
{
	(void)state;
	test_alone(flags, NULL);
	test_alone(types, NULL);
	test_alone(init_single, NULL);
}

static void test_compound_and_references(void **state)
{
	(void)state;
	test_alone(compound, NULL);
	test_alone(references, NULL);
}

static void test_poison(void **state)
{
	(void)state;
	test_alone(poisoned, NULL);
	test_fails(test_poisoned_flag, VERDICT_oops, "uninitialised page.flags");
	test_fails(zone_of_poisoned, VERDICT_oops, "uninitialised page.flags");
	test_fails(head_of_poisoned, VERDICT_oops, "");
}

static void test_misuse(void **state)
{
	(void)state;
	test_fails(get_of_free_page, VERDICT_bug, "get_page");
	test_fails(unlock_twice, VERDICT_bug, "unlock_page");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),  cmocka_unit_test(test_compound_and_references),
		cmocka_unit_test(test_poison), cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_lock),   cmocka_unit_test(test_initialised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
