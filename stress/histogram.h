/* SPDX-License-Identifier: MIT */
/*
 * A histogram of durations that loses less than 1 % of a value, after HdrHistogram (Gil Tene): linear up to 256, then
 * 128 steps to each doubling. Not the library, which Debian 12 does not have for C.
 *
 * One thread records; others may read at any time, and see some values a little later.
 */
#ifndef PFNSTORM_STRESS_HISTOGRAM_H
#define PFNSTORM_STRESS_HISTOGRAM_H

#include "core/rt/types.h"

#define HISTOGRAM_STEPS 128    /* to a doubling */
#define HISTOGRAM_DOUBLINGS 36 /* beyond the first 128 values: up to 2^43 - 1 ns, two hours */
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * (HISTOGRAM_DOUBLINGS + 1))

struct histogram {
	u64 count, max;
	u64 bucket[HISTOGRAM_BUCKETS];
};

/* @ns; what is longer than the last bucket is counted there, and @max is exact. */
void histogram_record(struct histogram *h, u64 ns);
void histogram_merge(struct histogram *to, const struct histogram *from);
/*
 * The smallest value, in ns, that a share @quantile (0 to 1) of all do not exceed, up to 0.8 % too large and never more
 * than the largest one; 0 if there are none.
 */
u64 histogram_quantile(const struct histogram *h, double quantile);

#endif
