/* SPDX-License-Identifier: MIT */
#include "jobs/history_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/grow.h"

#define UNIT_COLUMNS 13
static const char unit_columns[] = "night, name, shard, kind, attempt, started, command, seed, exit, signal, outcome,"
				   " log, message"
#define HISTORY_VALUE(id, key, join, better, unit, label, help) ", " #id
#include "jobs/history_values.def"
#undef HISTORY_VALUE
	;

/* ---- in ---------------------------------------------------------------------------------------------------------- */

void history_forget_night(struct database *d, const char *id)
{
	static const char *const statements[] = {
		"DELETE FROM refusal WHERE night = ?", "DELETE FROM operation WHERE night = ?",
		"DELETE FROM crash WHERE night = ?",   "DELETE FROM unit WHERE night = ?",
		"DELETE FROM night WHERE id = ?",
	};

	for (u32 i = 0; i < ARRAY_SIZE(statements); i++) {
		sqlite3_stmt *stmt = database_prepare(d, statements[i]);

		database_bind_text(stmt, 1, id);
		database_do(d, stmt);
	}
}

void history_put_night(struct database *d, const struct history_night *n, u64 stamp)
{
	sqlite3_stmt *stmt = database_prepare(
		d, "INSERT INTO night(id, job, revision, seed, shards, host, started, ended, budget, outcome,"
		   " exit, folder, stamp) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)");

	database_bind_text(stmt, 1, n->id);
	database_bind_text(stmt, 2, n->job);
	database_bind_text(stmt, 3, n->revision);
	database_bind_text(stmt, 4, n->seed);
	database_bind_number(stmt, 5, n->shards);
	database_bind_text(stmt, 6, n->host);
	database_bind_number(stmt, 7, (s64)n->started);
	database_bind_number(stmt, 8, (s64)n->ended);
	database_bind_real(stmt, 9, n->budget);
	database_bind_text(stmt, 10, n->outcome);
	database_bind_number(stmt, 11, n->exit);
	database_bind_number(stmt, 12, (s64)stamp);
	database_do(d, stmt);
}

static void put_operation(struct database *d, const char *night, const struct history_unit *u,
			  const struct history_operation *o)
{
	sqlite3_stmt *stmt =
		database_prepare(d, "INSERT OR REPLACE INTO operation(night, unit, shard, name, attempts, ok,"
				    " p50, p99, max) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");

	database_bind_text(stmt, 1, night);
	database_bind_text(stmt, 2, u->name);
	database_bind_number(stmt, 3, u->shard);
	database_bind_text(stmt, 4, o->name);
	database_bind_number(stmt, 5, (s64)o->attempts);
	database_bind_number(stmt, 6, (s64)o->ok);
	database_bind_real(stmt, 7, o->p50);
	database_bind_real(stmt, 8, o->p99);
	database_bind_real(stmt, 9, o->max);
	database_do(d, stmt);
	for (u32 i = 0; i < o->nr_refusals; i++) {
		stmt = database_prepare(d, "INSERT INTO refusal(night, unit, shard, operation, errno, count)"
					   " VALUES(?, ?, ?, ?, ?, ?)");
		database_bind_text(stmt, 1, night);
		database_bind_text(stmt, 2, u->name);
		database_bind_number(stmt, 3, u->shard);
		database_bind_text(stmt, 4, o->name);
		database_bind_text(stmt, 5, o->refusal[i].name);
		database_bind_number(stmt, 6, (s64)o->refusal[i].count);
		database_do(d, stmt);
	}
}

static void put_crashes(struct database *d, const char *night, const struct history_unit *u)
{
	for (u32 i = 0; i < u->nr_crashes; i++) {
		sqlite3_stmt *stmt = database_prepare(d, "INSERT INTO crash(night, unit, shard, record, signature,"
							 " news, quarantined) VALUES(?, ?, ?, ?, ?, ?, ?)");

		database_bind_text(stmt, 1, night);
		database_bind_text(stmt, 2, u->name);
		database_bind_number(stmt, 3, u->shard);
		database_bind_text(stmt, 4, u->crash[i].record);
		database_bind_text(stmt, 5, u->crash[i].signature);
		database_bind_text(stmt, 6, u->crash[i].news);
		database_bind_number(stmt, 7, u->crash[i].quarantined);
		database_do(d, stmt);
	}
}

