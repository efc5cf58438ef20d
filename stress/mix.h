/* SPDX-License-Identifier: MIT */
/* A weighted list of operations, and scenarios drawn from it. */
#ifndef PFNSTORM_STRESS_MIX_H
#define PFNSTORM_STRESS_MIX_H

#include "core/rt/random.h"
#include "fuzz/scenario.h"

#define MIX_ITEMS 160 /* every operation, and chains of them */
#define MIX_CHAIN 6   /* operations of one item */

struct mix_item {
	u32 weight;
	u32 count;
	u32 op[MIX_CHAIN]; /* ids; done in a row on one block and one slot */
};

struct mix {
	u32 count;
	u32 weights; /* sum */
	struct mix_item item[MIX_ITEMS];
};

/*
 * "compact:4,offline-remove:2"; the item "all" stands for every operation with its weight of core/ops.def. 0, or
 * -EINVAL with what was expected, and where, in @error.
 */
int mix_parse(const char *text, struct mix *mix, char *error, size_t size);
/* Fills the boot operations and those of all tasks of @s, whose machine is set. The same generator state gives the same
 * tasks. */
void mix_draw(const struct mix *mix, struct rt_random *random, struct scenario *s);

#endif
