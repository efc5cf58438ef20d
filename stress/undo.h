/* SPDX-License-Identifier: MIT */
/*
 * What a pass over a task's operations changed and must be changed back before the next one, so that a scenario can
 * be repeated: offline by online, remove by add, alloc by free, pin by unpin, free by the scenario's own boot line.
 */
#ifndef PFNSTORM_STRESS_UNDO_H
#define PFNSTORM_STRESS_UNDO_H

#include "fuzz/scenario.h"

#define UNDO_DEBTS 16

struct undo {
	const struct scenario *scenario;
	u32 count;
	struct op done[SCENARIO_OPS]; /* succeeded, not yet changed back; oldest first */
	u32 nr_debts;
	struct undo_debt {
		struct op op;
		u32 failures;
	} debt[UNDO_DEBTS]; /* steps back that failed; oldest first */
};

void undo_init(struct undo *undo, const struct scenario *s);
/*
 * @op succeeded: it takes the operation that it reverses off the list, or goes onto it. At most SCENARIO_OPS times
 * between two calls of undo_next() that returned false.
 */
void undo_note(struct undo *undo, const struct op *op);
/*
 * A step back failed: it is owed until it succeeds, for a few passes. The oldest debt is forgotten if there are too
 * many, and one that is owed already is not owed twice.
 */
void undo_owe(struct undo *undo, const struct op *op);
/* The debts, oldest first, each to be tried once a pass: @at counts from 0. False when there are no more. */
bool undo_debt(const struct undo *undo, u32 at, struct op *op);
/* The debt was tried; true if it stays in its place, false if the next one has moved there. */
bool undo_tried(struct undo *undo, u32 at, bool paid);
/* The next operation to perform in order to go back, latest first; false when there is none. */
bool undo_next(struct undo *undo, struct op *op);

#endif
