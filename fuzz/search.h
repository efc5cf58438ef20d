/* SPDX-License-Identifier: MIT */
/*
 * A strategy and its seed as part of fuzz bytes: the schedule of a run is what that strategy makes of it, instead of
 * explicit entries. So a fuzzer can say "POS with seed 7" of operations that it has found. One run only: whatever the
 * strategy would learn from earlier runs comes from the seed, and the same bytes always give the same run.
 */
#ifndef PFNSTORM_FUZZ_SEARCH_H
#define PFNSTORM_FUZZ_SEARCH_H

#include "fuzz/scenario.h"
#include "fuzz/strategy.h"

/* Name of a strategy by its number in bytes, from 1; append only. NULL: there is none. */
const char *search_strategy(u32 number);
/* The strategy of @s, ready for its one run; NULL: it has none, or there is no memory. The caller destroys it. */
struct strategy *search_begin(const struct scenario *s);
/* Mutates: mostly what is there stays; else another strategy, another seed, or back to explicit entries. */
void search_mutate(struct scenario *s, struct rt_random *random);

#endif
