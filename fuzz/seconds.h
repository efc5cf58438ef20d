/* SPDX-License-Identifier: MIT */
/* Time as tools measure it, for rates and budgets; never inside a run. */
#ifndef PFNSTORM_FUZZ_SECONDS_H
#define PFNSTORM_FUZZ_SECONDS_H

#include <time.h>

/* Of the monotonic clock, since some moment. */
static inline double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

#endif
