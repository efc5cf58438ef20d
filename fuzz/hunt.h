/* SPDX-License-Identifier: MIT */
/*
 * A hunt: is a known bug found by somebody who does not know it? Random scenarios under the portfolio of strategies
 * with one switch on, until a run ends in a verdict that the same token does not give with the switch off, and many
 * runs without the switch do not give either.
 *
 * Deterministic but for the time limit: the same switch, seed and number of runs give the same hunt.
 */
#ifndef PFNSTORM_FUZZ_HUNT_H
#define PFNSTORM_FUZZ_HUNT_H

#include "core/rt/report.h"
#include "fuzz/scenario.h"
#include "fuzz/token.h"

#define HUNT_STEP_LIMIT 100000 /* of a run on tiny: few are longer, and one that does not end costs no more */

struct hunt_prey {
	char name[64]; /* "some_bug", or "design.alternative" */
	struct switches on, off;
};

/* False: there is no such switch, or it is an alternative that is the default. */
bool hunt_prey_named(const char *name, struct hunt_prey *prey);
/*
 * All of them, one after the other: bugs that some kernel had (with @planted those that are ours, too), then the
 * alternatives of designs. False past the last.
 */
bool hunt_prey_at(u32 index, bool planted, struct hunt_prey *prey);

struct hunt_options {
	u64 seed;
	u64 families;                    /* of operations, family.h; 0: all */
	u64 runs_max;                    /* 0: no limit */
	double seconds_max;              /* of one core; 0: no limit */
	const volatile int *interrupted; /* NULL, or non-zero ends the hunt */
};

struct hunt_result {
	bool found;
	u64 runs;                  /* with the switch on */
	u64 scenarios;             /* tried: sets of tasks */
	u64 rejected;              /* verdicts that came without the switch too */
	double seconds;            /* of one core */
	struct rt_verdict verdict; /* of the find */
	char member[32];           /* of the portfolio; "default" for the default schedule */
	char token[TOKEN_MAX];
	/* The last of the rejected that is no livelock, under the default switches: a bug of the core, or of a law. */
	struct rt_verdict other;
	char other_token[TOKEN_MAX];
};

/* Takes over the runner. */
void hunt(const struct hunt_prey *prey, const struct hunt_options *options, struct hunt_result *result);

#endif
