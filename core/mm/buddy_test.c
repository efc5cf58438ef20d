/* SPDX-License-Identifier: MIT */
#include "core/mm/testing.h"

#include "core/mm/buddy.h"
#include "core/mm/huge_memory.h"
#include "core/mm/lru.h"
#include "core/rt/random.h"

#define NR_PAGES 256u /* online: 4 sections */
#define MAX_ORDER_BLOCK 16u

static struct zone *zone(void)
{
	return node_zone(0, ZONE_NORMAL);
}

static struct page *take(u32 order, enum migratetype mt)
{
	return alloc_pages(test_gfp(mt), order);
}

static void release(struct page *page, u32 order)
{
	if (PageHead(page))
		put_page(page);
	else
		__free_pages(page, order);
}

/* Walks all lists: counters agree, every block is what its list says. Number of free pages. */
static u64 check_lists(void)
{
	u64 pages = 0, counted = 0;

	for (u32 order = 0; order <= geometry.max_order; order++) {
		u64 blocks = 0;

		for (u32 mt = 0; mt < MIGRATE_TYPES; mt++) {
			struct page *page;

			list_for_each_entry (page, &zone()->free_area[order].free_list[mt], lru) {
				CHECK(PageBuddy(page));
				CHECK_EQUAL(buddy_order(page), order);
				CHECK(IS_ALIGNED(page_to_pfn(page), BIT(order)));
				CHECK_EQUAL(page_ref_count(page), 0);
				blocks++;
				counted += mt == MIGRATE_ISOLATE ? 0 : BIT(order);
			}
		}
		CHECK_EQUAL(zone()->free_area[order].nr_free, blocks);
		pages += blocks << order;
	}
	CHECK_EQUAL(test_free_pages(zone()), counted);
	return pages;
}

static void isolate(u64 pfn)
{
	unsigned long flags;

	spin_lock_irqsave(&zone()->lock, flags);
	zone()->nr_isolate_pageblock++;
	set_pageblock_migratetype(pfn_to_page(pfn), MIGRATE_ISOLATE);
	__mod_zone_freepage_state(zone(), -(s64)move_freepages_block(zone(), pfn_to_page(pfn), MIGRATE_ISOLATE),
				  MIGRATE_MOVABLE);
	spin_unlock_irqrestore(&zone()->lock, flags);
}

/* ---- split and merge -------------------------------------------------------------------------------------------- */

static void split_and_merge(void *arg)
{
	struct page *page;

	(void)arg;
	CHECK_EQUAL(check_lists(), NR_PAGES);
	CHECK_EQUAL(zone()->free_area[4].nr_free, NR_PAGES / MAX_ORDER_BLOCK);
	CHECK_EQUAL(zone_managed_pages(zone()), NR_PAGES);
	page = take(0, MIGRATE_MOVABLE);
	CHECK(page);
	CHECK_EQUAL(page_ref_count(page), 1);
	/* One block was split all the way down. */
	for (u32 order = 0; order < 4; order++)
		CHECK_EQUAL(zone()->free_area[order].nr_free, 1);
	CHECK_EQUAL(zone()->free_area[4].nr_free, NR_PAGES / MAX_ORDER_BLOCK - 1);
	CHECK_EQUAL(check_lists(), NR_PAGES - 1);
	release(page, 0);
	CHECK_EQUAL(zone()->free_area[4].nr_free, NR_PAGES / MAX_ORDER_BLOCK);
	CHECK_EQUAL(check_lists(), NR_PAGES);
}

static void all_orders(void *arg)
{
	(void)arg;
	for (u32 order = 0; order <= geometry.max_order; order++) {
		struct page *page = take(order, MIGRATE_UNMOVABLE);

		CHECK(page && IS_ALIGNED(page_to_pfn(page), BIT(order)));
		CHECK(!PageCompound(page));
		CHECK_EQUAL(check_lists(), NR_PAGES - BIT(order));
		release(page, order);
		CHECK_EQUAL(check_lists(), NR_PAGES);
	}
}

/* A page whose block is about to grow is kept for last: once its buddy comes back, both merge twice. */
static void likely_to_merge_goes_last(void *arg)
{
	struct page *first = take(4, MIGRATE_UNMOVABLE);

	(void)arg;
	for (u32 i = 1; i < 16; i++)
		set_page_count(first + i, 1);
	release(first + 8, 0);
	release(first + 2, 0);
	release(first + 3, 0);
	CHECK_EQUAL(buddy_order(first + 2), 1);
	release(first, 0);
	CHECK(take(0, MIGRATE_UNMOVABLE) == first + 8);
	CHECK(take(0, MIGRATE_UNMOVABLE) == first);
}

