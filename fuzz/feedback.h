/* SPDX-License-Identifier: MIT */
/*
 * Interleaving coverage: what a run showed beyond the edges of the code, for the fuzzing engines.
 *
 *   points   a pair of semantic points that were current in two tasks at once, or a pair across a preemption; an
 *            operation with its result
 *   reads    who read from whom: the semantic point a task had passed when it wrote, the one another task had passed
 *            when it read that, and the name of the word ("page.flags")
 *   phases   semantic point of a hotplug operation, operation another task is in meanwhile, state of the block that
 *            one is about (or else the other)
 *
 * All are names, not places of one build. One map for all engines: libFuzzer reads the array itself (extra counters),
 * AFL++'s glue copies the list of hits into its own map.
 */
#ifndef PFNSTORM_FUZZ_FEEDBACK_H
#define PFNSTORM_FUZZ_FEEDBACK_H

#include "core/core.h"
#include "core/rt/types.h"

#define FEEDBACK_SIZE 65536 /* features; hashed, so two may share one */
#define FEEDBACK_HITS_MAX 8192

/* A byte per feature: 1 if the run had it. */
extern u8 feedback_map[FEEDBACK_SIZE];
extern u16 feedback_hits[FEEDBACK_HITS_MAX];
extern u32 feedback_nr_hits;

/* What counts, as chosen by the user. */
enum {
	FEEDBACK_EDGES = BIT(0), /* edges of core's code, which the engines see by themselves */
	FEEDBACK_POINTS = BIT(1),
	FEEDBACK_READS = BIT(2),
	FEEDBACK_PHASES = BIT(3),
};
#define FEEDBACK_ALL (FEEDBACK_EDGES | FEEDBACK_POINTS | FEEDBACK_READS | FEEDBACK_PHASES)
extern u32 feedback_wanted; /* FEEDBACK_ALL unless chosen */

enum feedback_kind {
	FEEDBACK_PAIR,   /* semantic point reached, latest semantic point of another task */
	FEEDBACK_SWITCH, /* semantic point of the task preempted, next one of the task that goes on */
	FEEDBACK_RESULT, /* id of an operation, what it returned: 0, a count, or which errno */
	FEEDBACK_READ,   /* semantic points of writer and reader, number of the word's name */
	FEEDBACK_PHASE,  /* semantic point of a hotplug operation; operation and block of another task */
};

/* "points,reads": chooses what counts from now on. -EINVAL with a message that names what was expected. */
int feedback_choose(const char *list, char *message, size_t size);

/* Before a run: forgets the features of the last one. */
void feedback_begin(void);

static inline void feedback_add(enum feedback_kind kind, u32 a, u32 b)
{
	u32 h = ((u32)kind << 28 ^ a << 14 ^ b) * 0x9e3779b1u;

	h = (h ^ h >> 15) * 0x85ebca6bu;
	h = (h >> 13) & (FEEDBACK_SIZE - 1);
	if (feedback_map[h] || feedback_nr_hits == FEEDBACK_HITS_MAX)
		return;
	feedback_map[h] = 1;
	feedback_hits[feedback_nr_hits++] = (u16)h;
}

/* A pair of points, or an operation and what came of it, if points count. */
static inline void feedback_add_points(enum feedback_kind kind, u32 a, u32 b)
{
	if (feedback_wanted & FEEDBACK_POINTS)
		feedback_add(kind, a, b);
}

/* Add, online, offline, remove memory in one of their forms: what has phases. */
bool feedback_is_hotplug(u32 op_id);
/* While @hotplug is at semantic point @semantic, another task is in @other. */
void feedback_add_phase(u32 semantic, const struct op *hotplug, const struct op *other);
/* Who reads from whom in following runs: on if reads count, off with @on false. */
void feedback_listen(bool on);

#endif
