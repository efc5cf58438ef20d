/* SPDX-License-Identifier: MIT */
/* The child of a round: boots the scenario's machine and lets its tasks repeat their operations until the time is up.
 */
#ifndef PFNSTORM_STRESS_LOAD_H
#define PFNSTORM_STRESS_LOAD_H

#include "fuzz/scenario.h"
#include "stress/options.h"

#define LOAD_OP_IDS 64

/* Shared with the parent, written by the child a few times a second and at the end. */
struct load_state {
	u32 booted;         /* 1 once the tasks start */
	u32 failed_boot_op; /* number, from 1, of a boot operation that failed; 0: none */
	s64 failed_boot_value;
	u64 boot_ns;
	u64 passes;
	u64 points;
	struct op_stats op[LOAD_OP_IDS];
};

/*
 * Runs the scenario for @seconds after boot and returns when every task has finished its pass, undone it, and all laws
 * hold. A verdict ends the process instead (core/rt/thread.h).
 */
void load_run(const struct scenario *s, const struct options *o, u64 seed, double seconds, struct load_state *state);

#endif
