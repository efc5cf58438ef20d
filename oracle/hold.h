/* SPDX-License-Identifier: MIT */
/*
 * Memory of processes in the guest. It is allocated by the rules of the machine, on the node that the process was bound
 * to; its content is checked whenever the recording checks it.
 */
#ifndef PFNSTORM_ORACLE_HOLD_H
#define PFNSTORM_ORACLE_HOLD_H

#include "oracle/compare.h"

#define HOLDS_MAX 12

struct hold {
	char id[16]; /* empty: unused */
	bool pinned;
	u32 slot;
};

/* @nid: Linux's, -1 for not bound. False: a kind of memory that the machine does not have, or no room for it. */
bool hold_begin(struct hold *holds, const char *id, const char *kind, u64 bytes, s32 nid);
/* NULL: there is none. */
struct hold *hold_of(struct hold *holds, const char *id);
void hold_end(struct hold *hold);
/* Is some of it lost, because memory broke? */
bool hold_lost(const struct hold *hold);
/* Checks its content: a page that lost it ends the run. */
void hold_verify(const struct hold *hold);
/* Fields: on which nodes its pages are, against "memory32": 100, … */
void hold_compare(struct comparison *c, const struct hold *hold, struct json_object *pages_in);

#endif
