/* SPDX-License-Identifier: MIT */
#include "fuzz/generate.h"

#include <stdio.h>
#include <string.h>

#include "fuzz/family.h"

enum generate_block { BLOCK_ABSENT, BLOCK_OFFLINE, BLOCK_ONLINE, BLOCK_HOLES /* online too */, BLOCK_DEVICE };

enum op_id {
#define OP(id, name, weight, syntax, help) OP_##name = id,
#define OP_ARG(op, name, type, min, max, def)
#include "core/ops.def"
#undef OP
#undef OP_ARG
};

enum {
#define ENUM(type, id, value, text) type##_##id = value,
#include "core/enums.def"
#undef ENUM
};

static u32 below(struct generator *g, u32 n)
{
	return rt_random_below(&g->random, n);
}

static bool one_in(struct generator *g, u32 n)
{
	return below(g, n) == 0;
}

void generator_init(struct generator *g, u64 seed, u64 families)
{
	memset(g, 0, sizeof(*g));
	g->wanted = families ? families : BIT(nr_families) - 1;
	rt_random_seed(&g->random, seed);
}

/* ---- operations ------------------------------------------------------------------------------------------------ */

/* Of the words of @words one, as an operation. */
static u32 random_word(struct generator *g, const char *words)
{
	const char *chosen = words;
	char name[32];
	u32 n = 1;

	for (const char *at = words; (at = strchr(at, ' ')); n++)
		if (one_in(g, n + 1))
			chosen = at + 1;
		else
			at++;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(chosen, " "), chosen);
	return op_info_by_name(name)->id;
}

/* One of the set, by the weights of the table. */
static u32 weighted_op(struct generator *g, u64 ops)
{
	u32 total = 0, at, i = 0;

	for (u32 j = 0; j < nr_op_infos; j++)
		total += ops >> op_infos[j].id & 1 ? op_infos[j].weight : 0;
	for (at = below(g, total);; i++) {
		u32 weight = ops >> op_infos[i].id & 1 ? op_infos[i].weight : 0;

		if (at < weight)
			return op_infos[i].id;
		at -= weight;
	}
}

static u32 random_bit(struct generator *g, u64 set)
{
	u32 skip = below(g, (u32)__builtin_popcountll(set));

	while (skip--)
		set &= set - 1;
	return (u32)__builtin_ctzll(set);
}

/* Each family as often as the others, whatever its operations weigh; rarely any operation. */
static u32 random_id(struct generator *g, u64 families)
{
	if (one_in(g, 12))
		return weighted_op(g, UINT64_MAX);
	return weighted_op(g, family_ops(random_bit(g, families)));
}

/* Which blocks an operation does something in, by state; 0: any. */
static u32 fitting_states(u32 id)
{
	switch (id) {
	case OP_add:
	case OP_online:
	case OP_offline:
	case OP_remove:
	case OP_offline_and_remove:
		return 0; /* fitting_step() */
	case OP_memremap:
		return BIT(BLOCK_ABSENT) | BIT(BLOCK_HOLES);
	case OP_plug:
		return BIT(BLOCK_ABSENT);
	case OP_eject:
		return 0; /* of a device: the model knows only its blocks */
	case OP_memunmap:
	case OP_device_io:
		return BIT(BLOCK_DEVICE);
	default:
		return BIT(BLOCK_ONLINE) | BIT(BLOCK_HOLES);
	}
}

static s32 fitting_block(struct generator *g, const struct scenario *s, const struct generate_model *m, u32 id,
			 s32 block)
{
	u32 states = fitting_states(id);

	if (!states || one_in(g, 8))
		return block;
	if (id == OP_unpoison && m->poisoned)
		return (s32)random_bit(g, m->poisoned);
	for (u32 i = 0; i < s->machine.blocks && !(states >> m->block[block] & 1); i++)
		block = (block + 1) % (s32)s->machine.blocks;
	return block;
}

/* The next step in the life of a block, if the operation is one: most others would only be refused. */
static u32 fitting_step(struct generator *g, const struct generate_model *m, u32 id, s32 block)
{
	if (id != OP_add && id != OP_online && id != OP_offline && id != OP_remove && id != OP_offline_and_remove)
		return id;
	if (one_in(g, 8))
		return id;
	switch (m->block[block]) {
	case BLOCK_ABSENT:
		return OP_add;
	case BLOCK_DEVICE:
		return id;
	case BLOCK_OFFLINE:
		return one_in(g, 3) ? OP_remove : OP_online;
	default:
		return one_in(g, 4) ? OP_offline_and_remove : OP_offline;
	}
}

