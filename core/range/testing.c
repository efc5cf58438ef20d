/* SPDX-License-Identifier: MIT */
#include "core/range/testing.h"

#include "core/mm/lru.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"
#include "core/rt/random_walk.h"

/* ---- schedules ------------------------------------------------------------------------------------------------- */

static const struct rt_strategy_ops random_ops = RT_RANDOM_WALK_OPS;
static struct rt_random_walk random_walk = {.strategy = {&random_ops}, .longest = 512, .skewed = true};

struct preemption {
	struct rt_strategy strategy;
	enum point_id semantic;
	u64 arg;
	bool done;
	u32 fault; /* injected wherever it can be; NR_FAULTS: none */
};

static u32 preempt_begin(struct rt_strategy *s, u64 runnable)
{
	(void)runnable;
	container_of(s, struct preemption, strategy)->done = false;
	rt_ask_kinds(RT_SEMANTIC);
	return 0;
}

static u32 preempt_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	struct preemption *p = container_of(s, struct preemption, strategy);
	u64 others = runnable & ~BIT(place->task);

	if (!p->done && place->task == 0 && place->kind == RT_SEMANTIC && place->semantic == p->semantic &&
	    place->addr == p->arg && others) {
		p->done = true;
		return (u32)__builtin_ctzll(others);
	}
	if (runnable & BIT(place->task))
		return place->task;
	/* Whoever waits lets the later tasks go first: task 0 goes on when they are over or wait for it. */
	others = runnable & ~BIT(0);
	return (u32)__builtin_ctzll(others ? others : runnable);
}

static u32 preempt_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	(void)n;
	return kind == RT_CHOOSE_FAULT && what == container_of(s, struct preemption, strategy)->fault;
}

static const struct rt_strategy_ops preempt_ops = {
	.name = "one preemption",
	.begin = preempt_begin,
	.next = preempt_next,
	.choose = preempt_choose,
};
static struct preemption preemption = {.strategy = {&preempt_ops}};

/* ---- machines and runs ----------------------------------------------------------------------------------------- */

static void test_no_pageset(struct zone *zone)
{
	zone->pageset_high = 0;
	zone->pageset_batch = 1;
	zone_pcp_set_high_and_batch(zone, 0, 1);
}

/* Per-CPU lists and LRU batches keep nothing: pages are where the last call put them. */
static void plain_allocator(void *arg)
{
	struct zone *zone;

	(void)arg;
	for_each_populated_zone (zone) {
		unsigned int cpu;

		test_no_pageset(zone);
		for_each_possible_cpu (cpu)
			drain_pages_zone(cpu, zone);
	}
	lru_add_drain_all();
	geometry.lru_batch = 1;
}

/* Looked at from outside, whoever counts meanwhile. */
UNOBSERVED_BEGIN

u64 test_free_pages(const struct zone *zone)
{
	unsigned int cpu;
	s64 sum = zone->vm_stat[NR_FREE_PAGES].counter;

	for_each_possible_cpu (cpu)
		sum += per_cpu_ptr(zone->per_cpu_zonestats, cpu)->vm_stat_diff[NR_FREE_PAGES];
	return (u64)sum;
}

s64 test_node_stat(enum node_stat_item item)
{
	const pg_data_t *pgdat = NODE_DATA(0);
	s64 sum = pgdat->vm_stat[item].counter;
	unsigned int cpu;

	for_each_possible_cpu (cpu)
		sum += per_cpu_ptr(pgdat->per_cpu_nodestats, cpu)->vm_node_stat_diff[item];
	return sum;
}

UNOBSERVED_END

static void boot(const char *switches, bool race_detector, u32 boot_params)
{
	struct machine_config config = {
		.geometry = GEOMETRY_tiny,
		.cpus = 2,
		.nodes = 1,
		.blocks = 8,
		.online = {1, {{0, 3}}},
		.movable = {1, {{4, 4}}},
		.normal = {1, {{5, 5}}},
		.offline = {1, {{6, 6}}},
		.boot_params = boot_params,
	};
	struct rt_config rt = {.cpus = 2, .race_detector = race_detector};
	char copy[256], error[256], *word, *rest;

	switches_default(&config.sw);
	snprintf(copy, sizeof(copy), "%s", switches);
	for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		if (switches_set(&config.sw, word, error, sizeof(error)))
			fail_msg("%s: %s", word, error);
	assert_null(machine_config_error(&config));
	core_boot(&config, &rt, plain_allocator, NULL);
}

void test_boot(const char *switches, bool race_detector)
{
	boot(switches, race_detector, 0);
}

void test_boot_params(u32 boot_params)
{
	boot("", true, boot_params);
}

static struct rt_result run(u32 nr_tasks, const struct test_task *tasks)
{
	struct rt_result result;

	for (u32 i = 0; i < nr_tasks; i++)
		rt_task_create(tasks[i].name, i % 2, tasks[i].fn, tasks[i].arg);
	rt_run(&result);
	rt_reset();
	return result;
}

struct rt_result test_run(u64 seed, u32 nr_tasks, const struct test_task *tasks)
{
	rt_random_seed(&random_walk.random, seed);
	rt_set_strategy(seed ? &random_walk.strategy : NULL);
	return run(nr_tasks, tasks);
}

struct rt_result test_run_preempted(enum point_id semantic, u64 arg, u32 nr_tasks, const struct test_task *tasks)
{
	struct rt_result result;

	preemption.semantic = semantic;
	preemption.arg = arg;
	preemption.fault = NR_FAULTS;
	rt_set_strategy(&preemption.strategy);
	result = run(nr_tasks, tasks);
	assert_true(preemption.done);
	return result;
}

struct rt_result test_run_failing(enum rt_fault fault, void (*fn)(void *arg), void *arg)
{
	const struct test_task task = {"test", fn, arg};

	preemption.done = true;
	preemption.fault = fault;
	rt_set_strategy(&preemption.strategy);
	return run(1, &task);
}

void test_run_alone(void (*fn)(void *arg), void *arg)
{
	const struct test_task task = {"test", fn, arg};
	struct rt_result result = test_run(0, 1, &task);

	assert_ok(&result);
}

void assert_ok(const struct rt_result *result)
{
	const struct rt_verdict *v = &result->verdict;

	if (v->kind != VERDICT_ok)
		fail_msg("verdict %s: %s\n%s", verdict_name(v->kind), v->signature, v->detail);
}

void assert_verdict(const struct rt_result *result, enum verdict_kind kind, const char *text)
{
	const struct rt_verdict *v = &result->verdict;

	if (v->kind != kind || !strstr(v->signature, text))
		fail_msg("verdict %s: %s\n%s\nexpected %s with \"%s\"", verdict_name(v->kind), v->signature, v->detail,
			 verdict_name(kind), text);
}

s64 test_op(const char *name, s32 a, s32 b, s32 c, s32 d)
{
	struct op op = {.id = op_info_by_name(name)->id, .arg = {a, b, c, d}};

	return core_run_op(&op);
}
