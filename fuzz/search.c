/* SPDX-License-Identifier: MIT */
#include "fuzz/search.h"

#include <stddef.h>

#define FAULT_ONE_IN 64

/* Numbers of the byte form. Strategies that need many runs to be of use (SURW counts events first) are not among them.
 */
static const char *const names[] = {NULL, "random", "pct", "pos"};

const char *search_strategy(u32 number)
{
	return number < ARRAY_SIZE(names) ? names[number] : NULL;
}

struct strategy *search_begin(const struct scenario *s)
{
	const char *name = search_strategy(s->search.strategy);
	u32 seed = s->search.seed;
	const struct strategy_options options = {
		.seed = seed,
		.depth = 2 + seed % 2,
		.switch_one_in = 2u << seed % 12,
		.fault_one_in = seed >> 4 & 3 ? 0 : FAULT_ONE_IN,
		.prune = true,
	};
	/* How long runs are: PCT spreads its change points over that. */
	const struct rt_result length = {.steps = 256u << (seed >> 6 & 7)};
	struct strategy *strategy;
	char error[128];

	if (!name)
		return NULL;
	strategy = strategy_by_name(name)->construct(&options, error, sizeof(error));
	if (!strategy)
		return NULL;
	strategy->ops->prepare(strategy);
	strategy->ops->finish(strategy, &length);
	strategy->ops->prepare(strategy);
	return strategy;
}

void search_mutate(struct scenario *s, struct rt_random *random)
{
	if (s->nr_tasks < 2 || rt_random_below(random, s->search.strategy ? 2 : 12))
		return;
	s->search.strategy = rt_random_below(random, ARRAY_SIZE(names));
	s->search.seed = s->search.strategy ? (u32)rt_random_u64(random) : 0;
}
