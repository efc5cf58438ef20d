/* SPDX-License-Identifier: MIT */
/*
 * Finds a failure again near its old schedule, after the code or the scenario has changed under it.
 *
 * An entry whose place is gone moves to the nearest one (another occurrence of the same name, the same object after
 * another point, a neighbouring point). If that does not bring the failure back, one, then two, then three entries are
 * displaced on purpose, nearest places first, and what no longer fits after them moves along; then the same farther
 * away. Deterministic: the budget is runs, not time.
 */
#ifndef PFNSTORM_CRASHES_REBASE_H
#define PFNSTORM_CRASHES_REBASE_H

#include "core/rt/report.h"
#include "fuzz/scenario.h"

#define REBASE_RUNS 20000
#define REBASE_RADIUS 3 /* entries displaced on purpose, at most */
#define REBASE_MOVED_MAX 8192

struct rebase_options {
	const char *signature; /* what to find again; NULL: what the scenario expects */
	u64 runs_max;          /* 0: REBASE_RUNS */
};

struct rebase_result {
	u64 runs;
	u32 radius; /* entries that had to be displaced on purpose */
	u32 moved;  /* entries that are elsewhere, or gone */
	bool exact; /* the old schedule still fails as wanted: nothing was changed */
	struct rt_verdict verdict;
	u64 hash;
	char what[REBASE_MOVED_MAX]; /* a line for each moved entry: "preemption 2: compaction.page_checked #3 -> #4" */
};

/*
 * Replaces the schedule of @s by one that fits this build and fails as wanted. 0, or with a message in @error and @s
 * unchanged: -ENOENT it was not found within the budget (@result->runs tells), -EINVAL nothing says what the failure
 * is, -ENOMEM.
 */
int rebase(struct scenario *s, const struct rebase_options *options, struct rebase_result *result, char *error,
	   size_t size);

#endif
