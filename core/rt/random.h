/* SPDX-License-Identifier: MIT */
/* The one source of randomness: a counter-based generator (splitmix64) seeded per run; same seed, same numbers. */
#ifndef PFNSTORM_RT_RANDOM_H
#define PFNSTORM_RT_RANDOM_H

#include "core/rt/types.h"

struct rt_random {
	u64 state;
};

static inline void rt_random_seed(struct rt_random *r, u64 seed)
{
	r->state = seed;
}

static inline u64 rt_random_u64(struct rt_random *r)
{
	u64 z = (r->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Uniform in [0, n), n ≥ 1; the bias of the multiplication is below n / 2^32. */
static inline u32 rt_random_below(struct rt_random *r, u32 n)
{
	return (u32)(((rt_random_u64(r) >> 32) * n) >> 32);
}

#endif
