/* SPDX-License-Identifier: MIT */
#include "core/hotplug/virtio_mem.h"

#include "core/check/test_schedule.h"
#include "core/hotplug/memory_block.h"
#include "core/mm/machine.h"

#define SCHEDULES 60
#define BLOCK 0x40000ULL
#define FIRST 4 /* the region: blocks 4 and 5, 8 sub-blocks each */

struct step {
	const char *name;
	s32 a, b, c, d;
	s64 expect;
};

static struct test_scenario scenario(void)
{
	struct test_scenario s = test_scenario(6, 3);

	s.config.boot_params = BIT(BOOT_PARAM_virtio_mem);
	s.config.movable.count = 1;
	s.config.movable.range[0].first = s.config.movable.range[0].last = 3;
	return s;
}

static const struct step *steps;
static u32 nr_steps;
static s64 results[32];

static void run_steps_task(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < nr_steps; i++) {
		struct op op = test_op(steps[i].name, steps[i].a, steps[i].b, steps[i].c, steps[i].d);

		results[i] = core_run_op(&op);
	}
}

/* One task, laws at the end; results as expected. */
static void run_steps(const struct step *step, u32 nr)
{
	struct test_scenario s = scenario();
	struct rt_result result;

	assert_true(nr <= ARRAY_SIZE(results));
	steps = step;
	nr_steps = nr;
	test_boot(&s);
	rt_task_create("a", 0, run_steps_task, NULL);
	rt_set_strategy(NULL);
	rt_run(&result);
	for (u32 i = 0; i < nr; i++)
		if (results[i] != step[i].expect)
			print_error("step %u %s %d: %lld, expected %lld\n", i, step[i].name, step[i].a,
				    (long long)results[i], (long long)step[i].expect);
	if (result.verdict.kind != VERDICT_ok)
		fail_msg("%s [%s] %s", verdict_name(result.verdict.kind), result.verdict.signature,
			 result.verdict.detail);
	for (u32 i = 0; i < nr; i++)
		assert_int_equal(results[i], step[i].expect);
}
#define RUN(steps) run_steps(steps, ARRAY_SIZE(steps))

static u32 state_of(u64 id)
{
	return virtio_mem_state(virtio_mem_block_of(machine.virtio_mem, id));
}

/* ---- offline blocks ---------------------------------------------------------------------------------------------- */

static void adds_and_removes_blocks(void **state)
{
	static const struct step whole[] = {
		{"virtio_resize", 8, 0, 0, 0, 8},
		{"virtio_resize", 16, 0, 0, 0, 16},
		{"virtio_resize", 17, 0, 0, 0, -ENOSPC},
		{"virtio_resize", 3, 0, 0, 0, 3}, /* one is removed, one is partial */
		{"virtio_resize", 0, 0, 0, 0, 0},
		{"virtio_resize", 5, 0, 0, 0, 5},
	};

	(void)state;
	RUN(whole);
	assert_int_equal(state_of(FIRST), VIRTIO_MEM_OFFLINE_PARTIAL);
	assert_int_equal(state_of(FIRST + 1), VIRTIO_MEM_UNUSED);
	assert_non_null(machine.blocks[FIRST]);
	assert_null(machine.blocks[FIRST + 1]);
	assert_int_equal(memory_group_id(machine.blocks[FIRST]->group), machine.virtio_mem->mgid);
}

static void region_is_its_own(void **state)
{
	static const struct step others[] = {
		{"add", FIRST, 0, 0, 0, -EEXIST},
		{"virtio_resize", 8, 0, 0, 0, 8},
		{"remove", FIRST, 0, 0, 0, -ENODEV},
		{"offline_and_remove", FIRST, 0, 0, 0, -ENODEV},
	};

	(void)state;
	RUN(others);
}

