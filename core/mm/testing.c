/* SPDX-License-Identifier: MIT */
#include "core/mm/testing.h"

#include <string.h>

#include "core/mm/lru.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"
#include "core/rt/random_walk.h"

/* ---- schedules ------------------------------------------------------------------------------------------------- */

struct test_strategy {
	struct rt_random_walk walk;
	enum rt_fault fault;
	u32 faults_left; /* chances until one is taken; UINT32_MAX: never */
	bool fault_taken;
};

static u32 random_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	struct test_strategy *t = container_of(s, struct test_strategy, walk.strategy);

	if (kind != RT_CHOOSE_FAULT)
		return rt_random_walk_choose(s, kind, what, n);
	if (what != t->fault || t->faults_left == UINT32_MAX || t->faults_left-- > 0)
		return 0;
	t->faults_left = UINT32_MAX;
	t->fault_taken = true;
	return 1;
}

static const struct rt_strategy_ops random_ops = {
	.name = "random walk",
	.begin = rt_random_walk_begin,
	.next = rt_random_walk_next,
	.choose = random_choose,
};
static struct test_strategy test_strategy = {
	.walk = {.strategy = {&random_ops}, .longest = 256, .skewed = true},
};

/* ---- machines and runs ----------------------------------------------------------------------------------------- */

struct machine_config test_config(void)
{
	struct machine_config config = {
		.geometry = GEOMETRY_tiny,
		.cpus = 2,
		.nodes = 1,
		.blocks = 8,
		.online = {1, {{0, 3}}},
	};

	switches_default(&config.sw);
	return config;
}

static void test_no_pageset(struct zone *zone)
{
	zone->pageset_high = 0;
	zone->pageset_batch = 1;
	zone_pcp_set_high_and_batch(zone, 0, 1);
}

void test_plain_allocator(void *arg)
{
	struct zone *zone;

	(void)arg;
	for_each_populated_zone (zone)
		test_no_pageset(zone);
	geometry.lru_batch = 1;
}

u64 test_free_pages(const struct zone *zone)
{
	unsigned int cpu;
	s64 sum = zone->vm_stat[NR_FREE_PAGES].counter;

	for_each_possible_cpu (cpu)
		sum += per_cpu_ptr(zone->per_cpu_zonestats, cpu)->vm_stat_diff[NR_FREE_PAGES];
	return (u64)sum;
}

static void boot(enum geometry_id id)
{
	struct machine_config config = test_config();
	struct rt_config rt = {.cpus = 2, .race_detector = true};

	config.geometry = id;
	assert_null(machine_config_error(&config));
	core_boot(&config, &rt, test_plain_allocator, NULL);
	/* Tests of one floor leave the machine in states that no hotplug operation would. */
	rt_set_quiescence_check(NULL);
	rt_set_start_check(NULL);
}

void test_boot(void)
{
	boot(GEOMETRY_tiny);
}

static struct rt_result run(u32 nr_tasks, void (*const *tasks)(void *arg), void *arg)
{
	struct rt_result result;

	for (u32 i = 0; i < nr_tasks; i++)
		rt_task_create("test", i % 2, tasks[i], arg);
	rt_run(&result);
	rt_reset();
	rt_set_strategy(NULL);
	return result;
}

struct rt_result test_run(u64 seed, u32 nr_tasks, void (*const *tasks)(void *arg), void *arg)
{
	rt_random_seed(&test_strategy.walk.random, seed);
	test_strategy.faults_left = UINT32_MAX;
	rt_set_strategy(seed ? &test_strategy.walk.strategy : NULL);
	return run(nr_tasks, tasks, arg);
}

void test_alone_on(enum geometry_id id, void (*task)(void *arg), void *arg)
{
	struct rt_result result;

	boot(id);
	result = test_run(0, 1, &task, arg);
	if (result.verdict.kind != VERDICT_ok)
		fail_msg("%s %s\n%s", verdict_name(result.verdict.kind), result.verdict.signature,
			 result.verdict.detail);
}

void test_alone(void (*task)(void *arg), void *arg)
{
	test_alone_on(GEOMETRY_tiny, task, arg);
}

void test_fails(void (*task)(void *arg), enum verdict_kind kind, const char *text)
{
	struct rt_result result;

	test_boot();
	result = test_run(0, 1, &task, NULL);
	if (result.verdict.kind != kind || !strstr(result.verdict.signature, text))
		fail_msg("expected %s with '%s', found %s %s\n%s", verdict_name(kind), text,
			 verdict_name(result.verdict.kind), result.verdict.signature, result.verdict.detail);
}

bool test_with_fault(void (*task)(void *arg), enum rt_fault fault, u32 n)
{
	struct rt_result result;

	test_boot();
	test_strategy.fault = fault;
	test_strategy.faults_left = n;
	test_strategy.fault_taken = false;
	rt_set_strategy(&test_strategy.walk.strategy);
	result = run(1, &task, NULL);
	if (result.verdict.kind != VERDICT_ok)
		fail_msg("failure %u: %s %s\n%s", n, verdict_name(result.verdict.kind), result.verdict.signature,
			 result.verdict.detail);
	return test_strategy.fault_taken;
}

/* ---- hotplug without hotplug ----------------------------------------------------------------------------------- */

void test_add(u64 pfn, u64 nr)
{
	mem_hotplug_begin();
	CHECK_EQUAL(sparse_add_section(0, pfn, nr, NULL, NULL), 0);
	mem_hotplug_done();
}

void test_online(u64 pfn, u64 nr)
{
	mem_hotplug_begin();
	for (u64 p = pfn; p < pfn + nr; p++)
		__init_single_page(pfn_to_page(p), p, ZONE_NORMAL, 0);
	online_mem_sections(pfn, pfn + nr);
	mem_hotplug_done();
}

void test_offline(u64 pfn, u64 nr)
{
	mem_hotplug_begin();
	offline_mem_sections(pfn, pfn + nr);
	synchronize_rcu();
	mem_hotplug_done();
}

void test_remove(u64 pfn, u64 nr)
{
	mem_hotplug_begin();
	sparse_remove_section(pfn, nr, 0, NULL);
	mem_hotplug_done();
}
