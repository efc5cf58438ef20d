/* SPDX-License-Identifier: MIT */
/*
 * What of a run's points people are shown, in the order it happened: the rows of a diagram, whoever draws it.
 *
 * By default a stretch of one task shows its operations, the semantic points that matter (matters.h; where that is not
 * known, the last visit of each), those of the signature and those where it is preempted, what touches the address of
 * the verdict, where it waits, and its locks and RCU state where it is preempted; with @all, every point.
 */
#ifndef PFNSTORM_CRASHES_ROWS_H
#define PFNSTORM_CRASHES_ROWS_H

#include "crashes/timeline.h"

enum row_kind {
	ROW_OPERATION, /* begins */
	ROW_RESULT,    /* of the operation begun last */
	ROW_POINT,
	ROW_ACCESS,
	ROW_GAP, /* points left out */
	ROW_WAIT,
	ROW_BEFORE, /* what a preempted task would do next */
	ROW_HOLDS,  /* what a preempted task keeps from others */
	ROW_PREEMPTED,
	ROW_END,
	ROW_VERDICT, /* task: UINT32_MAX if it is nobody's */
};

struct row {
	enum row_kind kind;
	u32 task, other; /* other: who runs instead of a task preempted */
	u64 step;
	const char *text; /* until the function returns */
};

typedef void row_fn(const struct row *row, void *arg);

/* Calls @fn for each row. 0 or -ENOMEM. */
int rows_visit(const struct timeline *t, bool all, row_fn *fn, void *arg);

#endif
