/* SPDX-License-Identifier: MIT */
/* Broken pages: each errno, what becomes of their users and of them, and how offline meets them. */
#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_failure.h"
#include "core/mm/anon.h"
#include "core/mm/hugetlb.h"
#include "core/mm/hwpoison.h"
#include "core/mm/lru.h"
#include "core/mm/pcp.h"
#include "core/range/testing.h"
#include "core/rt/wait.h"

static u64 entry_pfn(u32 slot, u32 entry)
{
	return pte_pfn(area_of_slot(slot)->pte[entry]);
}

static s64 nr_poisoned(void)
{
	return atomic_long_read(&machine.num_poisoned_pages);
}

static int hard_offline(u64 pfn)
{
	return memory_failure(pfn, MF_SW_SIMULATED);
}

static void run(void (*task)(void *arg))
{
	test_boot("", true);
	test_run_alone(task, NULL);
}

/* ---- errno and counts ------------------------------------------------------------------------------------------ */

/* Block 4 is Movable and free, block 6 is offline, block 7 is not there. */
static void free_pages_go(void *arg)
{
	u64 pfn = BLOCK_PFN(4), free = test_free_pages(node_zone(0, ZONE_MOVABLE));

	(void)arg;
	CHECK(soft_offline_page(pfn, 0) == 0);
	CHECK(soft_offline_page(pfn, 0) == 0);
	CHECK(hard_offline(pfn + 1) == 0);
	CHECK(hard_offline(pfn + 1) == -EHWPOISON);
	CHECK(hard_offline(pfn) == -EHWPOISON);
	CHECK(nr_poisoned() == 2);
	CHECK(test_free_pages(node_zone(0, ZONE_MOVABLE)) == free - 2);
	for (u64 i = 0; i < 2; i++) {
		CHECK(PageHWPoisonTakenOff(pfn_to_page(pfn + i)));
		CHECK(page_count(pfn_to_page(pfn + i)) == 1 && !is_free_buddy_page(pfn_to_page(pfn + i)));
	}
	CHECK(hard_offline(BLOCK_PFN(6)) == -ENXIO);
	CHECK(hard_offline(BLOCK_PFN(7)) == -ENXIO);
	CHECK(soft_offline_page(BLOCK_PFN(6), 0) == -EIO);
	CHECK(soft_offline_page(BLOCK_PFN(7), 0) == -ENXIO);
	CHECK(unpoison_memory(BLOCK_PFN(7)) == -ENXIO);
	CHECK(unpoison_memory(pfn + 2) == -EBUSY);
	CHECK(unpoison_memory(pfn) == 0);
	CHECK(unpoison_memory(pfn + 1) == 0);
	/* The operation looks for the first one. */
	CHECK(hard_offline(pfn + 3) == 0);
	CHECK(test_op("unpoison", 4, 0, 0, 0) == 0);
	CHECK(nr_poisoned() == 0);
	CHECK(test_free_pages(node_zone(0, ZONE_MOVABLE)) == free);
	/* A real one: nobody knows which of the poisoned pages are meant. */
	CHECK(memory_failure(pfn, 0) == 0);
	CHECK(unpoison_memory(pfn) == -EOPNOTSUPP);
}

static void free_pages_are_taken_off(void **state)
{
	(void)state;
	run(free_pages_go);
}

/* Of anonymous memory the content moves, or is lost. */
static void anonymous_pages_go(void *arg)
{
	u64 soft, hard;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 3, 0) == 3);
	soft = entry_pfn(0, 0);
	hard = entry_pfn(0, 1);
	CHECK(soft_offline_page(soft, 0) == 0);
	CHECK(entry_pfn(0, 0) != soft && PageHWPoison(pfn_to_page(soft)) && page_count(pfn_to_page(soft)) == 1);
	CHECK(hard_offline(hard) == 0);
	CHECK((area_of_slot(0)->pte[1] & 0xf) == PTE_HWPOISON && !PageLRU(pfn_to_page(hard)));
	CHECK(nr_poisoned() == 2);
	CHECK(test_op("verify", 0, 0, 0, 0) == 2);
	CHECK(test_op("madvise", 0, 1, 1, 0) == -EFAULT);
	CHECK(test_op("madvise", 0, 2, 0, 0) == 0);
	CHECK(test_op("madvise", 0, 9, 0, 0) == -EFAULT);
	CHECK(nr_poisoned() == 3);
	CHECK(unpoison_memory(soft) == 0);
	CHECK(unpoison_memory(hard) == 0);
	CHECK(test_op("free", 0, 0, 0, 0) == 3);
	CHECK(nr_poisoned() == 1);
}

