/* SPDX-License-Identifier: MIT */
/* How long operations took: a histogram of each operation and thread, in memory that outlives the load. */
#ifndef PFNSTORM_STRESS_LATENCY_H
#define PFNSTORM_STRESS_LATENCY_H

#include "core/core.h"
#include "stress/histogram.h"
#include "stress/options.h"

#define LATENCY_OPS 64 /* ids of operations */

/* Never cleared: rounds add up. Each row is written by its thread only. */
struct latencies {
	struct histogram of[THREADS_MAX][LATENCY_OPS];
};

/* Percentiles in microseconds; all 0 if @count is. */
struct latency {
	u64 count;
	double p50, p99, p999, max;
};

/* Shared with children that are forked later; takes memory as it is used. NULL: none. */
struct latencies *latency_map(void);
/* Of one operation, over all threads and rounds. */
struct latency latency_of(const struct latencies *latencies, u32 op_id);

#endif