static void model_op(struct generate_model *m, const struct op *op)
{
	switch (op->id) {
	case OP_add:
	case OP_plug:
	case OP_offline:
		m->block[op->arg[0]] = BLOCK_OFFLINE;
		break;
	case OP_online:
		m->block[op->arg[0]] = BLOCK_ONLINE;
		break;
	case OP_remove:
	case OP_eject:
	case OP_offline_and_remove:
		m->block[op->arg[0]] = BLOCK_ABSENT;
		break;
	case OP_memremap:
		if (m->block[op->arg[0]] == BLOCK_ABSENT)
			m->block[op->arg[0]] = BLOCK_DEVICE;
		break;
	case OP_memunmap:
		if (m->block[op->arg[0]] == BLOCK_DEVICE)
			m->block[op->arg[0]] = BLOCK_ABSENT;
		break;
	case OP_cpu_down:
		m->cpus_down |= (u32)BIT(op->arg[0]);
		break;
	case OP_cpu_up:
		m->cpus_down &= ~(u32)BIT(op->arg[0]);
		break;
	case OP_soft_offline:
	case OP_hard_offline:
		m->poisoned |= BIT(op->arg[0]);
		break;
	case OP_pin:
		m->pinned |= (u32)BIT(op->arg[0]);
		break;
	case OP_unpin:
		m->pinned &= ~(u32)BIT(op->arg[0]);
		break;
	case OP_free:
	case OP_cma_release:
		m->filled &= ~(u32)BIT(op->arg[0]);
		break;
	default:
		break;
	}
}

#define SET_UP_MAX 10
#define SLOTS 4 /* that scenarios use: operations should meet in them */

/* Operations "as {slot}" fill one, best an empty one; others need one that is filled. */
static s32 random_slot(struct generator *g, struct generate_model *m, const struct op_info *info)
{
	bool fills = strstr(info->syntax, "as {") != NULL;
	u32 fitting = fills ? ~m->filled : info->id == OP_unpin ? m->pinned : m->filled;
	u32 wanted = fitting & (u32)(BIT(SLOTS) - 1);
	s32 slot = (s32)(wanted && !one_in(g, 8) ? random_bit(g, wanted) : below(g, SLOTS));

	if (fills)
		m->filled |= (u32)BIT(slot);
	return slot;
}

/* Small numbers as often as all others, of each size as many. */
static s32 random_int(struct generator *g, const struct scenario *s, const struct op_arg_info *info)
{
	u32 n = (u32)(info->max - info->min) + 1, bits = 32 - (u32)__builtin_clz(n);

	/* Of the first pages of a block, which the smallest has too. */
	if (strcmp(info->name, "page") == 0 && !one_in(g, 16))
		return (s32)below(g, one_in(g, 2) ? 1 : 64);
	if (strcmp(info->name, "cpu") == 0)
		return max((s32)below(g, s->machine.cpus), info->min);
	if (strcmp(info->name, "node") == 0)
		return (s32)below(g, s->machine.nodes);
	if (info->default_value >= 0 && one_in(g, 4))
		return info->default_value;
	if (one_in(g, n <= 16 ? 2 : 4))
		return info->min + (s32)below(g, n);
	return info->min + (s32)below(g, min(n, 1U << (1 + below(g, bits))));
}

static s32 random_block(struct generator *g, const struct scenario *s)
{
	u32 at = below(g, 16);

	return at < 11 ? g->focus[0] : at < 14 ? g->focus[1] : (s32)below(g, s->machine.blocks);
}

static s32 random_enum(struct generator *g, enum op_arg_type type)
{
	u32 n = 0;

	while (op_enum_text(type, n))
		n++;
	return (s32)below(g, n);
}

static s32 random_arg(struct generator *g, const struct scenario *s, struct generate_model *m,
		      const struct op_info *info, u32 arg)
{
	switch (info->arg[arg].type) {
	case ARG_INT:
		return random_int(g, s, &info->arg[arg]);
	case ARG_BLOCK:
		return random_block(g, s);
	case ARG_SLOT:
		return random_slot(g, m, info);
	case ARG_TASK:
		return (s32)below(g, max(s->nr_tasks, 1u));
	case ARG_ONLINE_TYPE:
		if (one_in(g, 2))
			return ONLINE_TYPE_online_movable;
		goto any;
	case ARG_MIGRATETYPE:
		if (!one_in(g, 3))
			return MIGRATETYPE_movable;
		goto any;
	case ARG_SYSCTL:
		if (!one_in(g, 3))
			return g->tunable;
		goto any;
	default:
	any:
		return random_enum(g, info->arg[arg].type);
	}
}

