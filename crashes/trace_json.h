/* SPDX-License-Identifier: MIT */
/*
 * A run in the Trace Event Format, which chrome://tracing and Perfetto read: a track per task with its operations and
 * semantic points, a track per CPU with who runs on it, flows from preempted tasks to those that go on. A step is a
 * microsecond.
 */
#ifndef PFNSTORM_CRASHES_TRACE_JSON_H
#define PFNSTORM_CRASHES_TRACE_JSON_H

#include "crashes/timeline.h"

/* The caller frees it; NULL if memory is short, or the build has no JSON library. */
char *trace_json(const struct timeline *t);

#endif
