/* SPDX-License-Identifier: MIT */
/*
 * One process of a fuzzing engine on one target: how it is started, what it says of itself, and what its end means.
 *
 * libFuzzer: several single processes on one corpus folder, each of which reads what the others add (-reload); not
 * -fork, whose jobs are so short that what they report of operations would be lost with them, and whose parent is one
 * more process that may die. AFL++: a main that also reads the corpus folder (-F), and secondaries with other power
 * schedules.
 */
#ifndef PFNSTORM_JOBS_ENGINE_H
#define PFNSTORM_JOBS_ENGINE_H

#include <sys/types.h>

#include "core/rt/types.h"
#include "jobs/engine_place.h"

/* What all engines of a campaign have in common. */
struct engine_campaign {
	const char *dir;                   /* tokens/, artifacts/TARGET/, afl/TARGET/, logs/ are in it, and exist */
	const char *corpus;                /* TARGET/ is in it, and exists */
	const char *set, *laws, *tolerate; /* as PFNSTORM_SET and so on; "" for none */
	const char *engines;               /* as engine_place() has it */
	const char *path;                  /* where afl-fuzz is looked for */
	u64 seed;
	double backoff;  /* seconds before what died is started again; doubled each time in a row */
	u32 deaths_max;  /* in a row; then it is given up */
	u32 run_timeout; /* seconds after which a run hangs */
};

enum engine_state { ENGINE_WAITS, ENGINE_RUNS, ENGINE_STOPS, ENGINE_GIVEN_UP };
const char *engine_state_name(enum engine_state state);

struct engine {
	const struct engine_campaign *campaign;
	enum engine_kind kind;
	const char *target;
	u32 number; /* among those of its kind and target; 0 is AFL++'s main */
	char name[48];
	char program[PATH_MAX], helper[PATH_MAX]; /* the target's; afl-fuzz */
	char stats[PATH_MAX];                     /* its processes report to <stats>-PID */
	char log[PATH_MAX];
	enum engine_state state;
	pid_t pid;
	double started, not_before, asked; /* asked to stop */
	u32 starts, deaths, row, crashes;  /* row: deaths since it last lived long */
	u64 edges;                         /* as it last said; 0: not known */
	double stability;                  /* percent; below 0: not known */
	char last_words[192];              /* of the last death */
};

/* Fills @e. 0, or -ENOENT with what is missing and what to do in @message. */
int engine_init(struct engine *e, const struct engine_campaign *c, enum engine_kind kind, const char *target,
		u32 number, char *message, size_t size);
/* 0 or -errno; a failure counts as a death. @stats: where its processes report to, another for each start. */
int engine_start(struct engine *e, const char *stats, double now);
/* Asks it to end; engine_press() kills one that was asked too long ago. */
void engine_stop(struct engine *e, double now);
void engine_press(struct engine *e, double now);
void engine_kill(struct engine *e);
/*
 * Its process ended with @status, as waitpid() has it. A crash that was found is not a death. Says in @message what
 * happened, for people; "" if it was asked to end.
 */
void engine_ended(struct engine *e, int status, double now, char *message, size_t size);
/* Reads edges and stability from its log, or AFL++'s fuzzer_stats. */
void engine_look(struct engine *e);

#endif
