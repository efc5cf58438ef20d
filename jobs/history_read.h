/* SPDX-License-Identifier: MIT */
/* Night folders, read: nights/ID/night.json and nights/ID/units/NAME.json or NAME.SHARD.json. */
#ifndef PFNSTORM_JOBS_HISTORY_READ_H
#define PFNSTORM_JOBS_HISTORY_READ_H

#include <stddef.h>

#include "jobs/history_facts.h"

/*
 * All return 0, or -errno with "FILE:LINE:COLUMN: what was found, what was expected" in @message; -EINVAL: the text is
 * wrong. Keys that are not known are left alone.
 */
int history_read_night(const char *dir, const char *id, struct history_night *night, char *message, size_t size);
/* @file: its name in nights/ID/units. The caller calls history_unit_free(), also after an error. */
int history_read_unit(const char *dir, const char *id, const char *file, struct history_unit *unit, char *message,
		      size_t size);
/*
 * Changes when a file of the night's folder does: when each was written, its name and size. 0: there is no night.json.
 * @units: names of the files of units, sorted; the caller frees them and the array.
 */
u64 history_stamp(const char *dir, const char *id, char ***units, u32 *count);

#endif
