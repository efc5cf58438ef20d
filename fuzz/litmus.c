/* SPDX-License-Identifier: MIT */
#include "fuzz/litmus.h"

#include <stdio.h>
#include <string.h>

#include "core/rt/access.h"
#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/mem.h"
#include "core/rt/rcu.h"
#include "core/rt/wait.h"

/* All accesses of tasks are marked: they are points whether or not this file is compiled with callbacks. */
struct litmus_object {
	u64 value;
	struct rcu_head rcu;
};

struct litmus_shared {
	u64 x, y, z;
	u64 r[6];
	u64 private[LITMUS_TASKS][16];
	struct litmus_object *object;
	spinlock_t lock;
	wait_queue_head_t wait;
};

static struct litmus_shared *shared;

static void boot(void *arg)
{
	(void)arg;
	shared = kzalloc_obj(struct litmus_shared, OBJ_test);
	rt_mark_permanent(shared);
	shared->object = kzalloc_obj(struct litmus_object, OBJ_test);
	rt_mark_permanent(shared->object);
	shared->object->value = 1;
	spin_lock_init(&shared->lock, LOCK_test_a);
	init_waitqueue_head(&shared->wait, LOCK_waitqueue);
}

static u64 bits_of_r(void)
{
	u64 value = 0;

	for (u32 i = 0; i < ARRAY_SIZE(shared->r); i++)
		value |= (shared->r[i] & 1) << i;
	return value;
}

static u64 value_x(void)
{
	return shared->x;
}

/* ---- two words ------------------------------------------------------------------------------------------------- */

static void increment(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->x, READ_ONCE(shared->x) + 1);
}

static void store_x_load_y(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->x, 1);
	WRITE_ONCE(shared->r[0], READ_ONCE(shared->y));
}

static void store_y_load_x(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->y, 1);
	WRITE_ONCE(shared->r[1], READ_ONCE(shared->x));
}

static void send_message(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->x, 1);
	WRITE_ONCE(shared->y, 1);
}

static void receive_message(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->r[0], READ_ONCE(shared->y));
	WRITE_ONCE(shared->r[1], READ_ONCE(shared->x));
}

/* ---- much that nobody shares ----------------------------------------------------------------------------------- */

static void busy_increment(u32 task)
{
	u64 seen;

	for (u32 i = 0; i < 16; i++)
		WRITE_ONCE(shared->private[task][i], i);
	seen = READ_ONCE(shared->x);
	for (u32 i = 0; i < 16; i++)
		WRITE_ONCE(shared->private[task][i], READ_ONCE(shared->private[task][i]) + seen);
	WRITE_ONCE(shared->x, seen + 1);
}

static void busy_increment_0(void *arg)
{
	(void)arg;
	busy_increment(0);
}

static void busy_increment_1(void *arg)
{
	(void)arg;
	busy_increment(1);
}

/* ---- three tasks ----------------------------------------------------------------------------------------------- */

static void writer(u64 me)
{
	WRITE_ONCE(shared->x, me);
	WRITE_ONCE(shared->r[me - 1], READ_ONCE(shared->x) == me);
}

static void writer_1(void *arg)
{
	(void)arg;
	writer(1);
}

static void writer_2(void *arg)
{
	(void)arg;
	writer(2);
}

static void writer_3(void *arg)
{
	(void)arg;
	writer(3);
}

/* z becomes shared only in schedules that preempt between the two stores to x: the search learns of it late. */
static void flash_x(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->x, 1);
	WRITE_ONCE(shared->x, 0);
}

static void set_z_if_x(void *arg)
{
	(void)arg;
	if (READ_ONCE(shared->x))
		WRITE_ONCE(shared->z, 1);
}

static void compare_z(void *arg)
{
	u64 first = READ_ONCE(shared->z);

	(void)arg;
	WRITE_ONCE(shared->r[0], first != READ_ONCE(shared->z));
}

/* The same, but only once the third has begun: its first access to z comes before anybody else's. */
static void flash_x_if_y(void *arg)
{
	if (READ_ONCE(shared->y))
		flash_x(arg);
}

static void set_y_compare_z(void *arg)
{
	WRITE_ONCE(shared->y, 1);
	compare_z(arg);
}

