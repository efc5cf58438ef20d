/* SPDX-License-Identifier: MIT */
/* Liveness: every kind of stale access is a verdict with its story, and the next run is as good as new. */
#include "core/rt/fiber/testing.h"

#define UNIT(n) ((volatile u64 *)(RT_MEMMAP_BASE + (n)*RT_MEMMAP_UNIT))

static u64 *image_object;

static void boot(void)
{
	image_object = rt_kzalloc(48, OBJ_pageset);
	image_object[0] = 5;
	BUG_ON(rt_memmap_map((void *)UNIT(0), 4 * RT_MEMMAP_UNIT, 0x1111));
	rt_memmap_unmap((void *)UNIT(3), RT_MEMMAP_UNIT);
}

static void frees(void *arg)
{
	(void)arg;
	point(op, end, 1);
	kfree(image_object);
}

static void touches(void *arg)
{
	(void)arg;
	point(op, begin, 1);
	((volatile u64 *)image_object)[1] = 3;
}

static void locks_freed(void *arg)
{
	spinlock_t *lock = rt_kzalloc(sizeof(*lock), OBJ_page_ext);

	(void)arg;
	spin_lock_init(lock, LOCK_test_a);
	kfree(lock);
	spin_lock(lock);
}

static void out_of_bounds(void *arg)
{
	(void)arg;
	((volatile u64 *)image_object)[6] = 3;
}

static void never_allocated(void *arg)
{
	(void)arg;
	*(volatile u64 *)(RT_HEAP_BASE + (1UL << 30)) = 3;
}

static void null_pointer(void *arg)
{
	*(volatile u64 *)((u64)arg + 16) = 3;
}

static void unmaps(void *arg)
{
	(void)arg;
	point(op, end, 1);
	rt_memmap_unmap((void *)UNIT(1), 2 * RT_MEMMAP_UNIT);
}

static void reads_unit(void *arg)
{
	point(op, begin, 1);
	(void)*UNIT((u64)arg);
	(void)READ_ONCE(*UNIT((u64)arg));
}

static void atomic_on_dead(void *arg)
{
	(void)arg;
	atomic_inc((atomic_t *)UNIT(3));
}

static void fills_dead(void *arg)
{
	(void)arg;
	mem_fill((void *)UNIT(2), 0, 2 * RT_MEMMAP_UNIT, 64);
}

static void test_kinds(void **state)
{
	(void)state;
	testing_boot(2, true, boot);
	testing_script("");
	testing_expect(RUN({frees, 0, NULL}, {touches, 1, NULL}), VERDICT_oops,
		       "oops use-after-free pageset {op.begin, op.end}");
	testing_expect(RUN({locks_freed, 0, NULL}), VERDICT_oops,
		       "oops use-after-free page_ext {task.start, task.start}");
	testing_expect(RUN({out_of_bounds, 0, NULL}), VERDICT_oops, "oops out-of-bounds pageset {task.start}");
	testing_expect(RUN({never_allocated, 0, NULL}), VERDICT_oops, "oops never-allocated heap {task.start}");
	testing_expect(RUN({null_pointer, 0, NULL}), VERDICT_oops, "oops null-pointer (nowhere) {task.start}");
	testing_expect(RUN({null_pointer, 0, (void *)~7UL}), VERDICT_oops, "oops null-pointer (nowhere) {task.start}");
	testing_expect(RUN({null_pointer, 0, (void *)0xdead000000000100UL}), VERDICT_oops,
		       "oops wild-pointer (nowhere) {task.start}");
	testing_expect(RUN({unmaps, 0, NULL}, {reads_unit, 1, (void *)2}), VERDICT_oops,
		       "oops use-after-free memmap {op.begin, op.end}");
	testing_expect(RUN({reads_unit, 0, (void *)3}), VERDICT_oops,
		       "oops use-after-free memmap {op.begin, task.start}");
	testing_expect(RUN({reads_unit, 0, (void *)9}), VERDICT_oops, "oops never-allocated memmap {op.begin}");
	testing_expect(RUN({atomic_on_dead, 0, NULL}), VERDICT_oops,
		       "oops use-after-free memmap {task.start, task.start}");
	testing_expect(RUN({fills_dead, 0, NULL}), VERDICT_oops, "oops use-after-free memmap {task.start, task.start}");
	testing_expect(RUN({reads_unit, 0, (void *)0}, {touches, 1, NULL}), VERDICT_ok, "");
}

static void double_free(void *arg)
{
	kfree(image_object);
	kfree((char *)image_object + (u64)arg);
}

static void touches_exempt(void *arg)
{
	(void)arg;
	(void)data_race(*UNIT(3) + READ_ONCE(*UNIT(3)), "whatever is there");
}

