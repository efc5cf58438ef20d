/* SPDX-License-Identifier: MIT */
/* What came of replaying recordings, as a table or as JSON. */
#ifndef PFNSTORM_ORACLE_REPORT_H
#define PFNSTORM_ORACLE_REPORT_H

#include "oracle/replay.h"

/* Heading, one row, the sums. On standard output. */
void report_heading(void);
void report_row(const struct oracle_result *result);
void report_sum(const struct oracle_result *results, u32 nr);
/* The first @most differences of a recording; explained ones too if @all. */
void report_differences(const struct oracle_result *result, u32 most, bool all);
void report_json(const struct oracle_result *results, u32 nr);
/* Fields that are neither equal nor explained. */
u64 result_different(const struct oracle_result *result);

#endif
