/* SPDX-License-Identifier: MIT */
/* RCU: what a grace period waits for, callbacks, and every misuse. */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/rcu.h"
#include "core/rt/task.h"

#define LOOPS 30
#define ALIVE 0x600dUL
#define DEAD 0xdeadUL

struct node {
	struct rcu_head rcu;
	u64 value;
};

struct shared {
	struct node *node;
	u64 reader_in, reader_out, updates, callbacks, stop;
};
#define shared RT_TEST_SHARED(struct shared)

static struct node *new_node(void)
{
	struct node *node = kzalloc_obj(struct node, OBJ_test);

	BUG_ON(!node);
	node->value = ALIVE;
	return node;
}

static void boot(void)
{
	rcu_assign_pointer(shared.node, new_node());
}

static void reader(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		struct node *node;

		rcu_read_lock();
		BUG_ON(!rcu_read_lock_held());
		node = rcu_dereference(shared.node);
		point(op, begin, i);
		BUG_ON(node->value != ALIVE);
		rcu_read_unlock();
	}
}

static struct node *replace(void)
{
	struct node *old = rcu_dereference_protected(shared.node, true);

	rcu_assign_pointer(shared.node, new_node());
	return old;
}

static void updater(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		struct node *old = replace();

		synchronize_rcu();
		old->value = DEAD;
		kfree(old);
	}
}

static void test_synchronize(void **state)
{
	struct rt_test test = {.cpus = 3,
			       .rounds = 10,
			       .boot = boot,
			       .task = {{"r1", 0, reader, NULL}, {"r2", 1, reader, NULL}, {"u", 2, updater, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void slow_reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
	rcu_read_lock_sched();
	WRITE_ONCE(shared.reader_in, 1);
	rcu_read_unlock_sched();
	for (u64 end = rt_now_ns() + 20000000UL; rt_now_ns() < end;)
		cpu_relax();
	WRITE_ONCE(shared.reader_out, 1);
	rcu_read_unlock();
}

static void synchronizer(void *arg)
{
	(void)arg;
	while (!READ_ONCE(shared.reader_in))
		cond_resched();
	synchronize_rcu();
	BUG_ON(!READ_ONCE(shared.reader_out));
}

static void test_waits_for_reader(void **state)
{
	struct rt_test test = {.cpus = 2,
			       .rounds = 5,
			       .boot = boot,
			       .task = {{"r", 0, slow_reader, NULL}, {"s", 1, synchronizer, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void callback(struct rcu_head *head)
{
	struct node *node = container_of(head, struct node, rcu);

	BUG_ON(!in_atomic());
	node->value = DEAD;
	kfree(node);
	atomic_long_add(1, (atomic_long_t *)&shared.callbacks);
}

static void caller(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		struct node *old = replace();

		if (i % 3)
			call_rcu(&old->rcu, callback);
		else
			kfree_rcu(old, rcu);
	}
	rcu_barrier();
	BUG_ON(READ_ONCE(shared.callbacks) != LOOPS - LOOPS / 3);
}

static void count_object(void *ptr, size_t size, int type, void *arg)
{
	(void)ptr;
	BUG_ON(size < sizeof(struct node) || type != OBJ_test);
	++*(u64 *)arg;
}

/* The boot object is permanent; of all nodes only the last is left. */
static void check_one_left(void)
{
	u64 count = 0;

	rt_for_each_object(count_object, &count);
	BUG_ON(count != 1);
}

static void test_callbacks(void **state)
{
	struct rt_test test = {.cpus = 3,
			       .rounds = 10,
			       .boot = boot,
			       .after = check_one_left,
			       .task = {{"r1", 0, reader, NULL}, {"r2", 1, reader, NULL}, {"c", 2, caller, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

static void sleeping_callback(struct rcu_head *head)
{
	(void)head;
	msleep(1);
}

static void calls_sleeper(void *arg)
{
	(void)arg;
	call_rcu(&replace()->rcu, sleeping_callback);
	rcu_barrier();
}

static void sleeps_in_reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
	msleep(1);
}

static void synchronizes_in_reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
	synchronize_rcu();
}

static void unlocks_unlocked(void *arg)
{
	(void)arg;
	rcu_read_unlock();
}

static void dereferences_outside(void *arg)
{
	(void)arg;
	BUG_ON(!rcu_dereference(shared.node));
}

static void returns_in_reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
}

static void test_misuse_is_context(void **state)
{
	static const struct {
		void (*fn)(void *arg);
		const char *what;
	} misuse[] = {
		{sleeps_in_reader, "sleep-in-atomic"},   {synchronizes_in_reader, "sleep-in-atomic"},
		{unlocks_unlocked, "rcu-unbalanced"},    {dereferences_outside, "rcu-dereference"},
		{returns_in_reader, "atomic-on-return"}, {calls_sleeper, "sleep-in-atomic"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(misuse); i++) {
		struct rt_test test = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, misuse[i].fn, NULL}}};

		rt_test_expect(&test, VERDICT_context, misuse[i].what);
	}
}

/* A reader keeps the other tasks of its CPU from running. */
static void excluding_reader(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOPS; i++) {
		rcu_read_lock();
		BUG_ON(READ_ONCE(shared.updates));
		WRITE_ONCE(shared.updates, 1);
		point(op, begin, i);
		cpu_relax();
		WRITE_ONCE(shared.updates, 0);
		rcu_read_unlock();
	}
}

static void test_reader_owns_its_cpu(void **state)
{
	struct rt_test test = {.cpus = 1,
			       .rounds = 20,
			       .boot = boot,
			       .task = {{"a", 0, excluding_reader, NULL}, {"b", 0, excluding_reader, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_synchronize),         cmocka_unit_test(test_waits_for_reader),
		cmocka_unit_test(test_callbacks),           cmocka_unit_test(test_misuse_is_context),
		cmocka_unit_test(test_reader_owns_its_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
