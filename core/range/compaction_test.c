/* SPDX-License-Identifier: MIT */
#include "core/mm/buddy.h"
#include "core/range/compaction.h"
#include "core/range/isolation.h"
#include "core/range/testing.h"
#include "core/rt/task.h"

static struct zone *normal(void)
{
	return node_zone(0, ZONE_NORMAL);
}

/* A run as op compact makes it. */
static struct compact_control whole_zone_run(void)
{
	return (struct compact_control){
		.zone = normal(),
		.order = -1,
		.mode = MIGRATE_SYNC,
		.ignore_skip_hint = true,
		.whole_zone = true,
	};
}

/* Movable pages in every other frame of Normal: slots 0 and 2 stay, what lay between them is freed. */
static void fragment_normal(void)
{
	/* Movable first, so that what follows comes from Normal. */
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 62, 15) == 62);
	for (u32 i = 0; i < 48; i++) {
		CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == 1);
		CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 1) == 1);
	}
	CHECK(page_zonenum(pfn_to_page(area_of_slot(0)->pte[40] >> 8)) == ZONE_NORMAL);
	CHECK(test_op("free", 1, 0, 0, 0) == 48);
}

static void free_all(void)
{
	CHECK(test_op("verify", 0, 0, 0, 0) == 48);
	CHECK(test_op("free", 0, 0, 0, 0) == 48);
	CHECK(test_op("free", 15, 0, 0, 0) == 62);
}

/* ---- the result ------------------------------------------------------------------------------------------------ */

static void make_room(void *arg)
{
	u64 large_before, large_after, free_before;
	struct compact_control cc;

	(void)arg;
	fragment_normal();
	large_before = normal()->free_area[4].nr_free;
	free_before = test_free_pages(normal());
	cc = whole_zone_run();
	CHECK(compact_zone(&cc) == COMPACT_COMPLETE);
	large_after = normal()->free_area[4].nr_free;
	CHECK(cc.nr_migrated > 0);
	CHECK(cc.free_pfn / 8 <= cc.migrate_pfn / 8);
	CHECK(test_free_pages(normal()) == free_before);
	CHECK(large_after > large_before);
	CHECK(test_node_stat(NR_ISOLATED_ANON) == 0);
	free_all();
}

static void compaction_makes_large_blocks(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(make_room, NULL);
	test_boot("pfn_walk=unsynchronised", true);
	test_run_alone(make_room, NULL);
}

static void compact_by_operation(void *arg)
{
	(void)arg;
	CHECK(test_op("compact", 1, 0, 0, 0) == 0);
	fragment_normal();
	CHECK(test_op("compact", 0, 0, 0, 0) > 0);
	free_all();
}

static void operation_counts_moved_pages(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(compact_by_operation, NULL);
}

static void stop_at_order(void *arg)
{
	struct compact_control cc = whole_zone_run();

	(void)arg;
	cc.order = 4; /* there are such blocks from the start */
	CHECK(compact_zone(&cc) == COMPACT_SUCCESS);
	CHECK(cc.migrate_scanned == 0);
	cc.zone = node_zone(0, ZONE_DMA);
	CHECK(compact_zone(&cc) == COMPACT_SKIPPED);
}

static void wanted_order_ends_the_run(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(stop_at_order, NULL);
}

static void be_killed(void *arg)
{
	struct compact_control cc = whole_zone_run();

	(void)arg;
	fragment_normal();
	rt_send_signal(current, true);
	CHECK(compact_zone(&cc) == COMPACT_CONTENDED);
	CHECK(cc.nr_migrated == 0);
	rt_clear_signals();
	free_all();
}

static void fatal_signal_ends_the_run(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(be_killed, NULL);
}

/* ---- what is left alone ---------------------------------------------------------------------------------------- */

