/* SPDX-License-Identifier: MIT */
/* Rows of history.sqlite and what they stand for. Errors are the database's. */
#ifndef PFNSTORM_JOBS_HISTORY_ROWS_H
#define PFNSTORM_JOBS_HISTORY_ROWS_H

#include "crashes/database.h"
#include "jobs/history_facts.h"

/* All rows of a night go. */
void history_forget_night(struct database *d, const char *id);
void history_put_night(struct database *d, const struct history_night *n, u64 stamp);
/* One shard of a unit, with its crashes. */
void history_put_unit(struct database *d, const char *night, const struct history_unit *u);
/* As history_nights() and history_units() of history.h. */
void history_load_nights(struct database *d, const char *job, struct history_night **nights, u32 *count);
void history_load_units(struct database *d, const char *night, struct history_unit **units, u32 *count);

#endif
