/* SPDX-License-Identifier: MIT */
/* The bugs of a night as a section of the page: a card each, with what happens in it. */
#ifndef PFNSTORM_JOBS_REPORT_HTML_BUGS_H
#define PFNSTORM_JOBS_REPORT_HTML_BUGS_H

#include <stdio.h>

#include "jobs/report.h"

void report_print_bugs(FILE *out, const struct report *r);

#endif
