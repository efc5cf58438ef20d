/* SPDX-License-Identifier: MIT */
/*
 * Store buffers: what small programs can come to with each memory model, searched exhaustively. All that is allowed is
 * seen, nothing else is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rt/access.h"
#include "core/rt/atomic.h"
#include "core/rt/lock.h"
#include "core/rt/mem.h"
#include "core/rt/rcu.h"
#include "fuzz/explore.h"
#include "fuzz/record.h"
#include "fuzz/replay.h"
#include "fuzz/runner.h"
#include "fuzz/token.h"

#define TASKS 2
#define BOUND 3

static struct {
	u64 x, y;
	u64 r[4];
	spinlock_t lock;
} * shared;

static void boot(void *arg)
{
	(void)arg;
	shared = rt_kzalloc(sizeof(*shared), OBJ_test);
	rt_mark_permanent(shared);
	spin_lock_init(&shared->lock, LOCK_test_a);
}

/* ---- programs: registers are private, so their stores are plain values of the run's end ----------------------------
 */

#define PROGRAM(name, ...)                                                                                             \
	static void name(void *arg)                                                                                    \
	{                                                                                                              \
		(void)arg;                                                                                             \
		__VA_ARGS__;                                                                                           \
	}
#define STORE(v, value) WRITE_ONCE(shared->v, value)
#define RELEASE(v, value) smp_store_release(&shared->v, (u64)(value))
#define LOAD(i, v) WRITE_ONCE(shared->r[i], READ_ONCE(shared->v))

PROGRAM(x_then_load_y, STORE(x, 1); LOAD(0, y))
PROGRAM(y_then_load_x, STORE(y, 1); LOAD(1, x))
PROGRAM(x_mb_load_y, STORE(x, 1); smp_mb(); LOAD(0, y))
PROGRAM(y_mb_load_x, STORE(y, 1); smp_mb(); LOAD(1, x))
PROGRAM(release_x_load_y, RELEASE(x, 1); LOAD(0, y))
PROGRAM(release_y_load_x, RELEASE(y, 1); LOAD(1, x))
PROGRAM(xchg_x_load_y, xchg64(&shared->x, 1); LOAD(0, y))
PROGRAM(xchg_y_load_x, xchg64(&shared->y, 1); LOAD(1, x))
PROGRAM(x_forwarded, STORE(x, 1); LOAD(2, x); LOAD(0, y))
PROGRAM(y_forwarded, STORE(y, 1); LOAD(3, y); LOAD(1, x))
PROGRAM(x_then_y, STORE(x, 1); STORE(y, 1))
PROGRAM(x_wmb_y, STORE(x, 1); smp_wmb(); STORE(y, 1))
PROGRAM(x_release_y, STORE(x, 1); RELEASE(y, 1))
PROGRAM(x_set_bit_y, STORE(x, 1); set_bit(0, &shared->y))
PROGRAM(x_test_and_set_bit_y, STORE(x, 1); test_and_set_bit(0, &shared->y))
PROGRAM(x_unlocked_y, spin_lock(&shared->lock); STORE(x, 1); spin_unlock(&shared->lock); STORE(y, 1))
PROGRAM(x_locked_y, STORE(x, 1); spin_lock(&shared->lock); STORE(y, 1); spin_unlock(&shared->lock))
PROGRAM(load_y_load_x, LOAD(0, y); LOAD(1, x))
PROGRAM(load_y_grace_load_x, LOAD(0, y); synchronize_rcu(); LOAD(1, x))
PROGRAM(x_then_y_in_section, rcu_read_lock(); STORE(x, 1); STORE(y, 1); rcu_read_unlock())
PROGRAM(load_x_store_y, LOAD(0, x); STORE(y, 1))
PROGRAM(load_y_store_x, LOAD(1, y); STORE(x, 1))
PROGRAM(store_x, STORE(x, 1))
PROGRAM(load_x_twice, LOAD(0, x); LOAD(1, x))
PROGRAM(x1_y2, STORE(x, 1); STORE(y, 2))
PROGRAM(y1_x2, STORE(y, 1); STORE(x, 2))
PROGRAM(y2_load_x, STORE(y, 2); LOAD(0, x))
PROGRAM(x2_y1, STORE(x, 2); STORE(y, 1))
PROGRAM(load_y_x1, LOAD(0, y); STORE(x, 1))

