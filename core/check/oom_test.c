/* SPDX-License-Identifier: MIT */
/* What excuses an allocation that fails: its zone had a moment without a block on a list, however it came to that. */
#include "core/check/test_scenario.h"
#include "core/check/test_schedule.h"
#include "core/mm/buddy.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc_slow.h"
#include "core/mm/zonelist.h"
#include "core/rt/sched.h"

#define ORDER 3 /* of the request */

/* Takes blocks that are large enough off the lists until @keep are left; returns one that stays. */
static struct page *keep_blocks(struct zone *zone, u32 keep)
{
	struct page *kept = NULL;

	for (u32 order = ORDER; order <= geometry.max_order; order++)
		for (u32 mt = 0; mt < MIGRATE_TYPES; mt++) {
			struct page *page, *next;

			list_for_each_entry_safe (page, next, &zone->free_area[order].free_list[mt], lru) {
				if (keep && keep--)
					kept = page;
				else
					del_page_from_free_list(page, zone, order);
			}
		}
	return kept;
}

/* before   lists: { last }            during   lists: { }, last in our hands            after   lists: { last } */
static void move(struct page *page, struct zone *zone)
{
	enum migratetype mt = get_pageblock_migratetype(page);

	move_to_free_list(page, zone, buddy_order(page), mt == MIGRATE_MOVABLE ? MIGRATE_UNMOVABLE : MIGRATE_MOVABLE);
}

static void take_and_give_back(struct page *page, struct zone *zone)
{
	enum migratetype mt = get_pageblock_migratetype(page);
	u32 order = buddy_order(page);

	del_page_from_free_list(page, zone, order);
	add_to_free_list(page, zone, order, mt, false);
}

static void do_nothing(struct page *page, struct zone *zone)
{
	(void)page, (void)zone;
}

static const struct meanwhile {
	const char *what;
	u32 blocks;
	void (*happens)(struct page *page, struct zone *zone);
	bool excuses;
} meanwhiles[] = {
	{"nothing", 1, do_nothing, false},
	{"the only block changes its list", 1, move, true},
	{"the only block is taken and comes back", 1, take_and_give_back, true},
	{"one of two changes its list", 2, move, false},
	{"one of two is taken and comes back", 2, take_and_give_back, false},
};

static void search_in_vain(void *arg)
{
	const struct meanwhile *meanwhile = arg;
	struct zone *zone = node_zone(0, ZONE_NORMAL);
	struct alloc_context ac = {.zonelist = node_zonelist(0, GFP_KERNEL), .highest_zoneidx = ZONE_NORMAL};
	struct oom_search *search = oom_law->opens();
	struct page *page;
	unsigned long flags;

	BUG_ON(!search);
	spin_lock_irqsave(&zone->lock, flags);
	page = keep_blocks(zone, meanwhile->blocks);
	BUG_ON(!page);
	oom_law->begins(search, &ac, ORDER);
	meanwhile->happens(page, zone);
	spin_unlock_irqrestore(&zone->lock, flags);
	oom_law->failed(search);
	oom_law->closes(search);
}

static void a_moment_without_a_block_excuses(void **state)
{
	struct test_scenario s = test_scenario(4, 4);

	(void)state;
	test_boot(&s);
	for (u32 i = 0; i < ARRAY_SIZE(meanwhiles); i++) {
		struct rt_result result;
		bool blamed;

		rt_task_create("a", 0, search_in_vain, (void *)&meanwhiles[i]);
		rt_set_strategy(NULL);
		rt_run(&result);
		rt_reset();
		blamed = strcmp(result.verdict.signature, "law allocation_fails_in_need") == 0;
		if (blamed == meanwhiles[i].excuses)
			fail_msg("%s: %s %s", meanwhiles[i].what, verdict_name(result.verdict.kind),
				 result.verdict.signature);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_moment_without_a_block_excuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
