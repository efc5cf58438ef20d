/* SPDX-License-Identifier: MIT */
/*
 * A night: the units of a job file, one after the other, each a child process of the tool. Its folder is the truth; it
 * can be killed at any moment, and goes on with what has not ended.
 *
 *   DIR/lock               who runs a night here (flock; units hold it too)
 *   DIR/last               the id of the night that began last
 *   DIR/crashes/           the crash store of all nights
 *   DIR/corpus/TARGET/     what campaigns keep, all nights
 *   DIR/nights/ID/         night.json, job.ini, hooks.log, units/NAME.json, units/NAME.log
 *
 * Budgets are of the monotonic clock; UTC is for names and for people.
 */
#ifndef PFNSTORM_JOBS_NIGHT_H
#define PFNSTORM_JOBS_NIGHT_H

#include "jobs/unit.h"

#define NIGHT_ID_MAX 48
#define NIGHT_SHARDS_MAX 4096

enum night_outcome {
#define NIGHT_OUTCOME_WORD(id, exit, help) NIGHT_##id,
#include "jobs/night_outcomes.def"
#undef NIGHT_OUTCOME_WORD
	NR_NIGHT_OUTCOMES
};
const char *night_outcome_text(enum night_outcome outcome);
int night_outcome_exit(enum night_outcome outcome);

struct night;
struct night_options {
	const char *jobfile, *dir, *tool, *version;
	const char *only; /* a unit, or how its name begins; NULL: all */
	const char *id;   /* of a night that others have shards of; NULL: a new one */
	bool resume, seed_given;
	u64 seed;
	double time; /* 0: as the job file says */
	u32 shard, shards;
	/* A unit is under way, about every second; it has ended; something that people should know. */
	void (*progress)(const struct night *n, const struct unit *u, double seconds, void *arg);
	void (*ended)(const struct night *n, const struct unit *u, void *arg);
	void (*say)(const char *text, void *arg);
	void *arg;
};

struct night {
	const struct night_options *options;
	struct jobfile job;
	char *job_text;
	const struct job_section *settings; /* [night] */
	char dir[PATH_MAX], home[PATH_MAX]; /* home: of the job file, where units run */
	char store[PATH_MAX], path[PATH_MAX], id[NIGHT_ID_MAX];
	char revision[128], host[72];
	char only[UNIT_NAME_MAX]; /* options->only, or what the night was begun with; "": all */
	u64 seed, started, ended; /* UTC; ended 0: not yet */
	double budget, spent;     /* seconds; spent: before this process, by units that have ended */
	double began;             /* monotonic, when this process began */
	u32 nr_units;
	struct unit *unit; /* those of this shard */
	u32 nr_planned;    /* of all shards */
	int lock, shard_lock;
	bool interrupted;
	double weighed; /* monotonic, when the folder was measured last; 0: never */
	char stop[256]; /* why no unit is started any more; "" */
	enum night_outcome outcome;
	int exit;
};

/*
 * Reads the job file, and makes the plan. 0; -EINVAL with "file:line: …" in @message: bad input; other -errno. The
 * caller calls night_free() in any case.
 */
int night_prepare(struct night *n, const struct night_options *options, char *message, size_t size);
/*
 * Runs it: a new one, or with `resume` the last one, of which an ended one is left as it is. 0 with outcome and exit
 * set; -EBUSY with who holds the folder; other -errno if no night could begin, with a message that says what to do.
 */
int night_run(struct night *n, char *message, size_t size);
void night_free(struct night *n);

/* Seconds that are left to the night. */
double night_left(const struct night *n);
/* The budget of a unit that would begin now. */
double night_budget(const struct night *n, const struct unit *u);
/* After so many seconds it has failed. */
double night_timeout(const struct unit *u, double budget);
/* One line: how many units ended how, and what is new. */
void night_summary(const struct night *n, char *buf, size_t size);

/* ---- night_plan.c: units from sections ---- */
int night_plan(struct night *n, char *message, size_t size);

/* ---- night_folder.c: what is on the disk ---- */
int night_lock(struct night *n, char *message, size_t size);
void night_unlock(struct night *n);
/* A new night, or the one of options->id or the last one, read back. */
int night_create(struct night *n, char *message, size_t size);
int night_reopen(struct night *n, char *message, size_t size);
/* Writes night.json; @ended: this shard has. 0 or -errno. */
int night_write(struct night *n, bool ended);
/* What the units of all shards that are in the folder come to. */
enum night_outcome night_judge_folder(const struct night *n);
enum night_outcome night_judge(const struct unit *unit, u32 count, bool interrupted);

/* ---- night_report.c: what people read ---- */
/* report.html, report.txt and junit.xml of the night. False with a message: `pfnstorm report` failed. */
bool night_report(const struct night *n, char *message, size_t size);

/* ---- night_disk.c: how much there is ---- */
/* Removes by rule what may go if the budget is used up. False with the reason in n->stop: there is no room. */
bool night_make_room(struct night *n);
/* The logs of all but the newest @keep nights go. How many. */
u32 night_drop_logs(const struct night *n, u64 keep);

#endif
