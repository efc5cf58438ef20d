/* SPDX-License-Identifier: MIT */
/*
 * A random walk for tests and benchmarks of the floors below fuzz/, where the strategies that search are: at drawn
 * points a drawn task goes on. Deterministic by seed. Fiber runtime only.
 */
#ifndef PFNSTORM_RT_RANDOM_WALK_H
#define PFNSTORM_RT_RANDOM_WALK_H

#include "core/rt/random.h"
#include "core/rt/sched.h"

struct rt_random_walk {
	struct rt_strategy strategy;
	struct rt_random random;
	u32 longest; /* points to the next decision: 1 to so many */
	bool skewed; /* or a power of two up to that, each as often: many switches close together, or one */
};

static inline u32 rt_random_walk_pick(struct rt_random_walk *w, u64 runnable)
{
	for (u32 skip = rt_random_below(&w->random, (u32)__builtin_popcountll(runnable)); skip; skip--)
		runnable &= runnable - 1;
	rt_ask_after(w->skewed ? 1UL << rt_random_below(&w->random, 32 - (u32)__builtin_clz(w->longest))
			       : 1 + rt_random_below(&w->random, w->longest));
	return (u32)__builtin_ctzll(runnable);
}

static inline u32 rt_random_walk_begin(struct rt_strategy *s, u64 runnable)
{
	return rt_random_walk_pick(container_of(s, struct rt_random_walk, strategy), runnable);
}

static inline u32 rt_random_walk_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	(void)place;
	return rt_random_walk_pick(container_of(s, struct rt_random_walk, strategy), runnable);
}

/* Nothing fails, all else is drawn. */
static inline u32 rt_random_walk_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	struct rt_random_walk *w = container_of(s, struct rt_random_walk, strategy);

	(void)what;
	return kind == RT_CHOOSE_FAULT ? 0 : rt_random_below(&w->random, n);
}

#define RT_RANDOM_WALK_OPS                                                                                             \
	{                                                                                                              \
		.name = "random walk", .begin = rt_random_walk_begin, .next = rt_random_walk_next,                     \
		.choose = rt_random_walk_choose                                                                        \
	}

/* The strategy of the runs that follow. */
static inline void rt_random_walk_start(struct rt_random_walk *w, u64 seed)
{
	rt_random_seed(&w->random, seed);
	rt_set_strategy(&w->strategy);
}

#endif
