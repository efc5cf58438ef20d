/* SPDX-License-Identifier: MIT */
#include "stress/mix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_MAX 100000
#define MIX_BOOT_SLOTS 4
#define MIX_BOOT_PAGES 8

static int fail(const char *text, const char *at, char *error, size_t size, const char *expected)
{
	snprintf(error, size, "--mix, character %zu: expected %s, found '%.12s'", (size_t)(at - text) + 1, expected,
		 at);
	return -EINVAL;
}

static const struct op_info *op_of(const char *start, size_t length)
{
	for (u32 i = 0; i < nr_op_infos; i++) {
		if (strlen(op_infos[i].name) == length && !strncmp(op_infos[i].name, start, length))
			return &op_infos[i];
	}
	return NULL;
}

/* One "a-b-c:weight" from @at; returns where it ends, or NULL with the place of the error in @bad. */
static const char *parse_item(const char *at, struct mix_item *item, const char **bad, const char **expected)
{
	char *end;

	for (;;) {
		size_t length = strcspn(at, "-:,");
		const struct op_info *info = op_of(at, length);

		*bad = at;
		*expected = "the name of an operation (pfnstorm run --help lists them), or all";
		if (!item->count && length == 3 && !strncmp(at, "all", 3)) {
			at += length;
			break;
		}
		if (!info || item->count == MIX_CHAIN)
			return NULL;
		item->op[item->count++] = info->id;
		at += length;
		if (*at != '-')
			break;
		at++;
	}
	item->weight = 1;
	if (*at != ':')
		return at;
	*bad = at + 1;
	*expected = "a weight from 1 to 100000";
	item->weight = (u32)strtoul(at + 1, &end, 10);
	return at[1] >= '0' && at[1] <= '9' && item->weight && item->weight <= WEIGHT_MAX ? end : NULL;
}

/* @item, or every operation if it names none. False: there is no room for that. */
static bool add_item(struct mix *mix, const struct mix_item *item)
{
	u32 count = item->count ? 1 : nr_op_infos;

	if (mix->count + count > MIX_ITEMS)
		return false;
	for (u32 i = 0; i < count; i++) {
		struct mix_item *to = &mix->item[mix->count++];

		*to = *item;
		if (!item->count) {
			to->op[to->count++] = op_infos[i].id;
			to->weight *= op_infos[i].weight;
		}
		mix->weights += to->weight;
	}
	return true;
}

int mix_parse(const char *text, struct mix *mix, char *error, size_t size)
{
	const char *at = text, *bad, *expected;

	memset(mix, 0, sizeof(*mix));
	for (;;) {
		struct mix_item item = {0};
		const char *start = at;

		at = parse_item(at, &item, &bad, &expected);
		if (!at)
			return fail(text, bad, error, size, expected);
		if (!add_item(mix, &item))
			return fail(text, start, error, size, "at most 160 operations and chains of them");
		if (!*at)
			return 0;
		if (*at != ',')
			return fail(text, at, error, size, "',' or ':' and a weight");
		at++;
	}
}

static const struct mix_item *draw_item(const struct mix *mix, struct rt_random *random)
{
	u32 at = rt_random_below(random, mix->weights);
	const struct mix_item *item = mix->item;

	for (; at >= item->weight; item++)
		at -= item->weight;
	return item;
}

static u32 enum_values(enum op_arg_type type)
{
	u32 count = 0;

	while (op_enum_text(type, count))
		count++;
	return count;
}

static s32 movable_type(void)
{
	s32 value = 0;

	while (strcmp(op_enum_text(ARG_MIGRATETYPE, (u32)value), "movable"))
		value++;
	return value;
}

/* What the operations of one item share. */
struct target {
	u32 block, slot;
};

static bool allocates(const struct mix_item *item)
{
	for (u32 i = 0; i < item->count; i++) {
		if (!strcmp(op_info_by_id(item->op[i])->name, "alloc"))
			return true;
	}
	return false;
}

