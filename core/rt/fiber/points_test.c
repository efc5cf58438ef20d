/* SPDX-License-Identifier: MIT */
/*
 * How many points each kind of access makes: the same numbers in every preset and with both clangs. Points made by
 * calls are the same everywhere by construction; plain accesses only as long as the optimiser finds none of them
 * redundant, as in these functions. (Where it does, presets differ by a few per cent: see the trace hash, which
 * leaves plain accesses out.)
 */
#include "core/rt/fiber/testing.h"

static void nothing(void *arg)
{
	(void)arg;
}

static void one_load(void *arg)
{
	(void)arg;
	if (shared.x == 77)
		BUG();
}

static void one_store(void *arg)
{
	shared.x = (u64)arg;
}

static void load_and_store(void *arg)
{
	(void)arg;
	shared.x++;
}

static void widths(void *arg)
{
	volatile u8 *bytes = (volatile u8 *)shared.array;

	(void)arg;
	bytes[0] = 1;
	((volatile u16 *)bytes)[1] = 2;
	((volatile u32 *)bytes)[1] = bytes[0];
	((volatile u64 *)bytes)[1] = ((volatile u32 *)bytes)[1];
}

static void marked(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared.x, READ_ONCE(shared.y));
	WRITE_ONCE(shared.flag, READ_ONCE(shared.half[1]));
	smp_store_release(&shared.z, 1);
	(void)smp_load_acquire(&shared.flag);
}

static void atomics(void *arg)
{
	(void)arg;
	atomic_set(&shared.count, 1);
	atomic_inc(&shared.count);
	(void)atomic_add_return(1, &shared.count);
	(void)atomic_read(&shared.count);
	(void)atomic_cmpxchg(&shared.count, 3, 4);
	(void)atomic_xchg(&shared.count, 5);
	(void)atomic_add_unless(&shared.count, 1, 0);
	set_bit(3, shared.array);
	clear_bit(3, shared.array);
	(void)test_bit(70, shared.array);
	(void)test_and_set_bit(70, shared.array);
	(void)test_and_clear_bit(70, shared.array);
	(void)cmpxchg64(&shared.x, 0, 1);
	(void)xchg64(&shared.x, 1);
}

static void loop(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < ARRAY_SIZE(shared.array); i++)
		shared.array[i] = i;
}

static void sum(void *arg)
{
	u64 total = 0;

	(void)arg;
	for (u32 i = 0; i < ARRAY_SIZE(shared.array); i++)
		total += shared.array[i];
	shared.x = total;
}

static void fill(void *arg)
{
	(void)arg;
	mem_fill(shared.array, 1, 256, 64);
	mem_fill(shared.array, 1, 72, 64);
	mem_fill(shared.array, 1, 64, 8);
}

static void copy(void *arg)
{
	u64 local[16];

	(void)arg;
	mem_copy(shared.array, shared.array + 16, 128, 64);
	mem_copy(local, shared.array, 128, 64);
	mem_copy(shared.array, local, 128, 64);
}

static void spin(void *arg)
{
	(void)arg;
	spin_lock(&shared.a);
	shared.x++;
	spin_unlock(&shared.a);
}

static void semantic(void *arg)
{
	(void)arg;
	point(op, begin, 1);
	point(op, end, shared.x);
}

static void allocation(void *arg)
{
	u64 *p = rt_kzalloc(32, OBJ_test);

	(void)arg;
	*p = 1;
	kfree(p);
}

static u64 stack_user(u64 n)
{
	volatile u64 local[8];

	for (u64 i = 0; i < 8; i++)
		local[i] = n + i;
	return local[3];
}

static void stack_only(void *arg)
{
	static volatile u64 global;

	global = stack_user((u64)arg);
	global++;
}

static void branches(void *arg)
{
	u64 *array = shared.array;

	(void)arg;
	for (u32 i = 0; i < 8; i++) {
		if (array[i] & 1)
			array[i] >>= 1;
		else
			array[i] = array[i] * 3 + i;
		if (array[i] == shared.x && array[7 - i] != shared.y)
			shared.z++;
	}
}

static void exempt(void *arg)
{
	(void)arg;
	(void)data_race(*(volatile u64 *)&shared.x, "counted here");
	ASSERT_EXCLUSIVE_ACCESS(shared.x);
}

static void reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
	(void)rcu_dereference(shared.pointer);
	rcu_read_unlock();
}

static void sequence(void *arg)
{
	u32 start;

	(void)arg;
	spin_lock(&shared.a);
	write_seqcount_begin(&shared.seq);
	WRITE_ONCE(shared.x, 1);
	write_seqcount_end(&shared.seq);
	spin_unlock(&shared.a);
	do {
		start = read_seqcount_begin(&shared.seq);
		(void)READ_ONCE(shared.x);
	} while (read_seqcount_retry(&shared.seq, start));
}

static const struct {
	const char *what;
	void (*fn)(void *arg);
	u64 points;
} rows[] = {
	{"nothing", nothing, 0},
	{"load", one_load, 1},
	{"store", one_store, 1},
	{"load and store", load_and_store, 2},
	{"1, 2, 4 and 8 bytes", widths, 6},
	{"marked accesses", marked, 6},
	{"atomic operations", atomics, 14},
	{"stores in a loop", loop, 32},
	{"loads in a loop", sum, 33},
	{"mem_fill: a point per stride", fill, 4 + 2 + 8},
	{"mem_copy: a load and a store per stride in the arena", copy, 4 + 2 + 2},
	{"spinlock", spin, 4},
	{"semantic points", semantic, 3},
	{"allocation and free", allocation, 2},
	{"the stack and globals are nobody else's", stack_only, 0},
	{"branches", branches, 26},
	{"data_race, ASSERT_EXCLUSIVE_ACCESS", exempt, 2},
	{"RCU reader", reader, 3},
	{"seqcount", sequence, 8},
};

static void test_counts(void **state)
{
	u32 wrong = 0;

	(void)state;
	for (int detector = 0; detector < 2; detector++) {
		testing_boot(1, detector, NULL);
		for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
			const struct rt_result *result = RUN({rows[i].fn, 0, (void *)1});

			testing_expect(result, VERDICT_ok, "");
			if (result->steps == rows[i].points)
				continue;
			print_error("%s: %lu points, expected %lu\n", rows[i].what, result->steps, rows[i].points);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