static void random_op(struct generator *g, const struct scenario *s, struct generate_model *m, u32 id, struct op *op)
{
	const struct op_info *info = op_info_by_id(id);
	s32 block = random_block(g, s);

	if (info->nr_args && info->arg[0].type == ARG_BLOCK) {
		block = fitting_block(g, s, m, id, block);
		info = op_info_by_id(fitting_step(g, m, id, block));
	}
	memset(op, 0, sizeof(*op));
	op->id = info->id;
	for (u32 i = 0; i < info->nr_args; i++)
		op->arg[i] = info->arg[i].type == ARG_BLOCK ? block : random_arg(g, s, m, info, i);
	model_op(m, op);
}

/* ---- machine and set-up ---------------------------------------------------------------------------------------- */

static void choose_families(struct generator *g)
{
	g->families = one_in(g, 4) ? 0 : BIT(0);
	for (u32 n = 1 + below(g, 2); n; n--)
		g->families |= BIT(random_bit(g, g->wanted));
}

static void add_block(struct block_ranges *r, u32 block)
{
	if (r->count && r->range[r->count - 1].last + 1u == block) {
		r->range[r->count - 1].last = (u16)block;
	} else if (r->count < BLOCK_RANGES_MAX) {
		r->range[r->count].first = r->range[r->count].last = (u16)block;
		r->count++;
	}
}

/*
 * Early blocks first; what comes later was added, or is not there yet. In half of the machines that is one block: all
 * there is of its zone, and maybe of its node, comes and goes with it.
 */
static void choose_blocks(struct generator *g, struct machine_config *m)
{
	u32 early = 1 + below(g, min(m->blocks, one_in(g, 2) ? 2u : 4u));

	g->lone = one_in(g, 2);
	if (g->lone)
		early = m->blocks - 1;
	for (u32 block = 0; block < m->blocks; block++) {
		u32 state = below(g, g->lone ? 6 : 8);
		struct block_ranges *set = block < early ? &m->online
					   : state < 3   ? &m->movable
					   : state < 4   ? &m->normal
					   : state < 6   ? &m->offline
							 : NULL;

		if (set)
			add_block(set, block);
		g->boot.block[block] = !set ? BLOCK_ABSENT : set == &m->offline ? BLOCK_OFFLINE : BLOCK_ONLINE;
	}
	if (m->topology == TOPOLOGY_holes)
		g->boot.block[0] = g->boot.block[early - 1] = BLOCK_HOLES;
}

static void choose_machine(struct generator *g, struct machine_config *machine)
{
	struct machine_config m;

	/* Machines are compared byte by byte, padding included. */
	memset(&m, 0, sizeof(m));
	m.sw = machine->sw;
	m.geometry = one_in(g, 16) ? GEOMETRY_small : GEOMETRY_tiny;
	m.cpus = one_in(g, 4) ? 1 + below(g, 4) : 2;
	m.blocks = 2 + below(g, 4);
	m.nodes = one_in(g, 2) ? 2 : 1;
	m.topology = one_in(g, 2) ? below(g, NR_TOPOLOGIES) : (u32)TOPOLOGY_flat;
	for (u32 param = 0; param < NR_BOOT_PARAMS; param++)
		if (one_in(g, 16))
			m.boot_params |= (u32)BIT(param);
	for (u32 family = 0; family < nr_families; family++) {
		if (!(g->families & BIT(family)))
			continue;
		m.boot_params |= family_infos[family].params;
		if (family_infos[family].topology != TOPOLOGY_flat && one_in(g, 2))
			m.topology = family_infos[family].topology;
	}
	choose_blocks(g, &m);
	memcpy(machine, &m, sizeof(m));
}

static void choose_focus(struct generator *g, const struct machine_config *m)
{
	for (u32 i = 0; i < ARRAY_SIZE(g->focus); i++)
		g->focus[i] = (s32)below(g, m->blocks);
	if (g->lone && !one_in(g, 4))
		g->focus[0] = (s32)m->blocks - 1;
	g->tunable = random_enum(g, ARG_SYSCTL);
}

static void add_set_up(struct generator *g, struct scenario *s, u32 id)
{
	if (s->nr_boot_ops < SET_UP_MAX)
		random_op(g, s, &g->boot, id, &s->boot_op[s->nr_boot_ops++]);
}

/* Pages to move, and room between them. */
static void use_memory(struct generator *g, struct scenario *s)
{
	for (s32 slot = 0; slot < 2 && s->nr_boot_ops < SET_UP_MAX; slot++) {
		struct op *op = &s->boot_op[s->nr_boot_ops++];

		*op = (struct op){.id = OP_alloc, .arg = {MIGRATETYPE_movable, 0, 1 + (s32)below(g, 64), slot}};
		g->boot.filled |= (u32)BIT(slot);
	}
	if (one_in(g, 2) && s->nr_boot_ops < SET_UP_MAX) {
		s->boot_op[s->nr_boot_ops++] = (struct op){.id = OP_free};
		g->boot.filled &= ~(u32)BIT(0);
	}
}

