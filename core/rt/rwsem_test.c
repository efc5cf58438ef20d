/* SPDX-License-Identifier: MIT */
/* Reader-writer semaphores: sharing, exclusion, and the writer preference of the per-CPU kind. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/task.h"

#define LOOPS 30

struct shared {
	struct rw_semaphore rw;
	struct percpu_rw_semaphore percpu;
	struct mutex m;
	u64 readers, writers, order, writer_order, late_reader_order;
	u64 first_in, late_may_start;
	u64 data;
};
#define shared RT_TEST_SHARED(struct shared)

static void boot(void)
{
	init_rwsem(&shared.rw, LOCK_test_rw);
	percpu_init_rwsem(&shared.percpu, LOCK_test_percpu);
	mutex_init(&shared.m, LOCK_test_m);
}

static u64 add(u64 *counter, u64 by)
{
	return (u64)atomic_long_add_return((s64)by, (atomic_long_t *)counter);
}

static void rw_reader(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		u64 seen;

		down_read(&shared.rw);
		seen = shared.data;
		point(op, begin, i);
		BUG_ON(shared.data != seen);
		BUG_ON(!lock_is_held(&shared.rw.rt) || lock_is_held_write(&shared.rw.rt));
		up_read(&shared.rw);
	}
}

static void rw_writer(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		down_write(&shared.rw);
		BUG_ON(!lock_is_held_write(&shared.rw.rt));
		shared.data++;
		point(op, end, i);
		shared.data++;
		up_write(&shared.rw);
	}
}

static void percpu_reader(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		u64 seen;

		percpu_down_read(&shared.percpu);
		BUG_ON(!percpu_is_read_locked(&shared.percpu));
		seen = shared.data;
		point(op, begin, i);
		BUG_ON(shared.data != seen);
		percpu_up_read(&shared.percpu);
	}
}

static void percpu_writer(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		percpu_down_write(&shared.percpu);
		BUG_ON(!percpu_is_write_locked(&shared.percpu));
		lockdep_assert_held_write(&shared.percpu);
		shared.data++;
		point(op, end, i);
		shared.data++;
		percpu_up_write(&shared.percpu);
	}
}

static void check_data(void)
{
	BUG_ON(shared.data != 2 * LOOPS);
}

static void test_exclusion(void **state)
{
	struct rt_test rw = {
		.cpus = 2,
		.rounds = 20,
		.boot = boot,
		.after = check_data,
		.task = {{"r1", 0, rw_reader, NULL}, {"r2", 1, rw_reader, NULL}, {"w", 1, rw_writer, NULL}}};
	struct rt_test percpu = {.cpus = 2,
				 .rounds = 20,
				 .boot = boot,
				 .after = check_data,
				 .task = {{"r1", 0, percpu_reader, NULL},
					  {"r2", 1, percpu_reader, NULL},
					  {"w", 0, percpu_writer, NULL}}};

	(void)state;
	rt_test_expect_ok(&rw);
	rt_test_expect_ok(&percpu);
}

/* Both readers are inside at once, or this never ends. */
static void meeting_reader(void *arg)
{
	(void)arg;
	down_read(&shared.rw);
	add(&shared.readers, 1);
	while (READ_ONCE(shared.readers) < 2)
		msleep(1);
	BUG_ON(down_write_trylock(&shared.rw));
	up_read(&shared.rw);
}

static void test_readers_share(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 5,
			       .boot = boot,
			       .task = {{"a", 0, meeting_reader, NULL}, {"b", 1, meeting_reader, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void trying(void *arg)
{
	(void)arg;
	BUG_ON(!down_read_trylock(&shared.rw));
	BUG_ON(down_write_trylock(&shared.rw));
	up_read(&shared.rw);
	BUG_ON(!down_write_trylock(&shared.rw));
	BUG_ON(down_read_trylock(&shared.rw));
	up_write(&shared.rw);
}

static void test_trylock(void **state)
{
	struct rt_test test = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, trying, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

/*
 * first reads; the writer comes and waits; late then wants to read as well, long before first is over. The writer
 * must get its turn before late does.
 */
static void first_reader(void *arg)
{
	(void)arg;
	percpu_down_read(&shared.percpu);
	WRITE_ONCE(shared.first_in, 1);
	msleep(60);
	percpu_up_read(&shared.percpu);
}

static void waiting_writer(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.first_in))
		msleep(1);
	percpu_down_write(&shared.percpu);
	WRITE_ONCE(shared.writer_order, add(&shared.order, 1));
	percpu_up_write(&shared.percpu);
}

static void late_reader(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.first_in))
		msleep(1);
	msleep(30);
	percpu_down_read(&shared.percpu);
	WRITE_ONCE(shared.late_reader_order, add(&shared.order, 1));
	percpu_up_read(&shared.percpu);
}

