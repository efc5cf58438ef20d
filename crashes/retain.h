/* SPDX-License-Identifier: MIT */
/* Which folders of a crash store stay. The smallest reproducer of a bug that is not fixed always does. */
#ifndef PFNSTORM_CRASHES_RETAIN_H
#define PFNSTORM_CRASHES_RETAIN_H

#include "crashes/store.h"

struct retained {
	u32 folders; /* that went */
	u64 bytes;   /* that they had on the disk */
};

/* The record keeps its smallest, its first, and the newest @keep folders. */
struct retained retain_record(struct store *s, struct record *r, u32 keep);
/* Each record does. */
struct retained retain_newest(struct store *s, u32 keep);
/* Folders seen before @before go; of a fixed bug all of them, of others the smallest stays. */
struct retained retain_since(struct store *s, u64 before);
/* The oldest of what may go goes, until all folders together have at most @bytes on the disk, or nothing more may. */
struct retained retain_bytes(struct store *s, u64 bytes);
/* What killed processes left: folders that were being written an hour ago, or being removed. How many. */
u32 retain_leftovers(struct store *s);

#endif
