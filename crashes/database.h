/* SPDX-License-Identifier: MIT */
/*
 * SQLite with one place for errors: after the first, nothing is done any more, and its message is kept. Builds without
 * parts have none.
 */
#ifndef PFNSTORM_CRASHES_DATABASE_H
#define PFNSTORM_CRASHES_DATABASE_H

#include <sqlite3.h>
#include <stddef.h>

#include "core/rt/types.h"

struct database {
	sqlite3 *db;
	int error; /* of SQLite; SQLITE_OK */
	char message[256];
};

/* @flags as of sqlite3_open_v2(). Also after a failure the caller calls database_close(). */
bool database_open(struct database *d, const char *path, int flags);
void database_close(struct database *d);
/* Statements that give no rows. */
void database_run(struct database *d, const char *sql);
/* NULL after a failure; the calls below do nothing with it. The caller calls database_finish(). */
sqlite3_stmt *database_prepare(struct database *d, const char *sql);
void database_bind_text(sqlite3_stmt *stmt, int at, const char *text);
void database_bind_number(sqlite3_stmt *stmt, int at, s64 number);
/* NAN becomes NULL. */
void database_bind_real(sqlite3_stmt *stmt, int at, double number);
/* Is there another row? */
bool database_step(struct database *d, sqlite3_stmt *stmt);
void database_finish(sqlite3_stmt *stmt);
/* Runs a statement that gives no rows, and finishes it. */
void database_do(struct database *d, sqlite3_stmt *stmt);
/* Columns of a row: text cut where there is no more room; NULL becomes "", and NAN. */
void database_text(sqlite3_stmt *stmt, int column, char *buf, size_t size);
double database_real(sqlite3_stmt *stmt, int column);
/* The first column of the first row; @otherwise if there is none. */
s64 database_number_of(struct database *d, const char *sql, s64 otherwise);
/* Is nothing of it damaged? */
bool database_is_whole(struct database *d);
/* All of @from into @to. */
void database_copy(struct database *to, struct database *from);

#endif
