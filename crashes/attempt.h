/* SPDX-License-Identifier: MIT */
/* Does a changed scenario still fail the same way, with this schedule or with one near it? */
#ifndef PFNSTORM_CRASHES_ATTEMPT_H
#define PFNSTORM_CRASHES_ATTEMPT_H

#include "core/rt/run.h"
#include "fuzz/scenario.h"
#include "fuzz/strategy.h"

struct attempt {
	enum verdict_kind kind; /* what must come */
	char signature[192];
	bool fewer_places;     /* the run may know more places than @signature, which is of real threads, does */
	u64 search_runs;       /* budget of one search */
	u64 runs, runs_max;    /* used, and the budget of all */
	struct rt_result last; /* of the run that reproduced */
};

/*
 * One run of @s under its schedule as far as it fits. If it reproduces, the schedule becomes exactly what happened in
 * the run (unused entries vanish). @s is unchanged otherwise.
 */
bool attempt_run(struct attempt *a, struct scenario *s);
/*
 * The same, then, if it does not reproduce, a search of all schedules with at most @bound deviations and of random
 * ones, within the budget.
 */
bool attempt_search(struct attempt *a, struct scenario *s, u32 bound);
/*
 * A search under one strategy, of at most a->search_runs runs. If it reproduces, @s gets the schedule; else it is
 * unchanged. It also ends after @seconds_max (0: no limit) and when @interrupted (NULL: never) becomes non-zero.
 */
bool attempt_explore(struct attempt *a, struct scenario *s, const char *strategy,
		     const struct strategy_options *strategy_options, double seconds_max,
		     const volatile int *interrupted);

#endif
