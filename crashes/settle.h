/* SPDX-License-Identifier: MIT */
/* Gives the preemptions of a schedule places that people can read. */
#ifndef PFNSTORM_CRASHES_SETTLE_H
#define PFNSTORM_CRASHES_SETTLE_H

#include "crashes/attempt.h"

/*
 * Moves each preemption of @s that is not at a semantic point to the nearest one of its task that keeps the failure.
 * @scratch is room for one scenario. True if any moved.
 */
bool settle_schedule(struct scenario *s, struct scenario *scratch, struct attempt *attempt);

#endif
