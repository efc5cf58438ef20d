/* SPDX-License-Identifier: MIT */
/* Results for machines, one JSON object on standard output. Builds without json-c have no --json, so none is printed.
 */
#ifndef PFNSTORM_CLI_JSON_H
#define PFNSTORM_CLI_JSON_H

#include "crashes/trial.h"
#include "fuzz/explore.h"
#include "fuzz/scenario.h"

/* One run, or @times runs of which @identical had the same hash and signature. */
void json_print_run(const struct scenario *s, const struct rt_result *result, u64 times, u64 identical);
/* @folders: path of the crash folder of each finding, "" if none. */
void json_print_explore(const struct scenario *s, const char *strategy, const struct explore_result *result,
			const char (*folders)[4096]);
/* An array of designs, with the trials that were added in between; @only: of one design, NULL: of all. */
void json_designs_begin(void);
void json_add_trial(u32 alternative, u32 bound, const struct trial *trial);
void json_designs_end(const char *only);
void json_print_bugs(void);

#endif
