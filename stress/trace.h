/* SPDX-License-Identifier: MIT */
/* The recorders of all threads, merged by time, as text. */
#ifndef PFNSTORM_STRESS_TRACE_H
#define PFNSTORM_STRESS_TRACE_H

#include "core/rt/thread.h"
#include "fuzz/text.h"

#define TRACE_MAX 8192 /* newest points of all threads */

/* Microseconds before the verdict, negative. */
double trace_before(const struct rt_postmortem *pm, const struct rt_flight *entry);
/* "(12)", or "(-EBUSY)" for what looks like one. */
void trace_argument(struct text_out *out, u64 arg);
/* One line a point, as in trace.txt of a crash folder. */
void trace_put(struct text_out *out, const struct rt_postmortem *pm, const struct rt_flight *entry, size_t count);
/* What a file of --flight holds, on standard output. Exit status, after a message if it is not 0. */
int trace_print_flight(const char *path);

#endif
