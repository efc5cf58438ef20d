/* SPDX-License-Identifier: MIT */
/*
 * A machine, a set-up and arguments with which an operation succeeds are found by trying: those of its families
 * (fuzz/families.def), in a fixed order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/family.h"
#include "fuzz/runner.h"
#include "jobs/corpus.h"

#define TRIES_MAX 400  /* of one operation on one machine */
#define TRIES_ALL 2000 /* of one operation; then it is taken as it is */
#define SLOT 1         /* of all pages of a seed; the other operation of a pair has SLOT_OTHER */
#define SLOT_OTHER 8
#define CHOICES 8

/* An operation that works: what it needs before. */
struct recipe {
	bool succeeds;
	u32 machine, nr_before;
	struct op before[SCENARIO_BOOT_OPS / 2], op;
};

struct search {
	const struct corpus_target *target;
	const struct op_info *info;
	struct recipe *recipe;
	u32 tries, all;
	u64 params; /* boot parameters of its families */
};

static void fill_op(const struct op_info *info, u32 block, u32 choice, struct op *op)
{
	*op = (struct op){.id = info->id};
	for (u32 i = 0; i < info->nr_args; i++) {
		const struct op_arg_info *arg = &info->arg[i];

		switch (arg->type) {
		case ARG_INT:
			op->arg[i] = arg->default_value >= arg->min ? arg->default_value : arg->min;
			/* A bit of the choice each: two more, say, on the same node. */
			if (choice >> i & 1)
				op->arg[i] = min(op->arg[i] + 2, arg->max);
			break;
		case ARG_BLOCK:
			op->arg[i] = (s32)block;
			break;
		case ARG_SLOT:
			op->arg[i] = SLOT;
			break;
		case ARG_TASK:
			op->arg[i] = 0;
			break;
		default:
			op->arg[i] = op_enum_text(arg->type, choice) ? (s32)choice : 0;
			break;
		}
	}
}

static void lay_out(const struct recipe *r, enum mutate_mode mode, struct scenario *s)
{
	scenario_init(s);
	s->machine = *scenario_machine(r->machine);
	switches_default(&s->machine.sw);
	memcpy(s->boot_op, r->before, sizeof(r->before[0]) * r->nr_before);
	s->nr_boot_ops = r->nr_before;
	s->nr_tasks = mode == MUTATE_RACE ? 2 : 1;
	for (u32 i = 0; i < s->nr_tasks; i++) {
		snprintf(s->task[i].name, sizeof(s->task[i].name), "t%u", i);
		s->task[i].cpu = i % s->machine.cpus;
	}
	s->task[0].op[s->task[0].nr_ops++] = r->op;
}

static bool works(struct search *search, const struct recipe *r)
{
	static struct scenario s;
	static struct runner_result result;

	search->tries++;
	lay_out(r, search->target->options.mode, &s);
	if (scenario_error(&s))
		return false;
	runner_run(&s, NULL, search->target->options.mode == MUTATE_RACE ? 0 : RUNNER_SEQUENCE, &result);
	return result.rt.verdict.kind == VERDICT_ok && !result.failed_boot_op &&
	       result.op[0][0].state == RUNNER_OP_DONE && result.op[0][0].value >= 0;
}

/* With this machine and block, all choices of this set-up. */
static bool try_choices(struct search *search, u32 machine, u32 block, const struct op_info *const *before, u32 nr)
{
	struct recipe r = {.machine = machine, .nr_before = nr};

	for (u32 choice = 0; choice < (nr ? 2 * CHOICES : CHOICES) && search->tries < TRIES_MAX; choice++) {
		for (u32 i = 0; i < nr; i++)
			fill_op(before[i], block, choice % CHOICES, &r.before[i]);
		fill_op(search->info, block, choice < CHOICES ? choice : 0, &r.op);
		if (works(search, &r)) {
			r.succeeds = true;
			*search->recipe = r;
			return true;
		}
	}
	return false;
}

static bool has_arg(const struct op_info *info, enum op_arg_type type)
{
	for (u32 i = 0; i < info->nr_args; i++)
		if (info->arg[i].type == type)
			return true;
	return false;
}

static bool try_blocks(struct search *search, u32 machine, const struct op_info *const *before, u32 nr)
{
	u32 blocks = scenario_machine(machine)->blocks;

	if (!has_arg(search->info, ARG_BLOCK))
		return try_choices(search, machine, blocks / 2, before, nr);
	for (u32 block = blocks; block-- > 0;)
		if (try_choices(search, machine, block, before, nr))
			return true;
	return false;
}

/* Nothing before it, one maker of its families, two of them. */
static bool try_machine(struct search *search, u32 machine)
{
	const struct op_info *makers[64], *two[2];
	u32 nr = 0;

	for (u32 i = 0; i < nr_op_infos; i++)
		for (u32 family = 0; family < nr_families; family++)
			if (family_ops(family) >> search->info->id & 1 && family_makes(family, op_infos[i].id) &&
			    (!nr || makers[nr - 1] != &op_infos[i]))
				makers[nr++] = &op_infos[i];
	if (try_blocks(search, machine, NULL, 0))
		return true;
	for (u32 i = 0; i < nr; i++)
		if (try_blocks(search, machine, &makers[i], 1))
			return true;
	for (u32 i = 0; i < nr; i++) {
		for (u32 j = 0; j < nr; j++) {
			two[0] = makers[i];
			two[1] = makers[j];
			if (try_blocks(search, machine, two, 2))
				return true;
		}
	}
	return false;
}

