/* SPDX-License-Identifier: MIT */
#include "fuzz/scenario.h"

#include <stdio.h>
#include <string.h>

#include "fuzz/block_ranges.h"

void scenario_init(struct scenario *s)
{
	/* Entries of the schedule are behind its count, and many. */
	memset(s, 0, offsetof(struct scenario, schedule));
	schedule_init(&s->schedule);
	s->machine.geometry = GEOMETRY_tiny;
	s->machine.cpus = 2;
	s->machine.nodes = 1;
	s->machine.blocks = 8;
	s->machine.online.count = 1;
	s->machine.online.range[0].last = 5;
	switches_default(&s->machine.sw);
	s->nr_tasks = 1;
	memcpy(s->task[0].name, "t0", 3);
}

void scenario_copy(struct scenario *to, const struct scenario *from)
{
	memcpy(to, from, offsetof(struct scenario, schedule));
	schedule_copy(&to->schedule, &from->schedule);
}

bool scenario_same_machine(const struct machine_config *a, const struct machine_config *b)
{
	return a->geometry == b->geometry && a->topology == b->topology && a->boot_params == b->boot_params &&
	       a->memory == b->memory && a->cpus == b->cpus && a->nodes == b->nodes && a->blocks == b->blocks &&
	       block_ranges_equal(&a->online, &b->online) && block_ranges_equal(&a->normal, &b->normal) &&
	       block_ranges_equal(&a->movable, &b->movable) && block_ranges_equal(&a->offline, &b->offline);
}

static bool machine_equal(const struct machine_config *a, const struct machine_config *b)
{
	return scenario_same_machine(a, b) && memcmp(a->sw.design, b->sw.design, sizeof(a->sw.design)) == 0 &&
	       memcmp(a->sw.bug, b->sw.bug, sizeof(a->sw.bug)) == 0;
}

static void slot_name(const struct scenario *s, u32 slot, char *buf, size_t size)
{
	if (s->slot[slot][0])
		snprintf(buf, size, "%s", s->slot[slot]);
	else
		snprintf(buf, size, "s%u", slot);
}

static bool ops_equal(const struct scenario *a, const struct op *x, const struct scenario *b, const struct op *y, u32 n)
{
	char name_a[SCENARIO_SLOT_LEN], name_b[SCENARIO_SLOT_LEN];

	for (u32 i = 0; i < n; i++) {
		const struct op_info *info = op_info_by_id(x[i].id);

		if (x[i].id != y[i].id)
			return false;
		for (u32 j = 0; j < info->nr_args; j++) {
			if (x[i].arg[j] != y[i].arg[j])
				return false;
			if (info->arg[j].type != ARG_SLOT)
				continue;
			slot_name(a, (u32)x[i].arg[j], name_a, sizeof(name_a));
			slot_name(b, (u32)y[i].arg[j], name_b, sizeof(name_b));
			if (strcmp(name_a, name_b) != 0)
				return false;
		}
	}
	return true;
}

bool scenario_equal(const struct scenario *a, const struct scenario *b)
{
	if (!laws_equal(&a->laws, &b->laws))
		return false;
	if (strcmp(a->name, b->name) != 0 || a->seed != b->seed || a->nr_boot_ops != b->nr_boot_ops ||
	    a->nr_tasks != b->nr_tasks || !machine_equal(&a->machine, &b->machine) || a->expect.set != b->expect.set ||
	    !schedule_equal(&a->schedule, &b->schedule))
		return false;
	if (a->expect.set && (a->expect.kind != b->expect.kind || strcmp(a->expect.words, b->expect.words) != 0))
		return false;
	if (!ops_equal(a, a->boot_op, b, b->boot_op, a->nr_boot_ops))
		return false;
	for (u32 i = 0; i < a->nr_tasks; i++) {
		const struct scenario_task *x = &a->task[i], *y = &b->task[i];

		if (strcmp(x->name, y->name) != 0 || x->cpu != y->cpu || x->nr_ops != y->nr_ops ||
		    !ops_equal(a, x->op, b, y->op, x->nr_ops))
			return false;
	}
	return true;
}

static bool arg_in_range(const struct scenario *s, const struct op_arg_info *info, s32 value)
{
	switch (info->type) {
	case ARG_INT:
		return value >= info->min && value <= info->max;
	case ARG_BLOCK:
		return value >= 0 && (u32)value < s->machine.blocks;
	case ARG_SLOT:
		return value >= 0 && value < OP_SLOTS;
	case ARG_TASK:
		return value >= 0 && (u32)value < s->nr_tasks;
	default:
		return value >= 0 && op_enum_text(info->type, (u32)value);
	}
}

static const char *ops_error(const struct scenario *s, const char *who, const struct op *op, u32 n)
{
	static char message[160];

	for (u32 i = 0; i < n; i++) {
		const struct op_info *info = op_info_by_id(op[i].id);

		if (!info) {
			snprintf(message, sizeof(message), "operation %u of %s has the unknown id %u", i + 1, who,
				 op[i].id);
			return message;
		}
		for (u32 j = 0; j < info->nr_args; j++) {
			if (arg_in_range(s, &info->arg[j], op[i].arg[j]))
				continue;
			snprintf(message, sizeof(message), "operation %u of %s, %s: %s=%d is out of range", i + 1, who,
				 info->name, info->arg[j].name, op[i].arg[j]);
			return message;
		}
	}
	return NULL;
}

