/* SPDX-License-Identifier: MIT */
/* Numbers as people read them. Each returns @buf. */
#ifndef PFNSTORM_JOBS_REPORT_NUMBER_H
#define PFNSTORM_JOBS_REPORT_NUMBER_H

#include "jobs/report.h"

#define NUMBER_LEN 48

/* "7", "12.3k", "4.56M"; NAN: "". */
const char *number_count(double n, char buf[NUMBER_LEN]);
/* "6.7 s", "4:05", "1:02:03"; NAN: "". */
const char *number_duration(double seconds, char buf[NUMBER_LEN]);
/* A number of history_values.def, with its unit. */
const char *number_value(enum history_value value, double n, char buf[NUMBER_LEN]);
/* Microseconds: "12.5 µs", "3.40 ms", "1.2 s"; NAN: "". */
const char *number_latency(double us, char buf[NUMBER_LEN]);
/* A ratio: "+12 %", "-3.4 %", "x 2.1", "/ 3.0". */
const char *number_ratio(double ratio, char buf[NUMBER_LEN]);
/* A number that changed. */
const char *number_change(const struct report_change *c, double n, char buf[NUMBER_LEN]);
/* "2026-11-28 01:02 UTC"; 0: "". */
const char *number_time(u64 seconds, char buf[NUMBER_LEN]);

#endif
