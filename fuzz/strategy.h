/* SPDX-License-Identifier: MIT */
/*
 * A strategy is a source of schedules: it sets up each run, decides in it, and learns from its result.
 *
 * Every schedule is a list of deviations from the default order of fuzz/schedule.h.
 */
#ifndef PFNSTORM_FUZZ_STRATEGY_H
#define PFNSTORM_FUZZ_STRATEGY_H

#include "core/rt/random.h"
#include "core/rt/sched.h"

struct strategy_options {
	u64 seed;           /* of all randomness: run r uses a stream derived from it and r */
	u32 bound;          /* exhaustive: preemptions, 0 .. EXHAUSTIVE_BOUND_MAX */
	u32 depth;          /* pct: 1 .. PCT_DEPTH_MAX */
	u32 switch_one_in;  /* random: mean distance of switches in points, 1 ..; 0: varies from run to run */
	u32 kinds;          /* random: switch at these kinds only (mask of enum rt_kind); 0: at all */
	u32 fault_one_in;   /* all but exhaustive: inject one in so many possible faults; 0: none */
	const char *select; /* surw: "accesses", "points" or how names of points begin; NULL: each in turn */
	bool prune;         /* exhaustive, pos: preempt before conflicting accesses only */
	u32 job, jobs;      /* exhaustive: take one of so many shares of the first deviations; 0: all */
	bool faults;        /* exhaustive: injected faults count as deviations; false: none is injected */
};
#define STRATEGY_OPTIONS_DEFAULT                                                                                       \
	{                                                                                                              \
		.seed = 1, .bound = 2, .depth = 3, .prune = true                                                       \
	}

/* surw selects anew every so many runs, and counts in the first of them. */
#define SURW_BATCH 16

/* What a strategy knows about its search so far. */
struct strategy_report {
	u64 points;      /* in the longest run so far */
	u64 conflicts;   /* granules that two tasks touch, one writing; 0 if the strategy does not look */
	u64 candidates;  /* points where the strategy would deviate, in the longest run */
	u64 planned;     /* runs it expects to need in all, those done included; 0: unbounded */
	u64 done;        /* of them, those skipped as equivalent included */
	u64 skipped;     /* not run because an equivalent schedule was */
	u32 level;       /* deviations of the schedules being run */
	bool complete;   /* every schedule up to the bound was run */
	bool single;     /* no point with an alternative was met: there is one interleaving only */
	bool drifted;    /* a schedule did not repeat: the machine is not deterministic, the search is void */
	char member[32]; /* portfolio: whose run the last one was; else "" */
	char text[160];  /* the bound or guarantee in words */
};

struct strategy;

/* What a search has learned that others of its kind must know to be complete together; see fuzz/explore_jobs.h. */
struct strategy_news {
	u32 shared_cpus, tasks;
	bool stops;
	u64 conflicts[RT_GRANULES / 64]; /* bitmap */
};

struct strategy_ops {
	/* Before each run: false when there is nothing left to run. */
	bool (*prepare)(struct strategy *s);
	/* After each run. */
	void (*finish)(struct strategy *s, const struct rt_result *result);
	void (*report)(const struct strategy *s, struct strategy_report *report);
	void (*destroy)(struct strategy *s);
	/* Both or none. tell() writes all that is known; hear() takes it in and says whether any of it is new. */
	void (*tell)(const struct strategy *s, struct strategy_news *news);
	bool (*hear)(struct strategy *s, const struct strategy_news *news);
};

struct strategy {
	struct rt_strategy rt; /* first: what rt_set_strategy() gets */
	const struct strategy_ops *ops;
};

struct strategy_info {
	const char *name, *help;
	struct strategy *(*construct)(const struct strategy_options *options, char *error, size_t size);
};
extern const struct strategy_info strategy_infos[];
extern const u32 nr_strategies;
const struct strategy_info *strategy_by_name(const char *name); /* NULL: unknown */

/* The generator of run number @run under @seed. */
void strategy_seed_run(struct rt_random *random, u64 seed, u64 run);
/* A uniformly chosen bit of @mask, which is not 0. */
u32 strategy_pick(struct rt_random *random, u64 mask);
/* choose() of a strategy that has no opinion: one possible failure in @fault_one_in (0: none), else any of @n. */
u32 strategy_choose(struct rt_random *random, u32 fault_one_in, enum rt_choice kind, u32 n);

#define STRATEGY(name, constructor, help)                                                                              \
	struct strategy *constructor(const struct strategy_options *options, char *error, size_t size);
#include "fuzz/strategies.def"
#undef STRATEGY

#endif
