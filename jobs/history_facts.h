/* SPDX-License-Identifier: MIT */
/* What is known of a night and of its units: the words and numbers of nights/ID/night.json and nights/ID/units/. */
#ifndef PFNSTORM_JOBS_HISTORY_FACTS_H
#define PFNSTORM_JOBS_HISTORY_FACTS_H

#include <math.h>

#include "core/rt/types.h"

enum history_join { JOIN_SUM, JOIN_MAX, JOIN_MEAN, JOIN_BOUND };
enum history_better { BETTER_NEITHER, BETTER_MORE, BETTER_LESS };
enum history_tone { TONE_GOOD, TONE_PLAIN, TONE_WARN, TONE_BAD };

enum history_value {
#define HISTORY_VALUE(id, key, join, better, unit, label, help) VALUE_##id,
#include "jobs/history_values.def"
#undef HISTORY_VALUE
	NR_HISTORY_VALUES
};
struct history_value_facts {
	const char *id, *key;
	enum history_join join;
	enum history_better better;
	const char *unit, *label, *help;
};
extern const struct history_value_facts history_values[NR_HISTORY_VALUES];

/* A word of history_words.def. */
struct history_word {
	const char *word;
	enum history_tone tone;
	const char *text;
};
/* Each ends with a word NULL. */
extern const struct history_word history_night_outcomes[], history_unit_outcomes[], history_kinds[], history_news[];
/* Position of @word in a table; that of the end if it is not one of its words: a newer runner may know more. */
u32 history_rank(const struct history_word *table, const char *word);
enum history_tone history_tone(const struct history_word *table, const char *word);

#define HISTORY_ID 64
#define HISTORY_NAME 64
#define HISTORY_WORD 16
#define HISTORY_SIGNATURE 512

/* Texts are what somebody wrote: not necessarily UTF-8, nor without control characters. */
struct history_night {
	char id[HISTORY_ID], job[HISTORY_NAME], revision[128], host[128], seed[24];
	char outcome[HISTORY_WORD];
	u64 started, ended; /* seconds since 1970; ended 0: it has not */
	double budget;      /* seconds; NAN: none */
	u32 shards;
	int exit;    /* status of `pfnstorm nightly`; -1: not known */
	bool folder; /* nights/ID is there; false: only the history knows of it */
};

struct history_crash {
	char record[HISTORY_SIGNATURE]; /* of the crash store; "": none */
	char signature[HISTORY_SIGNATURE];
	char news[HISTORY_WORD];
	bool quarantined; /* only real threads have shown it, and too seldom to be news */
};

struct history_refusal {
	char name[24]; /* EBUSY */
	u64 count;
};

#define HISTORY_REFUSALS 8

/* An operation in a unit. Times in microseconds, NAN: not measured. */
struct history_operation {
	char name[HISTORY_NAME];
	u64 attempts, ok;
	double p50, p99, max;
	u32 nr_refusals; /* the most frequent ones, those first */
	struct history_refusal refusal[HISTORY_REFUSALS];
};

struct history_unit {
	char name[HISTORY_NAME], kind[HISTORY_WORD], outcome[HISTORY_WORD];
	char seed[24], log[128], message[512];
	char *command; /* its words, with blanks between */
	u32 shard;     /* the only or first one */
	u32 shards;    /* that were put together here, at least 1 */
	u32 found;     /* of them have found_after */
	u32 attempt;
	u64 started;
	double value[NR_HISTORY_VALUES]; /* NAN: it has none */
	int exit, signal;
	u32 nr_crashes;
	struct history_crash *crash;
	u32 nr_operations;
	struct history_operation *operation;
};

static inline bool history_is(double value)
{
	return !isnan(value);
}

/* A unit without anything. The caller calls history_unit_free(). */
void history_unit_init(struct history_unit *u);
void history_unit_free(struct history_unit *u);
/* @u gets what another shard of the same unit has done: the worse outcome, numbers as their table says, all crashes. */
void history_unit_join(struct history_unit *u, const struct history_unit *shard);
/* NULL: the unit has no such operation. */
struct history_operation *history_operation(const struct history_unit *u, const char *name);
/* Counts @count more of a refusal, keeping the order. */
void history_add_refusal(struct history_operation *o, const char *name, u64 count);

#endif