/* Where a topology has it, in bytes; so many blocks may be added without being online. */
static void topology_has_a_region(void **state)
{
	struct topology t = {
		.nr_ranges = 1,
		.range[0] = {.start = 0, .end = 3 * BLOCK, .nid = 0},
		.virtio_mem = {.start = 4 * BLOCK, .end = 9 * BLOCK},
	};
	struct test_scenario s = scenario();

	(void)state;
	s.config.blocks = 10;
	s.config.boot_params = 0;
	s.config.movable.count = 0;
	s.config.custom = &t;
	test_boot(&s);
	assert_int_equal(core_virtio_mem_size(), 0);
	assert_int_equal(core_virtio_mem_resize(5 * BLOCK), 0);
	assert_int_equal(core_virtio_mem_size(), 5 * BLOCK);
	assert_non_null(machine.blocks[8]);
	assert_int_equal(core_virtio_mem_resize(6 * BLOCK), -ENOSPC);
	assert_int_equal(core_virtio_mem_resize(BLOCK / 8), 0);
	assert_int_equal(core_virtio_mem_size(), BLOCK / 8);
	assert_null(machine.blocks[8]);
	assert_null(machine_config_error(&s.config));
	t.virtio_mem.end = 11 * BLOCK;
	assert_non_null(machine_config_error(&s.config));
	t.virtio_mem.end = 8 * BLOCK + 4096;
	assert_non_null(machine_config_error(&s.config));
	t.virtio_mem.end = 8 * BLOCK;
	t.virtio_mem.start = 2 * BLOCK;
	assert_non_null(machine_config_error(&s.config));
}

static void needs_a_device(void **state)
{
	struct test_scenario s = scenario();

	(void)state;
	s.config.boot_params = 0;
	test_boot(&s);
	assert_null(machine.virtio_mem);
	assert_int_equal(virtio_mem_resize(1, 0), -ENODEV);
	assert_int_equal(core_virtio_mem_resize(BLOCK), -ENODEV);
	assert_int_equal(core_virtio_mem_size(), 0);
}

/* ---- online blocks ----------------------------------------------------------------------------------------------- */

static void unplugs_parts_of_online_blocks(void **state)
{
	static const struct step movable[] = {
		{"virtio_resize", 6, 0, 0, 0, 6}, {"online", FIRST, 2, 0, 0, 0}, {"virtio_resize", 2, 0, 0, 0, 2},
		{"virtio_resize", 8, 0, 0, 0, 8}, /* pages it never had, and pages it took */
		{"virtio_resize", 4, 0, 0, 0, 4},
	};

	(void)state;
	RUN(movable);
	assert_int_equal(state_of(FIRST), VIRTIO_MEM_MOVABLE_PARTIAL);
	assert_int_equal(zone_managed_pages(node_zone(0, ZONE_MOVABLE)), 64 + 32);
	assert_int_equal(node_zone(0, ZONE_MOVABLE)->present_pages, 128);
}

static void whole_blocks_go(void **state)
{
	static const struct step online[] = {
		{"virtio_resize", 16, 0, 0, 0, 16},
		{"online", FIRST, 1, 0, 0, 0},
		{"online", FIRST + 1, 2, 0, 0, 0},
		{"virtio_resize", 8, 0, 0, 0, 8}, /* of Movable first, and all of it: the block is removed */
	};

	(void)state;
	RUN(online);
	assert_int_equal(state_of(FIRST), VIRTIO_MEM_KERNEL);
	assert_int_equal(state_of(FIRST + 1), VIRTIO_MEM_UNUSED);
	assert_null(machine.blocks[FIRST + 1]);
}

/* What is in use moves; what cannot is left alone, and the rest of the block goes. */
static void busy_subblocks_stay(void **state)
{
	static const struct step busy[] = {
		{"virtio_resize", 8, 0, 0, 0, 8}, {"online", FIRST, 2, 0, 0, 0},
		{"offline", 3, 0, 0, 0, 0},       {"alloc", 1, 0, 12, 0, 12},
		{"pin", 0, 0, 0, 0, 12},          {"virtio_resize", 0, 0, 0, 0, -EBUSY},
		{"unpin", 0, 0, 0, 0, 12},        {"virtio_resize", 0, 1, 0, 0, 0},
	};

	(void)state;
	RUN(busy);
	assert_null(machine.blocks[FIRST]);
}

