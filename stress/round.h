/* SPDX-License-Identifier: MIT */
/* The parent of a round: forks the load, watches it, and knows how it ended whatever happened to it. */
#ifndef PFNSTORM_STRESS_ROUND_H
#define PFNSTORM_STRESS_ROUND_H

#include <sys/types.h>

#include "core/rt/thread.h"
#include "stress/load.h"

enum round_end {
	ROUND_HELD,
	ROUND_VERDICT,     /* verdict is set */
	ROUND_INTERRUPTED, /* by a signal to this process: the child is gone */
};

#define ROUND_OUTPUT_MAX (256 << 10)

struct round {
	struct load_state *state;    /* shared with the child */
	struct latencies *latencies; /* of all rounds, shared with their children */
	char *output;                /* what the child wrote to its standard error: sanitizers' reports. Terminated */
	struct rt_verdict verdict;
	bool tool_failed; /* the child died of something that is no verdict of the core */
};

/* Once, before the first round. 0 or -errno. The post-mortem is in file @o->flight, if that is said. */
int round_prepare(struct round *r, const struct options *o);
/* Forks a child for one round; calls @watch every 100 ms while it lives. */
enum round_end round_run(struct round *r, const struct scenario *s, const struct options *o, u64 seed, double seconds,
			 void (*watch)(void *arg), void *arg);
/* SIGINT, SIGTERM and SIGHUP end the round under way. */
void round_catch_signals(void);
bool round_interrupted(void);

#endif
