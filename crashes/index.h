/* SPDX-License-Identifier: MIT */
/*
 * index.sqlite of a crash store: what its folders and records say, for programs that ask in SQL, and so that folders
 * need not be read again each time.
 *
 *   bug(id, cause, verdict, signature, status, note, count, hits, runs, first, last, smallest, text)
 *   signature(bug, verdict, signature, count)
 *   folder(name, bug, verdict, signature, cause, seen, hits, runs, ops, preemptions, token, exact, minimal,
 *          stamp)
 *
 * A cache: one that is missing, damaged, or of another PRAGMA user_version is made anew from the files; without SQLite
 * in the build, or where nothing can be written, there is none and everything still works. All calls hold the store's
 * lock, so one process at a time writes; others may read.
 */
#ifndef PFNSTORM_CRASHES_INDEX_H
#define PFNSTORM_CRASHES_INDEX_H

#include "crashes/record.h"

#define INDEX_VERSION 1

struct index;

/* Opens or makes the index of @dir and begins a transaction. NULL: there is none, and why in @message. */
struct index *index_open(const char *dir, char *message, size_t size);
/*
 * Ends the transaction and closes. False if anything could not be written: then nothing of it is, and @message says
 * why. NULL is closed well.
 */
bool index_close(struct index *index, char *message, size_t size);

/* Only with this stamp. NULL, here and below: nothing is found, nothing is written. */
bool index_find_folder(struct index *index, const char *name, u64 stamp, struct crash_facts *facts);
void index_put_folder(struct index *index, const struct crash_facts *facts);
/* Forgets folders that are not among @names, sorted by strcmp(). */
void index_keep_folders(struct index *index, const char *const *names, u32 count);
/* Writes a record with its signatures and folders, if it is not just what the index has. */
void index_put_record(struct index *index, const struct record *r, const char *smallest);
/* Forgets records that are not among @records. */
void index_keep_records(struct index *index, struct record *const *records, u32 count);

#endif
