/* SPDX-License-Identifier: MIT */
/*
 * Progress: whatever happened before, once faults stop, nobody else runs and nothing is pinned, every block without
 * unmovable pages goes offline, and within a bound.
 *
 * Random runs with faults, as in clean_test.c; then one task that waits for the others, and tries block after block.
 */
#include "core/check/census.h"
#include "core/check/test_schedule.h"
#include "core/hotplug/memory_block.h"
#include "core/mm/hwpoison.h"
#include "core/mm/machine.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

#define BLOCKS 6
#define SCENARIOS 300
#define SCHEDULES 10
#define KEPT_SLOT 0

/* Marked: TSan takes fibers for threads. */
static u32 tasks_left;
static bool calm;
static u64 blocks_tried, runs, longest_ns;

static bool is_calm(void)
{
	return __atomic_load_n(&calm, __ATOMIC_ACQUIRE);
}

/* ---- the calm phase --------------------------------------------------------------------------------------------- */

/* The test looks at the machine as laws do: it is no part of the run. */
UNOBSERVED_BEGIN

static s64 do_op(const char *name, s32 a, s32 b)
{
	struct op op = test_op(name, a, b, 0, 0);

	return core_run_op(&op);
}

/* The entry of a page that broke outlives it: its block may be gone. */
static bool kernel_memory(const struct area *area)
{
	for (u32 i = 0; i < area->size; i++)
		if (area->pte[i] && !(area->pte[i] & PTE_HWPOISON) && !pfn_to_page(pte_pfn(area->pte[i]))->mapping)
			return true;
	return false;
}

/* Nothing is pinned or the kernel's; what is left is one slot, which has room elsewhere. */
static void let_go(void)
{
	for (s32 slot = 0; slot < OP_SLOTS; slot++) {
		do_op("unpin", slot, 0);
		if (slot != KEPT_SLOT || kernel_memory(&machine.areas[slot]))
			do_op("free", slot, 0);
	}
}

/* Pages of a block that are in use, or UINT64_MAX if one of them cannot be moved, or only to a free huge page. */
static u64 movable_pages(u64 block)
{
	u64 start_pfn = block_id_to_pfn(block), used = 0;

	for (u64 pfn = start_pfn; pfn < start_pfn + geometry.pages_per_block; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (raw_page_flag(page, PG_reserved) || raw_page_flag(page, PG_slab) ||
		    (page->_refcount.counter > 0 && (!page->mapping || raw_page_huge(page))))
			return UINT64_MAX;
		/* Broken, and not a process's or a file's: nobody can take it from who has it. */
		if (page->_refcount.counter > 0 && raw_page_flag(page, PG_hwpoison) && !raw_page_flag(page, PG_lru) &&
		    (page->_refcount.counter > 1 ||
		     (page->private != MAGIC_HWPOISON && page->private != MAGIC_HWPOISON_USED)))
			return UINT64_MAX;
		/* Parts of a compound page have no reference of their own, and need room like it. */
		used += page->_refcount.counter > 0 || (u64)page->lru.next & 1;
	}
	return used;
}

/* Free pages above the marks outside of @block, of zones where its pages may go: to ZONE_MOVABLE only from there. */
static u64 room_without(u64 block)
{
	u64 room = 0;

	for (u32 nid = 0; nid < machine_config.nodes; nid++)
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			const struct zone *zone = &machine.nodes[nid].node_zones[idx];
			s64 free = raw_zone_stat(zone, NR_FREE_PAGES), kept = (s64)zone->_watermark[WMARK_HIGH] * 2;

			if (idx == ZONE_MOVABLE && machine.blocks[block]->zone->idx != ZONE_MOVABLE)
				continue;
			if (zone == machine.blocks[block]->zone)
				free -= (s64)geometry.pages_per_block;
			room += free > kept ? (u64)(free - kept) : 0;
		}
	return room;
}

static void try_block(u64 id)
{
	const struct memory_block *mem = machine.blocks[id];
	u64 used, began = rt_now_ns();
	s32 type;
	s64 ret;

	if (!mem || mem->state != BLOCK_ONLINE || !mem->zone || mem->nr_vmemmap_pages)
		return;
	if (block_is_early(id) &&
	    early_memory_pages(block_id_to_pfn(id), block_id_to_pfn(id + 1)) != geometry.pages_per_block)
		return;
	used = movable_pages(id);
	if (used == UINT64_MAX || (used && room_without(id) < used))
		return;
	type = mem->zone->idx == ZONE_MOVABLE ? 2 : 1;
	ret = do_op("offline", (s32)id, 0);
	/* A veto that was armed before: the last failure there is. */
	if (ret == -EPERM)
		ret = do_op("offline", (s32)id, 0);
	if (ret)
		rt_fail(VERDICT_invariant, "progress",
			"block %llu with %llu movable pages in use does not go offline: %lld", (unsigned long long)id,
			(unsigned long long)used, (long long)ret);
	longest_ns = max(longest_ns, rt_now_ns() - began);
	blocks_tried++;
	do_op("online", (s32)id, type);
}

