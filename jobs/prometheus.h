/* SPDX-License-Identifier: MIT */
/*
 * A night as a file for the textfile collector of node_exporter: gauges of the last night, labelled with its job; base
 * units; no timestamps, as the collector wants it. The file has to be replaced at once (file_replace()) and be called
 * *.prom.
 */
#ifndef PFNSTORM_JOBS_PROMETHEUS_H
#define PFNSTORM_JOBS_PROMETHEUS_H

#include "jobs/report.h"

/* The caller frees it. */
char *prometheus_print(const struct report *r);

#endif