static bool may_use(const struct corpus_target *target, u32 machine)
{
	return !target->options.machines || target->options.machines & BIT(machine);
}

static u64 params_of(u32 op_id)
{
	u64 params = 0;

	for (u32 family = 0; family < nr_families; family++)
		if (family_ops(family) >> op_id & 1)
			params |= family_infos[family].params;
	return params;
}

/* The plain machine first, and before it those with the boot parameters that its family wants. */
static void find_recipe(const struct corpus_target *target, const struct op_info *info, struct recipe *r)
{
	struct search search = {.target = target, .info = info, .recipe = r, .params = params_of(info->id)};
	u32 first = scenario_nr_machines();

	*r = (struct recipe){0};
	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 m = 0; m < scenario_nr_machines(); m++) {
			u64 boot = scenario_machine(m)->boot_params;

			if (!may_use(target, m) || (pass == 0) != (search.params && (boot & search.params)))
				continue;
			first = min(first, m);
			if (try_machine(&search, m))
				return;
			search.all += search.tries;
			search.tries = search.all < TRIES_ALL ? 0 : TRIES_MAX;
		}
	}
	r->machine = first;
	fill_op(info, scenario_machine(first)->blocks - 1, 0, &r->op);
}

/* ---- pairs ----------------------------------------------------------------------------------------------------- */

static void move_op(const struct scenario *s, struct op *op)
{
	const struct op_info *info = op_info_by_id(op->id);

	for (u32 i = 0; i < info->nr_args; i++) {
		if (info->arg[i].type == ARG_SLOT)
			op->arg[i] = SLOT_OTHER;
		else if (info->arg[i].type == ARG_BLOCK)
			op->arg[i] %= (s32)s->machine.blocks;
	}
}

/* Both on the machine of one of them: of the second if that needs its boot parameters. Pages of each are its own. */
static void lay_out_pair(const struct recipe *a, const struct recipe *b, enum mutate_mode mode, struct scenario *s)
{
	bool swapped = scenario_machine(b->machine)->boot_params && !scenario_machine(a->machine)->boot_params;
	const struct recipe *first = swapped ? b : a, *second = swapped ? a : b;
	struct scenario_task *task;

	lay_out(first, mode, s);
	for (u32 i = 0; i < second->nr_before; i++) {
		s->boot_op[s->nr_boot_ops] = second->before[i];
		move_op(s, &s->boot_op[s->nr_boot_ops++]);
	}
	task = &s->task[mode == MUTATE_RACE ? 1 : 0];
	task->op[task->nr_ops] = second->op;
	move_op(s, &task->op[task->nr_ops++]);
}

static int put_pair(struct corpus_writer *w, const struct recipe *a, const struct recipe *b, char *message, size_t size)
{
	static struct scenario s;
	const char *one = op_info_by_id(a->op.id)->name, *other = op_info_by_id(b->op.id)->name;
	char name[96], whence[128];

	lay_out_pair(a, b, w->target->options.mode, &s);
	snprintf(s.name, sizeof(s.name), "%s against %s", one, other);
	snprintf(name, sizeof(name), "pair-%s-%s", one, other);
	snprintf(whence, sizeof(whence), "core/ops.def: %s against %s", one, other);
	return corpus_put_scenario(w, name, &s, whence, message, size);
}

static int put_alone(struct corpus_writer *w, const struct recipe *r, char *message, size_t size)
{
	static struct scenario s;
	const char *one = op_info_by_id(r->op.id)->name;
	char name[64], whence[96];

	lay_out(r, w->target->options.mode, &s);
	snprintf(s.name, sizeof(s.name), "%s alone", one);
	snprintf(name, sizeof(name), "op-%s", one);
	snprintf(whence, sizeof(whence), "core/ops.def: %s", one);
	return corpus_put_scenario(w, name, &s, whence, message, size);
}

int corpus_generate(struct corpus_writer *w, u32 *ops, u32 *succeed, char *message, size_t size)
{
	static struct recipe recipe[64];
	u32 nr = 0;
	int ret = 0;

	if (w->target->form == CORPUS_FILES) {
		snprintf(message, size, "the target reads no scenarios: there is nothing to make seeds from");
		return -EINVAL;
	}
	*succeed = 0;
	for (u32 i = 0; i < nr_op_infos; i++) {
		if (!corpus_target_names(w->target, op_infos[i].id))
			continue;
		find_recipe(w->target, &op_infos[i], &recipe[nr]);
		*succeed += recipe[nr++].succeeds;
	}
	for (u32 i = 0; i < nr && !ret; i++) {
		ret = put_alone(w, &recipe[i], message, size);
		for (u32 j = i; j < nr && !ret; j++)
			ret = put_pair(w, &recipe[i], &recipe[j], message, size);
	}
	*ops = nr;
	if (ret && ret != -ERANGE)
		snprintf(message, size, "%s: %s", w->dir, strerror(-ret));
	return ret;
}
