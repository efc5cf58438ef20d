/* SPDX-License-Identifier: MIT */
/* Two nights compared, as a section of the page. */
#ifndef PFNSTORM_JOBS_REPORT_HTML_CHANGES_H
#define PFNSTORM_JOBS_REPORT_HTML_CHANGES_H

#include <stdio.h>

#include "jobs/report.h"

void report_print_changes(FILE *out, const struct report *r);

#endif
