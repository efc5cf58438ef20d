/* SPDX-License-Identifier: MIT */
/* What recording the latency of one operation costs: a row as ./dev bench wants it. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/rt/random.h"
#include "core/rt/task.h"
#include "stress/latency.h"

#define RECORDS 4000000

static u64 cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (u64)ts.tv_sec * 1000000000UL + (u64)ts.tv_nsec;
}

/* Nanoseconds of two looks at the clock, and of recording what is between them unless @latencies is NULL. */
static double measure(struct latencies *latencies)
{
	struct rt_random random;
	u64 start = cpu_ns(), sum = 0;

	rt_random_seed(&random, 1);
	for (u32 i = 0; i < RECORDS; i++) {
		u64 began = rt_now_ns(), took = rt_now_ns() - began + rt_random_below(&random, 1 << 20);

		sum += took;
		if (latencies)
			histogram_record(&latencies->of[0][i % LATENCY_OPS], took);
	}
	return (double)(cpu_ns() - start + (sum == 1)) / RECORDS;
}

int main(void)
{
	struct latencies *latencies = latency_map();

	if (!latencies)
		return 1;
	measure(latencies);
	printf("latency of an operation: two clocks, one histogram\t%.1f\tns\t<=\t200\tthe clocks: %.1f ns\n",
	       measure(latencies), measure(NULL));
	return 0;
}