static bool name_ok(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")];
}

/* Names that text could not hold, or not tell apart. */
static const char *names_error(const struct scenario *s)
{
	char number[8];

	if (s->name[0] == ' ' || (s->name[0] && s->name[strlen(s->name) - 1] == ' '))
		return "the name of a scenario neither begins nor ends with a blank";
	if (s->expect.set && (s->expect.words[0] == ' ' || strstr(s->expect.words, "  ") ||
			      (s->expect.words[0] && s->expect.words[strlen(s->expect.words) - 1] == ' ')))
		return "the words that are expected are separated by one blank";
	for (u32 i = 0; i < s->nr_tasks; i++) {
		if (!name_ok(s->task[i].name))
			return "the name of a task has letters, digits, '_', '-' and '.' only";
		for (u32 j = 0; j < i; j++) {
			if (strcmp(s->task[i].name, s->task[j].name) == 0)
				return "two tasks have the same name";
		}
	}
	for (u32 i = 0; i < OP_SLOTS; i++) {
		if (!s->slot[i][0])
			continue;
		if (!name_ok(s->slot[i]))
			return "the name of a slot has letters, digits, '_', '-' and '.' only";
		snprintf(number, sizeof(number), "s%u", i);
		if (scenario_is_slot_number(&(struct text_word){s->slot[i], strlen(s->slot[i])}) &&
		    strcmp(s->slot[i], number) != 0)
			return "a slot has the number of another slot as its name";
		for (u32 j = 0; j < i; j++) {
			if (strcmp(s->slot[i], s->slot[j]) == 0)
				return "two slots have the same name";
		}
	}
	return NULL;
}

const char *scenario_error(const struct scenario *s)
{
	static char message[160];
	const char *error = machine_config_error(&s->machine);

	if (error)
		return error;
	if (s->nr_tasks == 0 || s->nr_tasks > SCENARIO_TASKS)
		return "a scenario has 1 to 8 tasks";
	if (s->nr_boot_ops > SCENARIO_BOOT_OPS)
		return "a scenario has at most 16 boot operations";
	for (u32 law = 0; law < CORE_LAWS_MAX; law++)
		if (laws_have(&s->laws, law) && !core_law_at_steps(law))
			return "the laws of a scenario are those that may be asked in the middle of a run";
	error = names_error(s);
	if (error)
		return error;
	error = ops_error(s, "boot", s->boot_op, s->nr_boot_ops);
	for (u32 i = 0; i < s->nr_tasks && !error; i++) {
		const struct scenario_task *task = &s->task[i];

		if (task->nr_ops > SCENARIO_OPS)
			return "a task has at most 32 operations";
		if (task->cpu >= s->machine.cpus) {
			snprintf(message, sizeof(message), "task %s is on cpu%u of a machine with %u cpus", task->name,
				 task->cpu, s->machine.cpus);
			return message;
		}
		error = ops_error(s, task->name, task->op, task->nr_ops);
	}
	return error;
}

bool scenario_expected(const struct scenario *s, const struct rt_verdict *verdict)
{
	const char *word = s->expect.words;
	char copy[SCENARIO_EXPECT_LEN];

	if (!s->expect.set)
		return verdict->kind == VERDICT_ok;
	if (s->expect.kind != (u32)verdict->kind)
		return false;
	while (*word) {
		size_t len = strcspn(word, " ");

		memcpy(copy, word, len);
		copy[len] = 0;
		if (!strstr(verdict->signature, copy))
			return false;
		word += len;
		word += strspn(word, " ");
	}
	return true;
}

static const char *task_name_at(const void *arg, u32 task)
{
	const struct scenario *s = arg;

	return task < s->nr_tasks ? s->task[task].name : NULL;
}

struct schedule_names scenario_task_names(const struct scenario *s)
{
	return (struct schedule_names){task_name_at, s};
}

u32 scenario_nr_ops(const struct scenario *s)
{
	u32 n = 0;

	for (u32 i = 0; i < s->nr_tasks; i++)
		n += s->task[i].nr_ops;
	return n;
}

int scenario_switches_from(const char *assignments, struct switches *sw, char *message, size_t size)
{
	char one[96];
	int ret;

	while (*assignments) {
		size_t len = strcspn(assignments, ", ");

		if (len >= sizeof(one)) {
			snprintf(message, size, "expected design=alternative, bug=on or era=6.1, separated by commas");
			return -EINVAL;
		}
		memcpy(one, assignments, len);
		one[len] = 0;
		assignments += len;
		assignments += strspn(assignments, ", ");
		if (len == 0)
			continue;
		if (strncmp(one, "era=", 4) == 0) {
			ret = switches_set_era(sw, one + 4);
			if (ret)
				snprintf(message, size, "expected an era like 6.1 or none, found '%s'", one + 4);
		} else {
			ret = switches_set(sw, one, message, size);
		}
		if (ret)
			return ret;
	}
	return 0;
}