/* A bit of y is the lock of x. Whoever has it says so, and counts. */
static void count_under_bit(u32 task, void (*unlock)(unsigned int nr, u64 *addr))
{
	if (test_and_set_bit_lock(0, &shared->y))
		return;
	WRITE_ONCE(shared->r[task], 1);
	WRITE_ONCE(shared->x, READ_ONCE(shared->x) + 1);
	unlock(0, &shared->y);
}

PROGRAM(count_0, count_under_bit(0, clear_bit_unlock))
PROGRAM(count_1, count_under_bit(1, clear_bit_unlock))
PROGRAM(flag_before_data_0, count_under_bit(0, clear_bit))
PROGRAM(flag_before_data_1, count_under_bit(1, clear_bit))

static u64 registers(void)
{
	u64 value = 0;

	for (u32 i = 0; i < ARRAY_SIZE(shared->r); i++)
		value |= (shared->r[i] & 1) << i;
	return value;
}

static u64 both_are_1(void)
{
	return (shared->x == 1) | (u64)(shared->y == 1) << 1;
}

static u64 y_is_2(void)
{
	return (shared->r[0] & 1) | (u64)(shared->y == 2) << 1;
}

static u64 x_is_2(void)
{
	return (shared->r[0] & 1) | (u64)(shared->x == 2) << 1;
}

/* Who had the lock, and whether each of them was counted. */
static u64 counted(void)
{
	return registers() | (u64)(shared->x == shared->r[0] + shared->r[1]) << 2;
}

#define VALUE(a) BIT(a)

static const struct program {
	const char *name;
	void (*task[TASKS])(void *arg);
	u32 cpu[TASKS];
	u64 (*value)(void);
	u64 values;   /* with sc */
	u64 tso, pso; /* what comes to it */
} programs[] = {
	{"SB", {x_then_load_y, y_then_load_x}, {0, 1}, registers, VALUE(1) | VALUE(2) | VALUE(3), VALUE(0), VALUE(0)},
	{"SB+release",
	 {release_x_load_y, release_y_load_x},
	 {0, 1},
	 registers,
	 VALUE(1) | VALUE(2) | VALUE(3),
	 VALUE(0),
	 VALUE(0)},
	{"SB+mbs", {x_mb_load_y, y_mb_load_x}, {0, 1}, registers, VALUE(1) | VALUE(2) | VALUE(3), 0, 0},
	{"SB+xchgs", {xchg_x_load_y, xchg_y_load_x}, {0, 1}, registers, VALUE(1) | VALUE(2) | VALUE(3), 0, 0},
	{"SB on one CPU", {x_then_load_y, y_then_load_x}, {0, 0}, registers, VALUE(1) | VALUE(2) | VALUE(3), 0, 0},
	{"SB+forwarding",
	 {x_forwarded, y_forwarded},
	 {0, 1},
	 registers,
	 VALUE(12 + 1) | VALUE(12 + 2) | VALUE(12 + 3),
	 VALUE(12),
	 VALUE(12)},
	{"MP", {x_then_y, load_y_load_x}, {0, 1}, registers, VALUE(0) | VALUE(2) | VALUE(3), 0, VALUE(1)},
	{"MP+wmb", {x_wmb_y, load_y_load_x}, {0, 1}, registers, VALUE(0) | VALUE(2) | VALUE(3), 0, 0},
	{"MP+release", {x_release_y, load_y_load_x}, {0, 1}, registers, VALUE(0) | VALUE(2) | VALUE(3), 0, 0},
	{"MP+set_bit", {x_set_bit_y, load_y_load_x}, {0, 1}, registers, VALUE(0) | VALUE(2) | VALUE(3), 0, VALUE(1)},
	{"MP+test_and_set_bit",
	 {x_test_and_set_bit_y, load_y_load_x},
	 {0, 1},
	 registers,
	 VALUE(0) | VALUE(2) | VALUE(3),
	 0,
	 0},
	{"MP+unlock", {x_unlocked_y, load_y_load_x}, {0, 1}, registers, VALUE(0) | VALUE(2) | VALUE(3), 0, 0},
	{"MP+lock", {x_locked_y, load_y_load_x}, {0, 1}, registers, VALUE(0) | VALUE(2) | VALUE(3), 0, VALUE(1)},
	{"MP+grace-period",
	 {x_then_y_in_section, load_y_grace_load_x},
	 {0, 1},
	 registers,
	 VALUE(0) | VALUE(2) | VALUE(3),
	 0,
	 0},
	{"bit lock", {count_0, count_1}, {0, 1}, counted, VALUE(4 + 1) | VALUE(4 + 2) | VALUE(4 + 3), 0, 0},
	{"bit lock, flag cleared before data",
	 {flag_before_data_0, flag_before_data_1},
	 {0, 1},
	 counted,
	 VALUE(4 + 1) | VALUE(4 + 2) | VALUE(4 + 3),
	 0,
	 VALUE(3)},
	{"LB", {load_x_store_y, load_y_store_x}, {0, 1}, registers, VALUE(0) | VALUE(1) | VALUE(2), 0, 0},
	{"CoRR", {store_x, load_x_twice}, {0, 1}, registers, VALUE(0) | VALUE(2) | VALUE(3), 0, 0},
	{"2+2W", {x1_y2, y1_x2}, {0, 1}, both_are_1, VALUE(0) | VALUE(1) | VALUE(2), 0, VALUE(3)},
	{"R", {x_then_y, y2_load_x}, {0, 1}, y_is_2, VALUE(0) | VALUE(1) | VALUE(3), VALUE(2), VALUE(2)},
	{"S", {x2_y1, load_y_x1}, {0, 1}, x_is_2, VALUE(0) | VALUE(1) | VALUE(2), 0, VALUE(3)},
};

