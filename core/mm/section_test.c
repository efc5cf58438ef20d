/* SPDX-License-Identifier: MIT */
#include "core/mm/testing.h"

#include "core/mm/buddy.h"
#include "core/rt/cpu.h"

#define NEW_PFN 256u /* first pfn of block 4, absent at boot */
#define NR 64u       /* pages of a section */
#define SUB 8u       /* pages of a subsection */

/* What each predicate says in each state of a section: core facts of 6.1. */
struct predicates {
	const char *state;
	bool present, valid, online, early, pfn_valid, online_page;
};

static void check_predicates(u64 pfn, const struct predicates *want)
{
	const struct mem_section *ms = __pfn_to_section(pfn);

	if (present_section(ms) == want->present && valid_section(ms) == want->valid &&
	    online_section(ms) == want->online && early_section(ms) == want->early &&
	    pfn_valid(pfn) == want->pfn_valid && (pfn_to_online_page(pfn) != NULL) == want->online_page)
		return;
	rt_fail(VERDICT_bug, "test", "%s: present %d valid %d online %d early %d pfn_valid %d online page %d",
		want->state, present_section(ms), valid_section(ms), online_section(ms), early_section(ms),
		pfn_valid(pfn), pfn_to_online_page(pfn) != NULL);
}

static void life_of_a_section(void *arg)
{
	(void)arg;
	check_predicates(0, &(struct predicates){"early", true, true, true, true, true, true});
	check_predicates(NEW_PFN, &(struct predicates){.state = "never added"});
	test_add(NEW_PFN, NR);
	check_predicates(NEW_PFN, &(struct predicates){"added", true, true, false, false, true, false});
	test_online(NEW_PFN, NR);
	check_predicates(NEW_PFN, &(struct predicates){"online", true, true, true, false, true, true});
	test_offline(NEW_PFN, NR);
	check_predicates(NEW_PFN, &(struct predicates){"offline", true, true, false, false, true, false});
	test_remove(NEW_PFN, NR);
	check_predicates(NEW_PFN, &(struct predicates){.state = "removed"});
	CHECK_EQUAL(__pfn_to_section(NEW_PFN)->section_mem_map, 0);
}

static void life_of_an_early_section(void *arg)
{
	struct mem_section *ms = __pfn_to_section(3 * NR);
	struct mem_section_usage *usage = ms->usage;

	(void)arg;
	CHECK_EQUAL(usage->boot, 1);
	set_pageblock_migratetype(pfn_to_page(3 * NR), MIGRATE_RECLAIMABLE);
	test_offline(3 * NR, NR);
	check_predicates(3 * NR, &(struct predicates){"early, offline", true, true, false, true, true, false});
	test_remove(3 * NR, NR);
	check_predicates(3 * NR, &(struct predicates){.state = "early, removed"});
	/* Boot usage lies in reserved pages: it stays, with whatever its pageblock flags were. */
	CHECK(ms->usage == usage);
	test_add(3 * NR, NR);
	check_predicates(3 * NR, &(struct predicates){"came back", true, true, false, false, true, false});
	CHECK(ms->usage == usage);
	CHECK_EQUAL(get_pfnblock_migratetype(3 * NR), MIGRATE_RECLAIMABLE);
}

static void out_of_range(void *arg)
{
	(void)arg;
	CHECK(!pfn_valid(geometry.max_pfn));
	CHECK(!pfn_to_online_page(geometry.max_pfn));
	CHECK(!pfn_valid(UINT64_MAX));
	CHECK(!__nr_to_section((u64)SECTION_ROOTS_MAX * SECTIONS_PER_ROOT));
}

/* Boot memory that ends inside a section: the memmap covers the hole, and pfn_valid() says so. */
static void hole_in_early_section(void *arg)
{
	(void)arg;
	sparse_init_early(NEW_PFN, 2 * SUB + 1, 0);
	assert_true(pfn_valid(NEW_PFN));
	assert_non_null(pfn_to_online_page(NEW_PFN));
	/* Rounded outwards to subsections. */
	assert_non_null(pfn_to_online_page(NEW_PFN + 3 * SUB - 1));
	assert_null(pfn_to_online_page(NEW_PFN + 3 * SUB));
	assert_true(pfn_valid(NEW_PFN + 3 * SUB));
	assert_true(rt_memmap_live(pfn_to_page(NEW_PFN + NR - 1)));
}

