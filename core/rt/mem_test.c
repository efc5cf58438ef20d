/* SPDX-License-Identifier: MIT */
/* The arena: typed objects, the memmap window that comes and goes, bulk access, atomics. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/name.h"
#include "core/rt/task.h"

#define UNITS 4

struct shared {
	u64 gone, counter, bits[2];
	atomic_t refs;
	void *object;
};
#define shared RT_TEST_SHARED(struct shared)

static u64 *unit(u32 n)
{
	return (u64 *)(RT_MEMMAP_BASE + n * RT_MEMMAP_UNIT);
}

static void boot(void)
{
	BUG_ON(rt_memmap_map(unit(0), UNITS * RT_MEMMAP_UNIT, 0x1234567890abcdefUL));
}

static void objects(void *arg)
{
	u64 *a = rt_kzalloc(40, OBJ_test), *b = rt_kzalloc(3 * 4096, OBJ_content);
	u64 base;

	(void)arg;
	BUG_ON(!a || !b || !IS_ALIGNED((u64)a, 16));
	for (u32 i = 0; i < 5; i++)
		BUG_ON(a[i]);
	for (u32 i = 0; i < 3 * 512; i++)
		BUG_ON(b[i]);
	base = (u64)a;
	kfree(a);
	kfree(NULL);
	a = rt_kzalloc(40, OBJ_test);
	BUG_ON((u64)a == base);
	mem_fill(b, 7, 3 * 4096, 64);
	mem_copy(a, b, 40, 8);
	BUG_ON(a[4] != 7);
	kfree(a);
	kfree(b);
}

static void count_object(void *ptr, size_t size, int type, void *arg)
{
	(void)ptr;
	(void)size;
	(void)type;
	++*(u64 *)arg;
}

static void check_none_left(void)
{
	u64 count = 0;

	rt_for_each_object(count_object, &count);
	BUG_ON(count);
}

static void test_objects(void **state)
{
	struct rt_test test = {
		.cpus = 1, .rounds = 2, .boot = boot, .after = check_none_left, .task = {{"t", 0, objects, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void leaks(void *arg)
{
	(void)arg;
	shared.object = rt_kzalloc(16, OBJ_test);
}

static void test_leak_is_listed(void **state)
{
	struct rt_test test = {
		.cpus = 1, .rounds = 1, .boot = boot, .after = check_none_left, .task = {{"t", 0, leaks, NULL}}};

	(void)state;
	rt_test_expect(&test, VERDICT_bug, "count");
}

static void double_free(void *arg)
{
	void *p = rt_kzalloc(32, OBJ_test);

	(void)arg;
	kfree(p);
	kfree(p);
}

static void foreign_free(void *arg)
{
	(void)arg;
	kfree((char *)rt_kzalloc(64, OBJ_test) + 32);
}

static void test_bad_free(void **state)
{
	struct rt_test twice = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, double_free, NULL}}};
	struct rt_test foreign = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, foreign_free, NULL}}};

	(void)state;
	rt_test_expect(&twice, VERDICT_bug, "kfree");
	rt_test_expect(&foreign, VERDICT_bug, "kfree");
}

static void mapping(void *arg)
{
	(void)arg;
	BUG_ON(READ_ONCE(*unit(1)) != 0x1234567890abcdefUL);
	BUG_ON(!rt_memmap_live(unit(UNITS - 1)) || rt_memmap_live(unit(UNITS)));
	WRITE_ONCE(*unit(1), 5);
	rt_memmap_unmap(unit(1), RT_MEMMAP_UNIT);
	BUG_ON(rt_memmap_live(unit(1)) || !rt_memmap_live(unit(2)));
	BUG_ON(rt_memmap_map(unit(1), RT_MEMMAP_UNIT, 0));
	BUG_ON(READ_ONCE(*unit(1)) != 0);
	BUG_ON(READ_ONCE(*unit(2)) != 0x1234567890abcdefUL);
}

static void test_memmap(void **state)
{
	struct rt_test test = {.cpus = 1, .rounds = 2, .boot = boot, .task = {{"t", 0, mapping, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void remover(void *arg)
{
	(void)arg;
	point(op, end, 1);
	rt_memmap_unmap(unit(2), RT_MEMMAP_UNIT);
	WRITE_ONCE(shared.gone, 1);
}

static void reads_gone(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.gone))
		cond_resched();
	point(op, begin, 2);
	WRITE_ONCE(shared.counter, READ_ONCE(*(unit(2) + 3)));
}

static void reads_never_mapped(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared.counter, READ_ONCE(*unit(UNITS + 3)));
}

/* Both runtimes tell the same story: which class, and which two points. */
static void test_oops(void **state)
{
	struct rt_test gone = {
		.cpus = 2, .rounds = 1, .boot = boot, .task = {{"v", 0, reads_gone, NULL}, {"k", 1, remover, NULL}}};
	struct rt_test never = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"v", 0, reads_never_mapped, NULL}}};
	struct rt_verdict verdict = rt_test_run(&gone);

	(void)state;
	assert_int_equal(verdict.kind, VERDICT_oops);
	assert_string_equal(verdict.signature, "oops use-after-free memmap {op.begin, op.end}");
	assert_int_equal(verdict.addr, (u64)(unit(2) + 3));
	rt_test_expect(&never, VERDICT_oops, "oops never-allocated memmap {task.start}");
}