static void anonymous_pages_are_taken_from_their_users(void **state)
{
	(void)state;
	run(anonymous_pages_go);
}

/* Pinned, a page can neither move nor be taken; soft offline leaves it as it is, a hard error marks it. */
static void pinned_pages_stay(void *arg)
{
	u64 pfn;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 2, 0) == 2);
	CHECK(test_op("pin", 0, 0, 0, 0) == 2);
	pfn = entry_pfn(0, 0);
	CHECK(soft_offline_page(pfn, 0) == -EBUSY);
	CHECK(!PageHWPoison(pfn_to_page(pfn)) && nr_poisoned() == 0);
	CHECK(hard_offline(pfn) == -EBUSY);
	CHECK(PageHWPoison(pfn_to_page(pfn)) && nr_poisoned() == 1);
	CHECK(unpoison_memory(pfn) == -EBUSY);
	CHECK(test_op("unpin", 0, 0, 0, 0) == 2);
	CHECK(unpoison_memory(pfn) == 0);
	CHECK(test_op("free", 0, 0, 0, 0) == 2);
}

static void pinned_pages_are_busy(void **state)
{
	(void)state;
	run(pinned_pages_stay);
}

/* Kernel memory cannot be taken from anybody. When it is freed, the page is not used again. */
static void kernel_pages(void *arg)
{
	u64 free = test_free_pages(node_zone(0, ZONE_NORMAL)), pfn;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 0, 1, 0) == 1);
	CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 2, 1, 1) == 1);
	pfn = entry_pfn(0, 0);
	CHECK(soft_offline_page(pfn, 0) == -EIO);
	CHECK(hard_offline(pfn) == -EBUSY);
	/* Unpoisoned while its user has it, it is its user's as before. */
	CHECK(unpoison_memory(pfn) == 0);
	CHECK(page_count(pfn_to_page(pfn)) == 1);
	CHECK(hard_offline(pfn) == -EBUSY);
	CHECK(hard_offline(entry_pfn(1, 0) + 1) == -EBUSY);
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
	CHECK(page_count(pfn_to_page(pfn)) == 0 && !is_free_buddy_page(pfn_to_page(pfn)));
	pfn = entry_pfn(1, 0) + 1;
	CHECK(test_op("free", 1, 0, 0, 0) == 1);
	CHECK(is_free_buddy_page(pfn_to_page(pfn)));
	CHECK(test_free_pages(node_zone(0, ZONE_NORMAL)) == free - 1);
	/* All of memory is allocated, but for that page: its neighbours are not lost. */
	for (s64 slot = 0; slot < 8; slot++)
		test_op("alloc", MIGRATE_UNMOVABLE, 0, 64, (s32)slot);
	CHECK(page_count(pfn_to_page(pfn)) == 0);
	for (s64 slot = 0; slot < 8; slot++)
		test_op("free", (s32)slot, 0, 0, 0);
	CHECK(test_free_pages(node_zone(0, ZONE_NORMAL)) == free - 2);
	CHECK(unpoison_memory(pfn) == 0);
	CHECK(test_free_pages(node_zone(0, ZONE_NORMAL)) == free - 1);
}

static void kernel_pages_are_only_marked(void **state)
{
	(void)state;
	run(kernel_pages);
}