static void locked_increment(void *arg)
{
	(void)arg;
	spin_lock(&shared->lock);
	WRITE_ONCE(shared->x, READ_ONCE(shared->x) + 1);
	spin_unlock(&shared->lock);
}

static void trylock_increment(void *arg)
{
	(void)arg;
	if (!spin_trylock(&shared->lock))
		return;
	WRITE_ONCE(shared->x, READ_ONCE(shared->x) + 1);
	spin_unlock(&shared->lock);
}

/* ---- one CPU ---------------------------------------------------------------------------------------------------- */

/* Others of its CPU come before or after the pair of accesses, never between: y is seen by nobody as 1. */
static void pair_without_preemption(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->x, 1);
	preempt_disable();
	WRITE_ONCE(shared->y, 1);
	WRITE_ONCE(shared->y, 0);
	preempt_enable();
	WRITE_ONCE(shared->x, 0);
}

static void look_at_pair(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->r[0], READ_ONCE(shared->y));
	WRITE_ONCE(shared->r[1], READ_ONCE(shared->x));
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

static void wait_carelessly(void *arg)
{
	(void)arg;
	if (!READ_ONCE(shared->x))
		rt_wait_sleep(&shared->wait, rt_wait_prepare(&shared->wait), false, 0);
}

static void wait_properly(void *arg)
{
	(void)arg;
	wait_event(&shared->wait, READ_ONCE(shared->x));
}

static void set_and_wake(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->x, 1);
	wake_up_all(&shared->wait);
}

/* ---- RCU -------------------------------------------------------------------------------------------------------- */

static void read_object(void *arg)
{
	struct litmus_object *object = READ_ONCE(shared->object);

	(void)arg;
	if (object)
		WRITE_ONCE(shared->r[0], READ_ONCE(object->value));
}

static void read_object_rcu(void *arg)
{
	struct litmus_object *object;

	(void)arg;
	rcu_read_lock();
	object = rcu_dereference(shared->object);
	if (object)
		WRITE_ONCE(shared->r[0], READ_ONCE(object->value));
	rcu_read_unlock();
}

static void free_object(void *arg)
{
	struct litmus_object *object = READ_ONCE(shared->object);

	(void)arg;
	WRITE_ONCE(shared->object, NULL);
	kfree(object);
}

static void free_object_rcu(void *arg)
{
	struct litmus_object *object = READ_ONCE(shared->object);

	(void)arg;
	WRITE_ONCE(shared->object, NULL);
	synchronize_rcu();
	kfree(object);
}

/* The updater gets through a grace period between the reader's store to x and its read section, or it does not. */
static void store_then_read_section(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->x, 1);
	rcu_read_lock();
	WRITE_ONCE(shared->r[0], READ_ONCE(shared->y));
	rcu_read_unlock();
}

static void look_wait_store(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared->r[1], READ_ONCE(shared->x));
	synchronize_rcu();
	WRITE_ONCE(shared->y, 1);
}

#define OK BIT(VERDICT_ok)
#define VALUE(a) BIT(a)

