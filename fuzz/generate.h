/* SPDX-License-Identifier: MIT */
/*
 * Random scenarios from the table of operations, about few things at once: a machine with a set-up, then any number of
 * task sets for it. Operations come from few families (fuzz/families.def), meet in few blocks and slots, and mostly
 * fit the state that those before them leave. Deterministic: the same seed gives the same scenarios.
 */
#ifndef PFNSTORM_FUZZ_GENERATE_H
#define PFNSTORM_FUZZ_GENERATE_H

#include "core/rt/random.h"
#include "fuzz/scenario.h"

/* What generated operations lead to if all succeed. */
struct generate_model {
	u8 block[64];  /* enum generate_block */
	u32 filled;    /* bit per slot */
	u32 pinned;    /* likewise */
	u64 poisoned;  /* bit per block */
	u32 cpus_down; /* bit per CPU */
};

struct generator {
	struct rt_random random;
	u64 wanted;                 /* families to choose from: bit per row of fuzz/families.def */
	u64 families;               /* of this machine */
	bool lone;                  /* one block only is not early */
	s32 focus[2];               /* blocks */
	s32 tunable;                /* of enum sysctl */
	struct generate_model boot; /* after the set-up */
};

/* @families: what scenarios are to be about, beside blocks that come and go; 0: anything. */
void generator_init(struct generator *g, u64 seed, u64 families);
/* Machine and boot operations; @s->machine.sw stays. Tasks, names and schedule are emptied. */
void generate_machine(struct generator *g, struct scenario *s);
/* One to three tasks for the machine made last. */
void generate_tasks(struct generator *g, struct scenario *s);

#endif