/* ---- runs -------------------------------------------------------------------------------------------------------- */

static struct met {
	const struct program *program;
	u64 values;
	u32 verdicts;
	u64 last_hash;
} met;

static void run(void *arg, struct rt_strategy *strategy, struct rt_result *result)
{
	struct met *m = arg;

	rt_task_create("a", m->program->cpu[0], m->program->task[0], NULL);
	rt_task_create("b", m->program->cpu[1], m->program->task[1], NULL);
	rt_set_strategy(strategy);
	rt_run(result);
	m->verdicts |= (u32)BIT(result->verdict.kind);
	m->values |= BIT(m->program->value());
	m->last_hash = result->hash;
	rt_reset();
}

static void boot_model(u32 model)
{
	const struct rt_config config = {.cpus = 2, .race_detector = true, .memory = model};

	rt_boot(&config, boot, NULL);
}

static u64 allowed(const struct program *p, u32 model)
{
	return p->values | (model == RT_MEMORY_tso ? p->tso : model == RT_MEMORY_pso ? p->pso : 0);
}

static void search(const char *strategy, const struct program *p, u64 runs_max, struct explore_result *result)
{
	struct explore_options options = {.strategy = strategy_by_name(strategy),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .runs_max = runs_max,
					  .keep_going = true};
	struct explore_subject subject = {.run = run, .arg = &met};

	met = (struct met){.program = p};
	options.strategy_options.bound = BOUND;
	assert_int_equal(explore(&subject, &options, result), 0);
	assert_int_equal(met.verdicts, BIT(VERDICT_ok));
}

static void exactly_what_is_allowed_is_seen(void **state)
{
	static struct explore_result result;

	(void)state;
	for (u32 model = 0; model < NR_MEMORY_MODELS; model++) {
		boot_model(model);
		for (u32 i = 0; i < ARRAY_SIZE(programs); i++) {
			search("exhaustive", &programs[i], 0, &result);
			assert_true(result.status.report.complete);
			if (met.values != allowed(&programs[i], model))
				fail_msg("%s, model %u: values %#llx, expected %#llx", programs[i].name, model,
					 (unsigned long long)met.values,
					 (unsigned long long)allowed(&programs[i], model));
		}
	}
}

