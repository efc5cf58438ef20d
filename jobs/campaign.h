/* SPDX-License-Identifier: MIT */
/*
 * A campaign: engines on targets for hours, looked after, in one folder that a kill leaves as it was.
 *
 *   DIR/lock                 flock() of who has it, and his words
 *   DIR/campaign.json        what was asked for
 *   DIR/stats.json           how it is (docs/OUTPUT.md), replaced about every two seconds
 *   DIR/corpus/TARGET/       inputs; both engines read and feed it
 *   DIR/crashes/             crash store
 *   DIR/tokens/              verdicts that engines keep, until they are filed; filing/: the one that is being filed;
 *                            refused/: those that could not be
 *   DIR/artifacts/TARGET/    inputs of engines that crashed, hung or took too much memory
 *   DIR/afl/TARGET/          of AFL++
 *   DIR/counters/TARGET/     what each process reported (engine_tally.h)
 *   DIR/logs/ENGINE.log      what each engine printed
 *
 * All time is of the monotonic clock: setting the clock changes nothing but the times of day in files.
 */
#ifndef PFNSTORM_JOBS_CAMPAIGN_H
#define PFNSTORM_JOBS_CAMPAIGN_H

#include "crashes/record.h"
#include "jobs/engine.h"
#include "jobs/engine_tally.h"

#define CAMPAIGN_TARGETS 16
#define CAMPAIGN_ENGINES 64
#define CAMPAIGN_FOUND 256 /* records told apart; more are filed and not listed */
#define CAMPAIGN_SEEDS 8

struct campaign_status;

struct campaign_options {
	u32 nr_targets;
	char target[CAMPAIGN_TARGETS][24];
	u32 engines;    /* BIT(enum engine_kind) */
	u32 jobs;       /* processes at once */
	double seconds; /* of this session; 0: until it is interrupted */
	bool resume, distill;
	char set[1024], laws[512], tolerate[512]; /* as the environment of fuzz targets has them */
	const char *dir;
	const char *corpus_dir, *crash_dir; /* NULL: in @dir */
	const char *engines_dir;            /* NULL: see engine_place() */
	const char *seeds[CAMPAIGN_SEEDS];  /* folders; NULL: engine_seeds() */
	const char *path;                   /* where afl-fuzz is, like PATH */
	const char *self;                   /* this tool, which files crashes */
	const char *words;                  /* the command line, for who finds the lock taken */
	u64 seed;
	double backoff;
	u32 deaths_max, run_timeout;
	u64 reserve; /* bytes of disk that stay free: engines stop below it */
	/* About once a second, and whenever something happens that people should read: then @event is not NULL. */
	void (*report)(const struct campaign_status *status, const char *event, void *arg);
	void *report_arg;
};

/* Names of all targets (fuzz/targets/, fuzz/targets.def, jobs/targets/), in the order of --help; NULL after the last.
 */
const char *campaign_target_name(u32 number);
/* Fills in what nobody chose. */
void campaign_options_default(struct campaign_options *o);

enum campaign_phase { CAMPAIGN_RUNS, CAMPAIGN_NO_ROOM, CAMPAIGN_ENDS, CAMPAIGN_DISTILLS, CAMPAIGN_DONE };
const char *campaign_phase_name(enum campaign_phase phase);

struct campaign_target {
	const char *name;
	struct engine_tally finished, total; /* of processes that ended; with those that run */
	u64 edges, corpus, artifacts;
	double stability; /* percent, the least; below 0: not known */
	double rate;      /* inputs a second, over the last ten seconds */
	double since;     /* seconds since the last new input */
};

struct campaign_found {
	char record[RECORD_ID_LEN + 1], signature[192], kind[32], folder[NAME_MAX + 1], target[24];
	char news[16];  /* new, known, regressed */
	u64 executions; /* of all targets, when it was filed first */
	double seconds; /* of the campaign, then */
	u64 filed;      /* how often */
};

struct campaign_status {
	const struct campaign_options *options;
	enum campaign_phase phase;
	bool interrupted;
	u64 started;             /* UTC, of the campaign */
	double seconds, session; /* that it ran, with earlier sessions; this one */
	double cpu;              /* seconds of processors, all sessions; of AFL++'s targets only once they ended */
	u32 nr_targets, nr_engines, nr_found;
	struct campaign_target target[CAMPAIGN_TARGETS];
	struct engine engine[CAMPAIGN_ENGINES];
	struct campaign_found found[CAMPAIGN_FOUND];
	u32 filing, refused;                          /* tokens not filed yet; that could not be */
	u64 executions, corpus, interleavings, edges; /* sums over targets */
	double rate, since_input, since_found;
	u64 disk_free;
	char complaint[320]; /* what is wrong now, for people; "" if nothing is */
};

/*
 * Runs it. 0, and then whatever was found is in status->found and filed; or -errno with a message:
 * -EEXIST there is a campaign and nobody said --resume, -EBUSY somebody runs it, -ENOENT an engine or a target is
 * missing, -EINVAL nothing was asked for, -ECHILD every engine was given up, others that the folder gives. @status is
 * large: not on a stack.
 */
int campaign_run(struct campaign_options *o, struct campaign_status *status, char *message, size_t size);

#endif
