/* SPDX-License-Identifier: MIT */
/*
 * From a crash of real threads to a schedule that repeats it.
 *
 * What each thread did last (recent.pfn of the crash folder) and the recorder's order of semantic points are where a
 * search on fibers begins; it ends when the same signature fires (or one with more places: threads do not know
 * who wrote what they read). In turn, and each time longer: variants of the recorded order, then a portfolio of
 * strategies over the recent operations, then over those of two passes (earlier.pfn) and over the whole scenario.
 */
#ifndef PFNSTORM_CRASHES_LIFT_H
#define PFNSTORM_CRASHES_LIFT_H

#include "fuzz/scenario.h"

struct lift_status {
	u64 runs;
	double seconds;
	const char *doing; /* what the search looks at now */
	u32 turn;          /* from 1 */
	u32 hints;         /* entries of the recorded order that are used */
};

struct lift_options {
	double seconds_max; /* 0: no limit */
	u64 runs_max; /* 0: no limit. Of both limits one must be set. With runs only, the result is deterministic */
	u64 seed;
	void (*progress)(const struct lift_status *status, void *arg); /* now and then; NULL: never */
	void *progress_arg;
	const volatile int *interrupted; /* checked between searches, as in struct explore_options */
};

struct lift_result {
	struct lift_status status;
	struct rt_verdict wanted;  /* kind and signature of the crash */
	struct rt_verdict verdict; /* of the run found; it may name places that real threads do not know */
	bool lifted;
};

/*
 * Reads the crash folder @folder and searches. If found, @s is the failing scenario with its schedule. 0, also if
 * nothing was found; -errno with a message in @error if @folder cannot be read or is not of real threads.
 */
int lift(const char *folder, const struct lift_options *options, struct scenario *s, struct lift_result *result,
	 char *error, size_t size);

#endif