static void errors(void *arg)
{
	(void)arg;
	mem_hotplug_begin();
	CHECK_EQUAL(sparse_add_section(0, NEW_PFN, 0, NULL, NULL), -EINVAL);
	CHECK(!__pfn_to_section(NEW_PFN)->usage);
	CHECK_EQUAL(sparse_add_section(0, 0, NR, NULL, NULL), -EEXIST);
	CHECK_EQUAL(sparse_add_section(0, 0, SUB, NULL, NULL), -EEXIST);
	CHECK_EQUAL(sparse_add_section(0, NEW_PFN, NR, NULL, NULL), 0);
	CHECK_EQUAL(sparse_add_section(0, NEW_PFN, NR, NULL, NULL), -EEXIST);
	mem_hotplug_done();
	check_predicates(0, &(struct predicates){"early", true, true, true, true, true, true});
}

static void subsections(void *arg)
{
	(void)arg;
	test_add(NEW_PFN + SUB, SUB);
	CHECK(!pfn_valid(NEW_PFN));
	CHECK(pfn_valid(NEW_PFN + SUB));
	CHECK(!pfn_valid(NEW_PFN + 2 * SUB));
	mem_hotplug_begin();
	CHECK_EQUAL(sparse_add_section(0, NEW_PFN, 2 * SUB, NULL, NULL), -EEXIST);
	mem_hotplug_done();
	CHECK(!pfn_valid(NEW_PFN));
	test_add(NEW_PFN + 4 * SUB, SUB);
	test_remove(NEW_PFN + SUB, SUB);
	/* Both lived in one unit of memmap. */
	CHECK(rt_memmap_live(pfn_to_page(NEW_PFN)));
	CHECK(!pfn_valid(NEW_PFN + SUB));
	CHECK(pfn_valid(NEW_PFN + 4 * SUB));
	test_remove(NEW_PFN + 4 * SUB, SUB);
	CHECK(!rt_memmap_live(pfn_to_page(NEW_PFN)));
	check_predicates(NEW_PFN + 4 * SUB, &(struct predicates){.state = "removed"});
}

/* A part of an early section goes and comes back: its memmap stays where it is. */
static void subsection_of_early_section(void *arg)
{
	struct page *page = pfn_to_page(3 * NR);

	(void)arg;
	test_offline(3 * NR, NR);
	test_remove(3 * NR, SUB);
	CHECK(pfn_valid(3 * NR)); /* early: the whole section */
	CHECK(rt_memmap_live(page));
	test_add(3 * NR, SUB);
	CHECK(early_section(__pfn_to_section(3 * NR)));
	CHECK_EQUAL(page->flags, PAGE_POISON_PATTERN);
}

static void memmap_life(void *arg)
{
	(void)arg;
	CHECK(!rt_memmap_live(pfn_to_page(NEW_PFN)));
	test_add(NEW_PFN, NR);
	CHECK(rt_memmap_live(pfn_to_page(NEW_PFN)) && rt_memmap_live(pfn_to_page(NEW_PFN + NR - 1)));
	CHECK(!rt_memmap_live(pfn_to_page(NEW_PFN + NR)));
	test_remove(NEW_PFN, NR);
	CHECK(!rt_memmap_live(pfn_to_page(NEW_PFN)));
}

static void touch_removed(void *arg)
{
	(void)arg;
	test_add(NEW_PFN, NR);
	test_online(NEW_PFN, NR);
	CHECK(!PageLRU(pfn_to_page(NEW_PFN)));
	test_offline(NEW_PFN, NR);
	test_remove(NEW_PFN, NR);
	PageLRU(pfn_to_page(NEW_PFN));
}

static void touch_never_added(void *arg)
{
	(void)arg;
	get_page_unless_zero(pfn_to_page(NEW_PFN));
}

static void pageblock_of_removed(void *arg)
{
	(void)arg;
	test_add(NEW_PFN, NR);
	set_pageblock_migratetype(pfn_to_page(NEW_PFN), MIGRATE_MOVABLE);
	test_remove(NEW_PFN, NR);
	get_pageblock_migratetype(pfn_to_page(NEW_PFN));
}

/* Loads the usage before it is removed, and looks into it after the grace period. */
static void stale_usage(void *arg)
{
	struct mem_section_usage *usage;

	(void)arg;
	test_add(NEW_PFN, NR);
	usage = READ_ONCE(__pfn_to_section(NEW_PFN)->usage);
	test_remove(NEW_PFN, NR);
	synchronize_rcu();
	rcu_barrier();
	test_bit(0, &usage->subsection_map);
}

static void without_lock(void *arg)
{
	(void)arg;
	sparse_add_section(0, NEW_PFN, NR, NULL, NULL);
}

