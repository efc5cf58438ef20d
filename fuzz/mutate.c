/* SPDX-License-Identifier: MIT */
#include "fuzz/mutate.h"

#include <string.h>

#include "core/rt/random.h"
#include "fuzz/search.h"

/* One scenario being changed. Works on the struct: its limits and ranges are those of the text form. */
struct mutation {
	struct scenario *s;
	struct rt_random random;
	const struct places *places;
	struct mutate_options options;
};

static u32 below(struct mutation *m, u32 n)
{
	return rt_random_below(&m->random, n);
}

static bool one_in(struct mutation *m, u32 n)
{
	return below(m, n) == 0;
}

/* ---- operations ------------------------------------------------------------------------------------------------ */

/* A slot that the scenario names already, or one of a few: tasks should meet in them. */
static s32 random_slot(struct mutation *m)
{
	const struct scenario *s = m->s;
	s32 slot = (s32)below(m, 4);
	u32 seen = 0;

	if (one_in(m, 4))
		return slot;
	for (u32 i = 0; i <= s->nr_tasks; i++) {
		const struct op *op = i ? s->task[i - 1].op : s->boot_op;

		for (u32 j = i ? s->task[i - 1].nr_ops : s->nr_boot_ops; j; j--, op++) {
			const struct op_info *info = op_info_by_id(op->id);

			for (u32 k = 0; k < info->nr_args; k++) {
				if (info->arg[k].type == ARG_SLOT && one_in(m, ++seen))
					slot = op->arg[k];
			}
		}
	}
	return slot;
}

static s32 random_arg(struct mutation *m, const struct op_arg_info *info)
{
	u32 n = 0;

	switch (info->type) {
	case ARG_INT:
		/* Small numbers are more interesting than their share. */
		n = (u32)(info->max - info->min) + 1;
		return info->min + (s32)(one_in(m, 2) ? below(m, min(n, 4u)) : below(m, n));
	case ARG_BLOCK:
		return (s32)below(m, m->s->machine.blocks);
	case ARG_SLOT:
		return random_slot(m);
	case ARG_TASK:
		return (s32)below(m, m->s->nr_tasks);
	default:
		while (op_enum_text(info->type, n))
			n++;
		return (s32)below(m, n);
	}
}

static u32 op_weight(const struct mutation *m, const struct op_info *info)
{
	return !m->options.ops || m->options.ops >> info->id & 1 ? info->weight : 0;
}

static void random_op(struct mutation *m, struct op *op)
{
	const struct op_info *info = op_infos;
	u32 total = 0, at;

	for (u32 i = 0; i < nr_op_infos; i++)
		total += op_weight(m, &op_infos[i]);
	for (at = below(m, total); at >= op_weight(m, info); info++)
		at -= op_weight(m, info);
	memset(op, 0, sizeof(*op));
	op->id = info->id;
	for (u32 i = 0; i < info->nr_args; i++)
		op->arg[i] = random_arg(m, &info->arg[i]);
}

enum op_id {
#define OP(id, name, weight, syntax, help) OP_##name = id,
#define OP_ARG(op, name, type, min, max, def)
#include "core/ops.def"
#undef OP
#undef OP_ARG
};

/* Operations that mostly fail without another on the same block or slot: their first argument. */
static const struct {
	u8 op, before, after;
} companions[] = {
	{OP_pin, 0, OP_unpin},
	{OP_unpin, OP_pin, 0},
	{OP_remove, OP_offline, 0},
	{OP_add, OP_remove, OP_online},
};

static struct scenario_task *random_task(struct mutation *m)
{
	return &m->s->task[below(m, m->s->nr_tasks)];
}

static void insert_op(struct scenario_task *task, u32 at, const struct op *op)
{
	memmove(&task->op[at + 1], &task->op[at], (task->nr_ops - at) * sizeof(*op));
	task->op[at] = *op;
	task->nr_ops++;
}

