/* SPDX-License-Identifier: MIT */
/*
 * Which points of a failing run matter: those that a change of tasks cannot cross without changing the verdict.
 *
 * Every place where another task goes on is moved, earlier and later, from semantic point to semantic point of the task
 * that is left, and the run repeated: where it stops failing the same way is an edge, and the points on both sides of
 * it matter. Deterministic: the budget is runs and steps.
 */
#ifndef PFNSTORM_CRASHES_MATTERS_H
#define PFNSTORM_CRASHES_MATTERS_H

#include "crashes/timeline.h"

#define MATTERS_RUNS 256
#define MATTERS_STEPS 4000000 /* of all these runs together */

/*
 * Fills t->matters and t->window of a timeline just recorded; of a run that ended ok there is nothing to find. 0 or
 * -ENOMEM.
 */
int matters_find(struct timeline *t);
/* "walker -> remover: not before X, not after Y", a line for each change of tasks. The caller frees it; NULL: no
 * memory. */
char *matters_print(const struct timeline *t);

#endif
