/* SPDX-License-Identifier: MIT */
/* Reset and determinism: runs A, B, A are equal whatever B did; so are runs traced and not, and runs of other builds.
 */
#include "core/rt/fiber/testing.h"

#define KNOWN_HASH 0xc925e713e923f11fUL

static void mixed(void *arg)
{
	u64 *object = rt_kzalloc(64, OBJ_test);

	point(op, begin, (u64)arg);
	for (u32 i = 0; i < 5; i++) {
		spin_lock(&shared.a);
		shared.x += i;
		object[i] = shared.x;
		spin_unlock(&shared.a);
		atomic_inc(&shared.count);
		WRITE_ONCE(shared.array[i], (u64)object);
	}
	msleep(1);
	kfree(object);
	complete(&shared.done);
	wait_for_completion(&shared.done);
	point(op, end, READ_ONCE(shared.array[3]));
}

/* Leaves everything in disorder: locks held, memory freed and written, a verdict in the middle. */
static void disorder(void *arg)
{
	u64 *objects[8];

	for (u32 i = 0; i < 8; i++)
		objects[i] = rt_kzalloc(64 + 16 * i, OBJ_pageset);
	for (u32 i = 0; i < 8; i += 2)
		kfree(objects[i]);
	mem_fill(objects[7], 0xdead, 176, 64);
	mutex_lock(&shared.m);
	spin_lock(&shared.b);
	pr_info("in disorder\n");
	switch ((u64)arg) {
	case 0:
		BUG();
	case 1:
		*(volatile u64 *)objects[0] = 1;
		break;
	case 2:
		for (;;)
			WRITE_ONCE(shared.y, 1);
	case 3:
		mutex_lock(&shared.n);
		break;
	default:
		spin_unlock(&shared.b);
		mutex_unlock(&shared.m);
	}
}

static u64 hash_of_a(u64 seed)
{
	const struct rt_result *result;

	testing_walk(seed);
	result = RUN({mixed, 0, (void *)1}, {mixed, 1, (void *)2}, {mixed, 1, (void *)3});
	testing_expect(result, VERDICT_ok, "");
	return result->hash;
}

static void test_aba(void **state)
{
	static const enum verdict_kind kinds[] = {VERDICT_bug, VERDICT_oops, VERDICT_livelock, VERDICT_context,
						  VERDICT_ok};

	(void)state;
	testing_boot(2, true, NULL);
	for (u64 seed = 1; seed < 20; seed++) {
		u64 hash = hash_of_a(seed);

		assert_int_not_equal(hash, hash_of_a(seed + 1000));
		for (u64 what = 0; what < ARRAY_SIZE(kinds); what++) {
			testing_walk(seed);
			assert_int_equal(RUN({disorder, 0, (void *)what}, {mixed, 1, NULL})->verdict.kind, kinds[what]);
			assert_string_equal(rt_log(), "");
			assert_int_equal(hash_of_a(seed), hash);
		}
	}
}

static u64 entries;

static void sink(const struct rt_trace_entry *entry, void *arg)
{
	assert_ptr_equal(arg, &entries);
	assert_true(entry->place.task < RT_MAX_TASKS);
	entries++;
}

static void test_traced(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	for (u64 seed = 1; seed < 50; seed++) {
		u64 hash = hash_of_a(seed), traced;

		entries = 0;
		rt_set_trace(sink, &entries);
		traced = hash_of_a(seed);
		rt_set_trace(NULL, NULL);
		assert_int_equal(hash, traced);
		assert_true(entries > 100);
	}
}

/*
 * The same schedule, given at places that all builds have, gives this hash in every preset and with both clangs. It
 * changes when the runtime's points or ids do: then old tokens replay no more, and the number here is renewed.
 */
static void test_known_hash(void **state)
{
	const struct rt_result *result;

	(void)state;
	testing_boot(2, true, NULL);
	testing_choices("");
	rt_set_strategy(NULL);
	result = RUN({mixed, 0, (void *)1}, {mixed, 1, (void *)2});
	testing_expect(result, VERDICT_ok, "");
	if (result->hash != KNOWN_HASH)
		print_error("hash %#lx\n", result->hash);
	assert_int_equal(result->hash, KNOWN_HASH);
}

static void *first, *second;

static void allocates(void *arg)
{
	(void)arg;
	first = rt_kzalloc(100, OBJ_test);
	kfree(first);
	second = rt_kzalloc(100, OBJ_test);
	BUG_ON(first == second);
	BUG_ON(((u64 *)second)[3]);
	((u64 *)second)[3] = 1;
}

static void count_object(void *ptr, size_t size, int type, void *arg)
{
	assert_int_equal(size, 112);
	assert_int_equal(type, OBJ_test);
	assert_ptr_equal(ptr, second);
	++*(u32 *)arg;
}

static void test_heap(void **state)
{
	struct rt_result result;
	void *before[2];
	u32 count = 0;

	(void)state;
	testing_boot(1, true, NULL);
	rt_task_create("a", 0, allocates, NULL);
	rt_run(&result);
	testing_expect(&result, VERDICT_ok, "");
	rt_for_each_object(count_object, &count);
	assert_int_equal(count, 1);
	rt_reset();
	count = 0;
	rt_for_each_object(count_object, &count);
	assert_int_equal(count, 0);
	before[0] = first;
	before[1] = second;
	testing_expect(RUN({allocates, 0, NULL}), VERDICT_ok, "");
	assert_ptr_equal(first, before[0]);
	assert_ptr_equal(second, before[1]);
}

static u64 hash_after_boot(u32 cpus, void (*more)(void))
{
	testing_boot(cpus, true, more);
	return hash_of_a(7);
}

