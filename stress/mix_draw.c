/* SPDX-License-Identifier: MIT */
/* Tasks drawn from a mix. */
#include <stdio.h>
#include <string.h>

#include "stress/mix.h"

#define MIX_BOOT_SLOTS 4
#define MIX_BOOT_PAGES 8

static const struct mix_item *draw_among(const struct mix_item *item, u32 weights, struct rt_random *random)
{
	u32 at = rt_random_below(random, weights);

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
	u64 seed; /* of numbers that mean the same thing in each of them: a CPU, a page of the block */
};

static bool shared(const char *name)
{
	static const char *const names[] = {"cpu", "page", "first", "cache"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return false;
}

/* Squared: mostly small orders and counts, sometimes the largest. */
static s32 draw_int(const struct op_arg_info *arg, const struct target *target, struct rt_random *random,
		    const struct scenario *s)
{
	struct rt_random own = {target->seed};
	struct rt_random *from = shared(arg->name) ? &own : random;
	s32 last = strcmp(arg->name, "cpu") ? arg->max : max(arg->min, (s32)s->machine.cpus - 1);

	return arg->min + (s32)((u64)rt_random_below(from, 1024) * rt_random_below(from, 1024) *
				(u64)(last - arg->min + 1) / (1024 * 1024));
}

/* Does it fill a slot? */
static bool fills(const struct mix_item *item)
{
	for (u32 i = 0; i < item->count; i++) {
		if (strstr(op_info_by_id(item->op[i])->syntax, "as {slot}"))
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
	struct target target = {.seed = rt_random_u64(random)};

	if (blocks && blocks >= s->nr_tasks && rt_random_below(random, 4))
		target.block = 1 + task +
			       s->nr_tasks * rt_random_below(random, (blocks - task + s->nr_tasks - 1) / s->nr_tasks);
	else if (blocks)
		target.block = 1 + rt_random_below(random, blocks);
	if (!fills(item))
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
		return draw_int(arg, target, random, s);
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
		const struct mix_item *item = draw_among(mix->item, mix->weights, random);
		const struct mix_named *named = item->named ? &mix->named[item->named - 1] : NULL;
		struct target target;

		if (named)
			item = draw_among(named->item, named->weights, random);
		target = draw_target(item, random, s, index);
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
	/* Of readers only: the tasks are idle. */
	if (!mix->weights)
		return;
	for (u32 i = 0; i < s->nr_tasks; i++) {
		s->task[i].nr_ops = 0;
		draw_task(mix, random, s, i, &s->task[i]);
	}
}
