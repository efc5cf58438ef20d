/* SPDX-License-Identifier: MIT */
/*
 * The two accesses that a race or a stale access is made of: what each side held, and what would have ordered them.
 */
#ifndef PFNSTORM_CRASHES_ORDERING_H
#define PFNSTORM_CRASHES_ORDERING_H

#include "crashes/timeline.h"

/*
 * Lines for people: both accesses with the locks, RCU read sections and grace periods of their tasks, the locks in
 * common, and the edge that is missing with candidates for it. "" if the verdict has no second access in the trace. The
 * caller frees it; NULL if memory is short.
 */
char *ordering_print(const struct timeline *t);
/* "read_once page[312].flags": an access or lock operation as diagrams and explanations call it. */
void ordering_access_text(const struct rt_trace_entry *e, char *buf, size_t size);

#endif