static void counting(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 50; i++) {
		atomic_inc(&shared.refs);
		atomic_long_add(2, (atomic_long_t *)&shared.counter);
		if (!test_and_set_bit(i + 20, shared.bits))
			clear_bit(i + 20, shared.bits);
	}
}

static void check_counts(void)
{
	BUG_ON(atomic_read(&shared.refs) != 150 || shared.counter != 300);
	BUG_ON(shared.bits[0] || shared.bits[1]);
}

static void test_atomics_across_tasks(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 10,
			       .boot = boot,
			       .after = check_counts,
			       .task = {{"a", 0, counting, NULL}, {"b", 1, counting, NULL}, {"c", 1, counting, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void values(void *arg)
{
	atomic_t *v = &shared.refs;
	u64 *word = &shared.counter;

	(void)arg;
	atomic_set(v, 5);
	BUG_ON(atomic_add_return(-3, v) != 2 || atomic_inc_return(v) != 3 || atomic_dec_return(v) != 2);
	BUG_ON(atomic_cmpxchg(v, 9, 1) != 2 || atomic_cmpxchg(v, 2, 1) != 2 || atomic_read(v) != 1);
	BUG_ON(atomic_xchg(v, 0) != 1 || atomic_inc_not_zero(v) || atomic_add_unless(v, 4, 0));
	BUG_ON(!atomic_add_unless(v, 4, 1) || atomic_read(v) != 4);
	atomic_set(v, 1);
	BUG_ON(!atomic_dec_and_test(v));
	BUG_ON(cmpxchg64(word, 1, 2) != 0 || cmpxchg64(word, 0, 2) != 0 || xchg64(word, 3) != 2 || *word != 3);
	set_bit(70, shared.bits);
	BUG_ON(!test_bit(70, shared.bits) || shared.bits[1] != BIT(6) || shared.bits[0]);
	BUG_ON(!test_and_clear_bit(70, shared.bits) || test_and_clear_bit(70, shared.bits));
	BUG_ON(test_and_set_bit_lock(3, shared.bits) || !test_and_set_bit_lock(3, shared.bits));
	clear_bit_unlock(3, shared.bits);
	BUG_ON(test_bit(3, shared.bits));
	BUG_ON(data_race(shared.bits[0], "nobody else is here"));
}

static void long_values(void *arg)
{
	atomic_long_t *v = (atomic_long_t *)&shared.counter;
	const s64 big = 1L << 40;

	(void)arg;
	atomic_long_set(v, big);
	BUG_ON(atomic_long_add_return(-big, v) || atomic_long_inc_return(v) != 1 || atomic_long_dec_return(v));
	BUG_ON(atomic_long_cmpxchg(v, 1, 2) != 0 || atomic_long_cmpxchg(v, 0, big) != 0 || atomic_long_read(v) != big);
	BUG_ON(atomic_long_xchg(v, 3) != big || atomic_long_add_unless(v, 4, 3) || atomic_long_read(v) != 3);
	BUG_ON(!atomic_long_add_unless(v, big, 4) || atomic_long_read(v) != big + 3);
	BUG_ON(atomic_long_sub_and_test(big, v) || !atomic_long_sub_and_test(3, v) || atomic_long_inc_not_zero(v));
	atomic_long_inc(v);
	BUG_ON(!atomic_long_inc_not_zero(v));
	atomic_long_dec(v);
	BUG_ON(!atomic_long_dec_and_test(v));
	atomic_set(&shared.refs, 7);
	BUG_ON(atomic_sub_and_test(6, &shared.refs) || !atomic_sub_and_test(1, &shared.refs));
}

static void test_atomic_values(void **state)
{
	struct rt_test test = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, values, NULL}}};
	struct rt_test longs = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, long_values, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
	rt_test_expect_ok(&longs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects),       cmocka_unit_test(test_leak_is_listed),
		cmocka_unit_test(test_bad_free),      cmocka_unit_test(test_memmap),
		cmocka_unit_test(test_oops),          cmocka_unit_test(test_atomics_across_tasks),
		cmocka_unit_test(test_atomic_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
