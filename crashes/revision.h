/* SPDX-License-Identifier: MIT */
/* A revision of a git tree of pfnstorm put to the question: built, and does its tool reproduce the failure? */
#ifndef PFNSTORM_CRASHES_REVISION_H
#define PFNSTORM_CRASHES_REVISION_H

#include "fuzz/scenario.h"

enum revision_state {
	REVISION_GOOD, /* it does not fail */
	REVISION_BAD,  /* with the wanted verdict and signature */
	REVISION_SKIP, /* nobody knows: it does not build, or does not know the scenario, or fails in another way */
};

#define REVISION_WHAT 512

struct revision {
	char id[48];       /* as git writes it */
	char subject[160]; /* first line of its message */
	enum revision_state state;
	char what[REVISION_WHAT]; /* why, in a line */
	double seconds;           /* building included */
};

struct question {
	const struct scenario *scenario;
	const char *tree;           /* where a revision is checked out */
	const char *build;          /* for sh, in @tree; 0 is success */
	const char *tool;           /* relative to @tree */
	char wanted[REVISION_WHAT]; /* "oops: …", verdict and signature; "": any, and it is kept here */
	bool near;                  /* also where the schedule fits, but nothing fails: look near it, if the tool can */
	bool drift_is_good;         /* drift, and a tool that cannot look near the schedule */
};

/*
 * Builds what is in question->tree and has its tool replay the scenario; fills @r but for id and subject. 0, whatever
 * the state; -EINTR, or -errno: it could not be asked.
 */
int revision_ask(struct question *question, struct revision *r);

#endif