/* @task has room for two more. */
static void insert_companions(struct mutation *m, struct scenario_task *task, u32 at)
{
	const struct op with = task->op[at];
	struct op op = {.arg[0] = with.arg[0]};

	for (u32 i = 0; i < ARRAY_SIZE(companions); i++) {
		if (companions[i].op != with.id)
			continue;
		if (companions[i].after && !one_in(m, 4)) {
			op.id = companions[i].after;
			insert_op(task, at + 1, &op);
		}
		if (companions[i].before && !one_in(m, 4)) {
			op.id = companions[i].before;
			insert_op(task, at, &op);
		}
	}
}

static void delete_op(struct scenario_task *task, u32 at)
{
	memmove(&task->op[at], &task->op[at + 1], (task->nr_ops - at - 1) * sizeof(task->op[0]));
	task->nr_ops--;
}

static bool change_arg(struct mutation *m)
{
	struct scenario_task *task = random_task(m);
	const struct op_info *info;
	struct op *op;
	u32 arg;

	if (task->nr_ops == 0)
		return false;
	op = &task->op[below(m, task->nr_ops)];
	info = op_info_by_id(op->id);
	if (info->nr_args == 0)
		return false;
	arg = below(m, info->nr_args);
	op->arg[arg] = random_arg(m, &info->arg[arg]);
	return true;
}

static bool replace_op(struct mutation *m)
{
	struct scenario_task *task = random_task(m);

	if (task->nr_ops == 0)
		return false;
	random_op(m, &task->op[below(m, task->nr_ops)]);
	return true;
}

/* Short scenarios run more often and say more; what is longer already may stay so. */
static bool is_long(const struct mutation *m)
{
	return scenario_nr_ops(m->s) >= (m->options.mode == MUTATE_RACE ? 8 : 24);
}

static bool add_op(struct mutation *m)
{
	struct scenario_task *task = random_task(m);
	u32 at = below(m, task->nr_ops + 1);
	struct op op;

	if (task->nr_ops + 3 > SCENARIO_OPS || is_long(m))
		return false;
	random_op(m, &op);
	insert_op(task, at, &op);
	insert_companions(m, task, at);
	return true;
}

static bool remove_op(struct mutation *m)
{
	struct scenario_task *task = random_task(m);

	if (task->nr_ops < 2)
		return false;
	delete_op(task, below(m, task->nr_ops));
	return true;
}

static bool duplicate_op(struct mutation *m)
{
	struct scenario_task *from = random_task(m), *to = random_task(m);
	struct op op;

	if (from->nr_ops == 0 || to->nr_ops == SCENARIO_OPS || is_long(m))
		return false;
	op = from->op[below(m, from->nr_ops)];
	insert_op(to, below(m, to->nr_ops + 1), &op);
	return true;
}

static bool move_op(struct mutation *m)
{
	struct scenario_task *from = random_task(m), *to = random_task(m);
	struct op op;
	u32 at;

	if (from->nr_ops < 2 || (to != from && to->nr_ops == SCENARIO_OPS))
		return false;
	at = below(m, from->nr_ops);
	op = from->op[at];
	delete_op(from, at);
	insert_op(to, below(m, to->nr_ops + 1), &op);
	return true;
}

/* Two tasks about the same block meet more often than two tasks about any. */
static bool focus_block(struct mutation *m)
{
	s32 block = (s32)below(m, m->s->machine.blocks);
	bool changed = false;

	for (u32 i = 0; i < m->s->nr_tasks; i++) {
		struct scenario_task *task = &m->s->task[i];

		for (u32 j = 0; j < task->nr_ops; j++) {
			const struct op_info *info = op_info_by_id(task->op[j].id);

			for (u32 k = 0; k < info->nr_args; k++) {
				if (info->arg[k].type != ARG_BLOCK || one_in(m, 4))
					continue;
				changed |= task->op[j].arg[k] != block;
				task->op[j].arg[k] = block;
			}
		}
	}
	return changed;
}

/* ---- tasks, machine, boot -------------------------------------------------------------------------------------- */

static bool add_task(struct mutation *m)
{
	struct scenario *s = m->s;
	struct scenario_task *task;

	if (s->nr_tasks >= 4)
		return false;
	task = &s->task[s->nr_tasks++];
	memset(task, 0, sizeof(*task));
	task->cpu = below(m, s->machine.cpus);
	task->nr_ops = 1;
	random_op(m, &task->op[0]);
	return true;
}

