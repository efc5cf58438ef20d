/* SPDX-License-Identifier: MIT */
#include "core/range/testing.h"
#include "core/range/walk.h"
#include "core/rt/cpu.h"
#include "core/rt/rcu.h"

#define RCU "pfn_walk=rcu"
#define UNSYNCHRONISED "pfn_walk=unsynchronised"
#define PAUSE "pfn_walk=notifier_pause"
#define LOCK "pfn_walk=hotplug_lock"

/* ---- what a walker sees ---------------------------------------------------------------------------------------- */

static void count_pages(void *arg)
{
	(void)arg;
	CHECK(test_op("walk", 0, 1, 0, 0) == 64);
	CHECK(test_op("walk", 0, 8, 0, 0) == 6 * 64);
	CHECK(test_op("walk", 6, 2, 0, 0) == 0);
	CHECK(test_op("walk", 5, 8, 0, 0) == 64);
	CHECK(test_op("offline", 2, 0, 0, 0) == 0);
	CHECK(test_op("walk", 1, 3, 0, 0) == 2 * 64);
}

/* One task, once under each alternative. */
static void run_under_all(void (*fn)(void *arg))
{
	static const char *const alternatives[] = {RCU, UNSYNCHRONISED, PAUSE, LOCK};

	for (u32 i = 0; i < ARRAY_SIZE(alternatives); i++) {
		test_boot(alternatives[i], true);
		test_run_alone(fn, NULL);
	}
}

static void online_pages_are_seen(void **state)
{
	(void)state;
	run_under_all(count_pages);
}

/* All alternatives agree on a machine at rest, except for what contiguous hides. */
static void enter_pageblocks(void *arg)
{
	struct zone *normal = node_zone(0, ZONE_NORMAL), *movable = node_zone(0, ZONE_MOVABLE);
	struct walk w;

	(void)arg;
	walk_begin(&w, normal);
	CHECK(walk_pageblock(&w, BLOCK_PFN(1), BLOCK_PFN(1) + 8) == pfn_to_page(BLOCK_PFN(1)));
	CHECK(walk_resched(&w, 0));
	walk_leave(&w);
	CHECK(walk_page(&w, BLOCK_PFN(5) + 3) == pfn_to_page(BLOCK_PFN(5) + 3));
	walk_leave(&w);
	CHECK(!walk_pageblock(&w, BLOCK_PFN(4), BLOCK_PFN(4) + 8));
	CHECK(!walk_page(&w, BLOCK_PFN(4)));
	CHECK(!walk_pageblock(&w, BLOCK_PFN(6), BLOCK_PFN(6) + 8));
	CHECK(!walk_page(&w, BLOCK_PFN(7)));
	walk_end(&w);
	walk_begin(&w, movable);
	CHECK(walk_pageblock(&w, BLOCK_PFN(4), BLOCK_PFN(4) + 8) == pfn_to_page(BLOCK_PFN(4)));
	walk_leave(&w);
	walk_end(&w);
}

static void pageblocks_of_other_zones_are_refused(void **state)
{
	(void)state;
	run_under_all(enter_pageblocks);
}

/* contiguous is set behind the section's back, as it is between the steps of an offline. */
static void trust_contiguous(void *arg)
{
	struct zone *normal = node_zone(0, ZONE_NORMAL);
	bool trusted = *(const bool *)arg;
	u32 before = normal->contiguous;
	struct walk w;

	WRITE_ONCE(normal->contiguous, 1);
	walk_begin(&w, normal);
	CHECK(!walk_pageblock(&w, BLOCK_PFN(6), BLOCK_PFN(6) + 8) == !trusted);
	walk_leave(&w);
	walk_end(&w);
	WRITE_ONCE(normal->contiguous, before);
}

static void only_unsynchronised_trusts_contiguous(void **state)
{
	static bool yes = true, no = false;

	(void)state;
	test_boot(RCU, true);
	test_run_alone(trust_contiguous, &no);
	test_boot(PAUSE, true);
	test_run_alone(trust_contiguous, &no);
	test_boot(LOCK, true);
	test_run_alone(trust_contiguous, &no);
	test_boot(UNSYNCHRONISED, true);
	test_run_alone(trust_contiguous, &yes);
}

/* ---- references ------------------------------------------------------------------------------------------------ */

static void hold_and_drop(void *arg)
{
	struct page *page, *used;
	struct walk w;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == 1);
	used = pfn_to_page(area_of_slot(0)->pte[0] >> 8);
	walk_begin(&w, NULL);

	page = walk_page(&w, page_to_pfn(used));
	CHECK(page == used && walk_hold(&w, page) && page_ref_count(page) == 2);
	walk_leave(&w);
	cond_resched();
	CHECK(page_ref_count(page) == 2); /* held: still ours to look at */
	walk_drop(&w, page);

	/* A free page cannot be held, and references on poisoned ones do not count. */
	page = walk_page(&w, BLOCK_PFN(5));
	CHECK(PageBuddy(page) && !walk_hold(&w, page));
	page = walk_page(&w, page_to_pfn(used));
	SetPageHWPoison(page);
	CHECK(!walk_hold(&w, page) && page_ref_count(page) == 1);
	ClearPageHWPoison(page);
	walk_leave(&w);
	walk_end(&w);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
}

