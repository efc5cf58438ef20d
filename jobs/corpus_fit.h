/* SPDX-License-Identifier: MIT */
/* Scenarios that bytes have no words for, changed until they have: mutators know the structure of bytes only. */
#ifndef PFNSTORM_JOBS_CORPUS_FIT_H
#define PFNSTORM_JOBS_CORPUS_FIT_H

#include "fuzz/scenario.h"

/*
 * @fitted becomes @s with the schedule in counts of this build, and if need be on the first machine of
 * fuzz/machines.def that has as much of everything, ending with the same verdict and signature. False: that cannot be.
 * Runs @s, with its own switches.
 */
bool corpus_fit(const struct scenario *s, struct scenario *fitted);

#endif
