/* SPDX-License-Identifier: MIT */
/*
 * Litmus programs: a few tasks, a few shared words, written straight against core/rt. They check the searches: what is
 * reachable is known by hand, and the pruned search must reach what the unpruned one does.
 */
#ifndef PFNSTORM_FUZZ_LITMUS_H
#define PFNSTORM_FUZZ_LITMUS_H

#include "fuzz/explore.h"

#define LITMUS_TASKS 3
#define LITMUS_VALUES 64

struct litmus {
	const char *name, *about;
	u32 cpus;
	void (*task[LITMUS_TASKS])(void *arg); /* NULL: none */
	u32 cpu[LITMUS_TASKS];
	u64 (*value)(void); /* after a run without verdict: what it came to, < LITMUS_VALUES */
	u64 values;         /* all of them that are reachable with 3 preemptions: bit per value */
	u32 verdicts;       /* likewise of enum verdict_kind, ok included */
};
extern const struct litmus litmuses[];
extern const u32 nr_litmuses;
const struct litmus *litmus_by_name(const char *name);

/* What a search met. */
struct litmus_run {
	const struct litmus *litmus;
	u64 values;
	u32 verdicts;
	u64 runs;
};

/* Boots @litmus; its subject then runs it and collects in @run, which must live as long. */
struct explore_subject litmus_subject(const struct litmus *litmus, struct litmus_run *run);

#endif