static void references_hold_pages(void **state)
{
	(void)state;
	test_boot(RCU, true);
	test_run_alone(hold_and_drop, NULL);
}

static u64 held_pfn, times_held; /* the latter over all runs: not part of the machine */

static void hold_long(void *arg)
{
	struct page *page;
	struct walk w;

	(void)arg;
	walk_begin(&w, NULL);
	page = walk_page(&w, held_pfn);
	if (page && walk_hold(&w, page)) {
		times_held++;
		walk_leave(&w);
		for (u32 i = 0; i < 4; i++) {
			CHECK(online_section(__pfn_to_section(held_pfn)));
			CHECK(page_zonenum(page) == ZONE_MOVABLE);
			cond_resched();
		}
		walk_drop(&w, page);
	}
	walk_leave(&w);
	walk_end(&w);
}

static void offline_held(void *arg)
{
	s64 ret;

	(void)arg;
	ret = test_op("offline", 4, 0, 0, 0);
	CHECK(ret == 0);
	CHECK(test_op("remove", 4, 0, 0, 0) == 0);
}

static void use_movable(void *arg)
{
	(void)arg;
	if (test_op("alloc", MIGRATE_MOVABLE, 0, 4, 0) > 0)
		test_op("free", 0, 0, 0, 0);
}

/* While a page is held its section stays online, and offline gets there in the end. */
static void offline_waits_for_holders(void **state)
{
	const struct test_task tasks[] = {
		{"holder", hold_long, NULL}, {"remover", offline_held, NULL}, {"user", use_movable, NULL}};

	(void)state;
	test_boot(RCU, true);
	held_pfn = BLOCK_PFN(4);
	times_held = 0;
	for (u64 seed = 1; seed <= 500; seed++) {
		struct rt_result result = test_run(seed, 3, tasks);

		assert_ok(&result);
	}
	assert_in_range(times_held, 50, 450);
}

/* ---- the law --------------------------------------------------------------------------------------------------- */

static void walk_block(void *arg)
{
	(void)arg;
	test_op("walk", 1, 1, 0, 0);
}

static void compact_normal(void *arg)
{
	(void)arg;
	test_op("compact", 0, 0, 0, 0);
}

/* Nobody else runs, no memory goes away: the pointer alone is the offence. */
static void law_sees_stale_pointers(void **state)
{
	const struct test_task walker = {"walker", walk_block, NULL}, compactor = {"compactor", compact_normal, NULL};
	struct rt_result result;

	(void)state;
	test_boot(RCU " walk_stale_pointer=on", true);
	result = test_run(0, 1, &walker);
	assert_verdict(&result, VERDICT_invariant, "walk pointer outlived its read section");
	result = test_run(0, 1, &compactor);
	assert_verdict(&result, VERDICT_invariant, "walk pointer outlived its read section");
	/* A run that ended in the middle of a walk leaves nothing behind for tasks of the same number. */
	test_run_alone(use_movable, NULL);
}

static void touch_unheld(void *arg)
{
	struct walk w, inner;
	struct page *page;

	(void)arg;
	walk_begin(&w, NULL);
	page = walk_page(&w, BLOCK_PFN(1));
	CHECK(page);
	walk_begin(&inner, NULL); /* the outer walk's pages are not the inner one's */
	(void)PageBuddy(page);
	walk_end(&inner);
}

static void touch_next_section(void *arg)
{
	struct walk w;

	(void)arg;
	walk_begin(&w, NULL);
	CHECK(walk_page(&w, BLOCK_PFN(1)));
	(void)PageBuddy(pfn_to_page(BLOCK_PFN(2)));
	walk_end(&w);
}

static void touch_paused(void *arg)
{
	struct walk w;

	(void)arg;
	walk_begin(&w, NULL);
	walk_pause(&w);
	(void)PageBuddy(pfn_to_page(BLOCK_PFN(2)));
	walk_resume(&w);
	walk_end(&w);
	(void)PageBuddy(pfn_to_page(BLOCK_PFN(2)));
}

/* A violation in between leaves no trace in the runs that follow. */
static void law_does_not_disturb_runs(void **state)
{
	const struct test_task walkers[] = {{"walker", walk_block, NULL}, {"compactor", compact_normal, NULL}};
	const struct test_task next = {"walker", touch_next_section, NULL};
	struct rt_result first, second;

	(void)state;
	test_boot(RCU, true);
	for (u64 seed = 1; seed <= 20; seed++) {
		first = test_run(seed, 2, walkers);
		assert_ok(&first);
		second = test_run(0, 1, &next);
		assert_int_equal(second.verdict.kind, VERDICT_invariant);
		second = test_run(seed, 2, walkers);
		assert_ok(&second);
		assert_true(first.hash == second.hash && first.steps == second.steps);
	}
}

