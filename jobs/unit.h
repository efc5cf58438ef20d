/* SPDX-License-Identifier: MIT */
/*
 * A unit of a night: one child process of the tool, what it is to do, and what came of it. units/NAME.json of the
 * night's folder holds it, written aside and renamed: when the unit begins ("running") and when it has ended.
 */
#ifndef PFNSTORM_JOBS_UNIT_H
#define PFNSTORM_JOBS_UNIT_H

#include <limits.h>

#include "crashes/record.h"
#include "jobs/jobfile.h"

#define UNIT_NAME_MAX 64
#define UNIT_WORDS_MAX 128
#define UNIT_MESSAGE_MAX 512

enum unit_outcome {
#define UNIT_OUTCOME_WORD(id, ended, help) UNIT_##id,
#include "jobs/unit_outcomes.def"
#undef UNIT_OUTCOME_WORD
	NR_UNIT_OUTCOMES
};
const char *unit_outcome_text(enum unit_outcome outcome);
/* NR_UNIT_OUTCOMES: there is none of that name. */
enum unit_outcome unit_outcome_by_text(const char *text);
/* Has it run to its end? What was skipped or interrupted is done again by `--resume`. */
bool unit_outcome_ended(enum unit_outcome outcome);

/* A bug that a unit has met, or that a verification has moved. */
struct unit_crash {
	char record[RECORD_ID_LEN + 1]; /* "": not filed yet */
	char signature[192];
	char folder[NAME_MAX + 1]; /* name of a crash folder of it in the store, "" if there is none */
	char news[12];             /* new, known, regressed, fixed */
	bool quarantined;          /* new, but seen on threads only, and not often enough */
};

struct unit_result {
	enum unit_outcome outcome;
	u32 attempt; /* from 1; 0: it has not begun */
	u64 started; /* UTC */
	double seconds, cpu, budget;
	int exit, signal;
	/* NAN if the kind has none. */
	double executions, rate, edges, interleavings, corpus, found_after, upper_bound;
	char *ops; /* JSON object of operations; NULL: none */
	u32 nr_crashes, nr_fixed;
	struct unit_crash *crash;
	char (*fixed)[RECORD_ID_LEN + 1]; /* verify: every record that is fixed now */
	char message[UNIT_MESSAGE_MAX];
};

struct unit {
	char name[UNIT_NAME_MAX];
	enum job_kind kind;
	const struct job_section *section;
	u32 index, shard; /* shard: number in file names, from 0 */
	bool sharded;
	u64 seed;
	char *subject;            /* scenario, switch or crash folder; NULL: none */
	char good[128], bad[128]; /* bisect: revisions */
	u64 runs;                 /* 0: no limit */
	double time;              /* fixed; 0: it has none */
	double limit;             /* of what ends by itself; 0: it does not */
	u64 weight;               /* 0: it has no share of the night */
	double timeout;           /* 0: a default */
	u32 nr_words;
	char *word[UNIT_WORDS_MAX + 1]; /* its command, ends with NULL; made when it begins */
	struct unit_result result;
};

void unit_result_clear(struct unit_result *r);
void unit_free(struct unit *u);
/* "NAME" or "NAME.SHARD": how its files begin. */
void unit_stem(const struct unit *u, char stem[UNIT_NAME_MAX + 16]);
struct unit_crash *unit_add_crash(struct unit_result *r);
void unit_add_fixed(struct unit_result *r, const char *id);
/* The seed of the unit @name in a night of this seed. */
u64 unit_seed(u64 night, const char *name);

/* Writes @folder/units/STEM.json. 0 or -errno. */
int unit_write(const struct unit *u, const char *folder);
/*
 * Reads what unit_write() left. 0; -ENOENT if there is none; -EINVAL if it cannot be read: it is set aside as
 * STEM.json.bad, and the unit is to run again.
 */
int unit_read(struct unit *u, const char *folder);

/*
 * The command of a unit that may take so long. @tool is the program, @store the crash store of all nights, @found a
 * folder of its own for crashes, @keep of a campaign, @corpus that of all nights.
 */
struct unit_places {
	const char *tool, *store, *found, *keep, *corpus;
};
void unit_command(struct unit *u, const struct unit_places *places, double seconds);
void unit_add_word(struct unit *u, const char *word);

/* Takes from what a unit has printed, or left in @keep, its numbers and its message. The outcome is set by
 * unit_judge(). */
void unit_take_result(struct unit *u, const char *out, const char *log, const char *keep);
/* Its outcome, once the crashes are known. */
void unit_judge(struct unit *u, bool timed_out, bool interrupted);

#endif
