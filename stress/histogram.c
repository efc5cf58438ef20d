/* SPDX-License-Identifier: MIT */
#include "stress/histogram.h"

#include <math.h>

#define STEP_BITS 7

static u32 bucket_of(u64 ns)
{
	u32 shift;

	if (ns < 2 * HISTOGRAM_STEPS)
		return (u32)ns;
	shift = 63 - STEP_BITS - (u32)__builtin_clzll(ns);
	if (shift >= HISTOGRAM_DOUBLINGS)
		return HISTOGRAM_BUCKETS - 1;
	return HISTOGRAM_STEPS * shift + (u32)(ns >> shift);
}

/* The largest value that goes there. */
static u64 bucket_end(u32 bucket)
{
	u32 shift = bucket < 2 * HISTOGRAM_STEPS ? 0 : bucket / HISTOGRAM_STEPS - 1;
	u64 step = bucket - (u64)HISTOGRAM_STEPS * shift;

	return ((step + 1) << shift) - 1;
}

static void add(u64 *to, u64 value)
{
	__atomic_store_n(to, *to + value, __ATOMIC_RELAXED);
}

void histogram_record(struct histogram *h, u64 ns)
{
	add(&h->bucket[bucket_of(ns)], 1);
	if (ns > h->max)
		__atomic_store_n(&h->max, ns, __ATOMIC_RELAXED);
	add(&h->count, 1);
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	u64 count = __atomic_load_n(&from->count, __ATOMIC_RELAXED);

	/* Most are empty, and reading one costs its memory. */
	if (!count)
		return;
	for (u32 i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->bucket[i] += __atomic_load_n(&from->bucket[i], __ATOMIC_RELAXED);
	to->max = max(to->max, __atomic_load_n(&from->max, __ATOMIC_RELAXED));
	to->count += count;
}

u64 histogram_quantile(const struct histogram *h, double quantile)
{
	u64 wanted = (u64)ceil(quantile * (double)h->count), seen = 0;

	if (!h->count)
		return 0;
	for (u32 i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= max(wanted, 1UL))
			return min(bucket_end(i), h->max);
	}
	return h->max;
}
