/* SPDX-License-Identifier: MIT */
/*
 * Random walks and PCT in turn, each without and with failures that the schedule injects: what looks for a bug that is
 * known to be there, or known not to be.
 */
#ifndef PFNSTORM_FUZZ_MIXTURE_H
#define PFNSTORM_FUZZ_MIXTURE_H

#include "fuzz/runner.h"
#include "fuzz/strategy.h"

#define MIXTURE_STRATEGIES 4

struct mixture {
	struct strategy *strategy[MIXTURE_STRATEGIES];
};

/* All of them from @seed. NULL, or what is wrong; the text lives until the next call. */
const char *mixture_create(struct mixture *m, u64 seed);
void mixture_destroy(struct mixture *m);
/*
 * Runs @s once under the strategy whose turn @number is. @schedule NULL, or where to record what it decided. False: it
 * did not end ok.
 */
bool mixture_run(struct mixture *m, u32 number, const struct scenario *s, struct schedule *schedule,
		 struct runner_result *result);

#endif
