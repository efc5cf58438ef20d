/* SPDX-License-Identifier: MIT */
/*
 * The interleaving as kernel changelogs draw it: a column per task, time downwards, preemptions as arrows.
 *
 *   walker (CPU 0)                          remover (CPU 1)
 *   --------------------------------------  --------------------------------------
 *   compact zone=Normal
 *     compaction.page_checked 259 #4
 *       ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~> preempted
 *                                           offline block=4
 *                                             ...
 *
 * By default a stretch of one task shows its operations, the last visit of each semantic point, what touches the
 * address of the verdict, where it waits, and its locks and RCU state where it is preempted; with @all, every point.
 */
#ifndef PFNSTORM_CRASHES_DIAGRAM_H
#define PFNSTORM_CRASHES_DIAGRAM_H

#include "crashes/timeline.h"

/* The caller frees it; NULL if memory is short. */
char *diagram_print(const struct timeline *t, bool all);

#endif