static void check_order(void)
{
	BUG_ON(shared.writer_order != 1 || shared.late_reader_order != 2);
}

static void test_writer_preference(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 3,
			       .boot = boot,
			       .after = check_order,
			       .task = {{"first", 0, first_reader, NULL},
					{"writer", 1, waiting_writer, NULL},
					{"late", 0, late_reader, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void reads_twice(void *arg)
{
	(void)arg;
	percpu_down_read(&shared.percpu);
	WRITE_ONCE(shared.first_in, 1);
	msleep(30);
	percpu_down_read(&shared.percpu);
	percpu_up_read(&shared.percpu);
	percpu_up_read(&shared.percpu);
}

/* What get_online_mems() inside get_online_mems() once did: harmless until a writer waits between the two. */
static void test_nested_reader_deadlocks(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 1,
			       .boot = boot,
			       .task = {{"reader", 0, reads_twice, NULL}, {"writer", 1, waiting_writer, NULL}}};

	(void)state;
	rt_test_expect(&test, VERDICT_deadlock, "test percpu rwsem");
}

static void reads_then_locks(void *arg)
{
	percpu_down_read(&shared.percpu);
	mutex_lock(&shared.m);
	mutex_unlock(&shared.m);
	percpu_up_read(&shared.percpu);
	smp_store_release(&shared.first_in, 1);
	(void)arg;
}

static void locks_then_reads(void *arg)
{
	(void)arg;
	while (!smp_load_acquire(&shared.first_in))
		msleep(1);
	mutex_lock(&shared.m);
	percpu_down_read(&shared.percpu);
	percpu_up_read(&shared.percpu);
	mutex_unlock(&shared.m);
}

/* Both only read, and never at once; a writer in between would lock up all three. */
static void test_read_side_is_in_the_order(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 1,
			       .boot = boot,
			       .task = {{"a", 0, reads_then_locks, NULL}, {"b", 1, locks_then_reads, NULL}}};
	struct rt_test one_way = {.cpus = 2,
				  .rounds = 3,
				  .boot = boot,
				  .task = {{"a", 0, reads_then_locks, NULL}, {"b", 1, reads_then_locks, NULL}}};

	(void)state;
	rt_test_expect(&test, VERDICT_lock_order, "test mutex m -> test percpu rwsem -> test mutex m");
	rt_test_expect_ok(&one_way);
}

static void up_unheld(void *arg)
{
	(void)arg;
	up_write(&shared.rw);
}

static void up_in_wrong_mode(void *arg)
{
	(void)arg;
	down_read(&shared.rw);
	up_write(&shared.rw);
}

static void percpu_in_atomic(void *arg)
{
	(void)arg;
	preempt_disable();
	percpu_down_read(&shared.percpu);
}

static void writes_twice(void *arg)
{
	(void)arg;
	down_write(&shared.rw);
	down_write(&shared.rw);
}

static void test_misuse_is_context(void **state)
{
	static const struct {
		void (*fn)(void *arg);
		const char *what;
	} misuse[] = {
		{up_unheld, "unlock-not-held"},
		{up_in_wrong_mode, "unlock-not-held"},
		{percpu_in_atomic, "sleep-in-atomic"},
		{writes_twice, "recursive-lock"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(misuse); i++) {
		struct rt_test test = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, misuse[i].fn, NULL}}};

		rt_test_expect(&test, VERDICT_context, misuse[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exclusion),
		cmocka_unit_test(test_readers_share),
		cmocka_unit_test(test_trylock),
		cmocka_unit_test(test_writer_preference),
		cmocka_unit_test(test_nested_reader_deadlocks),
		cmocka_unit_test(test_read_side_is_in_the_order),
		cmocka_unit_test(test_misuse_is_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
