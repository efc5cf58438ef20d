/* SPDX-License-Identifier: MIT */
/*
 * Two nights compared, and what of the differences is noise.
 *
 * Executions until a bug was found are geometrically distributed; the mean of n of them has, in logarithms, the
 * variance of a gamma distribution, trigamma(n), whatever the bug. So one find tells little from one other find. Of
 * other numbers the nights before tell how they vary: the interval is Student's, of the logarithms of those nights, for
 * the difference of two. With fewer than REPORT_NOISE_NIGHTS nights nobody knows. All intervals of a report together
 * are right with 95 % confidence.
 */
#ifndef PFNSTORM_JOBS_REPORT_COMPARE_H
#define PFNSTORM_JOBS_REPORT_COMPARE_H

#include "jobs/report.h"

#define REPORT_NOISE_NIGHTS 3

/* Fills in changes and turns: worse ones first. The other night is there. */
void report_compare(struct report *r);
void report_compare_free(struct report *r);

/* Half the width, in natural logarithms, of the interval of the ratio of two means of @n and @m waiting times. */
double report_waiting_noise(u32 n, u32 m, double confidence);
/* The same of two numbers of a kind of which @count were seen, all > 0; NAN: too few. */
double report_seen_noise(const double *seen, u32 count, double confidence);

#endif
