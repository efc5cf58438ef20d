/* SPDX-License-Identifier: MIT */
/* The bugs of a night: what its units say of them, and what the crash store knows. */
#ifndef PFNSTORM_JOBS_REPORT_CRASHES_H
#define PFNSTORM_JOBS_REPORT_CRASHES_H

#include "jobs/report.h"

/* Fills in crashes and gone, important ones first. A store that cannot be opened is a complaint. */
void report_collect_crashes(struct report *r);
void report_crashes_free(struct report *r);

#endif
