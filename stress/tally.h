/* SPDX-License-Identifier: MIT */
/* Attempts, successes and errors of all rounds, as progress line, table and JSON. */
#ifndef PFNSTORM_STRESS_TALLY_H
#define PFNSTORM_STRESS_TALLY_H

#include "stress/load.h"

struct tally {
	u64 rounds;
	u64 passes, points;
	u64 files_read, files_failed;
	struct op_stats op[LOAD_OP_IDS];
};

/* Adds what a finished round did. */
void tally_add(struct tally *tally, const struct load_state *state);
u64 tally_ops(const struct tally *tally);
/* "offline 120 ok 3 EBUSY  remove 117 ok", as many operations as fit. */
void tally_line(const struct tally *tally, char *buf, size_t size);
/* One operation a line on standard output, with how long it took. */
void tally_print(const struct tally *tally, const struct latencies *latencies);
/* Standard error: on a terminal a line that replaces itself each second, elsewhere a plain line every five. */
void tally_progress(const struct tally *tally, double elapsed, bool end);

#endif
