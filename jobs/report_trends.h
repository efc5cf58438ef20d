/* SPDX-License-Identifier: MIT */
/*
 * How numbers of units went from night to night, as a section of the page: a plot each, by gnuplot as a child process.
 * Plots take their colours from the page (CSS variables), so that they follow light and dark. gnuplot is told numbers
 * only, no text that somebody wrote.
 */
#ifndef PFNSTORM_JOBS_REPORT_TRENDS_H
#define PFNSTORM_JOBS_REPORT_TRENDS_H

#include <stdio.h>

#include "jobs/report.h"

/* Where gnuplot is missing or fails: tables, and a note that says so. */
void report_print_trends(FILE *out, const struct report *r);

#endif