static void calm_phase(void *arg)
{
	(void)arg;
	while (__atomic_load_n(&tasks_left, __ATOMIC_ACQUIRE))
		msleep(1);
	__atomic_store_n(&calm, true, __ATOMIC_RELEASE);
	let_go();
	for (u64 id = 0; id < BLOCKS; id++)
		try_block(id);
}

UNOBSERVED_END

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static void run_ops(void *arg)
{
	test_run_ops(arg);
	__atomic_fetch_sub(&tasks_left, 1, __ATOMIC_ACQ_REL);
}

static u32 calm_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	if (is_calm())
		rt_ask_after(UINT64_MAX);
	if (is_calm() && runnable & BIT(place->task))
		return place->task;
	return test_next(s, place, runnable);
}

static u32 calm_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	return is_calm() ? 0 : test_choose(s, kind, what, n);
}

static void run(struct test_scenario *s, u64 seed, struct rt_result *result)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	static const struct rt_strategy_ops ops = {
		.name = "calm", .begin = test_begin, .next = calm_next, .choose = calm_choose};
	struct test_strategy strategy;

	__atomic_store_n(&calm, false, __ATOMIC_RELEASE);
	__atomic_store_n(&tasks_left, s->nr_tasks, __ATOMIC_RELEASE);
	for (u32 i = 0; i < s->nr_tasks; i++)
		rt_task_create(names[i], s->task[i].cpu, run_ops, &s->task[i]);
	rt_task_create("calm", 0, calm_phase, NULL);
	test_strategy_init(&strategy, seed, s->faults);
	strategy.base.ops = &ops;
	rt_set_strategy(&strategy.base);
	rt_run(result);
	rt_set_strategy(NULL);
	rt_reset();
	runs++;
}

static void random_scenario(struct test_scenario *s, struct rt_random *r)
{
	*s = test_scenario(BLOCKS, 3);
	s->config.cpus = 1 + rt_random_below(r, 3);
	s->config.movable.count = 1;
	s->config.movable.range[0].first = 4;
	s->config.movable.range[0].last = 5;
	s->faults = BIT(NR_FAULTS) - 1;
	test_add_op(&s->boot, "alloc", 1, 0, 10 + (s32)rt_random_below(r, 30), KEPT_SLOT);
	s->nr_tasks = 2 + rt_random_below(r, 2);
	for (u32 i = 0; i < s->nr_tasks; i++) {
		s->task[i].cpu = i % s->config.cpus;
		while (s->task[i].nr_ops < 4)
			test_add_random_op(&s->task[i], r, BLOCKS, s->nr_tasks);
	}
}

static void movable_blocks_go_offline(void **state)
{
	struct rt_random r;

	(void)state;
	rt_random_seed(&r, 1);
	for (u32 i = 0; i < SCENARIOS; i++) {
		struct test_scenario s;
		struct rt_result result;

		random_scenario(&s, &r);
		test_boot(&s);
		for (u64 seed = 0; seed < SCHEDULES; seed++) {
			run(&s, seed, &result);
			if (result.verdict.kind == VERDICT_ok)
				continue;
			test_print_scenario(&s);
			fail_msg("schedule %llu: %s [%s] %s", (unsigned long long)seed,
				 verdict_name(result.verdict.kind), result.verdict.signature, result.verdict.detail);
		}
	}
	printf("%llu runs, %llu blocks went offline, the slowest in %llu us\n", (unsigned long long)runs,
	       (unsigned long long)blocks_tried, (unsigned long long)longest_ns / 1000);
	assert_true(blocks_tried >= SCENARIOS);
	assert_true(longest_ns < state_write_timeout_ns());
}

/* A page that waits in the batch of a CPU that is gone is held for ever: its block never goes offline. */
static void a_page_held_for_ever_is_seen(void **state)
{
	struct test_scenario s = test_scenario(BLOCKS, 3);
	struct rt_result result;

	(void)state;
	test_set(&s, "planted_dead_cpu_batch=on");
	s.nr_tasks = 1;
	s.task[0].cpu = 1;
	test_add_op(&s.task[0], "alloc", 1, 0, 1, KEPT_SLOT);
	test_add_op(&s.task[0], "cpu_down", 1, 1, 0, 0);
	test_boot(&s);
	run(&s, 0, &result);
	assert_string_equal(verdict_name(result.verdict.kind), "invariant");
	assert_string_equal(result.verdict.signature, "progress");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_held_for_ever_is_seen),
		cmocka_unit_test(movable_blocks_go_offline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