const struct litmus litmuses[] = {
	{"lost-update", "x++ || x++", 2, {increment, increment}, {0, 1}, value_x, VALUE(1) | VALUE(2), OK},
	{"store-buffering",
	 "x=1; r0=y || y=1; r1=x",
	 2,
	 {store_x_load_y, store_y_load_x},
	 {0, 1},
	 bits_of_r,
	 VALUE(1) | VALUE(2) | VALUE(3),
	 OK},
	{"message-passing",
	 "x=1; y=1 || r0=y; r1=x",
	 2,
	 {send_message, receive_message},
	 {0, 1},
	 bits_of_r,
	 VALUE(0) | VALUE(2) | VALUE(3),
	 OK},
	{"busy-lost-update",
	 "x++ || x++ among private accesses",
	 2,
	 {busy_increment_0, busy_increment_1},
	 {0, 1},
	 value_x,
	 VALUE(1) | VALUE(2),
	 OK},
	{"three-writers",
	 "x=i; ri=(x==i) three times",
	 3,
	 {writer_1, writer_2, writer_3},
	 {0, 1, 2},
	 bits_of_r,
	 VALUE(1) | VALUE(2) | VALUE(3) | VALUE(4) | VALUE(5) | VALUE(6) | VALUE(7),
	 OK},
	{"late-conflict",
	 "x=1; x=0 || if (x) z=1 || r0=(z!=z)",
	 3,
	 {flash_x, set_z_if_x, compare_z},
	 {0, 1, 2},
	 bits_of_r,
	 VALUE(0) | VALUE(1),
	 OK},
	{"later-conflict",
	 "if (y) { x=1; x=0 } || if (x) z=1 || y=1; r0=(z!=z)",
	 3,
	 {flash_x_if_y, set_z_if_x, set_y_compare_z},
	 {0, 1, 2},
	 bits_of_r,
	 VALUE(0) | VALUE(1),
	 OK},
	{"locked-counter",
	 "lock; x++; unlock three times",
	 3,
	 {locked_increment, locked_increment, locked_increment},
	 {0, 1, 2},
	 value_x,
	 VALUE(3),
	 OK},
	{"trylock",
	 "if (trylock) { x++; unlock } twice",
	 2,
	 {trylock_increment, trylock_increment},
	 {0, 1},
	 value_x,
	 VALUE(1) | VALUE(2),
	 OK},
	{"same-cpu",
	 "x=1; off; y=1; y=0; on; x=0 || r0=y; r1=x, on one CPU",
	 1,
	 {pair_without_preemption, look_at_pair},
	 {0, 0},
	 bits_of_r,
	 VALUE(0) | VALUE(2),
	 OK},
	{"two-cpus",
	 "x=1; off; y=1; y=0; on; x=0 || r0=y; r1=x, on two CPUs",
	 2,
	 {pair_without_preemption, look_at_pair},
	 {0, 1},
	 bits_of_r,
	 VALUE(0) | VALUE(1) | VALUE(2) | VALUE(3),
	 OK},
	{"lost-wakeup",
	 "if (!x) sleep || x=1; wake",
	 2,
	 {wait_carelessly, set_and_wake},
	 {0, 1},
	 value_x,
	 VALUE(1),
	 OK | BIT(VERDICT_deadlock)},
	{"wait-event", "wait_event(x) || x=1; wake", 2, {wait_properly, set_and_wake}, {0, 1}, value_x, VALUE(1), OK},
	{"free-without-rcu",
	 "p->value || p=NULL; kfree",
	 2,
	 {read_object, free_object},
	 {0, 1},
	 bits_of_r,
	 VALUE(0) | VALUE(1),
	 OK | BIT(VERDICT_oops)},
	{"free-with-rcu",
	 "rcu: p->value || p=NULL; synchronize_rcu; kfree",
	 2,
	 {read_object_rcu, free_object_rcu},
	 {0, 1},
	 bits_of_r,
	 VALUE(0) | VALUE(1),
	 OK},
	{"read-section",
	 "x=1; rcu: r0=y || r1=x; synchronize_rcu; y=1",
	 2,
	 {store_then_read_section, look_wait_store},
	 {0, 1},
	 bits_of_r,
	 VALUE(0) | VALUE(1) | VALUE(2) | VALUE(3),
	 OK},
	{"alone", "x++", 1, {increment}, {0}, value_x, VALUE(1), OK},
};
const u32 nr_litmuses = ARRAY_SIZE(litmuses);

const struct litmus *litmus_by_name(const char *name)
{
	for (u32 i = 0; i < nr_litmuses; i++)
		if (strcmp(litmuses[i].name, name) == 0)
			return &litmuses[i];
	return NULL;
}

static void run(void *arg, struct rt_strategy *strategy, struct rt_result *result)
{
	struct litmus_run *l = arg;

	for (u32 i = 0; i < LITMUS_TASKS && l->litmus->task[i]; i++) {
		char name[8];

		snprintf(name, sizeof(name), "t%u", i);
		rt_task_create(name, l->litmus->cpu[i], l->litmus->task[i], NULL);
	}
	rt_set_strategy(strategy);
	rt_run(result);
	l->runs++;
	l->verdicts |= (u32)BIT(result->verdict.kind);
	if (result->verdict.kind == VERDICT_ok)
		l->values |= BIT(l->litmus->value());
	rt_reset();
}

struct explore_subject litmus_subject(const struct litmus *litmus, struct litmus_run *l)
{
	struct rt_config config = {.cpus = litmus->cpus, .race_detector = true};

	*l = (struct litmus_run){.litmus = litmus};
	rt_boot(&config, boot, NULL);
	return (struct explore_subject){.run = run, .arg = l};
}