static void law_knows_what_a_walk_covers(void **state)
{
	const struct test_task unheld = {"walker", touch_unheld, NULL}, next = {"walker", touch_next_section, NULL};
	struct rt_result result;

	(void)state;
	test_boot(RCU, true);
	result = test_run(0, 1, &unheld);
	assert_verdict(&result, VERDICT_invariant, "walk pointer outlived its read section");
	result = test_run(0, 1, &next);
	assert_verdict(&result, VERDICT_invariant, "walk pointer outlived its read section");
	test_run_alone(touch_paused, NULL);
}

/* ---- the oops of November 2022 ----------------------------------------------------------------------------------- */

static void offline_and_remove(void *arg)
{
	(void)arg;
	CHECK(test_op("offline", 3, 0, 0, 0) == 0);
	CHECK(test_op("remove", 3, 0, 0, 0) == 0);
}

static void offline_only(void *arg)
{
	(void)arg;
	CHECK(test_op("offline", 3, 0, 0, 0) == 0);
}

/* Compaction is preempted after its check of a pageblock, before it looks at the first page. */
static struct rt_result compact_across(void (*hotplug)(void *arg))
{
	const struct test_task tasks[] = {{"compactor", compact_normal, NULL}, {"hotplug", hotplug, NULL}};

	return test_run_preempted(POINT_compaction_page_checked, BLOCK_PFN(3), 2, tasks);
}

static void compaction_meets_hotplug(void **state)
{
	struct rt_result result;

	(void)state;
	test_boot(UNSYNCHRONISED, false);
	result = compact_across(offline_and_remove);
	assert_verdict(&result, VERDICT_oops, "memmap");
	result = compact_across(offline_only);
	assert_verdict(&result, VERDICT_oops, "uninitialised page.flags");

	for (u32 i = 0; i < 3; i++) {
		static const char *const holds[] = {RCU, PAUSE, LOCK};

		test_boot(holds[i], true);
		result = compact_across(offline_and_remove);
		assert_ok(&result);
		result = compact_across(offline_only);
		assert_ok(&result);
	}
}

/* ---- what keeps struct pages there, keeps whom waiting? ------------------------------------------------------------
 */

static u64 seen_online, seen_offline; /* over all runs: not part of the machine */

/* A reader of files waits until the memory is offline, and sees no page of it. */
static void walk_while_offline(void *arg)
{
	s64 seen;

	(void)arg;
	seen = test_op("walk", 3, 1, 0, 0);
	seen_online += seen == 64;
	seen_offline += seen == 0;
}

static void readers_wait(void **state)
{
	static const char *const alternatives[] = {PAUSE, LOCK};
	const struct test_task tasks[] = {{"walker", walk_while_offline, NULL}, {"hotplug", offline_only, NULL}};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(alternatives); i++) {
		test_boot(alternatives[i], true);
		seen_online = seen_offline = 0;
		for (u64 seed = 1; seed <= 200; seed++) {
			struct rt_result result = test_run(seed, 2, tasks);

			assert_ok(&result);
		}
		assert_in_range(seen_online, 4, 196);
		assert_in_range(seen_offline, 4, 196);
	}
}

/* Compaction does not wait: it sees no page until the offline is over. */
static void compact_and_walk(void *arg)
{
	(void)arg;
	walkers_pause();
	test_op("compact", 0, 0, 0, 0);
	walkers_resume();
	CHECK(test_op("walk", 1, 1, 0, 0) == 64);
}

static void compaction_gives_way(void **state)
{
	(void)state;
	test_boot(PAUSE, true);
	test_run_alone(compact_and_walk, NULL);
}

/* Walker 3 is /proc/kcore: it reads what was memory when the file was opened. */
static void read_kcore(void *arg)
{
	(void)arg;
	CHECK(test_op("scan", 3, 6, 1, 0) == 0);
	CHECK(test_op("online", 6, 0, 0, 0) == 0);
	CHECK(test_op("scan", 3, 6, 1, 0) == 64);
	CHECK(test_op("offline", 6, 0, 0, 0) == 0);
	CHECK(test_op("remove", 6, 0, 0, 0) == 0);
	CHECK(test_op("scan", 3, 6, 1, 0) == 0);
}

static void kcore_lists_memory_anew(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(read_kcore, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(online_pages_are_seen),
		cmocka_unit_test(kcore_lists_memory_anew),
		cmocka_unit_test(pageblocks_of_other_zones_are_refused),
		cmocka_unit_test(only_unsynchronised_trusts_contiguous),
		cmocka_unit_test(references_hold_pages),
		cmocka_unit_test(offline_waits_for_holders),
		cmocka_unit_test(law_sees_stale_pointers),
		cmocka_unit_test(law_does_not_disturb_runs),
		cmocka_unit_test(law_knows_what_a_walk_covers),
		cmocka_unit_test(compaction_meets_hotplug),
		cmocka_unit_test(readers_wait),
		cmocka_unit_test(compaction_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
