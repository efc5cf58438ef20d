/* SPDX-License-Identifier: MIT */
/*
 * A run as a page for a browser: a lane per task, time downwards, operations as bars, preemptions as arrows, the
 * verdict in red; below it what `explain` prints. One file that needs nothing else, readable in light and dark.
 */
#ifndef PFNSTORM_CRASHES_SWIMLANES_H
#define PFNSTORM_CRASHES_SWIMLANES_H

#include "crashes/timeline.h"

/* @below: text under the picture. @all: every point. The caller frees it; NULL if memory is short. */
char *swimlanes_html(const struct timeline *t, const char *below, bool all);

#endif
