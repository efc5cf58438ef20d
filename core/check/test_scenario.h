/* SPDX-License-Identifier: MIT */
/*
 * Scenarios for tests of core: machines, and tasks as tables of operations; test_schedule.h runs them on fibers.
 *
 * Header only: tests of core may not use what lies above it.
 */
#ifndef PFNSTORM_CHECK_TEST_SCENARIO_H
#define PFNSTORM_CHECK_TEST_SCENARIO_H

#include "core/core.h"
#include "core/rt/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEST_TASKS_MAX 6
#define TEST_OPS_MAX 12

struct test_task {
	u32 cpu;
	u32 nr_ops;
	struct op op[TEST_OPS_MAX];
};

struct test_scenario {
	struct machine_config config;
	struct test_task boot; /* operations at the end of boot */
	u32 nr_tasks;
	struct test_task task[TEST_TASKS_MAX];
	u32 faults; /* bit per enum rt_fault that the schedule may inject */
};

static inline struct op test_op(const char *name, s32 a, s32 b, s32 c, s32 d)
{
	const struct op_info *info = op_info_by_name(name);
	struct op op = {.arg = {a, b, c, d}};

	assert_non_null(info);
	op.id = info->id;
	return op;
}

static inline void test_add_op(struct test_task *task, const char *name, s32 a, s32 b, s32 c, s32 d)
{
	assert_true(task->nr_ops < TEST_OPS_MAX);
	task->op[task->nr_ops++] = test_op(name, a, b, c, d);
}

/* Any operation, by weight; slots are few, so that tasks meet. */
static inline struct op test_random_op(struct rt_random *r, u32 blocks, u32 nr_tasks)
{
	const struct op_info *info;
	struct op op = {0};
	u32 total = 0, draw;

	for (u32 i = 0; i < nr_op_infos; i++)
		total += op_infos[i].weight;
	draw = rt_random_below(r, total);
	for (info = op_infos; draw >= info->weight; info++)
		draw -= info->weight;
	op.id = info->id;
	for (u32 i = 0; i < info->nr_args; i++) {
		const struct op_arg_info *arg = &info->arg[i];
		u32 range = (u32)(arg->max - arg->min + 1), count = 0;

		while (arg->type > ARG_TASK && op_enum_text(arg->type, count))
			count++;
		if (arg->type == ARG_BLOCK)
			op.arg[i] = (s32)rt_random_below(r, blocks);
		else if (arg->type == ARG_SLOT)
			op.arg[i] = (s32)rt_random_below(r, 3);
		else if (arg->type == ARG_TASK)
			op.arg[i] = (s32)rt_random_below(r, nr_tasks);
		else if (arg->type == ARG_INT)
			op.arg[i] = arg->min + (s32)rt_random_below(r, min(range, 12u));
		else
			op.arg[i] = (s32)rt_random_below(r, count);
	}
	return op;
}

static inline void test_add_random_op(struct test_task *task, struct rt_random *r, u32 blocks, u32 nr_tasks)
{
	assert_true(task->nr_ops < TEST_OPS_MAX);
	task->op[task->nr_ops++] = test_random_op(r, blocks, nr_tasks);
}

/* Tiny geometry, two CPUs, one node, @blocks blocks of which 0 .. @online-1 are there at boot, default switches. */
static inline struct test_scenario test_scenario(u32 blocks, u32 online)
{
	struct test_scenario s = {.config = {.geometry = GEOMETRY_tiny, .cpus = 2, .nodes = 1, .blocks = blocks}};

	s.config.online.count = 1;
	s.config.online.range[0].last = (u16)(online - 1);
	switches_default(&s.config.sw);
	return s;
}

static inline void test_set(struct test_scenario *s, const char *assignment)
{
	char error[256];

	if (switches_set(&s->config.sw, assignment, error, sizeof(error)))
		fail_msg("%s: %s", assignment, error);
}

/* ---- runs ------------------------------------------------------------------------------------------------------ */

static void test_run_ops(void *arg)
{
	const struct test_task *task = arg;

	for (u32 i = 0; i < task->nr_ops; i++)
		core_run_op(&task->op[i]);
}

static inline void test_boot(struct test_scenario *s)
{
	const struct rt_config rt = {.cpus = s->config.cpus, .race_detector = true};
	const char *error = machine_config_error(&s->config);

	if (error)
		fail_msg("%s", error);
	core_boot(&s->config, &rt, test_run_ops, &s->boot);
}

static inline void test_print_scenario(const struct test_scenario *s)
{
	const struct machine_config *c = &s->config;

	printf("geometry %u, %u CPUs, %u nodes, topology %u, boot parameters %#x, %u blocks%s%s\n", c->geometry,
	       c->cpus, c->nodes, c->topology, c->boot_params, c->blocks, c->movable.count ? ", last one movable" : "",
	       c->offline.count ? ", last but one offline" : "");
	for (u32 i = 0; i < s->nr_tasks; i++) {
		printf("task %c on cpu%u\n", 'a' + (int)i, s->task[i].cpu);
		for (u32 j = 0; j < s->task[i].nr_ops; j++) {
			const struct op *op = &s->task[i].op[j];

			printf("\t%s %d %d %d %d\n", op_info_by_id(op->id)->name, op->arg[0], op->arg[1], op->arg[2],
			       op->arg[3]);
		}
	}
}

#endif
