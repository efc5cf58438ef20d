/* SPDX-License-Identifier: MIT */
/* Attempts, successes and errors of all rounds, as progress line, table and JSON. */
#ifndef PFNSTORM_STRESS_TALLY_H
#define PFNSTORM_STRESS_TALLY_H

#include "core/rt/thread.h"
#include "stress/load.h"

struct tally {
	u64 rounds;
	u64 passes, points;
	u64 load_ns, cpu_ns; /* without boot and calm, of rounds that came to their end */
	u64 files_read, files_failed;
	u64 calm_blocks, calm_kept; /* blocks that went offline and online in calm; that were not asked to */
	u64 calm_ns;                /* the slowest of those offlines */
	u32 calm_attempts;          /* the most that one needed */
	u32 calm_pad;
	u64 age[RT_AGES], section[RT_SECTION_GRACES]; /* what RCU readers saw, core/rt/thread.h */
	struct op_stats op[LOAD_OP_IDS];
};

/* Adds what a round did, and what is in the post-mortem of its child. */
void tally_add(struct tally *tally, const struct load_state *state);
u64 tally_ops(const struct tally *tally);
/* "offline 120 ok 3 EBUSY  remove 117 ok", as many operations as fit. */
void tally_line(const struct tally *tally, char *buf, size_t size);
/* One operation a line on standard output, with how long it took. */
void tally_print(const struct tally *tally, const struct latencies *latencies);
/* Standard error: on a terminal a line that replaces itself each second, elsewhere a plain line every five. */
void tally_progress(const struct tally *tally, double elapsed, bool end);

#endif