/*
 * The last pages stay: they are what keeps the next allocation from failing half way. How many is known to within what
 * a CPU keeps of the counter.
 */
static void watermark(void *arg)
{
	static struct page *pages[NR_PAGES + 1];
	u32 count = 0, drift = zone()->per_cpu_zonestats->stat_threshold;
	u64 left;

	(void)arg;
	while ((pages[count] = take(0, MIGRATE_MOVABLE)))
		count++;
	left = check_lists();
	CHECK_EQUAL(left, NR_PAGES - count);
	CHECK(left + drift >= min_wmark_pages(zone()) && left <= min_wmark_pages(zone()) + drift);
	while (count--)
		release(pages[count], 0);
	CHECK_EQUAL(check_lists(), NR_PAGES);
	CHECK_EQUAL(zone()->free_area[4].nr_free, NR_PAGES / MAX_ORDER_BLOCK);
}

/* ---- isolation -------------------------------------------------------------------------------------------------- */

static void isolated_does_not_merge(void *arg)
{
	/* Pageblocks 0 and 1 of a max-order block, each in use as a whole. */
	struct page *first = take(4, MIGRATE_UNMOVABLE), *second;
	u64 pfn = page_to_pfn(first);

	(void)arg;
	CHECK(IS_ALIGNED(pfn, MAX_ORDER_BLOCK));
	second = first + 8;
	set_page_count(second, 1);
	isolate(pfn);
	CHECK_EQUAL(test_free_pages(zone()), NR_PAGES - 16);
	release(first, 3);
	/* Free, but not to be had. */
	CHECK_EQUAL(test_free_pages(zone()), NR_PAGES - 16);
	release(second, 3);
	CHECK_EQUAL(test_free_pages(zone()), NR_PAGES - 8);
	CHECK_EQUAL(buddy_order(first), 3);
	CHECK_EQUAL(buddy_order(second), 3);
	CHECK_EQUAL(check_lists(), NR_PAGES);
	CHECK(!list_empty(&zone()->free_area[3].free_list[MIGRATE_ISOLATE]));
}

static void both_isolated_merge(void *arg)
{
	struct page *first = take(4, MIGRATE_UNMOVABLE);
	u64 pfn = page_to_pfn(first);

	(void)arg;
	set_page_count(first + 8, 1);
	isolate(pfn);
	isolate(pfn + 8);
	release(first, 3);
	release(first + 8, 3);
	CHECK_EQUAL(buddy_order(first), 4);
	CHECK_EQUAL(test_free_pages(zone()), NR_PAGES - 16);
	CHECK_EQUAL(check_lists(), NR_PAGES);
}

/* The type is read before zone->lock; what counts is the type under it. */
static void type_is_read_again(void *arg)
{
	struct page *page = take(0, MIGRATE_MOVABLE);
	u64 pfn = page_to_pfn(page);

	(void)arg;
	isolate(pfn);
	CHECK(put_page_testzero(page));
	free_one_page(zone(), page, pfn, 0, MIGRATE_MOVABLE);
	CHECK(is_migrate_isolate_page(page));
	CHECK_EQUAL(test_free_pages(zone()), NR_PAGES - 8 - 8 * (u64)(buddy_order(page) > 3));
	CHECK_EQUAL(check_lists(), NR_PAGES);
}

/* Isolated memory is no fallback for anything. */
static void isolated_is_never_allocated(void *arg)
{
	(void)arg;
	for (u64 pfn = 0; pfn < NR_PAGES; pfn += 8)
		isolate(pfn);
	CHECK_EQUAL(test_free_pages(zone()), 0);
	for (u32 mt = 0; mt < MIGRATE_PCPTYPES; mt++)
		CHECK(!take(0, mt));
	CHECK_EQUAL(check_lists(), NR_PAGES);
}

/* ---- fallback --------------------------------------------------------------------------------------------------- */

static u64 pageblocks_of_type(enum migratetype mt)
{
	u64 count = 0;

	for (u64 pfn = 0; pfn < NR_PAGES; pfn += pageblock_nr_pages)
		count += get_pfnblock_migratetype(pfn) == mt;
	return count;
}

