/* SPDX-License-Identifier: MIT */
/*
 * Nights of shards that had a folder each, made one: their units, crashes and corpora go into the folder of all nights.
 *
 * Nothing is overwritten that is better: a unit that has ended stays; a crash folder or an input that is there already
 * is not counted again. So merging twice, or once more after a kill, gives the same. What is news is decided against
 * the store of all nights before it is told, as a night does: of two shards that met the same new bug, the first one
 * merged has found it. Sources are read only.
 *
 * Who merges says that the night is over: a shard whose files are missing, or say that it has not ended, is
 * infrastructure that failed.
 */
#ifndef PFNSTORM_JOBS_MERGE_H
#define PFNSTORM_JOBS_MERGE_H

#include "jobs/night.h"

struct merge_options {
	const char *const *source; /* folders as `pfnstorm nightly --dir` has them, each of one shard or more */
	u32 sources;
	const char *dir;   /* the folder of all nights; made if missing */
	const char *night; /* the only one of interest; NULL: all that the sources have */
	/* A file that could not be read, for people. */
	void (*say)(const char *text, void *arg);
	void *arg;
};

struct merge_result {
	u32 nights, units, crashes, inputs; /* that came in */
	/* Of the worst night. */
	enum night_outcome outcome;
	int exit;
};

/*
 * 0; -EINVAL, -ENOENT: a source is no such folder, or none has the night; -EBUSY: a night is under way in @dir; other
 * -errno. With a message.
 */
int merge_nights(const struct merge_options *o, struct merge_result *result, char *message, size_t size);

/* ---- parts ------------------------------------------------------------------------------------------------------- */

struct merge {
	const struct merge_options *o;
	struct merge_result *result;
	struct night night; /* lock and places of @dir */
	struct store *store;
	u32 nr_ids;
	char (*id)[NIGHT_ID_MAX];
	char *message;
	size_t size;
};

/* 0 or -errno with @m->message naming @what. */
int merge_fail(struct merge *m, const char *what, int error);

/* merge_units.c: files of a night's units. The store is open, and has not been told of this source. */
int merge_units(struct merge *m, const char *source, const char *id);
/* Once it has been told: names of records as they are in it, and what verifications have found out. */
int merge_records(struct merge *m, const char *source, const char *id);
/* merge_head.c: night.json, of what the sources and the folder have. */
int merge_head(struct merge *m, const char *id);
/* merge_corpus.c: inputs of each target. */
int merge_corpus(struct merge *m, const char *source);

#endif
