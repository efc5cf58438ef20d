/* SPDX-License-Identifier: MIT */
/*
 * An alternative of a design on trial: does any known scenario of the design break it, and what do operations cost
 * under it?
 *
 * The scenarios of a design are those known bugs that an alternative of it is blamed for. A bug of the alternative
 * itself is replayed; else each is searched for any verdict but ok, exhaustively to a bound, with all other designs at
 * their default and no bug switch on. Costs are counted in scheduling points of an operation that runs alone, so they
 * are the same on every machine.
 */
#ifndef PFNSTORM_CRASHES_TRIAL_H
#define PFNSTORM_CRASHES_TRIAL_H

#include "core/rt/report.h"
#include "crashes/known.h"
#include "fuzz/token.h"

enum trial_cost {
#define COST(id, text, op) COST_##id,
#include "crashes/costs.def"
#undef COST
	NR_COSTS
};
const char *trial_cost_text(enum trial_cost cost);

struct trial {
	u32 scenarios;              /* that were searched; after a break, the one that broke it is the last */
	u64 runs;                   /* of all searches */
	bool complete;              /* every schedule of all of them to the bound was run */
	const struct known_bug *by; /* whose scenario breaks it; NULL: none does */
	struct rt_verdict verdict;  /* of that run */
	char token[TOKEN_MAX];      /* of that run */
	u64 points[NR_COSTS];
};

/*
 * @alternative is an enum alternative_id. 0; -EIO with what is wrong in @error if a search could not be done (a defect
 * of the tool). @interrupted as in struct explore_options.
 */
int trial_run(u32 alternative, u32 bound, const volatile int *interrupted, struct trial *trial, char *error,
	      size_t size);

#endif