/* Strategies that draw lots come to all of it as well, and to nothing else. */
static void random_schedules_see_it_too(void **state)
{
	static struct explore_result result;

	(void)state;
	for (u32 model = 0; model < NR_MEMORY_MODELS; model++) {
		boot_model(model);
		for (u32 i = 0; i < ARRAY_SIZE(programs); i++) {
			search("portfolio", &programs[i], 3000, &result);
			if (met.values != allowed(&programs[i], model))
				fail_msg("%s, model %u: values %#llx, expected %#llx", programs[i].name, model,
					 (unsigned long long)met.values,
					 (unsigned long long)allowed(&programs[i], model));
		}
	}
}

static const char *no_name(const void *arg, u32 task)
{
	(void)arg, (void)task;
	return NULL;
}

/* What a search did can be done again from what was recorded, to the same end and the same hash. */
static void a_recorded_run_replays(void **state)
{
	static struct schedule schedule;
	static struct recorder recorder;
	static struct replay replay;
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;
	struct schedule_names names = {no_name, NULL};
	char error[160];
	struct strategy *walk = strategy_by_name("random")->construct(&options, error, sizeof(error));
	u32 drains = 0;

	(void)state;
	boot_model(RT_MEMORY_pso);
	recorder_init(&recorder, &walk->rt, &schedule);
	for (u32 i = 0; i < 200; i++) {
		struct rt_result result;
		u64 hash, values;

		walk->ops->prepare(walk);
		met = (struct met){.program = &programs[i % ARRAY_SIZE(programs)]};
		run(&met, &recorder.strategy, &result);
		hash = met.last_hash;
		values = met.values;
		for (u32 e = 0; e < schedule.count; e++)
			drains += schedule.entry[e].form == SCHEDULE_CHOICE;
		replay_init(&replay, &schedule, false);
		met.values = 0;
		run(&met, &replay.strategy, &result);
		assert_int_equal(replay_finish(&replay, &names), 0);
		assert_int_equal(met.last_hash, hash);
		assert_int_equal(met.values, values);
	}
	walk->ops->destroy(walk);
	assert_true(drains > 100);
}

static const char hotplug[] = "pfnstorm 1\n"
			      "machine  geometry=tiny memory=pso cpus=2 nodes=1 blocks=4 online=0-2\n"
			      "boot     alloc movable order=0 count=8 as s0\n"
			      "task a on cpu0\n"
			      "         offline block=2\n"
			      "         remove block=2\n"
			      "task b on cpu1\n"
			      "         walk block=2 blocks=1\n"
			      "         migrate s0\n"
			      "         alloc movable order=0 count=8 as s1\n";

/* The same for hotplug, by way of a token. */
static void a_token_is_one_run(void **state)
{
	static struct scenario scenario, again;
	static struct recorder recorder;
	static struct replay replay;
	static struct runner_result result;
	static char token[TOKEN_MAX];
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;
	struct text_error error = {0};
	char message[160];
	struct strategy *walk = strategy_by_name("random")->construct(&options, message, sizeof(message));
	u32 drains = 0;

	(void)state;
	assert_int_equal(scenario_parse(hotplug, strlen(hotplug), &scenario, &error), 0);
	recorder_init(&recorder, &walk->rt, &scenario.schedule);
	for (u32 i = 0; i < 24; i++) {
		u64 hash;

		walk->ops->prepare(walk);
		runner_run(&scenario, &recorder.strategy, 0, &result);
		if (recorder.overflow)
			continue;
		hash = result.rt.hash;
		for (u32 e = 0; e < scenario.schedule.count; e++)
			drains += scenario.schedule.entry[e].choice == RT_CHOOSE_DRAIN;
		assert_true(token_encode(&scenario, token, sizeof(token)) > 0);
		assert_int_equal(token_decode(token, &again, &error), 0);
		assert_int_equal(runner_replay(&again, &replay, 0, &result), 0);
		assert_int_equal(result.rt.hash, hash);
	}
	walk->ops->destroy(walk);
	assert_true(drains > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_what_is_allowed_is_seen),
		cmocka_unit_test(random_schedules_see_it_too),
		cmocka_unit_test(a_recorded_run_replays),
		cmocka_unit_test(a_token_is_one_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
