/* SPDX-License-Identifier: MIT */
#include "fuzz/strategy.h"

#include <string.h>

const struct strategy_info strategy_infos[] = {
#define STRATEGY(name, constructor, help) {#name, help, constructor},
#include "fuzz/strategies.def"
#undef STRATEGY
};
const u32 nr_strategies = ARRAY_SIZE(strategy_infos);

const struct strategy_info *strategy_by_name(const char *name)
{
	for (u32 i = 0; i < nr_strategies; i++)
		if (strcmp(strategy_infos[i].name, name) == 0)
			return &strategy_infos[i];
	return NULL;
}

void strategy_seed_run(struct rt_random *random, u64 seed, u64 run)
{
	rt_random_seed(random, seed ^ (run * 0xd1342543de82ef95ULL));
	/* Neighbouring runs start far apart: the first number decorrelates the counter. */
	rt_random_seed(random, rt_random_u64(random));
}

u32 strategy_pick(struct rt_random *random, u64 mask)
{
	u32 skip = rt_random_below(random, (u32)__builtin_popcountll(mask));

	while (skip--)
		mask &= mask - 1;
	return (u32)__builtin_ctzll(mask);
}

u32 strategy_choose(struct rt_random *random, u32 fault_one_in, enum rt_choice kind, u32 n)
{
	if (kind == RT_CHOOSE_FAULT)
		return fault_one_in && rt_random_below(random, fault_one_in) == 0;
	return rt_random_below(random, n);
}
