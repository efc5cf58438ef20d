/* SPDX-License-Identifier: MIT */
/*
 * A night as one page of HTML: no script, nothing from elsewhere, light and dark, also on a narrow screen. Plots are
 * made by gnuplot, if there is one; without it there are tables, and the page says so.
 */
#ifndef PFNSTORM_JOBS_REPORT_HTML_H
#define PFNSTORM_JOBS_REPORT_HTML_H

#include "jobs/report.h"

/* The caller frees it. */
char *report_to_html(const struct report *r);

#endif