static void kernel_page_takes_largest_block(void *arg)
{
	struct page *page;

	(void)arg;
	CHECK_EQUAL(pageblocks_of_type(MIGRATE_MOVABLE), NR_PAGES / 8);
	page = take(0, MIGRATE_UNMOVABLE);
	/* A max-order block covers two pageblocks, and both change sides. */
	CHECK_EQUAL(pageblocks_of_type(MIGRATE_UNMOVABLE), 2);
	CHECK_EQUAL(get_pageblock_migratetype(page), MIGRATE_UNMOVABLE);
	/* The next ones come from there. */
	for (u32 i = 1; i < 16; i++)
		CHECK(get_pageblock_migratetype(take(0, MIGRATE_UNMOVABLE)) == MIGRATE_UNMOVABLE);
	CHECK_EQUAL(pageblocks_of_type(MIGRATE_UNMOVABLE), 2);
	CHECK(get_pageblock_migratetype(take(0, MIGRATE_RECLAIMABLE)) == MIGRATE_RECLAIMABLE);
	CHECK_EQUAL(pageblocks_of_type(MIGRATE_RECLAIMABLE), 2);
	CHECK_EQUAL(check_lists(), NR_PAGES - 17);
}

/* Takes all pages; watermarks do not count for the task from here on. */
static u32 take_everything(struct page **pages, enum migratetype mt)
{
	u32 count = 0;

	current_flags |= PF_MEMALLOC;
	while ((pages[count] = take(0, mt)))
		count++;
	CHECK_EQUAL(test_free_pages(zone()), 0);
	return count;
}

/*
 * A pageblock with @arg free pages, the others movable and in use: an unmovable request takes all its free pages, and
 * the pageblock too if they are half of it.
 */
static void steals_pageblock_of_half(void *arg)
{
	static struct page *pages[NR_PAGES + 1];
	u32 nr_free = *(u32 *)arg, first = 0;
	struct page *page;

	take_everything(pages, MIGRATE_MOVABLE);
	while (page_to_pfn(pages[first]) % 8 != 0)
		first++;
	for (u32 i = 0; i < 8; i++) {
		CHECK(pages[first + i] == pages[first] + i);
		lru_cache_add(pages[first + i]);
	}
	for (u32 i = 0; i < nr_free; i++)
		put_page(pages[first + 2 * i]);
	CHECK_EQUAL(zone()->free_area[0].nr_free, nr_free);
	page = take(0, MIGRATE_UNMOVABLE);
	CHECK(page && pageblock_start_pfn(page_to_pfn(page)) == page_to_pfn(pages[first]));
	CHECK_EQUAL(pageblocks_of_type(MIGRATE_UNMOVABLE), nr_free >= 4);
	CHECK(list_empty(&zone()->free_area[0].free_list[MIGRATE_MOVABLE]));
	check_lists();
}

/* A movable request that can not take the pageblock over breaks the smallest block, not the largest. */
static void movable_takes_smallest(void *arg)
{
	static struct page *pages[2048 + 1];
	struct page *page;
	u32 first = 0;

	(void)arg;
	take_everything(pages, MIGRATE_UNMOVABLE);
	while (page_to_pfn(pages[first]) % pageblock_nr_pages != 0)
		first++;
	for (u32 i = 0; i < pageblock_nr_pages; i += 2)
		release(pages[first + i], 0);
	release(pages[first + 1], 0);
	CHECK_EQUAL(zone()->free_area[0].nr_free, pageblock_nr_pages / 2 - 2 + 1);
	CHECK_EQUAL(zone()->free_area[1].nr_free, 1);
	page = take(0, MIGRATE_MOVABLE);
	CHECK(page);
	CHECK_EQUAL(zone()->free_area[1].nr_free, 1);
	CHECK_EQUAL(pageblocks_of_type(MIGRATE_MOVABLE), 0);
}

/* ---- everything at random --------------------------------------------------------------------------------------- */