static void more_objects(void)
{
	for (u32 i = 0; i < 50; i++)
		*(u64 *)rt_kzalloc(3000, OBJ_machine) = ~0UL;
	BUG_ON(rt_memmap_map((void *)RT_MEMMAP_BASE, 16 * RT_MEMMAP_UNIT, ~0UL));
}

/* Another machine in the same process leaves nothing behind. */
static void test_boot_again(void **state)
{
	u64 hash = hash_after_boot(2, NULL);

	(void)state;
	assert_int_not_equal(hash, hash_after_boot(4, more_objects));
	testing_boot(2, true, NULL);
	assert_false(rt_memmap_live((void *)RT_MEMMAP_BASE));
	assert_int_equal(*(volatile u64 *)(RT_HEAP_BASE + 8192), 0);
	assert_int_equal(hash, hash_after_boot(2, NULL));
}

static int kthread(void *data)
{
	wait_event(&shared.wq, READ_ONCE(shared.flag) || kthread_should_stop());
	return (int)(u64)data;
}

static struct task_struct *thread;

static void boot_kthread(void)
{
	thread = kthread_run(kthread, (void *)42, 1, "kthread");
}

static void stops(void *arg)
{
	(void)arg;
	BUG_ON(kthread_stop(thread) != 42);
}

static void wakes(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared.flag, 1);
	wake_up_all(&shared.wq);
}

/* A kthread of the image starts in each run, whatever became of it in the last. */
static void test_image_kthread(void **state)
{
	(void)state;
	testing_boot(2, true, boot_kthread);
	for (u64 seed = 0; seed < 30; seed++) {
		testing_walk(seed);
		testing_expect(RUN({stops, 0, NULL}), VERDICT_ok, "");
		testing_expect(RUN({wakes, 0, NULL}), VERDICT_ok, "");
		testing_expect(RUN({wakes, 0, NULL}, {stops, 1, NULL}), VERDICT_ok, "");
	}
}

static struct task_struct *waiting;

static int waits_for_flag(void *data)
{
	wait_event(&shared.wq, READ_ONCE(shared.flag) || kthread_should_stop());
	wait_event(&shared.wq, kthread_should_stop());
	return (int)(u64)data;
}

static void boot_waiting(void)
{
	char name[16];

	for (u32 i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "waiting%u", i);
		waiting = kthread_run_waiting(waits_for_flag, (void *)7, i % 2, name, &shared.wq);
		BUG_ON(!waiting);
	}
}

static void stops_waiting(void *arg)
{
	if (arg)
		wake_up_all(&shared.wq);
	BUG_ON(kthread_stop(waiting) != 7);
	kthread_run_waiting(waits_for_flag, NULL, 0, "another", &shared.wq);
	wakes(NULL);
}

static void interrupts(void *arg)
{
	struct task_struct *t = kthread_run(kthread, (void *)3, 1, "other");

	(void)arg;
	BUG_ON(smp_call_function_single(1, wakes, NULL, true));
	BUG_ON(kthread_stop(t) != 3);
}

static u64 hash_of(void (*fn)(void *arg), u64 seed)
{
	const struct rt_result *result;

	testing_walk(seed);
	result = RUN({fn, 0, (void *)(seed & 1)}, {mixed, 1, (void *)2});
	testing_expect(result, VERDICT_ok, "");
	return result->hash;
}

/* Threads that wait in the image: no schedule that wakes none of them differs, and runs that do leave nothing behind.
 */
static void test_waiting_kthreads(void **state)
{
	u64 without[20];

	(void)state;
	testing_boot(2, true, NULL);
	for (u64 seed = 0; seed < 20; seed++)
		without[seed] = hash_of_a(seed + 1);
	testing_boot(2, true, boot_waiting);
	for (u64 seed = 0; seed < 20; seed++) {
		u64 hash = hash_of(stops_waiting, seed);

		assert_int_equal(hash_of_a(seed + 1), without[seed]);
		assert_int_equal(hash_of(stops_waiting, seed), hash);
		hash_of(interrupts, seed);
		assert_int_equal(hash_of(stops_waiting, seed), hash);
	}
	assert_int_equal(rt_task_by_id(RT_WAITING_FIRST + 7) == waiting, true);
}

static void boot_hotplug(void)
{
	boot_waiting();
	cpuhp_setup(NULL, 0);
}

static void loses_cpus(void *arg)
{
	BUG_ON(!cpu_online(1) || !cpu_online(2));
	BUG_ON(cpu_down(1));
	if (arg)
		BUG_ON(cpu_down(2));
	BUG_ON(task_cpu(waiting) != 0);
	if (arg)
		BUG_ON(cpu_up(1));
}

/* Whatever CPUs a run loses are there in the next, with whom they had. */
static void test_cpus_return(void **state)
{
	(void)state;
	testing_boot(3, true, boot_hotplug);
	for (u64 seed = 0; seed < 20; seed++) {
		u64 hash = hash_of(loses_cpus, seed), other = hash_of_a(seed + 1);

		assert_int_equal(hash_of(loses_cpus, seed), hash);
		assert_int_equal(hash_of_a(seed + 1), other);
		assert_int_equal(task_cpu(waiting), 1);
		assert_true(cpu_online(1) && cpu_online(2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aba),
		cmocka_unit_test(test_traced),
		cmocka_unit_test(test_known_hash),
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_boot_again),
		cmocka_unit_test(test_image_kthread),
		cmocka_unit_test(test_waiting_kthreads),
		cmocka_unit_test(test_cpus_return),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