/* Clean page cache is dropped; what was dirty is lost with the page, or moves. */
static void file_pages(void *arg)
{
	u64 pfn;

	(void)arg;
	CHECK(test_op("read", 4, 0, 0, 0) == 4);
	pfn = entry_pfn(0, 0);
	CHECK(soft_offline_page(pfn, 0) == 0);
	CHECK(!area_of_slot(0)->pte[0] && page_count(pfn_to_page(pfn)) == 1);
	CHECK(hard_offline(entry_pfn(0, 1)) == 0);
	CHECK(!area_of_slot(0)->pte[1]);
	CHECK(test_op("write", 0, 0, 0, 0) == 2);
	pfn = entry_pfn(0, 2);
	CHECK(soft_offline_page(pfn, 0) == 0);
	CHECK(entry_pfn(0, 2) != pfn);
	CHECK(test_node_stat(NR_FILE_DIRTY) == 2);
	CHECK(hard_offline(entry_pfn(0, 3)) == 0);
	CHECK(test_node_stat(NR_FILE_DIRTY) == 1);
	CHECK(nr_poisoned() == 4);
	CHECK(test_op("read", 4, 0, 0, 0) == 4);
	CHECK(test_op("verify", 0, 0, 0, 0) == 4);
}

static void file_pages_leave_the_cache(void **state)
{
	(void)state;
	run(file_pages);
}

/* A balloon's page cannot be taken, but moved. What is left of it still says that it is movable, and its block
 * goes all the same. */
static void broken_balloon_page(void *arg)
{
	u64 pfn;

	(void)arg;
	CHECK(test_op("inflate", 1, 0, 0, 0) == 1);
	pfn = entry_pfn(0, 0);
	CHECK(hard_offline(pfn) == -EBUSY);
	CHECK(unpoison_memory(pfn) == -EBUSY);
	CHECK(test_op("deflate", 1, 0, 0, 0) == 1);
	CHECK(test_op("inflate", 1, 0, 0, 0) == 1);
	pfn = entry_pfn(0, 0);
	CHECK(soft_offline_page(pfn, 0) == 0);
	CHECK(entry_pfn(0, 0) != pfn && page_count(pfn_to_page(pfn)) == 1);
	CHECK(page_is_movable_ops(pfn_to_page(pfn)));
	CHECK(test_op("offline", (s32)pfn_to_block_id(pfn), 0, 0, 0) == (bug(offline_takes_poisoned) ? -EINTR : 0));
}

static void a_broken_page_that_was_let_go_is_passed_over(void **state)
{
	(void)state;
	run(broken_balloon_page);
	test_boot("offline_takes_poisoned=on", true);
	test_run_alone(broken_balloon_page, NULL);
}

/* Pinned, it leaves the cache all the same; the pin stays on it, not on the page that takes its place. */
static void pinned_file_page(void *arg)
{
	u64 pfn, other;

	(void)arg;
	CHECK(test_op("read", 2, 0, 0, 0) == 2);
	CHECK(test_op("pin", 0, 0, 0, 0) == 2);
	pfn = entry_pfn(0, 0);
	CHECK(hard_offline(pfn) == -EBUSY);
	CHECK(!area_of_slot(0)->pte[0] && page_count(pfn_to_page(pfn)) == 2);
	CHECK(test_op("read", 2, 0, 0, 0) == 2);
	other = entry_pfn(0, 0);
	CHECK(other != pfn && page_count(pfn_to_page(other)) == 1);
	CHECK(test_op("unpin", 0, 0, 0, 0) == 2);
	CHECK(page_count(pfn_to_page(pfn)) == 1 && page_count(pfn_to_page(other)) == 1);
	CHECK(test_op("free", 0, 0, 0, 0) == 2);
	CHECK(unpoison_memory(pfn) == 0);
}

static void a_pin_stays_on_a_file_page_that_broke(void **state)
{
	(void)state;
	run(pinned_file_page);
}