static void conservation(void *arg)
{
	static struct {
		struct page *page;
		u32 order;
	} held[NR_PAGES];
	struct rt_random random = {*(u64 *)arg};
	u64 pages_held = 0, allocated = 0;
	u32 count = 0;

	for (u32 step = 0; step < 2000; step++) {
		u32 order = rt_random_below(&random, geometry.max_order + 1), which;

		if (count < NR_PAGES && rt_random_below(&random, 100) < 55) {
			held[count].page = take(order, rt_random_below(&random, MIGRATE_PCPTYPES));
			held[count].order = order;
			if (!held[count].page)
				continue;
			pages_held += BIT(order);
			count++;
			allocated++;
		} else if (count) {
			which = rt_random_below(&random, count);
			release(held[which].page, held[which].order);
			pages_held -= BIT(held[which].order);
			held[which] = held[--count];
		}
		if (step % 16 == 0)
			CHECK_EQUAL(check_lists() + pages_held, NR_PAGES);
	}
	CHECK(allocated > 200);
	while (count--)
		release(held[count].page, held[count].order);
	CHECK_EQUAL(check_lists(), NR_PAGES);
	CHECK_EQUAL(zone()->free_area[4].nr_free, NR_PAGES / MAX_ORDER_BLOCK);
}

/* ---- special ways to free --------------------------------------------------------------------------------------- */

/* Somebody peeks at the first page of a block while its owner frees it: the rest is free at once. */
static void speculative_reference(void *arg)
{
	struct page *page = take(2, MIGRATE_UNMOVABLE);

	(void)arg;
	CHECK(get_page_unless_zero(page));
	__free_pages(page, 2);
	CHECK_EQUAL(check_lists(), NR_PAGES - 1);
	CHECK(PageBuddy(page + 1) && PageBuddy(page + 2) && !PageBuddy(page));
	put_page(page);
	CHECK_EQUAL(check_lists(), NR_PAGES);
}

static void hwpoison_is_dropped(void *arg)
{
	struct page *page = take(0, MIGRATE_MOVABLE);

	(void)arg;
	SetPageHWPoison(page);
	__free_pages(page, 0);
	CHECK_EQUAL(check_lists(), NR_PAGES - 1);
	CHECK(!PageBuddy(page));
}

static void isolate_free_page(void *arg)
{
	struct page *page;
	unsigned long flags;

	(void)arg;
	spin_lock_irqsave(&zone()->lock, flags);
	page = list_first_entry(&zone()->free_area[4].free_list[MIGRATE_MOVABLE], struct page, lru);
	CHECK_EQUAL(__isolate_free_page(page, 4), 16);
	CHECK(!PageBuddy(page));
	CHECK_EQUAL(page_ref_count(page), 0);
	spin_unlock_irqrestore(&zone()->lock, flags);
	CHECK_EQUAL(check_lists(), NR_PAGES - 16);

	spin_lock_irqsave(&zone()->lock, flags);
	__putback_isolated_page(page, 4, MIGRATE_MOVABLE);
	CHECK_EQUAL(__isolate_free_page(page, 4), 16);
	spin_unlock_irqrestore(&zone()->lock, flags);
	split_map_isolated_page(page, 4);
	for (u32 i = 0; i < 16; i++) {
		CHECK_EQUAL(page_ref_count(page + i), 1);
		put_page(page + i);
	}
	CHECK_EQUAL(check_lists(), NR_PAGES);
	CHECK_EQUAL(zone()->free_area[4].nr_free, NR_PAGES / MAX_ORDER_BLOCK);
}

/* Near the watermark only pages of isolated pageblocks may still be taken: they count for nobody. */
static void isolate_free_page_respects_watermark(void *arg)
{
	static struct page *pages[NR_PAGES + 1];
	struct page *page = NULL;
	unsigned long flags;
	u32 count = 0;

	(void)arg;
	while ((pages[count] = take(0, MIGRATE_MOVABLE)))
		count++;
	spin_lock_irqsave(&zone()->lock, flags);
	for (u32 order = 0; order <= 4 && !page; order++)
		if (!list_empty(&zone()->free_area[order].free_list[MIGRATE_MOVABLE]))
			page = list_first_entry(&zone()->free_area[order].free_list[MIGRATE_MOVABLE], struct page, lru);
	CHECK(page);
	CHECK_EQUAL(__isolate_free_page(page, buddy_order(page)), 0);
	CHECK(PageBuddy(page));
	spin_unlock_irqrestore(&zone()->lock, flags);
	isolate(page_to_pfn(page));
	spin_lock_irqsave(&zone()->lock, flags);
	CHECK(__isolate_free_page(page, buddy_order(page)) > 0);
	spin_unlock_irqrestore(&zone()->lock, flags);
}