static void pinned_and_unmovable(void *arg)
{
	u64 pfn[4];

	(void)arg;
	fragment_normal();
	CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 0, 4, 3) == 4);
	for (u32 i = 0; i < 4; i++)
		pfn[i] = area_of_slot(3)->pte[i] >> 8;
	/* Watermarks send the last pages of slot 15 to Normal as well. */
	CHECK(test_op("pin", 0, 0, 0, 0) == 48 && test_op("pin", 15, 0, 0, 0) == 62);
	CHECK(test_op("compact", 0, 0, 0, 0) == 0);
	CHECK(test_op("unpin", 0, 0, 0, 0) == 48 && test_op("unpin", 15, 0, 0, 0) == 62);
	CHECK(test_op("compact", 0, 0, 0, 0) > 0);
	for (u32 i = 0; i < 4; i++)
		CHECK(area_of_slot(3)->pte[i] >> 8 == pfn[i]);
	CHECK(test_op("free", 3, 0, 0, 0) == 4);
	free_all();
}

static void pinned_pages_are_not_isolated(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(pinned_and_unmovable, NULL);
}

static u64 captured_pfn;

static void note_capture(const struct rt_trace_entry *entry, void *arg)
{
	(void)arg;
	if (entry->place.kind == RT_SEMANTIC && entry->place.semantic == POINT_buddy_captured)
		captured_pfn = entry->place.addr;
}

/* The block that a waiting allocation needs comes into being in its own hands: nobody else can take it. */
static void take_what_is_freed(void *arg)
{
	struct page *page;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 62, 15) == 62);
	for (u32 i = 0; i < 2 * 62; i++) {
		CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, i % 2) == 1);
		CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 2 + i % 2) == 1);
	}
	current_flags |= PF_MEMALLOC;
	while (alloc_pages(GFP_KERNEL, 1))
		;
	current_flags &= ~PF_MEMALLOC;
	CHECK(test_op("free", 2, 0, 0, 0) == 62 && test_op("free", 3, 0, 0, 0) == 62);
	CHECK(normal()->free_area[3].nr_free == 0 && normal()->free_area[4].nr_free == 0);
	page = alloc_pages(GFP_KERNEL, 3);
	CHECK(page && page_zone(page) == normal() && page_ref_count(page) == 1);
	CHECK(captured_pfn == page_to_pfn(page));
}

static void direct_compaction_captures(void **state)
{
	(void)state;
	test_boot("", true);
	captured_pfn = 0;
	rt_set_trace(note_capture, NULL);
	rt_set_quiescence_check(NULL); /* what was taken is not given back */
	test_run_alone(take_what_is_freed, NULL);
	rt_set_trace(NULL, NULL);
}

/* The highest block of the zone is isolated: the free scanner must find its pages below. */
static void avoid_isolated(void *arg)
{
	(void)arg;
	fragment_normal();
	CHECK(start_isolate_page_range(BLOCK_PFN(5), BLOCK_PFN(6), MIGRATE_MOVABLE, 0) == 0);
	CHECK(test_pages_isolated(BLOCK_PFN(5), BLOCK_PFN(6), 0) == 0);
	CHECK(test_op("compact", 0, 0, 0, 0) > 0);
	CHECK(test_pages_isolated(BLOCK_PFN(5), BLOCK_PFN(6), 0) == 0);
	undo_isolate_page_range(BLOCK_PFN(5), BLOCK_PFN(6), MIGRATE_MOVABLE);
	free_all();
}

static void isolated_pageblocks_are_no_targets(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(avoid_isolated, NULL);
}

/* The one page in use of a pageblock that is free otherwise. */
static struct page *last_used(void)
{
	return pfn_to_page(BLOCK_PFN(6) - 16 + 7);
}

/* The last 16 pages of block 5: the upper pageblock free, the lower too but for its last page. */
static void leave_one_page(void)
{
	struct page *blocks[24], *page = pfn_to_page(BLOCK_PFN(6) - 16);
	u32 count = 0;

	do {
		CHECK(count < ARRAY_SIZE(blocks));
		blocks[count] = alloc_pages(test_gfp(MIGRATE_UNMOVABLE, false), 4);
		CHECK(blocks[count]);
	} while (blocks[count++] != page);
	for (u32 i = 0; i < count; i++) {
		set_pageblock_migratetype(blocks[i], MIGRATE_MOVABLE);
		set_pageblock_migratetype(blocks[i] + 8, MIGRATE_MOVABLE);
		if (blocks[i] != page)
			__free_pages(blocks[i], 4);
	}
	for (u32 i = 0; i < 16; i++)
		set_page_count(page + i, 1);
	for (u32 i = 0; i < 16; i++)
		if (page + i != last_used())
			__free_pages(page + i, 0);
}