/* Only the broken page of a compound one is lost. */
static void compound_pages(void *arg)
{
	u64 pfn;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 2, 2, 0) == 2);
	pfn = entry_pfn(0, 0) + 2;
	CHECK(hard_offline(pfn) == 0);
	CHECK(test_op("verify", 0, 0, 0, 0) == 4);
	CHECK(soft_offline_page(entry_pfn(0, 1) + 1, 0) == 0);
	CHECK(test_op("verify", 0, 0, 0, 0) == 7);
	CHECK(nr_poisoned() == 2);
	CHECK(test_op("free", 0, 0, 0, 0) == 8);
}

static void compound_pages_are_split(void **state)
{
	(void)state;
	run(compound_pages);
}

static void huge_pages(void *arg)
{
	struct hstate *h = &machine.hstate;
	u64 pfn;

	(void)arg;
	CHECK(test_op("hugepages", 0, 6, 0, 0) == 0);
	CHECK(test_op("hugetlb", 3, 0, 0, 0) == 3);
	/* In use: the healthy pages of it are free, the pool is smaller. */
	pfn = entry_pfn(0, 0) + 3;
	CHECK(hard_offline(pfn) == 0);
	CHECK(!PageHuge(pfn_to_page(pfn)) && PageHWPoisonTakenOff(pfn_to_page(pfn)) && nr_poisoned() == 1);
	CHECK(h->nr_huge_pages == 5 && test_op("verify", 0, 0, 0, 0) == 2);
	pfn = entry_pfn(0, 1) + 5;
	CHECK(soft_offline_page(pfn, 0) == 0);
	CHECK(PageHWPoisonTakenOff(pfn_to_page(pfn)) && test_op("verify", 0, 0, 0, 0) == 2);
	CHECK(h->nr_huge_pages == 4 && nr_poisoned() == 2);
	/* All that are free are promised: the page stays in the pool, and is given to nobody. */
	CHECK(test_op("hugetlb", 0, 2, 1, 0) == 0);
	pfn = page_to_pfn(list_first_entry(&h->hugepage_freelists[0], struct page, lru)) + 1;
	CHECK(soft_offline_page(pfn, 0) == -EBUSY);
	CHECK(hard_offline(pfn) == -EBUSY);
	CHECK(hard_offline(pfn) == -EHWPOISON);
	CHECK(hard_offline(pfn + 1) == -EHWPOISON);
	CHECK(h->nr_huge_pages == 4 && nr_poisoned() == 4);
	CHECK(test_op("free", 1, 0, 0, 0) == 0);
	CHECK(test_op("hugetlb", 2, 0, 1, 0) == 1);
	CHECK(unpoison_memory(pfn - 1) == 0);
	CHECK(nr_poisoned() == 2);
}

static void huge_pages_are_dissolved(void **state)
{
	(void)state;
	run(huge_pages);
}

/* On a per-CPU list a page is neither in use nor in the buddy lists, until the lists are drained. */
static void pcp_page(void *arg)
{
	struct zone *zone = node_zone(0, ZONE_NORMAL);
	u64 pfn;

	(void)arg;
	zone_pcp_set_high_and_batch(zone, 8, 2);
	zone->pageset_high = 8;
	zone->pageset_batch = 2;
	CHECK(test_op("alloc", MIGRATE_UNMOVABLE, 0, 2, 0) == 2);
	pfn = entry_pfn(0, 0);
	CHECK(test_op("free", 0, 0, 0, 0) == 2);
	CHECK(!is_free_buddy_page(pfn_to_page(pfn)));
	CHECK(hard_offline(pfn) == (bug(poison_misses_pcp_page) ? -EBUSY : 0));
}

/* In front of the LRU lists a page is of no kind that can be handled, until the batches are drained. */
static void batched_page(void *arg)
{
	u64 pfn;

	(void)arg;
	geometry.lru_batch = 3;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == 1);
	pfn = entry_pfn(0, 0);
	CHECK(!PageLRU(pfn_to_page(pfn)));
	CHECK(hard_offline(pfn) == 0);
	geometry.lru_batch = 1;
	CHECK(test_op("free", 0, 0, 0, 0) == 1);
}

static void pages_on_per_cpu_lists_are_found(void **state)
{
	(void)state;
	run(batched_page);
	run(pcp_page);
	test_boot("poison_misses_pcp_page=on", true);
	test_run_alone(pcp_page, NULL);
}

