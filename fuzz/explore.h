/* SPDX-License-Identifier: MIT */
/*
 * Runs a subject again and again under a strategy until the strategy, a budget or a verdict ends it.
 *
 * A subject is anything that can be run from its beginning: a scenario (explore_scenario()), or a litmus of the tests.
 */
#ifndef PFNSTORM_FUZZ_EXPLORE_H
#define PFNSTORM_FUZZ_EXPLORE_H

#include "fuzz/schedule.h"
#include "fuzz/strategy.h"

#define EXPLORE_FINDINGS 16
#define EXPLORE_SAME_RUNS 10 /* so many equal runs are no coincidence */

struct explore_subject {
	/* One run from the boot image under @strategy. */
	void (*run)(void *arg, struct rt_strategy *strategy, struct rt_result *result);
	/* Is this verdict, which is not ok, what the search is for? It stops there. NULL: every one is. */
	bool (*wanted)(void *arg, const struct rt_verdict *verdict);
	void *arg;
};

struct explore_finding {
	struct rt_verdict verdict; /* of the first run with this signature */
	u64 run;                   /* number of that run, from 1 */
	u64 hits;                  /* runs with this signature */
	u64 hash;
	char member[32]; /* as in struct strategy_report */
	bool overflow;   /* the schedule has more entries than fit: it is not the whole run */
	struct schedule schedule;
};

struct explore_status {
	u64 runs;
	double seconds;
	double rate;        /* runs per second since the start */
	double eta_seconds; /* until the strategy or a budget ends it, < 0: unknown */
	u64 steps;          /* of all runs together */
	u32 findings;
	bool same_hash; /* EXPLORE_SAME_RUNS runs or more, and all were the same: the strategy sees one interleaving */
	struct strategy_report report;
};

struct explore_options {
	const struct strategy_info *strategy;
	struct strategy_options strategy_options;
	u64 runs_max;       /* 0: no limit */
	double seconds_max; /* 0: no limit */
	bool keep_going;    /* collect signatures instead of stopping at the first wanted verdict */
	/* Called about four times a second; NULL: never. */
	void (*progress)(const struct explore_status *status, void *arg);
	void *progress_arg;
	/* Nothing is left to run: true if there is after all. NULL: no. */
	bool (*exchange)(struct strategy *s, void *arg);
	void *exchange_arg;
	/* Checked between runs: non-zero ends the search as a budget would (set by a signal handler). */
	const volatile int *interrupted;
};

struct explore_result {
	struct explore_status status;
	bool wanted; /* a wanted verdict was found */
	struct explore_finding
		finding[EXPLORE_FINDINGS]; /* status.findings of them; later signatures are only counted */
	u64 other_findings;
	char error[160];
};

/* 0; -EINVAL with result->error if the options are bad; -EIO with it if runs did not repeat (a defect of the tool). */
int explore(const struct explore_subject *subject, const struct explore_options *options,
	    struct explore_result *result);

struct scenario;
struct explore_scenario {
	const struct scenario *scenario;
	u32 flags; /* RUNNER_* */
};
/* The subject that runs @s->scenario, without its schedule; wanted: its `expect`, else any verdict. */
struct explore_subject explore_subject_of(struct explore_scenario *s);

#endif