static void compact_to_last_pages(void *arg)
{
	(void)arg;
	fragment_normal();
	leave_one_page();
	CHECK(test_op("compact", 0, 0, 0, 0) > 0);
	msleep(10); /* with the pages where compaction has put them */
	free_all();
}

static void isolate_and_test(void *arg)
{
	u64 pfn = BLOCK_PFN(6) - 16;

	(void)arg;
	__free_pages(last_used(), 0);
	CHECK(start_isolate_page_range(pfn, pfn + 16, MIGRATE_MOVABLE, 0) == 0);
	CHECK(test_pages_isolated(pfn, pfn + 16, 0) == 0);
	msleep(1);
	/* Once all is free it stays so: nobody takes pages out of an isolated range. */
	CHECK(test_pages_isolated(pfn, pfn + 16, 0) == 0);
	undo_isolate_page_range(pfn, pfn + 16, MIGRATE_MOVABLE);
}

/* The free scanner finds a pageblock suitable and is preempted; the block is isolated and found to be all free. */
static struct rt_result isolate_under_free_scanner(void)
{
	const struct test_task tasks[] = {{"compactor", compact_to_last_pages, NULL},
					  {"isolator", isolate_and_test, NULL}};

	return test_run_preempted(POINT_compaction_freepage_checked, BLOCK_PFN(6) - 16, 2, tasks);
}

static void free_scanner_rechecks_type(void **state)
{
	struct rt_result result;

	(void)state;
	test_boot("", true);
	result = isolate_under_free_scanner();
	assert_ok(&result);
	test_boot("free_scanner_stale_type=on", true);
	result = isolate_under_free_scanner();
	assert_verdict(&result, VERDICT_bug, "test");
}

/* ---- skip bits and cached positions ---------------------------------------------------------------------------- */

static void respect_skip_bits(void *arg)
{
	struct compact_control cc = whole_zone_run();
	u64 skipped = 0, scanned;

	(void)arg;
	for (u64 pfn = 0; pfn < BLOCK_PFN(4); pfn += 8)
		CHECK(!get_pageblock_skip(pfn_to_page(pfn)));
	/* Nothing to move: all pageblocks below the free scanner are found useless. */
	CHECK(compact_zone(&cc) == COMPACT_COMPLETE);
	scanned = cc.migrate_scanned;
	for (u64 pfn = 0; pfn < BLOCK_PFN(4); pfn += 8)
		skipped += get_pageblock_skip(pfn_to_page(pfn));
	CHECK(scanned > 0 && skipped == 32);
	cc.ignore_skip_hint = false;
	CHECK(compact_zone(&cc) == COMPACT_COMPLETE);
	CHECK(cc.migrate_scanned < scanned / 2);
	clear_pageblock_skip(pfn_to_page(BLOCK_PFN(1)));
	CHECK(!get_pageblock_skip(pfn_to_page(BLOCK_PFN(1))));
	scanned = cc.migrate_scanned;
	CHECK(compact_zone(&cc) == COMPACT_COMPLETE);
	CHECK(cc.migrate_scanned > scanned);
}

static void useless_pageblocks_are_skipped(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(respect_skip_bits, NULL);
}

static void use_cached_positions(void *arg)
{
	struct compact_control cc = whole_zone_run();

	(void)arg;
	cc.whole_zone = false;
	normal()->compact_cached_migrate_pfn[1] = BLOCK_PFN(2);
	normal()->compact_cached_free_pfn = BLOCK_PFN(3);
	CHECK(compact_zone(&cc) == COMPACT_PARTIAL_SKIPPED);
	CHECK(cc.migrate_scanned <= 2 * 64);
	/* When the scanners have met, both start anew. */
	CHECK(normal()->compact_cached_migrate_pfn[1] == 0);
	CHECK(normal()->compact_cached_free_pfn == BLOCK_PFN(6) - 8);
	/* Positions outside of the zone, as a shrunk span leaves them. */
	normal()->compact_cached_migrate_pfn[1] = normal()->compact_cached_free_pfn = BLOCK_PFN(7);
	cc.whole_zone = false;
	CHECK(compact_zone(&cc) == COMPACT_COMPLETE);
}