/* A task abandoned inside data_race() takes its exemption with it. */
static void test_exempt(void **state)
{
	(void)state;
	testing_boot(2, true, boot);
	for (u32 i = 0; i < 3; i++)
		testing_expect(RUN({touches_exempt, 0, NULL}, {touches_exempt, 1, NULL}), VERDICT_oops,
			       "oops use-after-free memmap {task.start, task.start}");
	testing_expect(RUN({touches, 0, NULL}, {touches, 1, NULL}), VERDICT_race,
		       "race pageset+8 {op.begin, op.begin}");
}

static void test_bad_free(void **state)
{
	(void)state;
	testing_boot(2, true, boot);
	testing_expect(RUN({double_free, 0, NULL}), VERDICT_bug,
		       "bug kfree: double free of pageset {task.start, task.start}");
	testing_expect(RUN({double_free, 0, (void *)16}), VERDICT_bug, "bug kfree: not an object");
}

static void uses_poisoned(void *arg)
{
	(void)arg;
	point(op, begin, 1);
	rt_oops("uninitialised", (u64)UNIT(0) + 16);
}

static void poisons(void *arg)
{
	(void)arg;
	point(op, end, 1);
	mem_fill((void *)UNIT(0), ~0UL, 64, 64);
}

/* As poisons(), but hidden from the race detector, and after a write that is not. */
static void poisons_unseen(void *arg)
{
	(void)arg;
	mem_fill((void *)UNIT(0), 1, 64, 64);
	point(op, end, 1);
	(void)data_race(({
				mem_fill((void *)UNIT(0), ~0UL, 64, 64);
				0;
			}),
			"test");
	point(op, begin, 1);
}

/* An oops that the core reports itself names who wrote the content. */
static void test_reported_by_core(void **state)
{
	const struct rt_result *result;

	(void)state;
	testing_boot(2, true, boot);
	testing_script("");
	result = RUN({poisons, 0, NULL}, {uses_poisoned, 1, NULL});
	testing_expect(result, VERDICT_oops, "oops uninitialised memmap {op.begin, op.end}");
	assert_int_equal(result->verdict.addr, (u64)UNIT(0) + 16);
	assert_non_null(strstr(result->verdict.detail, "last written by a after op.end"));
	result = RUN({poisons_unseen, 0, NULL}, {uses_poisoned, 1, NULL});
	testing_expect(result, VERDICT_oops, "oops uninitialised memmap {op.begin, op.end}");
	result = RUN({uses_poisoned, 1, NULL});
	testing_expect(result, VERDICT_oops, "oops uninitialised memmap {op.begin}");
}

static void unmaps_and_maps(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 3; i++) {
		rt_memmap_unmap((void *)UNIT(1), RT_MEMMAP_UNIT);
		BUG_ON(rt_memmap_live((void *)UNIT(1)));
		BUG_ON(rt_memmap_map((void *)UNIT(1), RT_MEMMAP_UNIT, i));
		BUG_ON(READ_ONCE(*UNIT(1)) != i);
		WRITE_ONCE(*UNIT(1), 7);
	}
}

static void test_reset_of_liveness(void **state)
{
	(void)state;
	testing_boot(2, true, boot);
	for (u32 i = 0; i < 3; i++) {
		testing_expect(RUN({unmaps, 0, NULL}), VERDICT_ok, "");
		assert_true(rt_memmap_live((void *)UNIT(1)) && rt_memmap_live((void *)UNIT(2)));
		assert_false(rt_memmap_live((void *)UNIT(3)));
		testing_expect(RUN({unmaps_and_maps, 0, NULL}), VERDICT_ok, "");
		testing_expect(RUN({frees, 0, NULL}), VERDICT_ok, "");
	}
}

/* Each run ends in a verdict, in the middle of a task, with others abandoned: nothing may add up. */
static void test_many_verdicts(void **state)
{
	const u32 runs = 100000;
	u64 hash = 0;

	(void)state;
	testing_boot(2, true, boot);
	testing_script("");
	for (u32 i = 0; i < runs; i++) {
		const struct rt_result *result = RUN({frees, 0, NULL}, {touches, 1, NULL}, {reads_unit, 0, NULL});

		assert_int_equal(result->verdict.kind, VERDICT_oops);
		assert_true(!i || hash == result->hash);
		hash = result->hash;
	}
	testing_expect(RUN({touches, 1, NULL}), VERDICT_ok, "");
	assert_int_equal(image_object[0], 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_bad_free),
		cmocka_unit_test(test_reported_by_core),
		cmocka_unit_test(test_reset_of_liveness),
		cmocka_unit_test(test_many_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