/*
 * Each task has blocks and slots of its own and mostly takes one of those: if all tasks worked on all blocks, most
 * operations would find theirs in another state than they need. Block 0 holds what cannot move and is left alone.
 * Slots below MIX_BOOT_SLOTS are filled at boot, for what needs pages.
 */
static struct target draw_target(const struct mix_item *item, struct rt_random *random, const struct scenario *s,
				 u32 task)
{
	u32 blocks = s->machine.blocks - 1, own = OP_SLOTS - MIX_BOOT_SLOTS;
	struct target target = {0};

	if (blocks && blocks >= s->nr_tasks && rt_random_below(random, 4))
		target.block = 1 + task +
			       s->nr_tasks * rt_random_below(random, (blocks - task + s->nr_tasks - 1) / s->nr_tasks);
	else if (blocks)
		target.block = 1 + rt_random_below(random, blocks);
	if (!allocates(item))
		target.slot = rt_random_below(random, MIX_BOOT_SLOTS);
	else if (rt_random_below(random, 4))
		target.slot = MIX_BOOT_SLOTS + task % own;
	else
		target.slot = MIX_BOOT_SLOTS + rt_random_below(random, own);
	return target;
}

static s32 draw_argument(const struct op_arg_info *arg, const struct target *target, struct rt_random *random,
			 const struct scenario *s)
{
	switch (arg->type) {
	case ARG_BLOCK:
		return (s32)target->block;
	case ARG_SLOT:
		return (s32)target->slot;
	case ARG_TASK:
		return (s32)rt_random_below(random, s->nr_tasks);
	case ARG_INT:
		/* Squared: mostly small orders and counts, sometimes the largest. */
		return arg->min + (s32)((u64)rt_random_below(random, 1024) * rt_random_below(random, 1024) *
					(u64)(arg->max - arg->min + 1) / (1024 * 1024));
	case ARG_MIGRATETYPE:
		/* What cannot move keeps a block from going offline: a little of it is enough. */
		return rt_random_below(random, 8) ? movable_type()
						  : (s32)rt_random_below(random, enum_values(arg->type));
	default:
		return (s32)rt_random_below(random, enum_values(arg->type));
	}
}

static void draw_op(u32 id, const struct target *target, struct rt_random *random, const struct scenario *s,
		    struct op *op)
{
	const struct op_info *info = op_info_by_id(id);

	*op = (struct op){.id = id};
	for (u32 i = 0; i < info->nr_args; i++)
		op->arg[i] = draw_argument(&info->arg[i], target, random, s);
}

static void draw_task(const struct mix *mix, struct rt_random *random, const struct scenario *s, u32 index,
		      struct scenario_task *task)
{
	for (;;) {
		const struct mix_item *item = draw_item(mix, random);
		struct target target = draw_target(item, random, s, index);

		if (task->nr_ops + item->count > SCENARIO_OPS)
			return;
		for (u32 i = 0; i < item->count; i++)
			draw_op(item->op[i], &target, random, s, &task->op[task->nr_ops++]);
	}
}

static void fill_boot_slots(struct scenario *s)
{
	const struct op_info *info = op_info_by_name("alloc");

	s->nr_boot_ops = MIX_BOOT_SLOTS;
	for (u32 slot = 0; slot < MIX_BOOT_SLOTS; slot++) {
		struct op *op = &s->boot_op[slot];

		*op = (struct op){.id = info->id};
		for (u32 i = 0; i < info->nr_args; i++) {
			switch (info->arg[i].type) {
			case ARG_SLOT:
				op->arg[i] = (s32)slot;
				break;
			case ARG_MIGRATETYPE:
				op->arg[i] = movable_type();
				break;
			default:
				op->arg[i] = !strcmp(info->arg[i].name, "count") ? MIX_BOOT_PAGES : info->arg[i].min;
			}
		}
	}
}

void mix_draw(const struct mix *mix, struct rt_random *random, struct scenario *s)
{
	fill_boot_slots(s);
	for (u32 i = 0; i < s->nr_tasks; i++) {
		s->task[i].nr_ops = 0;
		draw_task(mix, random, s, i, &s->task[i]);
	}
}
