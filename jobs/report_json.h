/* SPDX-License-Identifier: MIT */
/* A night for programs. */
#ifndef PFNSTORM_JOBS_REPORT_JSON_H
#define PFNSTORM_JOBS_REPORT_JSON_H

#include "jobs/report.h"

/* One object. The caller frees it. */
char *report_to_json(const struct report *r);

#endif
