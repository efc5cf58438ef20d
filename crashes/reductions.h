/* SPDX-License-Identifier: MIT */
/* The ways in which a scenario can be made smaller, one table. */
#ifndef PFNSTORM_CRASHES_REDUCTIONS_H
#define PFNSTORM_CRASHES_REDUCTIONS_H

#include "fuzz/scenario.h"

struct reduction {
	const char *name;
	bool several; /* takes more than one part away at once */
	/*
	 * Takes part number @at away from @s, adapting references and the schedule. False if there are no more than
	 * @at such parts. The result need not be valid (scenario_error() tells).
	 */
	bool (*apply)(struct scenario *s, u32 at);
};
extern const struct reduction reductions[];
extern const u32 nr_reductions;

/* Size of machine and counts; less than an operation's weight. */
u64 reductions_machine_weight(const struct scenario *s);

#endif
