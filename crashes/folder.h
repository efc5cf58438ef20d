/* SPDX-License-Identifier: MIT */
/*
 * The crash folder: everything about one failure in <crash-dir>/<signature>-<8 hexadecimal digits>/.
 *
 *   scenario.pfn   scenario with its schedule, as text
 *   token          the same in one word
 *   verdict.txt    kind, signature, detail, hash and length of the run, when and how often it was seen, its cause
 *   verdict.json   the same for machines (absent in builds without json-c)
 *   diagram.txt    who did what when, a column per task; trace.txt the whole of it; log.txt the kernel's log
 *   recent.pfn     real threads: what each did in its last pass; pfnstorm lift searches there
 *   earlier.pfn    the same of the last two passes
 *   README         how to replay it
 *
 * The digits are the token's checksum: one folder per scenario and schedule. A folder appears complete or not at all
 * (written aside, synced, renamed) and is overwritten by folder_update() only. Needs neither runtime.
 */
#ifndef PFNSTORM_CRASHES_FOLDER_H
#define PFNSTORM_CRASHES_FOLDER_H

#include "fuzz/scenario.h"

struct crash {
	const struct scenario *scenario; /* with schedule */
	const struct rt_verdict *verdict;
	u64 hash, steps;      /* of the run; 0: real threads */
	const char *found_by; /* "explore --strategy pct --seed 7", for people */
	bool exact;           /* a replay repeats the run; false: only its inputs are fixed (real threads) */
	const char *cause;    /* "pfn_walk=unsynchronised", see cause.h; NULL: nobody asked */
	u64 hits, runs;       /* of the search that found it, so many runs in so many ended like this; 0: not known */
	u64 seen;             /* seconds since 1970, UTC; 0: now */
	bool once;            /* if the store has it, it is not counted again */
	const char *diagram, *trace, *log, *where; /* NULL: file or line is left out */
	const struct scenario *recent, *earlier;   /* likewise */
};

/*
 * Writes @crash below @dir, which is created if missing. 0 with the folder's path in @path; also 0, with *@known set,
 * if the folder was there already. -errno with a message in @message otherwise, and then nothing new is left in @dir.
 */
int folder_write(const char *dir, const struct crash *crash, char *path, size_t path_size, bool *known, char *message,
		 size_t message_size);

/*
 * Brings the files that @folder has up to @crash: its schedule has been rebased. The folder keeps its name, a scenario
 * all but its schedule lines. Each file is replaced at once, scenario.pfn, by which a folder is read, last. 0, or
 * -errno with a message.
 */
int folder_update(const char *folder, const struct crash *crash, char *message, size_t size);
/*
 * Replaces the schedule lines of the scenario in file @path by those of @s, at once, and leaves every other character
 * as it is; a file that holds a token gets that of @s. 0 or -errno; on error the file is what it was.
 */
int folder_update_scenario(const char *path, const struct scenario *s);

#define FOLDER_CAUSE_MAX 512

/* What verdict.txt says, line by line. */
struct folder_verdict {
	char kind[32];
	char signature[192];
	char found_by[160];
	u64 hash, steps;
	bool exact;
	char cause[FOLDER_CAUSE_MAX]; /* "": not known */
	u64 hits, runs;               /* 0: not known */
	u64 seen;                     /* what does not say so, was seen when the file was written */
};
/* Reads back the verdict of a folder. 0, or -errno with "file:line:column: …" in @message. */
int folder_read_verdict(const char *folder, struct folder_verdict *v, char *message, size_t size);

/* Calls @fn for each folder in @dir, sorted by name. 0, -errno with a message, or what @fn returned if not 0. */
int folder_for_each(const char *dir, int (*fn)(const char *path, void *arg), void *arg, char *message, size_t size);

/* Lower-case letters, digits and single '-' made of @text; at most @size - 1 characters. */
void folder_slug(const char *text, char *buf, size_t size);

#endif