/* Its schedule entries stay: they name tasks by number and are ignored where they make no sense. */
static bool remove_task(struct mutation *m)
{
	struct scenario *s = m->s;
	u32 at = below(m, s->nr_tasks);

	if (s->nr_tasks < 2)
		return false;
	memmove(&s->task[at], &s->task[at + 1], (s->nr_tasks - at - 1) * sizeof(s->task[0]));
	s->nr_tasks--;
	return true;
}

static bool change_cpu(struct mutation *m)
{
	random_task(m)->cpu = below(m, m->s->machine.cpus);
	return true;
}

static bool change_boot(struct mutation *m)
{
	struct scenario *s = m->s;
	u32 at = below(m, s->nr_boot_ops + 1);

	if (s->nr_boot_ops && one_in(m, 3)) {
		at = below(m, s->nr_boot_ops);
		memmove(&s->boot_op[at], &s->boot_op[at + 1], (s->nr_boot_ops - at - 1) * sizeof(s->boot_op[0]));
		s->nr_boot_ops--;
		return true;
	}
	if (s->nr_boot_ops >= 4)
		return false;
	memmove(&s->boot_op[at + 1], &s->boot_op[at], (s->nr_boot_ops - at) * sizeof(s->boot_op[0]));
	random_op(m, &s->boot_op[at]);
	s->nr_boot_ops++;
	return true;
}

/* ---- schedules ------------------------------------------------------------------------------------------------- */

static u32 another_task(struct mutation *m, u32 task, u32 others)
{
	u32 known = others & ((1u << m->s->nr_tasks) - 1) & ~(1u << task);
	u32 target;

	if (known && !one_in(m, 8)) {
		for (u32 skip = below(m, (u32)__builtin_popcount(known)); skip; skip--)
			known &= known - 1;
		return (u32)__builtin_ctz(known);
	}
	target = below(m, max(m->s->nr_tasks, 2u) - 1);
	return target + (target >= task);
}

/* A place that a run was seen to reach, or any point of the table. */
static void aim(struct mutation *m, struct schedule_entry *e)
{
	const struct places *p = m->places;
	u32 others = 0, length = 8;

	if (p->count && !one_in(m, 16)) {
		const struct fuzz_place *place = &p->place[below(m, p->count)];

		e->task = place->task;
		e->anchor = place->anchor;
		e->occurrence = max(place->occurrence, (u16)1);
		others = place->others;
		length = place->length;
	} else {
		e->task = (u8)below(m, m->s->nr_tasks);
		e->anchor = (u16)below(m, NR_POINTS);
		e->occurrence = 1 + below(m, one_in(m, 2) ? 4 : 32);
	}
	e->target = (u8)another_task(m, e->task, others);
	e->count = length > 1 && one_in(m, 2) ? 1 + below(m, length - 1) : 0;
	e->form = e->count ? SCHEDULE_RAW : SCHEDULE_SEMANTIC;
	e->object = SCHEDULE_NO_OBJECT;
}

static bool add_preemption(struct mutation *m)
{
	struct schedule_entry e = {.form = SCHEDULE_SEMANTIC};

	if (m->s->nr_tasks < 2 || m->s->schedule.count >= SCHEDULE_FUZZ_MAX)
		return false;
	aim(m, &e);
	return schedule_add(&m->s->schedule, &e) == 0;
}

static bool remove_entry(struct mutation *m)
{
	struct schedule *s = &m->s->schedule;

	if (s->count == 0)
		return false;
	schedule_remove(s, below(m, s->count));
	return true;
}

static struct schedule_entry *random_entry(struct mutation *m)
{
	struct schedule *s = &m->s->schedule;

	return s->count ? &s->entry[below(m, s->count)] : NULL;
}

/* A number near @value, at least @least. */
static u32 nearby(struct mutation *m, u32 value, u32 spread, u32 least)
{
	u32 moved = value + below(m, 2 * spread + 1);

	return moved > spread + least ? min(moved - spread, 65535u) : least;
}

