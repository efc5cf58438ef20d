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
 * Its rows are those of rows.h.
 */
#ifndef PFNSTORM_CRASHES_DIAGRAM_H
#define PFNSTORM_CRASHES_DIAGRAM_H

#include "crashes/timeline.h"

/*
 * @all: every point. @width: of a line, in which long texts go on below themselves; 0: as wide as it gets. The caller
 * frees it; NULL if memory is short.
 */
char *diagram_print(const struct timeline *t, bool all, u32 width);

#endif
