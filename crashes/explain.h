/* SPDX-License-Identifier: MIT */
/* A failure told to people: the diagram, then what was hit, where, and what the machine was like. */
#ifndef PFNSTORM_CRASHES_EXPLAIN_H
#define PFNSTORM_CRASHES_EXPLAIN_H

#include "crashes/timeline.h"

struct explanation {
	char *diagram; /* columns */
	char *verdict; /* what happened, decoded: address, code, block history, machine */
	char *trace;   /* every point, one a line */
	char *page;    /* what was asked for: HTML, Trace Event Format, or text for a mail; else NULL */
	char *log;
	char where[256]; /* code of the failing access, "" if unknown */
	struct rt_verdict result;
	u64 hash, steps;
};

enum explain_as {
	EXPLAIN_TEXT,
	EXPLAIN_HTML,  /* swimlanes.h */
	EXPLAIN_TRACE, /* trace_json.h */
	EXPLAIN_MAIL,  /* 72 columns, as a patch description has them */
};

/*
 * Replays @s, with its schedule, and explains the run. @all: every point in the diagram. 0, or -errno with a message
 * in @error; -ENOSYS: this build has no JSON library. The caller calls explanation_free().
 */
int explain(const struct scenario *s, bool all, enum explain_as as, struct explanation *e, char *error, size_t size);
void explanation_free(struct explanation *e);

#endif