static void cached_positions_bound_the_run(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(use_cached_positions, NULL);
}

/* Memory is full of clean file pages: who goes below the low mark wakes the node's thread, which makes room meanwhile.
 */
static void sleep_while_reclaimed(void *arg)
{
	s64 before;

	(void)arg;
	for (u32 slot = 0; slot < 7; slot++)
		CHECK(test_op("read", 64, (s32)slot, 0, 0) > 0);
	msleep(300);
	before = test_node_stat(NR_FILE_PAGES);
	while (test_free_pages(normal()) >= low_wmark_pages(normal()))
		CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 0, 1, 8) == 1);
	/* It does not know what CPUs keep to themselves. */
	CHECK(test_op("stat_refresh", 0, 0, 0, 0) == 0);
	CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 0, 1, 8) == 1);
	msleep(300);
	CHECK(test_node_stat(NR_FILE_PAGES) < before);
	for (u32 slot = 0; slot < 9; slot++)
		test_op("free", (s32)slot, 0, 0, 0);
}

static void kswapd_makes_room(void **state)
{
	(void)state;
	/* Counters are read plainly while the thread may run. */
	test_boot("", false);
	test_run_alone(sleep_while_reclaimed, NULL);
}

/* Takes what is free in more than single pages, waking nobody. Number of blocks. */
static u32 hold_large_blocks(struct page **held, u32 *order, u32 max)
{
	u32 nr = 0;

	for (u32 o = geometry.max_order; o > 0; o--)
		while (nr < max && (held[nr] = alloc_pages(GFP_KERNEL & ~__GFP_RECLAIM, o)) != NULL)
			order[nr++] = o;
	return nr;
}

/* Free pages that are not single, counted beside a thread that may still free some. */
static u64 pages_in_large_blocks(void)
{
	struct zone *zone = normal();
	u64 nr = 0;

	spin_lock(&zone->lock);
	for (u32 o = 1; o <= geometry.max_order; o++)
		nr += zone->free_area[o].nr_free << o;
	spin_unlock(&zone->lock);
	return nr;
}

/* The node's other thread makes a block that somebody lacks. */
static void sleep_while_compacted(void *arg)
{
	struct page *held[64];
	u32 order[64], nr;

	(void)arg;
	/* Scanners begin at the ends of the zone, and skip nothing. */
	WRITE_ONCE(normal()->compact_blockskip_flush, 1);
	compaction_ops->reset_isolation_suitable(NODE_DATA(0));
	fragment_normal();
	nr = hold_large_blocks(held, order, ARRAY_SIZE(held));
	CHECK(pages_in_large_blocks() == 0);
	wakeup_kcompactd(NODE_DATA(0), 1, ZONE_NORMAL);
	msleep(300);
	CHECK(pages_in_large_blocks() > 0);
	CHECK(READ_ONCE(NODE_DATA(0)->kcompactd_max_order) == 0);
	while (nr-- > 0)
		__free_pages(held[nr], order[nr]);
	free_all();
}

static void kcompactd_makes_large_blocks(void **state)
{
	(void)state;
	test_boot("", true);
	test_run_alone(sleep_while_compacted, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compaction_makes_large_blocks),
		cmocka_unit_test(operation_counts_moved_pages),
		cmocka_unit_test(kswapd_makes_room),
		cmocka_unit_test(kcompactd_makes_large_blocks),
		cmocka_unit_test(wanted_order_ends_the_run),
		cmocka_unit_test(fatal_signal_ends_the_run),
		cmocka_unit_test(pinned_pages_are_not_isolated),
		cmocka_unit_test(direct_compaction_captures),
		cmocka_unit_test(isolated_pageblocks_are_no_targets),
		cmocka_unit_test(free_scanner_rechecks_type),
		cmocka_unit_test(useless_pageblocks_are_skipped),
		cmocka_unit_test(cached_positions_bound_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
