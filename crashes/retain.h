/* SPDX-License-Identifier: MIT */
/* Which folders of a crash store stay. A record never loses its smallest and its first one by a rule of these. */
#ifndef PFNSTORM_CRASHES_RETAIN_H
#define PFNSTORM_CRASHES_RETAIN_H

#include "crashes/store.h"

struct retained {
	u32 folders; /* that went */
	u64 bytes;   /* that they had */
};

/* Each record keeps its smallest, its first, and the newest @keep folders. */
struct retained retain_newest(struct store *s, u32 keep);

#endif