/* ---- the listener ------------------------------------------------------------------------------------------------ */

static void offline_with_unplugged_pages(void **state)
{
	static const struct step user[] = {
		{"virtio_resize", 5, 0, 0, 0, 5}, {"online", FIRST, 2, 0, 0, 0},    {"offline", FIRST, 0, 0, 0, 0},
		{"online", FIRST, 1, 0, 0, 0},    {"virtio_resize", 3, 0, 0, 0, 3}, {"offline", FIRST, 0, 0, 0, 0},
		{"online", FIRST, 2, 0, 0, 0},
	};

	(void)state;
	RUN(user);
	assert_int_equal(state_of(FIRST), VIRTIO_MEM_MOVABLE_PARTIAL);
}

/* Somebody before it refuses: it was not asked, and hears of the end. Then a page is in the way: it was. */
static void cancelled_offline_changes_nothing(void **state)
{
	static const struct step cancelled[] = {
		{"virtio_resize", 5, 0, 0, 0, 5}, {"online", FIRST, 1, 0, 0, 0},
		{"veto", 1, 0, 0, 0, 0},          {"offline", FIRST, 0, 0, 0, -EPERM},
		{"contig", FIRST, 3, 2, 0, 2},    {"offline", FIRST, 0, 0, 0, -EBUSY},
		{"free", 0, 0, 0, 0, 2},          {"offline", FIRST, 0, 0, 0, 0},
		{"veto", 0, 0, 0, 0, 0},          {"online", FIRST, 2, 0, 0, -EPERM},
		{"online", FIRST, 2, 0, 0, 0},
	};

	(void)state;
	RUN(cancelled);
}

/* ---- against users ----------------------------------------------------------------------------------------------- */

static void against(struct test_scenario *s)
{
	test_boot(s);
	for (u64 seed = 1; seed <= SCHEDULES; seed++) {
		struct rt_result result;

		test_run(s, seed, &result);
		if (result.verdict.kind != VERDICT_ok)
			fail_msg("seed %llu: %s [%s] %s", (unsigned long long)seed, verdict_name(result.verdict.kind),
				 result.verdict.signature, result.verdict.detail);
	}
}

/* A user takes the block offline, and online again, while the device takes parts of it back. */
static void user_and_device(void **state)
{
	struct test_scenario s = scenario();

	(void)state;
	s.nr_tasks = 3;
	for (u32 i = 0; i < 3; i++)
		s.task[i].cpu = i % 2;
	test_add_op(&s.boot, "virtio_resize", 7, 0, 0, 0);
	test_add_op(&s.boot, "online", FIRST, 2, 0, 0);
	test_add_op(&s.task[0], "virtio_resize", 2, 0, 0, 0);
	test_add_op(&s.task[0], "virtio_resize", 12, 0, 0, 0);
	test_add_op(&s.task[0], "virtio_resize", 0, 1, 0, 0);
	test_add_op(&s.task[1], "offline", FIRST, 0, 0, 0);
	test_add_op(&s.task[1], "online", FIRST, 1, 0, 0);
	test_add_op(&s.task[1], "offline", FIRST, 0, 0, 0);
	test_add_op(&s.task[2], "alloc", 1, 0, 20, 0);
	test_add_op(&s.task[2], "free", 0, 0, 0, 0);
	test_add_op(&s.task[2], "veto", 1, 0, 0, 0);
	against(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_and_removes_blocks),
		cmocka_unit_test(region_is_its_own),
		cmocka_unit_test(needs_a_device),
		cmocka_unit_test(topology_has_a_region),
		cmocka_unit_test(unplugs_parts_of_online_blocks),
		cmocka_unit_test(whole_blocks_go),
		cmocka_unit_test(busy_subblocks_stay),
		cmocka_unit_test(offline_with_unplugged_pages),
		cmocka_unit_test(cancelled_offline_changes_nothing),
		cmocka_unit_test(user_and_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
