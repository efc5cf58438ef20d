/* SPDX-License-Identifier: MIT */
/* One call of pfnstorm-stress: what was asked for, what has been found and done so far, and how that is told. */
#ifndef PFNSTORM_STRESS_CAMPAIGN_H
#define PFNSTORM_STRESS_CAMPAIGN_H

#include <limits.h>

#include "stress/mix.h"
#include "stress/round.h"
#include "stress/tally.h"

#define SIGNATURES_MAX 64
#define COMMAND_MAX 512

struct campaign {
	struct options options;
	struct scenario scenario; /* of the round */
	struct mix mix;
	struct round round;
	struct tally before; /* rounds that are over */
	double start;
	char command[COMMAND_MAX];
	u32 verdicts; /* rounds that ended in one */
	u32 nr_signatures;
	struct {
		char signature[192];
		char folder[PATH_MAX];
		u32 count;
	} found[SIGNATURES_MAX];
	bool expected; /* what the scenario expects occurred */
	bool broken;
};

enum exit_status campaign_status(const struct campaign *c);
/* On standard output, as a table or as JSON. */
void campaign_print(const struct campaign *c, double elapsed);

#endif