static bool move_preemption(struct mutation *m)
{
	struct schedule_entry *e = random_entry(m);

	if (!e || m->s->nr_tasks < 2 || (e->form != SCHEDULE_SEMANTIC && e->form != SCHEDULE_RAW))
		return false;
	switch (below(m, 4)) {
	case 0:
		aim(m, e);
		break;
	case 1:
		e->occurrence = nearby(m, e->occurrence, 2, 1);
		break;
	case 2:
		e->occurrence = min(1 + below(m, e->occurrence * 2), 65535u);
		break;
	default:
		e->count = e->count ? nearby(m, e->count, 4, 0) : 1 + below(m, 16);
		e->form = e->count ? SCHEDULE_RAW : SCHEDULE_SEMANTIC;
		break;
	}
	return true;
}

static bool change_target(struct mutation *m)
{
	struct schedule_entry *e = random_entry(m);

	if (!e || m->s->nr_tasks < 2 || e->form == SCHEDULE_CHOICE)
		return false;
	e->target = (u8)another_task(m, e->task, 0);
	return true;
}

static bool add_forced(struct mutation *m)
{
	struct schedule_entry e = {.form = SCHEDULE_OBJECT};

	if (m->s->nr_tasks < 2 || m->s->schedule.count >= SCHEDULE_FUZZ_MAX)
		return false;
	aim(m, &e);
	e.form = SCHEDULE_OBJECT;
	e.kind = one_in(m, 4) ? RT_EXIT : RT_BLOCK;
	e.count = 1 + (one_in(m, 2) ? 0 : below(m, 4));
	return schedule_add(&m->s->schedule, &e) == 0;
}

static bool change_start(struct mutation *m)
{
	struct schedule *s = &m->s->schedule;
	struct schedule_entry e = {.form = SCHEDULE_START, .object = SCHEDULE_NO_OBJECT};

	for (u32 i = 0; i < s->count; i++) {
		if (s->entry[i].form == SCHEDULE_START) {
			schedule_remove(s, i);
			return true;
		}
	}
	e.target = (u8)below(m, m->s->nr_tasks);
	return s->count < SCHEDULE_FUZZ_MAX && schedule_add(s, &e) == 0;
}

static bool add_choice(struct mutation *m)
{
	struct schedule_entry e = {.form = SCHEDULE_CHOICE, .object = SCHEDULE_NO_OBJECT, .value = 1};

	e.choice = RT_CHOOSE_FAULT;
	if (one_in(m, 4))
		e.choice = (u8)(RT_CHOOSE_CALLBACK + below(m, RT_CHOOSE_DRAIN - RT_CHOOSE_CALLBACK));
	if (m->s->machine.memory != RT_MEMORY_sc && !one_in(m, 4))
		e.choice = RT_CHOOSE_DRAIN;
	e.what = (u8)below(m, schedule_choice_subjects(e.choice));
	e.occurrence = 1 + below(m, one_in(m, 2) ? 4 : 64);
	return m->s->schedule.count < SCHEDULE_FUZZ_MAX && schedule_add(&m->s->schedule, &e) == 0;
}

/* ---- the choice of a mutator ----------------------------------------------------------------------------------- */

static const struct {
	bool (*mutate)(struct mutation *m);
	u32 race, sequence; /* weights */
} mutators[] = {
	{change_arg, 10, 20}, {replace_op, 4, 8},       {add_op, 8, 20},       {remove_op, 5, 10},
	{duplicate_op, 3, 6}, {move_op, 3, 8},          {focus_block, 6, 6},   {add_task, 2, 0},
	{remove_task, 1, 0},  {change_cpu, 1, 1},       {change_boot, 1, 2},   {add_preemption, 24, 0},
	{remove_entry, 8, 2}, {move_preemption, 16, 0}, {change_target, 3, 0}, {add_forced, 4, 0},
	{change_start, 2, 0}, {add_choice, 2, 4},
};

static u32 mutator_weight(const struct mutation *m, u32 i)
{
	if (m->options.failures && mutators[i].mutate == add_choice)
		return 40;
	return m->options.mode == MUTATE_RACE ? mutators[i].race : mutators[i].sequence;
}

static bool mutate_once(struct mutation *m)
{
	u32 total = 0, at, i = 0;

	for (u32 j = 0; j < ARRAY_SIZE(mutators); j++)
		total += mutator_weight(m, j);
	at = below(m, total);
	for (;; i++) {
		u32 weight = mutator_weight(m, i);

		if (at < weight)
			return mutators[i].mutate(m);
		at -= weight;
	}
}

