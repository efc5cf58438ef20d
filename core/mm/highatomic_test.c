/* SPDX-License-Identifier: MIT */
/* The reserve of pageblocks for requests of several pages that may not wait. */
#include "core/mm/testing.h"

#include "core/mm/buddy.h"

#define NR_PAGES 256u /* online: 4 sections */

static struct zone *zone(void)
{
	return node_zone(0, ZONE_NORMAL);
}

/* Short of memory, a request of several pages that may not wait reserves the pageblock it was served from. */
static void high_order_reserve(void *arg)
{
	struct page *four[NR_PAGES], *single[NR_PAGES], *page;
	u32 fours = 0, singles = 0;

	(void)arg;
	do {
		CHECK(fours < NR_PAGES);
		four[fours] = alloc_pages(GFP_ATOMIC, 2);
		CHECK(four[fours]);
	} while (fours++, !zone()->nr_reserved_highatomic);
	CHECK_EQUAL(zone()->nr_reserved_highatomic, pageblock_nr_pages);
	CHECK_EQUAL(get_pageblock_migratetype(four[fours - 1]), MIGRATE_HIGHATOMIC);
	/* The next one is served from there, nobody else is until it is given back. */
	page = alloc_pages(GFP_ATOMIC, 2);
	CHECK(page && get_pageblock_migratetype(page) == MIGRATE_HIGHATOMIC);
	__free_pages(page, 2);
	/* Room above the marks again. */
	while (fours > 10)
		__free_pages(four[--fours], 2);
	while ((page = alloc_pages(GFP_KERNEL | __GFP_NORETRY, 0))) {
		CHECK(get_pageblock_migratetype(page) != MIGRATE_HIGHATOMIC);
		single[singles++] = page;
	}
	CHECK(unreserve_highatomic_pageblock(node_zonelist(0, GFP_KERNEL), ZONE_NORMAL, NULL, MIGRATE_UNMOVABLE, true));
	CHECK_EQUAL(zone()->nr_reserved_highatomic, 0);
	page = alloc_pages(GFP_KERNEL, 0);
	CHECK(page);
	__free_pages(page, 0);
	while (singles)
		__free_pages(single[--singles], 0);
	while (fours)
		__free_pages(four[--fours], 2);
	CHECK_EQUAL(test_free_pages(zone()), NR_PAGES);
}

static void test_reserves(void **state)
{
	(void)state;
	test_alone(high_order_reserve, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
