/* SPDX-License-Identifier: MIT */
/*
 * The crash store: a directory of crash folders (folder.h), and a record (record.h) for each bug they show.
 *
 *   DIR/SIGNATURE-CHECKSUM/   crash folders, written by every tool
 *   DIR/records/ID.txt        records
 *   DIR/index.sqlite          a cache of both (index.h)
 *
 * Folders and records are the truth. Opening reconciles: folders that appeared are counted in the record of their bug,
 * which may be new; those that vanished are no longer named. So whoever writes a folder has told the store, whenever he
 * is killed. One process at a time has a store open (flock on DIR); a killed one leaves at most what the next opening
 * finishes.
 *
 * Whose record a crash belongs to: that with the key of its cause and signature; else of its cause; else, if its cause
 * is not known, of its signature, or the only one that has met this signature. A record that only has a signature
 * becomes part of the first with a cause that meets it.
 */
#ifndef PFNSTORM_CRASHES_STORE_H
#define PFNSTORM_CRASHES_STORE_H

#include "crashes/index.h"
#include "crashes/record.h"

#define STORE_KEEP 16 /* newest folders a record keeps when one is added, beside its first and its smallest */

struct store {
	char dir[PATH_MAX];
	int lock; /* the directory, locked */
	u32 nr_records, nr_facts;
	struct record **record;
	struct crash_facts *facts; /* of all folders, sorted by name */
	struct index *index;
	bool writable;
	u32 unreadable;      /* folders and records that could not be read; they are left alone */
	char complaint[512]; /* the first of them: "file:line:column: …" */
};

/*
 * Opens and locks the store, which waits for whoever has it, and reconciles. 0, or -errno with a message in @message:
 * -ENOENT, -ENOTDIR there is no such directory. Where nothing can be written all is done in memory only.
 */
int store_open(struct store *s, const char *dir, char *message, size_t size);
/*
 * Writes what is new, and unlocks. 0, or -errno with a message: what could not be
 * written is as it was.
 */
int store_close(struct store *s, char *message, size_t size);

/*
 * Writes a crash folder, as folder_write() does, and counts it: what every tool calls that finds something. Of the same
 * bug only STORE_KEEP newest ones stay, beside the first and the smallest. The folder
 * is safe once it is written; if only the record cannot be, the next opening does it, and this is not an error.
 */
int store_add(const char *dir, const struct crash *crash, char *path, size_t path_size, char *message, size_t size);
/* Counts a crash that has no folder of its own, or one that was there already. Returns its record. */
struct record *store_count(struct store *s, const struct crash_facts *facts);

/* By id or the beginning of one, folder (name or path), or signature. NULL with what was expected in @message. */
struct record *store_find(const struct store *s, const char *bug, char *message, size_t size);
/* NULL: the store has no such folder. */
const struct crash_facts *store_facts(const struct store *s, const char *folder);
/* The smallest reproducer that is still there; NULL: no folder is. */
const struct crash_facts *store_smallest(const struct store *s, const struct record *r);
/* How a crash would be filed now; NULL: it would be a new record. */
struct record *store_record_of(const struct store *s, const struct crash_facts *facts);

/* @a gets all that @b has, which then is gone. */
void store_merge(struct store *s, struct record *a, struct record *b);
/*
 * Takes a signature out of the record that has it: from now on crashes with the cause of that record and this signature
 * are another bug. Returns the new record; NULL with a message if it is the only signature of its record.
 */
struct record *store_split(struct store *s, struct record *r, const char *signature, char *message, size_t size);

/* Removes a folder from the disk at once, and from its record. 0 or -errno. */
int store_remove_folder(struct store *s, const char *folder);

#endif