/* Little memory is left: slots that no task knows of. */
static void fill_memory(struct generator *g, struct scenario *s)
{
	for (u32 n = 1 + below(g, 5), i = 0; i < n && s->nr_boot_ops < SET_UP_MAX; i++) {
		struct op *op = &s->boot_op[s->nr_boot_ops++];

		*op = (struct op){.id = OP_alloc};
		op->arg[0] = one_in(g, 3) ? MIGRATETYPE_movable : MIGRATETYPE_unmovable;
		op->arg[2] = (s32)(i + 1 < n ? 64 : 1 + below(g, 64));
		op->arg[3] = (s32)(SLOTS + i);
	}
}

void generate_machine(struct generator *g, struct scenario *s)
{
	struct switches sw = s->machine.sw;

	scenario_init(s);
	s->machine.sw = sw;
	memset(&g->boot, 0, sizeof(g->boot));
	choose_families(g);
	do
		choose_machine(g, &s->machine);
	while (machine_config_error(&s->machine));
	choose_focus(g, &s->machine);
	for (u32 family = 0; family < nr_families; family++) {
		if (!(g->families & BIT(family)))
			continue;
		/* Machines differ in their blocks already. */
		for (u32 n = family ? below(g, 4) : below(g, 2); n; n--)
			add_set_up(g, s, random_word(g, family_infos[family].makers));
	}
	if (one_in(g, 6))
		fill_memory(g, s);
	else if (one_in(g, 3))
		use_memory(g, s);
	if (one_in(g, 4))
		add_set_up(g, s, random_id(g, g->families));
}

/* ---- tasks ----------------------------------------------------------------------------------------------------- */

/* The same operation with other numbers. */
static void vary_op(struct generator *g, const struct scenario *s, struct op *op)
{
	const struct op_info *info = op_info_by_id(op->id);

	for (u32 i = 0; i < info->nr_args; i++)
		if (info->arg[i].type == ARG_INT)
			op->arg[i] = random_int(g, s, &info->arg[i]);
}

/* Who does a thing again and again meets others more often. */
static void repeat_task(struct generator *g, const struct scenario *s, struct scenario_task *task)
{
	u32 length = task->nr_ops, times = 1 + below(g, 5);
	bool varies = one_in(g, 2);

	for (; times && task->nr_ops + length <= 6; times--) {
		for (u32 i = 0; i < length; i++) {
			struct op *op = &task->op[task->nr_ops + i];

			*op = task->op[i];
			if (varies)
				vary_op(g, s, op);
		}
		task->nr_ops += length;
	}
}

/* One block comes and goes. */
static void cycle_block(struct generator *g, const struct scenario *s, struct scenario_task *task)
{
	struct generate_model model = g->boot;

	task->nr_ops = 1 + below(g, 4);
	for (u32 i = 0; i < task->nr_ops; i++) {
		struct op *op = &task->op[i];

		do
			random_op(g, s, &model, fitting_step(g, &model, OP_offline, g->focus[0]), op);
		while (op->arg[0] != g->focus[0] && !one_in(g, 8));
	}
}

static void do_things(struct generator *g, const struct scenario *s, u64 families, struct scenario_task *task)
{
	struct generate_model model = g->boot;

	task->nr_ops = 1 + below(g, one_in(g, 6) ? 5 : 3);
	for (u32 i = 0; i < task->nr_ops; i++)
		random_op(g, s, &model, random_id(g, families), &task->op[i]);
	if (one_in(g, 3))
		repeat_task(g, s, task);
}

void generate_tasks(struct generator *g, struct scenario *s)
{
	u64 others = g->families & ~BIT(0);
	bool cycles = g->families & BIT(0) ? !one_in(g, 3) : one_in(g, 3);
	u32 at = below(g, 16);

	s->nr_tasks = at < 2 ? 1 : at < 13 ? 2 : 3;
	for (u32 i = 0; i < s->nr_tasks; i++) {
		struct scenario_task *task = &s->task[i];

		memset(task, 0, sizeof(*task));
		snprintf(task->name, sizeof(task->name), "t%u", i);
		task->cpu = one_in(g, 8) ? below(g, s->machine.cpus) : i % s->machine.cpus;
		if (cycles && i == 0)
			cycle_block(g, s, task);
		else
			do_things(g, s, cycles && others && !one_in(g, 4) ? others : g->families, task);
	}
	schedule_init(&s->schedule);
}