/* ---- hotplug --------------------------------------------------------------------------------------------------- */

static void cycle_block(void *arg)
{
	bool forgets = design(hwpoison_hotplug) == ALT_hwpoison_hotplug_forget;
	u64 pfn = BLOCK_PFN(4);

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 4, 0) == 4);
	CHECK(entry_pfn(0, 0) / geometry.pages_per_block == 4);
	CHECK(hard_offline(entry_pfn(0, 0)) == 0);
	CHECK(soft_offline_page(entry_pfn(0, 1), 0) == 0);
	CHECK(hard_offline(pfn + 40) == 0);
	CHECK(test_op("offline", 4, 0, 0, 0) == 0);
	CHECK(nr_poisoned() == 3);
	CHECK(test_op("online", 4, 2, 0, 0) == (forgets ? 0 : -EHWPOISON));
	if (forgets) {
		/* Used again, and counted for ever. */
		CHECK(!PageHWPoison(pfn_to_page(pfn + 40)) && is_free_buddy_page(pfn_to_page(pfn + 40)));
		CHECK(test_op("offline", 4, 0, 0, 0) == 0);
	}
	CHECK(test_op("remove", 4, 0, 0, 0) == 0);
	CHECK(nr_poisoned() == (forgets ? 3 : 0));
	CHECK(test_op("add", 4, 0, 0, 0) == 0);
	CHECK(test_op("online", 4, 2, 0, 0) == 0);
	CHECK(test_op("verify", 0, 0, 0, 0) == 3);
	/* What the flags of an offline block say goes with it. */
	CHECK(hard_offline(pfn + 40) == 0);
	CHECK(test_op("offline", 4, 0, 0, 0) == 0);
	CHECK(nr_poisoned() == (forgets ? 4 : 1));
	CHECK(test_op("remove", 4, 0, 0, 0) == 0);
	CHECK(nr_poisoned() == (forgets ? 3 : 0));
	if (forgets)
		atomic_long_set(&machine.num_poisoned_pages, 0);
}

static void a_block_with_poisoned_pages_goes(void **state)
{
	(void)state;
	run(cycle_block);
	test_boot("hwpoison_hotplug=forget", true);
	test_run_alone(cycle_block, NULL);
}

/* Whoever still holds a reference would use a page that is not there any more. */
static void pinned_poison(void *arg)
{
	u64 pfn;

	(void)arg;
	CHECK(test_op("alloc", MIGRATE_MOVABLE, 0, 1, 0) == 1);
	pfn = entry_pfn(0, 0);
	CHECK(pfn / geometry.pages_per_block == 4);
	CHECK(test_op("pin", 0, 0, 0, 0) == 1);
	CHECK(hard_offline(pfn) == -EBUSY);
	CHECK(test_op("offline", 4, 0, 0, 0) == -EINTR);
	CHECK(test_op("unpin", 0, 0, 0, 0) == 1);
	CHECK(test_op("offline", 4, 0, 0, 0) == 0);
}

static void poisoned_pages_in_use_keep_a_block(void **state)
{
	(void)state;
	run(pinned_poison);
}

/* ---- interleaved ----------------------------------------------------------------------------------------------- */

static void use_memory(void *arg)
{
	u32 slot = *(const u32 *)arg;

	for (u32 i = 0; i < 3; i++) {
		test_op("alloc", MIGRATE_MOVABLE, (s32)(i % 2) * 2, 6, (s32)slot);
		test_op("verify", (s32)slot, 0, 0, 0);
		test_op("madvise", (s32)slot, 1, (s32)(i % 2), 0);
		test_op("free", (s32)slot, 0, 0, 0);
	}
}

static void break_memory(void *arg)
{
	(void)arg;
	for (s32 i = 0; i < 4; i++) {
		test_op("hard_offline", 4, 16 * i, 0, 0);
		test_op("soft_offline", 4, 16 * i + 1, 0, 0);
		test_op("unpoison", 4, 16 * (i / 2), 0, 0);
	}
}

