/* SPDX-License-Identifier: MIT */
/*
 * Interleaving coverage: what a run showed beyond the edges of the code, for the fuzzing engines.
 *
 * A feature is a pair of semantic points that were current in two tasks at once (the phase of one operation against
 * the phase of another), a pair across a preemption, or an operation with its result. One map for all engines:
 * libFuzzer reads the array itself (extra counters), AFL++'s glue copies the list of hits into its own map.
 */
#ifndef PFNSTORM_FUZZ_FEEDBACK_H
#define PFNSTORM_FUZZ_FEEDBACK_H

#include "core/rt/types.h"

#define FEEDBACK_SIZE 16384 /* features; hashed, so two may share one */
#define FEEDBACK_HITS_MAX 4096

/* A byte per feature: 1 if the run had it. */
extern u8 feedback_map[FEEDBACK_SIZE];
extern u16 feedback_hits[FEEDBACK_HITS_MAX];
extern u32 feedback_nr_hits;

enum feedback_kind {
	FEEDBACK_PHASES, /* semantic point reached, latest semantic point of another task */
	FEEDBACK_SWITCH, /* semantic point of the task preempted, next one of the task that goes on */
	FEEDBACK_RESULT, /* id of an operation, what it returned: 0, a count, or which errno */
};

/* Before a run: forgets the features of the last one. */
void feedback_begin(void);

static inline void feedback_add(enum feedback_kind kind, u32 a, u32 b)
{
	u32 h = ((u32)kind << 28 ^ a << 14 ^ b) * 0x9e3779b1u;

	h = (h ^ h >> 15) * 0x85ebca6bu;
	h = (h >> 13) & (FEEDBACK_SIZE - 1);
	if (feedback_map[h] || feedback_nr_hits == FEEDBACK_HITS_MAX)
		return;
	feedback_map[h] = 1;
	feedback_hits[feedback_nr_hits++] = (u16)h;
}

#endif
