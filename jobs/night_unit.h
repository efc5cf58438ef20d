/* SPDX-License-Identifier: MIT */
/* A unit of a night from its beginning to its outcome, and what follows from it. */
#ifndef PFNSTORM_JOBS_NIGHT_UNIT_H
#define PFNSTORM_JOBS_NIGHT_UNIT_H

#include "jobs/night.h"

/*
 * Runs @u, once more if a signal ended it, files what it found, and writes its outcome. Nothing is started if time or
 * disk are used up; what had to be said was. Between unit_signals_block() and unit_signals_restore().
 */
void night_run_unit(struct night *n, struct unit *u);

/*
 * What nights found that were killed and never went on becomes news of this one: a unit called "leftovers", if there is
 * any. Nobody else may have a night in this folder meanwhile.
 */
void night_adopt(struct night *n);

/*
 * For each regression of this night: which revision brought it, if the job file names the tree and an earlier night had
 * it fixed. A unit of its own, called bisect-RECORD.
 */
void night_bisect(struct night *n);

#endif
