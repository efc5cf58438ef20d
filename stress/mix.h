/* SPDX-License-Identifier: MIT */
/* Weighted lists of operations, some of them known by name, and scenarios drawn from them. */
#ifndef PFNSTORM_STRESS_MIX_H
#define PFNSTORM_STRESS_MIX_H

#include "core/rt/random.h"
#include "fuzz/scenario.h"

#define MIX_ITEMS 160 /* every operation, and chains of them */
#define MIX_CHAIN 6   /* operations of one item */
#define MIX_NAMED 24  /* mixes of stress/mixes.def */
#define MIX_NAMED_ITEMS 8

struct mix_item {
	u32 weight;
	u32 count;
	u32 op[MIX_CHAIN]; /* ids; done in a row on one block and one slot */
	u32 named;         /* instead of operations: 1 + index of a mix of mixes.def */
};

/* A row of mixes.def. */
struct mix_named {
	const char *name, *items, *text;
	u32 boot;        /* bits of enum boot_param_id */
	u32 cpus, nodes; /* at least */
	/* Of @items, once parsed; 0: it has threads of its own. */
	u32 count, weights;
	struct mix_item item[MIX_NAMED_ITEMS];
};

struct mix {
	u32 count;
	u32 weights; /* sum; without those of readers */
	u32 readers; /* weight of mix `sysfs` */
	struct mix_item item[MIX_ITEMS];
	struct mix_named named[MIX_NAMED];
};

/*
 * "compact:4,offline-remove:2,hotplug:1": operations, chains of them, mixes of stress/mixes.def; the item "all" stands
 * for every operation with its weight of core/ops.def. 0, or -EINVAL with what was expected, and where, in @error.
 */
int mix_parse(const char *text, struct mix *mix, char *error, size_t size);
/*
 * Adds the boot parameters that the mixes of @mix need to @machine. NULL, or what else they need, for people; the text
 * lives until the next call.
 */
const char *mix_fit(const struct mix *mix, struct machine_config *machine);
/* The least numbers of CPUs and nodes that its mixes need. */
u32 mix_cpus(const struct mix *mix);
u32 mix_nodes(const struct mix *mix);
/* Of @threads, how many read files all the time: the share of mix `sysfs`, one at least and not all, if it is there. */
u32 mix_readers(const struct mix *mix, u32 threads);
/* All mixes, one a line. */
void mix_list(void);
/* Fills the boot operations and those of all tasks of @s, whose machine is set. The same generator state gives the same
 * tasks. */
void mix_draw(const struct mix *mix, struct rt_random *random, struct scenario *s);

#endif