void history_put_unit(struct database *d, const char *night, const struct history_unit *u)
{
	sqlite3_stmt *stmt;
	char sql[1024];
	size_t len;

	len = (size_t)snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO unit(%s) VALUES(?", unit_columns);
	for (u32 i = 1; i < UNIT_COLUMNS + NR_HISTORY_VALUES; i++)
		len += (size_t)snprintf(sql + len, sizeof(sql) - len, ", ?");
	snprintf(sql + len, sizeof(sql) - len, ")");
	stmt = database_prepare(d, sql);
	database_bind_text(stmt, 1, night);
	database_bind_text(stmt, 2, u->name);
	database_bind_number(stmt, 3, u->shard);
	database_bind_text(stmt, 4, u->kind);
	database_bind_number(stmt, 5, u->attempt);
	database_bind_number(stmt, 6, (s64)u->started);
	database_bind_text(stmt, 7, u->command);
	database_bind_text(stmt, 8, u->seed);
	database_bind_number(stmt, 9, u->exit);
	database_bind_number(stmt, 10, u->signal);
	database_bind_text(stmt, 11, u->outcome);
	database_bind_text(stmt, 12, u->log);
	database_bind_text(stmt, 13, u->message);
	for (u32 i = 0; i < NR_HISTORY_VALUES; i++)
		database_bind_real(stmt, UNIT_COLUMNS + 1 + (int)i, u->value[i]);
	database_do(d, stmt);
	put_crashes(d, night, u);
	for (u32 i = 0; i < u->nr_operations; i++)
		put_operation(d, night, u, &u->operation[i]);
}

/* ---- out --------------------------------------------------------------------------------------------------------- */

void history_load_nights(struct database *d, const char *job, struct history_night **nights, u32 *count)
{
	sqlite3_stmt *stmt = database_prepare(d, "SELECT id, job, revision, seed, shards, host, started, ended, budget,"
						 " outcome, exit, folder FROM night WHERE ?1 IS NULL OR job = ?1"
						 " ORDER BY started, id");

	*nights = NULL;
	*count = 0;
	if (job)
		database_bind_text(stmt, 1, job);
	while (database_step(d, stmt)) {
		struct history_night *n;

		*nights = grow_array(*nights, *count, sizeof(**nights));
		n = &(*nights)[(*count)++];
		database_text(stmt, 0, n->id, sizeof(n->id));
		database_text(stmt, 1, n->job, sizeof(n->job));
		database_text(stmt, 2, n->revision, sizeof(n->revision));
		database_text(stmt, 3, n->seed, sizeof(n->seed));
		n->shards = (u32)sqlite3_column_int(stmt, 4);
		database_text(stmt, 5, n->host, sizeof(n->host));
		n->started = (u64)sqlite3_column_int64(stmt, 6);
		n->ended = (u64)sqlite3_column_int64(stmt, 7);
		n->budget = database_real(stmt, 8);
		database_text(stmt, 9, n->outcome, sizeof(n->outcome));
		n->exit = sqlite3_column_int(stmt, 10);
		n->folder = sqlite3_column_int(stmt, 11);
	}
	database_finish(stmt);
}

static void load_crashes(struct database *d, const char *night, struct history_unit *u)
{
	sqlite3_stmt *stmt =
		database_prepare(d, "SELECT record, signature, news, quarantined FROM crash WHERE night = ?"
				    " AND unit = ? AND shard = ? ORDER BY rowid");

	database_bind_text(stmt, 1, night);
	database_bind_text(stmt, 2, u->name);
	database_bind_number(stmt, 3, u->shard);
	while (database_step(d, stmt)) {
		struct history_crash *c;

		u->crash = grow_array(u->crash, u->nr_crashes, sizeof(*u->crash));
		c = &u->crash[u->nr_crashes++];
		database_text(stmt, 0, c->record, sizeof(c->record));
		database_text(stmt, 1, c->signature, sizeof(c->signature));
		database_text(stmt, 2, c->news, sizeof(c->news));
		c->quarantined = sqlite3_column_int(stmt, 3);
	}
	database_finish(stmt);
}

static void load_refusals(struct database *d, const char *night, struct history_unit *u)
{
	sqlite3_stmt *stmt = database_prepare(d, "SELECT operation, errno, count FROM refusal WHERE night = ?"
						 " AND unit = ? AND shard = ? ORDER BY rowid");

	database_bind_text(stmt, 1, night);
	database_bind_text(stmt, 2, u->name);
	database_bind_number(stmt, 3, u->shard);
	while (database_step(d, stmt)) {
		char name[HISTORY_NAME], refusal[24];
		struct history_operation *o;

		database_text(stmt, 0, name, sizeof(name));
		database_text(stmt, 1, refusal, sizeof(refusal));
		o = history_operation(u, name);
		if (o)
			history_add_refusal(o, refusal, (u64)sqlite3_column_int64(stmt, 2));
	}
	database_finish(stmt);
}

static void load_operations(struct database *d, const char *night, struct history_unit *u)
{
	sqlite3_stmt *stmt = database_prepare(d, "SELECT name, attempts, ok, p50, p99, max FROM operation"
						 " WHERE night = ? AND unit = ? AND shard = ? ORDER BY name");

	database_bind_text(stmt, 1, night);
	database_bind_text(stmt, 2, u->name);
	database_bind_number(stmt, 3, u->shard);
	while (database_step(d, stmt)) {
		struct history_operation *o;

		u->operation = grow_array(u->operation, u->nr_operations, sizeof(*u->operation));
		o = &u->operation[u->nr_operations++];
		memset(o, 0, sizeof(*o));
		database_text(stmt, 0, o->name, sizeof(o->name));
		o->attempts = (u64)sqlite3_column_int64(stmt, 1);
		o->ok = (u64)sqlite3_column_int64(stmt, 2);
		o->p50 = database_real(stmt, 3);
		o->p99 = database_real(stmt, 4);
		o->max = database_real(stmt, 5);
	}
	database_finish(stmt);
	if (u->nr_operations)
		load_refusals(d, night, u);
}

static void load_unit(struct database *d, sqlite3_stmt *stmt, const char *night, struct history_unit *u)
{
	const char *command = (const char *)sqlite3_column_text(stmt, 6);

	history_unit_init(u);
	database_text(stmt, 1, u->name, sizeof(u->name));
	u->shard = (u32)sqlite3_column_int(stmt, 2);
	database_text(stmt, 3, u->kind, sizeof(u->kind));
	u->attempt = (u32)sqlite3_column_int(stmt, 4);
	u->started = (u64)sqlite3_column_int64(stmt, 5);
	u->command = command ? strdup(command) : NULL;
	database_text(stmt, 7, u->seed, sizeof(u->seed));
	u->exit = sqlite3_column_int(stmt, 8);
	u->signal = sqlite3_column_int(stmt, 9);
	database_text(stmt, 10, u->outcome, sizeof(u->outcome));
	database_text(stmt, 11, u->log, sizeof(u->log));
	database_text(stmt, 12, u->message, sizeof(u->message));
	for (u32 i = 0; i < NR_HISTORY_VALUES; i++)
		u->value[i] = database_real(stmt, UNIT_COLUMNS + (int)i);
	u->found = history_is(u->value[VALUE_found_after]);
	load_crashes(d, night, u);
	load_operations(d, night, u);
}

static int compare_units(const void *a, const void *b)
{
	const struct history_unit *u = a, *v = b;
	u32 kind = history_rank(history_kinds, u->kind), other = history_rank(history_kinds, v->kind);

	if (kind != other)
		return kind < other ? -1 : 1;
	return strcmp(u->name, v->name);
}

void history_load_units(struct database *d, const char *night, struct history_unit **units, u32 *count)
{
	sqlite3_stmt *stmt;
	char sql[512];

	*units = NULL;
	*count = 0;
	snprintf(sql, sizeof(sql), "SELECT %s FROM unit WHERE night = ? ORDER BY name, shard", unit_columns);
	stmt = database_prepare(d, sql);
	database_bind_text(stmt, 1, night);
	while (database_step(d, stmt)) {
		struct history_unit u;

		load_unit(d, stmt, night, &u);
		if (*count && strcmp((*units)[*count - 1].name, u.name) == 0) {
			history_unit_join(&(*units)[*count - 1], &u);
			history_unit_free(&u);
			continue;
		}
		*units = grow_array(*units, *count, sizeof(**units));
		(*units)[(*count)++] = u;
	}
	database_finish(stmt);
	if (*count)
		qsort(*units, *count, sizeof(**units), compare_units);
}
