/* SPDX-License-Identifier: MIT */
/* The slowest operations of a night, as a section of the page. */
#ifndef PFNSTORM_JOBS_REPORT_HTML_OPERATIONS_H
#define PFNSTORM_JOBS_REPORT_HTML_OPERATIONS_H

#include <stdio.h>

#include "jobs/report.h"

void report_print_operations(FILE *out, const struct report *r);

#endif
