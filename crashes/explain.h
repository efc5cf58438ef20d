/* SPDX-License-Identifier: MIT */
/* A failure told to people: the diagram, then what was hit, where, and what the machine was like. */
#ifndef PFNSTORM_CRASHES_EXPLAIN_H
#define PFNSTORM_CRASHES_EXPLAIN_H

#include "crashes/timeline.h"

struct explanation {
	char *diagram; /* columns */
	char *verdict; /* what happened, decoded: address, code, block history, machine */
	char *trace;   /* every point, one a line */
	char *log;
	char where[256]; /* code of the failing access, "" if unknown */
	struct rt_verdict result;
	u64 hash, steps;
};

/*
 * Replays @s, with its schedule, and explains the run. @all: every point in the diagram. 0, or -errno with a message
 * in @error. The caller calls explanation_free().
 */
int explain(const struct scenario *s, bool all, struct explanation *e, char *error, size_t size);
void explanation_free(struct explanation *e);

#endif