static void split_free(void *arg)
{
	struct page *page = list_first_entry(&zone()->free_area[4].free_list[MIGRATE_MOVABLE], struct page, lru);

	(void)arg;
	set_pageblock_migratetype(page, MIGRATE_ISOLATE);
	CHECK_EQUAL(split_free_page(page, 3, 4), -ENOENT);
	CHECK_EQUAL(split_free_page(page, 4, 0), 0);
	CHECK_EQUAL(buddy_order(page), 4);
	set_pageblock_migratetype(page, MIGRATE_MOVABLE);
	set_pageblock_migratetype(page + 8, MIGRATE_ISOLATE);
	CHECK_EQUAL(split_free_page(page, 4, 8), 0);
	/* Each half on the list of its pageblock. */
	CHECK_EQUAL(buddy_order(page), 3);
	CHECK_EQUAL(buddy_order(page + 8), 3);
	CHECK_EQUAL(test_free_pages(zone()), NR_PAGES - 8);
	CHECK_EQUAL(check_lists(), NR_PAGES);
}

static void free_on_lru(void *arg)
{
	struct page *page = take(0, MIGRATE_MOVABLE);

	(void)arg;
	lru_cache_add(page);
	__free_pages(page, 0);
}

static void free_mapped(void *arg)
{
	struct page *page = take(0, MIGRATE_MOVABLE);

	(void)arg;
	atomic_set(&page->_mapcount, 0);
	put_page(page);
}

static void double_free(void *arg)
{
	struct page *page = take(0, MIGRATE_MOVABLE);

	(void)arg;
	put_page(page);
	put_page(page);
}

/* ---- several at once -------------------------------------------------------------------------------------------- */

static void hammer(void *arg)
{
	struct page *held[4];

	(void)arg;
	for (u32 round = 0; round < 4; round++) {
		for (u32 i = 0; i < 4; i++)
			held[i] = take(i % 3, (round + i) % MIGRATE_PCPTYPES);
		for (u32 i = 0; i < 4; i++)
			if (held[i])
				release(held[i], i % 3);
	}
}

/* Takes a reference on whatever looks used, as PFN walkers do, and drops it again. */
static void peek(void *arg)
{
	(void)arg;
	for (u64 pfn = 0; pfn < NR_PAGES; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (PageBuddy(page) || PageTail(page) || !get_page_unless_zero(page))
			continue;
		PageLRU(page);
		page_mapcount(page);
		put_page(page);
	}
}

static void test_concurrent(void **state)
{
	static void (*const tasks[])(void *) = {hammer, hammer, peek};

	(void)state;
	test_boot();
	for (u64 seed = 1; seed <= 200; seed++) {
		struct rt_result result = test_run(seed, 3, tasks, NULL);

		if (result.verdict.kind != VERDICT_ok)
			fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, result.verdict.signature,
				 result.verdict.detail);
	}
}

static void test_split_and_merge(void **state)
{
	(void)state;
	test_alone(split_and_merge, NULL);
	test_alone(all_orders, NULL);
	test_alone(likely_to_merge_goes_last, NULL);
	test_alone(watermark, NULL);
}

static void test_isolation(void **state)
{
	(void)state;
	test_alone(isolated_does_not_merge, NULL);
	test_alone(both_isolated_merge, NULL);
	test_alone(type_is_read_again, NULL);
	test_alone(isolated_is_never_allocated, NULL);
}

static void test_fallback(void **state)
{
	(void)state;
	test_alone(kernel_page_takes_largest_block, NULL);
	for (u32 nr_free = 3; nr_free <= 4; nr_free++)
		test_alone(steals_pageblock_of_half, &nr_free);
	/* In the tiny geometry every block larger than a page is worth a pageblock. */
	test_alone_on(GEOMETRY_small, movable_takes_smallest, NULL);
}

static void test_conservation(void **state)
{
	(void)state;
	for (u64 seed = 1; seed <= 5; seed++)
		test_alone(conservation, &seed);
}

static void test_special_frees(void **state)
{
	(void)state;
	test_alone(speculative_reference, NULL);
	test_alone(hwpoison_is_dropped, NULL);
	test_alone(isolate_free_page, NULL);
	test_alone(isolate_free_page_respects_watermark, NULL);
	test_alone(split_free, NULL);
}

static void test_misuse(void **state)
{
	(void)state;
	test_fails(free_on_lru, VERDICT_bug, "bad page state");
	test_fails(free_mapped, VERDICT_bug, "bad page state");
	test_fails(double_free, VERDICT_bug, "put_page_testzero");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_and_merge), cmocka_unit_test(test_isolation),
		cmocka_unit_test(test_fallback),        cmocka_unit_test(test_conservation),
		cmocka_unit_test(test_special_frees),   cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_concurrent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
