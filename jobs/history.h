/* SPDX-License-Identifier: MIT */
/*
 * The history of nights: history.sqlite of a nightly's directory, for programs that ask in SQL, and so that nights need
 * not be read again each time.
 *
 *   night(id, job, revision, seed, shards, host, started, ended, budget, outcome, exit, folder, stamp)
 *   unit(night, name, shard, kind, attempt, started, command, seed, exit, signal, outcome, log, message,
 *        and a column for each row of history_values.def)
 *   crash(night, unit, shard, record, signature, news, quarantined)
 *   operation(night, unit, shard, name, attempts, ok, p50, p99, max)    microseconds
 *   refusal(night, unit, shard, operation, errno, count)
 *
 * The folders are the truth: opening reads those that are new or have changed. What is only here are nights whose
 * folder was removed (folder = 0), which stay for the trends; so an older version is migrated, not dropped. One of a
 * newer version is refused. One that is damaged is moved aside and made anew. Where nothing can be written everything
 * is done in memory.
 *
 * Processes that open it exclude each other (flock on .history.lock) while it is brought up to date; whoever reads it
 * with SQLite at any time sees it before or after that.
 */
#ifndef PFNSTORM_JOBS_HISTORY_H
#define PFNSTORM_JOBS_HISTORY_H

#include <stddef.h>

#include "jobs/history_facts.h"

#define HISTORY_VERSION 2

struct history;

/*
 * Opens or makes the history of @dir and brings it up to date. 0 with *@history, or -errno with a message: -ENOENT,
 * -ENOTDIR: there is no such directory; -EPROTO: it is of a newer version; -EBUSY: somebody holds it for too long.
 */
int history_open(struct history **history, const char *dir, char *message, size_t size);
void history_close(struct history *h);

/* What was wrong and did not matter enough: NULL at the end. "FILE:LINE:COLUMN: …" */
const char *history_complaint(const struct history *h, u32 index);

/*
 * Nights of @job, NULL: of all jobs, oldest first, as an array the caller frees. -errno with a message, here and
 * below.
 */
int history_nights(struct history *h, const char *job, struct history_night **nights, u32 *count, char *message,
		   size_t size);
/*
 * Units of a night, with shards of one put together, in the order of history_kinds and by name. The caller calls
 * history_units_free().
 */
int history_units(struct history *h, const char *night, struct history_unit **units, u32 *count, char *message,
		  size_t size);
void history_units_free(struct history_unit *units, u32 count);

#endif
