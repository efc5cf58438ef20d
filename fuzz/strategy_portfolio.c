/* SPDX-License-Identifier: MIT */
/*
 * A portfolio: the other strategies with several parameters, one run of each in turn, within one budget. No one of
 * them is best everywhere. The seeds of all come from the one seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/strategy.h"

static const struct member_info {
	const char *name, *strategy;
	u32 depth;
	const char *select;
	bool faults; /* injects them if the search does */
} member_infos[] = {
	{"random", "random", 1, NULL, false},
	{"pct depth=3", "pct", 3, NULL, false},
	{"pos", "pos", 1, NULL, false},
	{"surw", "surw", 1, NULL, false},
	{"pct depth=2", "pct", 2, NULL, true},
	{"random with faults", "random", 1, NULL, true},
	{"surw points", "surw", 1, "points", true},
	{"pct depth=5", "pct", 5, NULL, false},
};
#define MEMBERS ((u32)ARRAY_SIZE(member_infos))

struct portfolio {
	struct strategy strategy;
	u64 seed, run;
	struct strategy *member[MEMBERS], *current;
	u32 current_index;
};

static struct rt_strategy *current_of(struct rt_strategy *s)
{
	return &((struct portfolio *)s)->current->rt;
}

static u32 portfolio_begin(struct rt_strategy *s, u64 runnable)
{
	return current_of(s)->ops->begin(current_of(s), runnable);
}

static u32 portfolio_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	return current_of(s)->ops->next(current_of(s), place, runnable);
}

static u32 portfolio_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	return current_of(s)->ops->choose(current_of(s), kind, what, n);
}

static bool portfolio_prepare(struct strategy *s)
{
	struct portfolio *p = (struct portfolio *)s;

	p->current_index = (u32)(p->run++ % MEMBERS);
	p->current = p->member[p->current_index];
	return p->current->ops->prepare(p->current);
}

static void portfolio_finish(struct strategy *s, const struct rt_result *result)
{
	struct portfolio *p = (struct portfolio *)s;

	p->current->ops->finish(p->current, result);
}

static void portfolio_report(const struct strategy *s, struct strategy_report *report)
{
	const struct portfolio *p = (const struct portfolio *)s;

	*report = (struct strategy_report){.done = p->run, .single = true};
	for (u32 i = 0; i < MEMBERS; i++) {
		struct strategy_report of;

		p->member[i]->ops->report(p->member[i], &of);
		report->points = max(report->points, of.points);
		report->conflicts = max(report->conflicts, of.conflicts);
		report->candidates = max(report->candidates, of.candidates);
		report->single &= of.single;
	}
	if (p->run)
		snprintf(report->member, sizeof(report->member), "%s", member_infos[p->current_index].name);
	snprintf(report->text, sizeof(report->text), "portfolio of %u, seed %llu: no guarantee", MEMBERS,
		 (unsigned long long)p->seed);
}

static void portfolio_destroy(struct strategy *s)
{
	struct portfolio *p = (struct portfolio *)s;

	for (u32 i = 0; i < MEMBERS; i++)
		if (p->member[i])
			p->member[i]->ops->destroy(p->member[i]);
	free(p);
}

static const struct rt_strategy_ops portfolio_rt_ops = {
	.name = "portfolio",
	.begin = portfolio_begin,
	.next = portfolio_next,
	.choose = portfolio_choose,
};
static const struct strategy_ops portfolio_ops = {
	.prepare = portfolio_prepare,
	.finish = portfolio_finish,
	.report = portfolio_report,
	.destroy = portfolio_destroy,
};

struct strategy *strategy_portfolio(const struct strategy_options *options, char *error, size_t size)
{
	struct portfolio *p = calloc(1, sizeof(*p));

	if (!p) {
		snprintf(error, size, "out of memory");
		return NULL;
	}
	p->strategy.rt.ops = &portfolio_rt_ops;
	p->strategy.ops = &portfolio_ops;
	p->seed = options->seed;
	for (u32 i = 0; i < MEMBERS; i++) {
		const struct member_info *info = &member_infos[i];
		struct strategy_options of = *options;
		struct rt_random random;

		strategy_seed_run(&random, options->seed, i);
		of.seed = rt_random_u64(&random);
		of.depth = info->depth;
		of.fault_one_in = info->faults ? options->fault_one_in : 0;
		of.select = info->select ? info->select : options->select;
		p->member[i] = strategy_by_name(info->strategy)->construct(&of, error, size);
		if (!p->member[i]) {
			portfolio_destroy(&p->strategy);
			return NULL;
		}
	}
	return &p->strategy;
}
