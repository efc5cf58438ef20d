/* SPDX-License-Identifier: MIT */
/*
 * A record of the crash store: all that is known of one bug, however often and in whatever guise it was met.
 *
 * Its text, records/ID.txt of the store, is the truth of what crash folders cannot tell: status, note, counts, and what
 * people merged or split.
 *
 *   pfnstorm-record 1
 *   key        pfn_walk=unsynchronised *
 *   status     reproduced
 *   first      2026-11-28T12:34:56Z
 *   last       2026-11-28T12:40:00Z
 *   count      12
 *   rate       3 of 400 runs
 *   note       one line
 *   signature  7 oops oops use-after-free memmap {compaction.page_checked, sparse.mem_map_cleared}
 *   folder     oops-use-after-free-memmap-735cfdea
 *   merged     0a1b2c3d
 *
 * A key is a cause (see record_key_of_cause(); "?": nobody knows) and a signature, or "*" for any. The first is the
 * record's own and gives its id, others come from records merged into it. Folders are in the order in which they were
 * seen.
 */
#ifndef PFNSTORM_CRASHES_RECORD_H
#define PFNSTORM_CRASHES_RECORD_H

#include <limits.h>

#include "core/rt/report.h"
#include "crashes/folder.h"

#define RECORD_ID_LEN 8
#define RECORD_NOTE_MAX 256

enum record_status {
#define RECORD_STATUS(id, text, help) RECORD_##id,
#include "crashes/statuses.def"
#undef RECORD_STATUS
	NR_RECORD_STATUSES
};
const char *record_status_text(enum record_status status);
/* NR_RECORD_STATUSES: there is none of that name. */
enum record_status record_status_by_text(const char *text);

/* What the store knows of one crash. */
struct crash_facts {
	char folder[NAME_MAX + 1]; /* name in the store; "": it was only counted */
	char kind[32];
	char signature[192];
	char cause[FOLDER_CAUSE_MAX]; /* "": not known */
	u64 seen, hits, runs;         /* as in struct folder_verdict */
	u64 stamp;                    /* when its scenario was written, ns: rebasing replaces it */
	u32 ops, preemptions,
		token;       /* operations, involuntary switches, characters: smaller is better, in this order */
	bool exact, minimal; /* a replay repeats it; `minimize` made it */
};
/* < 0: @a is the smaller reproducer; inexact ones are larger than any exact one. Never 0 for different folders. */
int crash_facts_compare(const struct crash_facts *a, const struct crash_facts *b);

/*
 * What of a cause tells one bug from another: its bug switches, if it has any, else its alternatives of designs. One
 * bug is met under several designs, some of which only open the way to it.
 */
void record_key_of_cause(const char *cause, char key[FOLDER_CAUSE_MAX]);

struct record_key {
	char cause[FOLDER_CAUSE_MAX]; /* record_key_of_cause(); "": not known */
	char signature[192];          /* "": any */
};

struct record_signature {
	u64 count;
	char kind[32];
	char text[192];
};

struct record {
	char id[RECORD_ID_LEN + 1];
	enum record_status status;
	u64 first, last; /* seen */
	u64 count, hits, runs;
	char note[RECORD_NOTE_MAX];
	u32 nr_keys, nr_signatures, nr_folders, nr_merged;
	struct record_key *key;
	struct record_signature *signature; /* the first is the one it was found by */
	char (*folder)[NAME_MAX + 1];
	char (*merged)[RECORD_ID_LEN + 1]; /* ids of records that are part of this one now */
	bool dirty;                        /* differs from its file */
	bool gone;                         /* part of another record: its file is to be removed */
};

/* A record without crashes. The caller calls record_free(). */
struct record *record_new(const struct record_key *key);
void record_free(struct record *r);
/* @text is changed. NULL with the line, from 1, and what was expected there in @message. */
struct record *record_parse(char *text, u32 *line, char *message, size_t size);
/* The caller frees it; NULL if memory is short. */
char *record_print(const struct record *r);

/*
 * Counts a crash once, but not what was only made smaller; status follows: what was fixed has regressed, what was made
 * small is minimised.
 */
void record_count(struct record *r, const struct crash_facts *facts);
bool record_has_key(const struct record *r, const char *cause, const char *signature);
struct record_signature *record_find_signature(const struct record *r, const char *signature);
bool record_has_folder(const struct record *r, const char *folder);
void record_add_folder(struct record *r, const char *folder);
void record_drop_folder(struct record *r, const char *folder);
/* @from becomes part of @r, and is gone. */
void record_merge(struct record *r, struct record *from);
/* Takes a signature and its count out of @r into the new record @to. Its folders are the caller's to move. */
void record_split(struct record *r, struct record *to, const char *signature);
/* Moves to @status if that is news. */
void record_set_status(struct record *r, enum record_status status);
/* Only lower-case letters, digits and blanks of one line, cut where there is no more room. */
void record_set_note(struct record *r, const char *note);

/*
 * The share of runs that fire, hits of runs, lies in [*low, *high] with 95 % confidence (Wilson's score interval). Both
 * are 0 and 1 if @runs is 0.
 */
void record_rate_interval(u64 hits, u64 runs, double *low, double *high);

#endif