static size_t encode(const struct scenario *s, u8 *out, size_t max_size)
{
	ssize_t len = scenario_encode(s, out, max_size, NULL, 0);

	return len > 0 ? (size_t)len : 0;
}

/* Too long for @max: entries go first, then operations, until it fits. */
static size_t encode_fitting(struct scenario *s, u8 *out, size_t max_size)
{
	size_t len;

	while (!(len = encode(s, out, max_size)) && (s->schedule.count || scenario_nr_ops(s) || s->nr_boot_ops)) {
		if (s->schedule.count) {
			s->schedule.count--;
		} else if (scenario_nr_ops(s)) {
			for (u32 i = 0; i < s->nr_tasks; i++)
				s->task[i].nr_ops -= s->task[i].nr_ops > 0;
		} else {
			s->nr_boot_ops--;
		}
	}
	return len;
}

/* Numbers of tasks and blocks that do not exist here are brought into range by decoding. */
static size_t encode_canonical(struct scenario *s, u8 *out, size_t max_size)
{
	const struct switches sw = s->machine.sw;

	scenario_decode(out, encode_fitting(s, out, max_size), &sw, s);
	return encode_fitting(s, out, max_size);
}

/* A machine now and then; at once if it is none of those wanted. */
static void change_machine(struct mutation *m, u8 *data, size_t max_size, const struct switches *sw)
{
	u32 wanted = m->options.machines ? m->options.machines : (u32)BIT(scenario_nr_machines()) - 1, number = 0;

	while (number < scenario_nr_machines() && !scenario_same_machine(scenario_machine(number), &m->s->machine))
		number++;
	if (!one_in(m, 64) && (number == scenario_nr_machines() || wanted >> number & 1))
		return;
	m->s->machine = *scenario_machine(strategy_pick(&m->random, wanted));
	scenario_decode(data, encode_fitting(m->s, data, max_size), sw, m->s);
}

size_t mutate_scenario(u8 *data, size_t size, size_t max_size, u64 seed, const struct mutate_options *options,
		       const struct places *places)
{
	static struct scenario s;
	struct mutation m = {.s = &s, .places = places, .options = *options};
	struct switches sw;

	switches_default(&sw);
	scenario_decode(data, size, &sw, &s);
	rt_random_seed(&m.random, seed);
	change_machine(&m, data, max_size, &sw);
	for (u32 times = 1 + (u32)__builtin_ctz((u32)rt_random_u64(&m.random) | 8); times;)
		times -= mutate_once(&m);
	if (options->searches)
		search_mutate(&s, &m.random);
	return encode_canonical(&s, data, max_size);
}

size_t mutate_crossover(const u8 *a, size_t a_size, const u8 *b, size_t b_size, u8 *out, size_t max_size, u64 seed)
{
	static struct scenario s, other;
	struct mutation m = {.s = &s};
	struct scenario_task *task;
	struct switches sw;
	u32 keep;

	switches_default(&sw);
	scenario_decode(a, a_size, &sw, &s);
	scenario_decode(b, b_size, &sw, &other);
	rt_random_seed(&m.random, seed);
	task = random_task(&m);
	switch (below(&m, 3)) {
	case 0: /* one task of the other instead of one of ours */
		memcpy(task, &other.task[below(&m, other.nr_tasks)], sizeof(*task));
		break;
	case 1: /* the head of ours, the tail of theirs */
		keep = below(&m, task->nr_ops + 1);
		for (u32 i = 0; i < other.task[0].nr_ops && keep < 8; i++)
			task->op[keep++] = other.task[0].op[i];
		task->nr_ops = keep;
		break;
	default: /* our operations, their schedule after a part of ours */
		keep = below(&m, s.schedule.count + 1);
		for (u32 i = 0; i < other.schedule.count && keep < SCHEDULE_FUZZ_MAX; i++)
			s.schedule.entry[keep++] = other.schedule.entry[i];
		s.schedule.count = keep;
		break;
	}
	return encode_canonical(&s, out, max_size);
}
