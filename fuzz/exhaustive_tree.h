/* SPDX-License-Identifier: MIT */
/* The schedules an exhaustive search has met, each stored as one deviation more than its parent. */
#ifndef PFNSTORM_FUZZ_EXHAUSTIVE_TREE_H
#define PFNSTORM_FUZZ_EXHAUSTIVE_TREE_H

#include "fuzz/exhaustive.h"

/* FORCED: another choice of who goes on where the running task cannot, and several others can. */
enum deviation_kind { DEVIATION_START, DEVIATION_SWITCH, DEVIATION_FORCED, DEVIATION_CHOICE };

struct deviation {
	u32 at;   /* SWITCH: step; FORCED, CHOICE: how many such decisions came before */
	u16 kind; /* enum deviation_kind */
	u16 to;   /* task, or answer */
};

struct tree_node {
	struct deviation deviation;
	u32 parent;              /* index in the level above; none at level 0 */
	u32 weight;              /* successors to expect: as many as its parent has after the place where it deviates */
	u32 equal;               /* 1: to a neighbour, so that only part of its successors is worth it */
	u32 expanded;            /* 1 + conflicts known when its successors were last listed; 0: never */
	struct deviation *tried; /* last deviations of the successors that were run, in the order they were listed */
	u32 nr_tried, listed;    /* listed: those that were found equivalent included */
	u64 listing;             /* hash of the places they were listed from */
};

struct tree_level {
	struct tree_node *node;
	u32 count, capacity;
	u32 cursor;     /* next node to look at in this pass */
	u32 expanded;   /* nodes with successors listed at least once */
	u64 successors; /* of them together */
	u64 tried;      /* of those, run or skipped */
	struct tree_sort {
		/* what is expected of the nodes, of all and of the expanded: sum and sum of squares */
		double weight, square, weight_expanded, square_expanded;
		double successors;
	} sort[2]; /* by @equal */
};

/* Level d holds schedules of d deviations (the start not counted). */
struct tree {
	struct tree_level level[EXHAUSTIVE_BOUND_MAX + 1];
};

void tree_free(struct tree *t);
/* Index of the new node, or UINT32_MAX when memory is short. */
u32 tree_add(struct tree *t, u32 level, u32 parent, const struct deviation *deviation, u32 weight, bool equal);
/* Writes the deviations from the start on (level + 1 of them) into @path and returns their number. */
u32 tree_path(const struct tree *t, u32 level, u32 index, struct deviation *path);
/* Replaces what the node has tried. False when memory is short. */
bool tree_set_tried(struct tree_node *node, const struct deviation *tried, u32 count);
/*
 * The next node below level @levels whose successors were listed with fewer than @conflicts known; lowest level first,
 * each node once per pass. False when a whole pass found none.
 */
bool tree_next(struct tree *t, u32 levels, u32 conflicts, u32 *level, u32 *index);

#endif
