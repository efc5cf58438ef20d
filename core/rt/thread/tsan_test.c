/* SPDX-License-Identifier: MIT */
/*
 * Under TSan: RCU used correctly is silent although liburcu is not instrumented, and each forgotten step is reported.
 * Without TSan the reports cannot come, so only the correct program runs.
 */
#include "core/rt/rt_test.h"

#include "core/rt/cpu.h"
#include "core/rt/rcu.h"
#include "core/rt/task.h"

#define LOOPS 200

struct node {
	struct rcu_head rcu;
	u64 value;
};

struct shared {
	struct node *node;
	u64 word;
};
#define shared RT_TEST_SHARED(struct shared)

static struct node *new_node(u64 value)
{
	struct node *node = kzalloc_obj(struct node, OBJ_test);

	node->value = value;
	return node;
}

static void boot(void)
{
	rcu_assign_pointer(shared.node, new_node(1));
}

static void reader(void *arg)
{
	(void)arg;
	for (u64 i = 0; i < LOOPS; i++) {
		rcu_read_lock();
		BUG_ON(!rcu_dereference(shared.node)->value);
		point(op, begin, i);
		rcu_read_unlock();
	}
}

static struct node *replace(u64 value)
{
	struct node *old = shared.node;

	rcu_assign_pointer(shared.node, new_node(value));
	return old;
}

static void free_node(struct rcu_head *head)
{
	struct node *node = container_of(head, struct node, rcu);

	node->value = 99;
	kfree(node);
}

static void careful(void *arg)
{
	(void)arg;
	for (u64 i = 0; i < LOOPS; i++) {
		struct node *old = replace(i + 1);

		switch (i % 3) {
		case 0:
			synchronize_rcu();
			old->value = 99;
			kfree(old);
			break;
		case 1:
			call_rcu(&old->rcu, free_node);
			break;
		default:
			kfree_rcu(old, rcu);
		}
	}
	rcu_barrier();
}

/* Writes to what readers may still see. The node stays, so that only the race can be found. */
static void forgets_to_synchronize(void *arg)
{
	(void)arg;
	for (u64 i = 0; i < LOOPS; i++)
		replace(i + 1)->value = 98;
}

static void publishes_plainly(void *arg)
{
	(void)arg;
	for (u64 i = 0; i < LOOPS; i++)
		WRITE_ONCE(shared.node, new_node(i + 1));
}

static void marked(void *arg)
{
	(void)arg;
	for (u64 i = 0; i < LOOPS; i++) {
		WRITE_ONCE(shared.word, READ_ONCE(shared.word) + 1);
		BUG_ON(data_race(shared.word == ~0UL, "the test wants a plain read that is declared"));
	}
}

static void plain(void *arg)
{
	(void)arg;
	for (u64 i = 0; i < LOOPS; i++)
		*(volatile u64 *)&shared.word += 1;
}

static struct rt_test pair_of(void (*a)(void *), void (*b)(void *))
{
	return (struct rt_test){.cpus = 2, .rounds = 20, .boot = boot, .task = {{"a", 0, a, NULL}, {"b", 1, b, NULL}}};
}

static void test_correct_is_silent(void **state)
{
	struct rt_test rcu = pair_of(reader, careful);
	struct rt_test words = pair_of(marked, marked);

	(void)state;
	rt_test_expect_ok(&rcu);
	rt_test_expect_ok(&words);
}

static void test_races_are_reported(void **state)
{
	struct rt_test no_grace = pair_of(reader, forgets_to_synchronize);
	struct rt_test no_release = pair_of(reader, publishes_plainly);
	struct rt_test no_mark = pair_of(plain, marked);

	(void)state;
#ifndef RT_TSAN
	skip();
#endif
	rt_test_expect(&no_grace, VERDICT_race, "race");
	rt_test_expect(&no_release, VERDICT_race, "race");
	rt_test_expect(&no_mark, VERDICT_race, "race");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_correct_is_silent),
		cmocka_unit_test(test_races_are_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