static void pageblock_flags(void *arg)
{
	(void)arg;
	for (u64 pfn = 0; pfn < 2 * NR; pfn += pageblock_nr_pages) {
		struct page *page = pfn_to_page(pfn + 3);

		set_pageblock_skip(page);
		for (u32 mt = 0; mt < MIGRATE_TYPES; mt++) {
			set_pageblock_migratetype(page, mt);
			CHECK_EQUAL(get_pageblock_migratetype(page), mt);
			CHECK_EQUAL(get_pfnblock_migratetype(pfn), mt);
			CHECK(get_pageblock_skip(page));
		}
		CHECK_EQUAL(get_pfnblock_migratetype(pfn + pageblock_nr_pages), MIGRATE_MOVABLE);
		clear_pageblock_skip(page);
		CHECK(!get_pageblock_skip(page));
		CHECK_EQUAL(get_pageblock_migratetype(page), MIGRATE_ISOLATE);
	}
}

static void add_or_fail(void *arg)
{
	int ret;

	(void)arg;
	mem_hotplug_begin();
	ret = sparse_add_section(0, NEW_PFN, NR, NULL, NULL);
	mem_hotplug_done();
	if (ret == 0)
		return;
	CHECK_EQUAL(ret, -ENOMEM);
	check_predicates(NEW_PFN, &(struct predicates){.state = "failed"});
	CHECK(!rt_memmap_live(pfn_to_page(NEW_PFN)));
	/* What is left behind does not stop the next attempt. */
	rcu_barrier();
	test_add(NEW_PFN, NR);
}

static void test_states(void **state)
{
	(void)state;
	test_alone(life_of_a_section, NULL);
	test_alone(life_of_an_early_section, NULL);
	test_alone(out_of_range, NULL);
	test_alone(memmap_life, NULL);
}

static void test_hole(void **state)
{
	struct machine_config config = test_config();
	struct rt_config rt = {.cpus = 2};

	(void)state;
	core_boot(&config, &rt, hole_in_early_section, NULL);
}

static void test_errors(void **state)
{
	(void)state;
	test_alone(errors, NULL);
	assert_true(test_with_fault(add_or_fail, FAULT_kmalloc, 0));
	assert_true(test_with_fault(add_or_fail, FAULT_memmap, 0));
	assert_false(test_with_fault(add_or_fail, FAULT_memmap, 1));
	test_fails(without_lock, VERDICT_context, "");
}

static void test_subsections(void **state)
{
	(void)state;
	test_alone(subsections, NULL);
	test_alone(subsection_of_early_section, NULL);
}

static void test_stale_accesses(void **state)
{
	(void)state;
	test_fails(touch_removed, VERDICT_oops, "use-after-free memmap");
	test_fails(touch_never_added, VERDICT_oops, "memmap");
	test_fails(pageblock_of_removed, VERDICT_oops, "");
	test_fails(stale_usage, VERDICT_oops, "use-after-free section usage");
}

static u32 seen_online, seen_gone;

static void ask(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 12; i++) {
		struct page *page;

		pfn_valid(NEW_PFN + i);
		/* Whoever sees the section online sees its pages initialised, until the grace period that follows. */
		rcu_read_lock();
		page = pfn_to_online_page(NEW_PFN + i);
		CHECK(!page || PageReserved(page));
		__atomic_fetch_add(&seen_online, page != NULL, __ATOMIC_RELAXED);
		rcu_read_unlock();
	}
}

static void come_and_go(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 3; i++) {
		test_add(NEW_PFN, NR);
		test_online(NEW_PFN, NR);
		for (u32 j = 0; j < 100; j++)
			cond_resched();
		test_offline(NEW_PFN, NR);
		test_remove(NEW_PFN, NR);
	}
}

/* Once the memmap is gone nobody may be told that it is there, least of all of boot memory, which needs no bit. */
static void ask_about_early(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 60; i++) {
		bool live = rt_memmap_live(pfn_to_page(3 * NR));

		CHECK(live || !pfn_valid(3 * NR));
		__atomic_fetch_add(&seen_gone, !live, __ATOMIC_RELAXED);
		cond_resched();
	}
}

static void remove_early(void *arg)
{
	(void)arg;
	test_offline(3 * NR, NR);
	test_remove(3 * NR, NR);
}

/* Asking is safe at any time, whatever the answer is worth a moment later. */
static void test_asking_amid_removal(void **state)
{
	static void (*const tasks[2][3])(void *) = {{ask, come_and_go, ask},
						    {ask_about_early, remove_early, ask_about_early}};

	(void)state;
	test_boot();
	for (u64 seed = 1; seed <= 800; seed++) {
		struct rt_result result = test_run(seed, 3, tasks[seed % 2], NULL);

		if (result.verdict.kind != VERDICT_ok)
			fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, result.verdict.signature,
				 result.verdict.detail);
	}
	assert_true(seen_online > 100 && seen_gone > 100);
}

static void test_pageblock_flags(void **state)
{
	(void)state;
	test_alone(pageblock_flags, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_subsections),
		cmocka_unit_test(test_stale_accesses),
		cmocka_unit_test(test_pageblock_flags),
		cmocka_unit_test(test_asking_amid_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