static void move_block(void *arg)
{
	(void)arg;
	test_op("hugepages", 0, 3, 0, 0);
	test_op("offline", 4, 0, 0, 0);
	test_op("online", 4, 2, 0, 0);
	test_op("remove", 4, 0, 0, 0);
}

static void the_laws_hold_interleaved(void **state)
{
	static u32 slots[2] = {0, 1};
	static const struct test_task tasks[] = {{"a", use_memory, &slots[0]},
						 {"b", break_memory, NULL},
						 {"c", use_memory, &slots[1]},
						 {"d", move_block, NULL}};

	(void)state;
	test_boot("", true);
	for (u64 seed = 1; seed <= 150; seed++) {
		struct rt_result result = test_run(seed, 4, tasks);

		assert_ok(&result);
	}
}

/* ---- is it gone? ------------------------------------------------------------------------------------------------- */

/*
 * On its LRU list, with the one reference that memory_failure() keeps; NULL before and after. Not of the machine, so
 * the scheduler knows nothing of it: atomic for TSan, to which fibers are threads.
 */
static _Atomic(struct page *) broken_page;
static _Atomic bool was_broken;
static u64 looked;

/* Whoever goes by pfn has a reference from the time it is off the list until it is back. */
static void isolates_and_puts_back(void *arg)
{
	struct page *page = alloc_pages(test_gfp(MIGRATE_MOVABLE, true), 0);

	(void)arg;
	CHECK(page);
	lru_cache_add(page);
	lru_add_drain_all();
	CHECK(PageLRU(page) && page_count(page) == 1);
	CHECK(!TestSetPageHWPoison(page));
	SetPageHWPoisonUsed(page);
	broken_page = page;
	was_broken = true;
	wake_up_all(&machine.page_wait_table[0]);
	for (u32 i = 0; i < 3; i++) {
		CHECK(get_page_unless_zero(page));
		if (isolate_lru_page(page) == 0) {
			putback_lru_page(page);
			lru_add_drain();
		}
		put_page(page);
		/* Back for a while: time for the other look. */
		for (u32 j = 0; j < 100; j++)
			CHECK(page_count(page) == 1);
	}
	broken_page = NULL;
	ClearPageHWPoison(page);
	WRITE_ONCE(page->private, 0);
	put_page(page);
}

static void looks(void *arg)
{
	(void)arg;
	wait_event(&machine.page_wait_table[0], was_broken);
	for (u32 i = 0; i < 20 && broken_page; i++, looked++)
		CHECK(!hwpoison_page_gone(broken_page) || !broken_page);
}

static void a_page_on_its_way_to_its_list_is_not_gone(void **state)
{
	static const struct test_task tasks[] = {{"user", isolates_and_puts_back, NULL}, {"offline", looks, NULL}};

	(void)state;
	test_boot("", true);
	for (u64 seed = 1; seed <= 4000; seed++) {
		struct rt_result result;

		broken_page = NULL;
		was_broken = false;
		result = test_run(seed, 2, tasks);
		assert_ok(&result);
	}
	assert_true(looked > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_pages_are_taken_off),
		cmocka_unit_test(anonymous_pages_are_taken_from_their_users),
		cmocka_unit_test(pinned_pages_are_busy),
		cmocka_unit_test(kernel_pages_are_only_marked),
		cmocka_unit_test(file_pages_leave_the_cache),
		cmocka_unit_test(a_pin_stays_on_a_file_page_that_broke),
		cmocka_unit_test(a_broken_page_that_was_let_go_is_passed_over),
		cmocka_unit_test(compound_pages_are_split),
		cmocka_unit_test(huge_pages_are_dissolved),
		cmocka_unit_test(pages_on_per_cpu_lists_are_found),
		cmocka_unit_test(a_block_with_poisoned_pages_goes),
		cmocka_unit_test(poisoned_pages_in_use_keep_a_block),
		cmocka_unit_test(the_laws_hold_interleaved),
		cmocka_unit_test(a_page_on_its_way_to_its_list_is_not_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
