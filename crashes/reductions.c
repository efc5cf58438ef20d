/* SPDX-License-Identifier: MIT */
#include "crashes/reductions.h"

#include <string.h>

/* The at-th operation over all tasks. */
static struct op *find_op(struct scenario *s, u32 at, u32 *task, u32 *index)
{
	for (u32 t = 0; t < s->nr_tasks; t++) {
		if (at < s->task[t].nr_ops) {
			*task = t;
			*index = at;
			return &s->task[t].op[at];
		}
		at -= s->task[t].nr_ops;
	}
	return NULL;
}

static void remove_op(struct op *ops, u32 *count, u32 at)
{
	memmove(&ops[at], &ops[at + 1], (*count - at - 1) * sizeof(*ops));
	(*count)--;
}

/* The second half of a task's operations; at counts tasks. */
static bool take_half(struct scenario *s, u32 at)
{
	if (at >= s->nr_tasks)
		return false;
	s->task[at].nr_ops -= s->task[at].nr_ops / 2;
	return true;
}

static bool take_op(struct scenario *s, u32 at)
{
	u32 task, index;

	if (!find_op(s, at, &task, &index))
		return false;
	remove_op(s->task[task].op, &s->task[task].nr_ops, index);
	return true;
}

static bool take_boot_op(struct scenario *s, u32 at)
{
	if (at >= s->nr_boot_ops)
		return false;
	remove_op(s->boot_op, &s->nr_boot_ops, at);
	return true;
}

/* Operations on a task that is gone go with it; higher ids move down, in the schedule too. */
static void forget_task_in_ops(struct scenario_task *t, s32 task)
{
	for (u32 i = 0; i < t->nr_ops;) {
		const struct op_info *info = op_info_by_id(t->op[i].id);
		bool gone = false;

		for (u32 a = 0; info && a < info->nr_args; a++) {
			if (info->arg[a].type != ARG_TASK)
				continue;
			gone |= t->op[i].arg[a] == task;
			t->op[i].arg[a] -= t->op[i].arg[a] > task;
		}
		if (gone)
			remove_op(t->op, &t->nr_ops, i);
		else
			i++;
	}
}

static bool take_task(struct scenario *s, u32 at)
{
	if (at >= s->nr_tasks || s->nr_tasks == 1)
		return false;
	memmove(&s->task[at], &s->task[at + 1], (s->nr_tasks - at - 1) * sizeof(s->task[0]));
	s->nr_tasks--;
	for (u32 t = 0; t < s->nr_tasks; t++)
		forget_task_in_ops(&s->task[t], (s32)at);
	for (u32 i = 0; i < s->schedule.count;) {
		struct schedule_entry *e = &s->schedule.entry[i];

		if (e->form != SCHEDULE_CHOICE && (e->task == at || e->target == at)) {
			schedule_remove(&s->schedule, i);
			continue;
		}
		e->task -= e->task > at;
		e->target -= e->target > at;
		i++;
	}
	return true;
}

/* Number @at of the pairs (operation, way to lower one of its integers): to its minimum, to half, by one. */
static bool lower_count_of(struct op *op, u32 *at)
{
	const struct op_info *info = op_info_by_id(op->id);

	for (u32 a = 0; info && a < info->nr_args; a++) {
		s32 floor = info->arg[a].min, value = op->arg[a];
		s32 lower[] = {floor, floor + (value - floor) / 2, value - 1};

		if (info->arg[a].type != ARG_INT)
			continue;
		for (u32 i = 0; i < ARRAY_SIZE(lower); i++) {
			if (lower[i] < floor || lower[i] >= value || (i && lower[i] == lower[i - 1]))
				continue;
			if ((*at)-- == 0) {
				op->arg[a] = lower[i];
				return true;
			}
		}
	}
	return false;
}

static bool lower_count(struct scenario *s, u32 at)
{
	for (u32 i = 0; i < s->nr_boot_ops; i++)
		if (lower_count_of(&s->boot_op[i], &at))
			return true;
	for (u32 t = 0; t < s->nr_tasks; t++)
		for (u32 i = 0; i < s->task[t].nr_ops; i++)
			if (lower_count_of(&s->task[t].op[i], &at))
				return true;
	return false;
}

static void drop_last_block(struct block_ranges *r)
{
	if (!r->count)
		return;
	if (r->range[r->count - 1].last > r->range[r->count - 1].first)
		r->range[r->count - 1].last--;
	else
		r->count--;
}

/* Without the machine's last block. */
static void clip_blocks(struct block_ranges *r, u32 blocks)
{
	while (r->count && r->range[r->count - 1].last >= blocks)
		drop_last_block(r);
}

static bool shrink_machine(struct scenario *s, u32 at)
{
	struct machine_config *m = &s->machine;
	struct block_ranges *ranges[] = {&m->online, &m->normal, &m->movable, &m->offline};

	if (at < ARRAY_SIZE(ranges)) {
		drop_last_block(ranges[at]);
		return true;
	}
	switch (at - ARRAY_SIZE(ranges)) {
	case 0:
		m->blocks--;
		for (u32 i = 0; i < ARRAY_SIZE(ranges); i++)
			clip_blocks(ranges[i], m->blocks);
		return true;
	case 1:
		m->cpus--;
		return true;
	case 2:
		m->nodes--;
		return true;
	default:
		return false;
	}
}

/* Of the boot ranges and sizes; each kept shrink lowers it, a shrink that changes nothing does not. */
static u64 ranges_weight(const struct block_ranges *r)
{
	u64 blocks = 0;

	for (u32 i = 0; i < r->count; i++)
		blocks += r->range[i].last - r->range[i].first + 1u;
	return blocks;
}

static u64 counts_weight(const struct op *op)
{
	const struct op_info *info = op_info_by_id(op->id);
	u64 weight = 0;

	for (u32 a = 0; info && a < info->nr_args; a++)
		if (info->arg[a].type == ARG_INT)
			weight += (u64)(op->arg[a] - info->arg[a].min);
	return weight;
}

u64 reductions_machine_weight(const struct scenario *s)
{
	const struct machine_config *m = &s->machine;
	u64 weight = 8ULL * (m->blocks + m->cpus + m->nodes) + ranges_weight(&m->online) + ranges_weight(&m->normal) +
		     ranges_weight(&m->movable) + ranges_weight(&m->offline);

	for (u32 i = 0; i < s->nr_boot_ops; i++)
		weight += counts_weight(&s->boot_op[i]);
	for (u32 t = 0; t < s->nr_tasks; t++)
		for (u32 i = 0; i < s->task[t].nr_ops; i++)
			weight += counts_weight(&s->task[t].op[i]);
	return weight;
}

const struct reduction reductions[] = {
	{"tasks", true, take_task},     {"operations", true, take_half},
	{"operations", false, take_op}, {"boot operations", false, take_boot_op},
	{"counts", false, lower_count}, {"machine", false, shrink_machine},
};
const u32 nr_reductions = ARRAY_SIZE(reductions);
