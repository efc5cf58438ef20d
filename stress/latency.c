/* SPDX-License-Identifier: MIT */
#include "stress/latency.h"

#include <string.h>
#include <sys/mman.h>

struct latencies *latency_map(void)
{
	void *map = mmap(NULL, sizeof(struct latencies), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

struct latency latency_of(const struct latencies *latencies, u32 op_id)
{
	static struct histogram all;
	struct latency latency;

	memset(&all, 0, sizeof(all));
	for (u32 i = 0; i < THREADS_MAX; i++)
		histogram_merge(&all, &latencies->of[i][op_id]);
	latency.count = all.count;
	latency.p50 = (double)histogram_quantile(&all, 0.5) / 1e3;
	latency.p99 = (double)histogram_quantile(&all, 0.99) / 1e3;
	latency.p999 = (double)histogram_quantile(&all, 0.999) / 1e3;
	latency.max = (double)all.max / 1e3;
	return latency;
}
