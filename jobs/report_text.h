/* SPDX-License-Identifier: MIT */
/* A night for a terminal or a mail. */
#ifndef PFNSTORM_JOBS_REPORT_TEXT_H
#define PFNSTORM_JOBS_REPORT_TEXT_H

#include <stdio.h>

#include "jobs/report.h"

/* Outcome, bugs, units that did not hold, and what has changed beyond noise. */
void report_print(FILE *out, const struct report *r);

#endif
