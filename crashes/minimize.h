/* SPDX-License-Identifier: MIT */
/*
 * Makes a failing scenario small: operations, preemptions, boot operations, counts and machine together.
 *
 * Every step is one run (or a bounded search near the old schedule, when taking something away has shifted it) and is
 * kept only if the verdict's kind and signature stay. Preemptions move to the nearest semantic points that keep the
 * signature, so that the schedule can be read. The last thing done is a pass over every single operation, preemption,
 * boot operation, count and machine part of the very result, in which none can be taken away without losing the
 * failure, as far as those searches look: the result is 1-minimal. Deterministic: budgets are runs, not time.
 */
#ifndef PFNSTORM_CRASHES_MINIMIZE_H
#define PFNSTORM_CRASHES_MINIMIZE_H

#include "fuzz/scenario.h"

struct minimize_status {
	u64 runs;
	u32 steps;                                      /* reductions kept */
	u32 tasks, ops, boot_ops, preemptions, entries; /* of the smallest so far */
	u32 blocks, cpus;
	u32 tried; /* single parts that the last pass tried to take away */
	const char *doing;
};

struct minimize_options {
	u64 search_runs; /* budget of each local search; 0: default, 1500 */
	u64 runs_max;    /* budget in all; 0: default, 1,000,000. When it is used up the result is not 1-minimal */
	void (*progress)(const struct minimize_status *status, void *arg); /* after each kept step; NULL: never */
	void *progress_arg;
};

struct minimize_result {
	struct minimize_status status, before;
	struct rt_verdict verdict;
	u64 hash;
	bool minimal;   /* the last pass tried every part, and none could go; false: the budget ended it */
	char less[256]; /* minimize_check(): the parts that can go, "" if none */
};

/*
 * @s with its schedule must fail; it is replaced by the smallest scenario found, with its schedule. 0, or with a
 * message in @error: -ESTALE if the schedule drifts, -ENOENT if there is no failure, -ENOMEM.
 */
int minimize(struct scenario *s, const struct minimize_options *options, struct minimize_result *result, char *error,
	     size_t size);
/*
 * Is @s 1-minimal? One pass as at the end of minimize(): nothing is changed. @result->minimal tells, @result->less
 * names kinds and numbers of parts that can go. Returns as minimize() does.
 */
int minimize_check(const struct scenario *s, const struct minimize_options *options, struct minimize_result *result,
		   char *error, size_t size);

#endif
