/* SPDX-License-Identifier: MIT */
/* What an engine has done so far, as it reports it (fuzz/engine/engine_report.c), and sums of such. */
#ifndef PFNSTORM_JOBS_ENGINE_TALLY_H
#define PFNSTORM_JOBS_ENGINE_TALLY_H

#include "core/core.h"
#include "core/rt/report.h"

#define TALLY_OPS 64 /* ids of operations */
#define TALLY_ERRNOS 16
#define TALLY_SIGNATURES 256 /* more are not told apart */

struct engine_tally {
	u64 inputs, runs, boots;
	u64 interleavings; /* features of one process: not summed, the most */
	u64 verdict[NR_VERDICTS];
	struct engine_op {
		u64 attempts, successes, overlapped;
		struct {
			char name[16];
			u64 count;
		} err[TALLY_ERRNOS];
	} op[TALLY_OPS]; /* by id */
	u32 nr_signatures;
	struct {
		u64 count;
		char text[192];
	} signature[TALLY_SIGNATURES];
};

/*
 * Adds what the file says to @sum. False, and nothing is added, if there is none or it is not complete. Operations this
 * build does not know are left out.
 */
bool engine_tally_add_file(struct engine_tally *sum, const char *path);
void engine_tally_add(struct engine_tally *sum, const struct engine_tally *one);
/* In the same form; the caller frees it. NULL: no memory. */
char *engine_tally_print(const struct engine_tally *t);
/* Pairs of operations that were under way at once; an operation beside another of its kind is one. */
u32 engine_tally_pairs(const struct engine_tally *t);
/* How many pairs there are. */
u32 engine_tally_all_pairs(void);

#endif
