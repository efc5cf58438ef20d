/* SPDX-License-Identifier: MIT */
#include "crashes/database.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define BUSY_MS 10000 /* somebody reads */

static void note(struct database *d)
{
	if (d->error)
		return;
	d->error = sqlite3_errcode(d->db);
	snprintf(d->message, sizeof(d->message), "%s", sqlite3_errmsg(d->db));
}

bool database_open(struct database *d, const char *path, int flags)
{
	memset(d, 0, sizeof(*d));
	if (sqlite3_open_v2(path, &d->db, flags, NULL) != SQLITE_OK) {
		note(d);
		return false;
	}
	sqlite3_busy_timeout(d->db, BUSY_MS);
	return true;
}

void database_close(struct database *d)
{
	sqlite3_close(d->db);
	d->db = NULL;
}

void database_run(struct database *d, const char *sql)
{
	if (!d->error && sqlite3_exec(d->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		note(d);
}

sqlite3_stmt *database_prepare(struct database *d, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (!d->error && sqlite3_prepare_v2(d->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		note(d);
	return stmt;
}

void database_bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	if (stmt)
		sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT);
}

void database_bind_number(sqlite3_stmt *stmt, int at, s64 number)
{
	if (stmt)
		sqlite3_bind_int64(stmt, at, number);
}

void database_bind_real(sqlite3_stmt *stmt, int at, double number)
{
	if (stmt && !isnan(number))
		sqlite3_bind_double(stmt, at, number);
}

bool database_step(struct database *d, sqlite3_stmt *stmt)
{
	int ret = stmt ? sqlite3_step(stmt) : SQLITE_DONE;

	if (ret != SQLITE_ROW && ret != SQLITE_DONE)
		note(d);
	return ret == SQLITE_ROW;
}

void database_finish(sqlite3_stmt *stmt)
{
	sqlite3_finalize(stmt);
}

void database_do(struct database *d, sqlite3_stmt *stmt)
{
	database_step(d, stmt);
	database_finish(stmt);
}

void database_text(sqlite3_stmt *stmt, int column, char *buf, size_t size)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);

	snprintf(buf, size, "%s", text ? (const char *)text : "");
}

double database_real(sqlite3_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt, column) == SQLITE_NULL ? NAN : sqlite3_column_double(stmt, column);
}

s64 database_number_of(struct database *d, const char *sql, s64 otherwise)
{
	sqlite3_stmt *stmt = database_prepare(d, sql);

	if (database_step(d, stmt))
		otherwise = sqlite3_column_int64(stmt, 0);
	database_finish(stmt);
	return otherwise;
}

bool database_is_whole(struct database *d)
{
	sqlite3_stmt *stmt = database_prepare(d, "PRAGMA quick_check(1)");
	char answer[64] = "";

	if (database_step(d, stmt))
		database_text(stmt, 0, answer, sizeof(answer));
	database_finish(stmt);
	return strcmp(answer, "ok") == 0;
}

void database_copy(struct database *to, struct database *from)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from->db, "main");

	if (!backup || sqlite3_backup_step(backup, -1) != SQLITE_DONE)
		note(to);
	sqlite3_backup_finish(backup);
}
