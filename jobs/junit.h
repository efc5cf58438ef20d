/* SPDX-License-Identifier: MIT */
/*
 * A night as JUnit XML, as CI servers read it: a testsuite, a testcase for each unit. What a night is red for is a
 * failure; what could not run is an error; bugs that are known are told in system-out. Text of failures: signature,
 * token and verdict of each crash.
 */
#ifndef PFNSTORM_JOBS_JUNIT_H
#define PFNSTORM_JOBS_JUNIT_H

#include "jobs/report.h"

/* The caller frees it. */
char *junit_print(const struct report *r);

#endif
