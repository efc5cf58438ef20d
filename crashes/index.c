/* SPDX-License-Identifier: MIT */
#include "crashes/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if PFNSTORM_PARTS
#include <sqlite3.h>
#include <unistd.h>

#define BUSY_MS 10000 /* somebody reads */

struct index {
	sqlite3 *db;
	bool failed;
	char message[256];
};

static const char schema[] =
	"CREATE TABLE bug(id TEXT PRIMARY KEY, cause TEXT, verdict TEXT, signature TEXT, status TEXT, note TEXT,"
	" count INTEGER, hits INTEGER, runs INTEGER, first INTEGER, last INTEGER, smallest TEXT, text TEXT);"
	"CREATE TABLE signature(bug TEXT, verdict TEXT, signature TEXT, count INTEGER, PRIMARY KEY(bug, signature));"
	"CREATE TABLE folder(name TEXT PRIMARY KEY, bug TEXT, verdict TEXT, signature TEXT, cause TEXT, seen INTEGER,"
	" hits INTEGER, runs INTEGER, ops INTEGER, preemptions INTEGER, token INTEGER, exact INTEGER, minimal INTEGER,"
	" stamp INTEGER);"
	"CREATE INDEX folder_bug ON folder(bug);";

static void note_failure(struct index *index)
{
	if (!index->failed)
		snprintf(index->message, sizeof(index->message), "index.sqlite: %s", sqlite3_errmsg(index->db));
	index->failed = true;
}

static void execute(struct index *index, const char *sql)
{
	if (!index->failed && sqlite3_exec(index->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		note_failure(index);
}

/* NULL after a failure. */
static sqlite3_stmt *prepare(struct index *index, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (!index || index->failed)
		return NULL;
	if (sqlite3_prepare_v2(index->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		note_failure(index);
	return stmt;
}

static void bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_number(sqlite3_stmt *stmt, int at, u64 number)
{
	sqlite3_bind_int64(stmt, at, (sqlite3_int64)number);
}

/* Runs a statement that gives no rows. */
static void finish(struct index *index, sqlite3_stmt *stmt)
{
	if (sqlite3_step(stmt) != SQLITE_DONE)
		note_failure(index);
	sqlite3_finalize(stmt);
}

/* The first column of the only row; -1 if there is none. */
static s64 number_of(struct index *index, const char *sql)
{
	sqlite3_stmt *stmt = prepare(index, sql);
	s64 number = -1;

	if (!stmt)
		return -1;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		number = sqlite3_column_int64(stmt, 0);
	else
		note_failure(index);
	sqlite3_finalize(stmt);
	return number;
}

static bool is_whole(struct index *index)
{
	sqlite3_stmt *stmt = prepare(index, "PRAGMA quick_check(1)");
	bool whole = stmt && sqlite3_step(stmt) == SQLITE_ROW &&
		     strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;

	sqlite3_finalize(stmt);
	return whole;
}

/* Begins the transaction; true if the tables of this version are in it, made now if there were none. */
static bool begin(struct index *index)
{
	char version[64];
	s64 found;

	sqlite3_busy_timeout(index->db, BUSY_MS);
	/* Lost power may damage it, a killed process does not: it is made anew from what was synced. */
	execute(index, "PRAGMA synchronous = OFF");
	execute(index, "BEGIN IMMEDIATE");
	found = number_of(index, "PRAGMA user_version");
	if (found == INDEX_VERSION)
		return is_whole(index);
	if (found != 0)
		return false;
	execute(index, schema);
	snprintf(version, sizeof(version), "PRAGMA user_version = %d", INDEX_VERSION);
	execute(index, version);
	return !index->failed;
}

/* With what SQLite may have left beside it. Nobody writes it now: all who do hold the store's lock. */
static void remove_files(const char *path)
{
	static const char *const ends[] = {"", "-journal", "-wal", "-shm"};
	char file[PATH_MAX + 16];

	for (u32 i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
}

static void drop(struct index *index)
{
	sqlite3_close(index->db);
	free(index);
}

struct index *index_open(const char *dir, char *message, size_t size)
{
	char path[PATH_MAX];
	struct index *index;

	if ((size_t)snprintf(path, sizeof(path), "%s/index.sqlite", dir) >= sizeof(path)) {
		snprintf(message, size, "index.sqlite: path too long");
		return NULL;
	}
	for (u32 attempt = 0; attempt < 2; attempt++) {
		int error;

		index = calloc(1, sizeof(*index));
		if (!index)
			abort();
		error = sqlite3_open_v2(path, &index->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
		if (error == SQLITE_OK && begin(index))
			return index;
		error = sqlite3_errcode(index->db);
		snprintf(message, size, "%s",
			 index->message[0] ? index->message : "index.sqlite: damaged, or of another version");
		drop(index);
		/* One that somebody reads for long is good, and who cannot write cannot remove. */
		if (error == SQLITE_BUSY || error == SQLITE_LOCKED || access(dir, W_OK))
			return NULL;
		remove_files(path);
	}
	return NULL;
}

bool index_close(struct index *index, char *message, size_t size)
{
	bool good;

	if (!index)
		return true;
	execute(index, "COMMIT");
	good = !index->failed;
	if (!good)
		snprintf(message, size, "%s", index->message);
	drop(index);
	return good;
}

static void column_copy(sqlite3_stmt *stmt, int at, char *buf, size_t size)
{
	const unsigned char *text = sqlite3_column_text(stmt, at);

	snprintf(buf, size, "%s", text ? (const char *)text : "");
}

bool index_find_folder(struct index *index, const char *name, u64 stamp, struct crash_facts *f)
{
	sqlite3_stmt *stmt = prepare(index, "SELECT verdict, signature, cause, seen, hits, runs, ops, preemptions,"
					    " token, exact, minimal FROM folder WHERE name = ? AND stamp = ?");
	bool found;

	if (!stmt)
		return false;
	memset(f, 0, sizeof(*f));
	bind_text(stmt, 1, name);
	bind_number(stmt, 2, stamp);
	found = sqlite3_step(stmt) == SQLITE_ROW;
	if (found) {
		snprintf(f->folder, sizeof(f->folder), "%s", name);
		column_copy(stmt, 0, f->kind, sizeof(f->kind));
		column_copy(stmt, 1, f->signature, sizeof(f->signature));
		column_copy(stmt, 2, f->cause, sizeof(f->cause));
		f->seen = (u64)sqlite3_column_int64(stmt, 3);
		f->hits = (u64)sqlite3_column_int64(stmt, 4);
		f->runs = (u64)sqlite3_column_int64(stmt, 5);
		f->ops = (u32)sqlite3_column_int(stmt, 6);
		f->preemptions = (u32)sqlite3_column_int(stmt, 7);
		f->token = (u32)sqlite3_column_int(stmt, 8);
		f->exact = sqlite3_column_int(stmt, 9);
		f->minimal = sqlite3_column_int(stmt, 10);
		f->stamp = stamp;
	}
	sqlite3_finalize(stmt);
	return found;
}

void index_put_folder(struct index *index, const struct crash_facts *f)
{
	sqlite3_stmt *stmt = prepare(index, "INSERT OR REPLACE INTO folder(name, verdict, signature, cause, seen, hits,"
					    " runs, ops, preemptions, token, exact, minimal, stamp, bug)"
					    " VALUES(?1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
					    " (SELECT bug FROM folder WHERE name = ?1))");
	const u64 numbers[] = {f->seen,  f->hits,  f->runs,    f->ops,  f->preemptions,
			       f->token, f->exact, f->minimal, f->stamp};

	if (!stmt)
		return;
	bind_text(stmt, 1, f->folder);
	bind_text(stmt, 2, f->kind);
	bind_text(stmt, 3, f->signature);
	bind_text(stmt, 4, f->cause);
	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++)
		bind_number(stmt, 5 + (int)i, numbers[i]);
	finish(index, stmt);
}

/* Deletes the row of @table whose @column is @value. */
static void delete_row(struct index *index, const char *table, const char *column, const char *value)
{
	sqlite3_stmt *stmt;
	char sql[128];

	snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s = ?", table, column);
	stmt = prepare(index, sql);
	if (!stmt)
		return;
	bind_text(stmt, 1, value);
	finish(index, stmt);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void index_keep_folders(struct index *index, const char *const *names, u32 count)
{
	sqlite3_stmt *stmt = prepare(index, "SELECT name FROM folder");

	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);

		if (name && !bsearch(&name, names, count, sizeof(*names), compare_names))
			delete_row(index, "folder", "name", name);
	}
	sqlite3_finalize(stmt);
}

/* Is @text what the index has of that record, and @smallest its smallest reproducer? */
static bool is_known(struct index *index, const struct record *r, const char *text, const char *smallest)
{
	sqlite3_stmt *stmt = prepare(index, "SELECT 1 FROM bug WHERE id = ? AND text = ? AND smallest = ?");
	bool known;

	if (!stmt)
		return true;
	bind_text(stmt, 1, r->id);
	bind_text(stmt, 2, text);
	bind_text(stmt, 3, smallest);
	known = sqlite3_step(stmt) == SQLITE_ROW;
	sqlite3_finalize(stmt);
	return known;
}

static void put_row(struct index *index, const struct record *r, const char *text, const char *smallest)
{
	sqlite3_stmt *stmt = prepare(index, "INSERT OR REPLACE INTO bug VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	const char *const texts[] = {r->id,
				     r->key[0].cause,
				     r->nr_signatures ? r->signature[0].kind : "",
				     r->nr_signatures ? r->signature[0].text : "",
				     record_status_text(r->status),
				     r->note};
	const u64 numbers[] = {r->count, r->hits, r->runs, r->first, r->last};

	if (!stmt)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(texts); i++)
		bind_text(stmt, 1 + (int)i, texts[i]);
	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++)
		bind_number(stmt, 7 + (int)i, numbers[i]);
	bind_text(stmt, 12, smallest);
	bind_text(stmt, 13, text);
	finish(index, stmt);
}

static void put_signatures(struct index *index, const struct record *r)
{
	delete_row(index, "signature", "bug", r->id);
	for (u32 i = 0; i < r->nr_signatures; i++) {
		sqlite3_stmt *stmt = prepare(index, "INSERT INTO signature VALUES(?, ?, ?, ?)");

		if (!stmt)
			return;
		bind_text(stmt, 1, r->id);
		bind_text(stmt, 2, r->signature[i].kind);
		bind_text(stmt, 3, r->signature[i].text);
		bind_number(stmt, 4, r->signature[i].count);
		finish(index, stmt);
	}
}

static void put_members(struct index *index, const struct record *r)
{
	for (u32 i = 0; i < r->nr_folders; i++) {
		sqlite3_stmt *stmt = prepare(index, "UPDATE folder SET bug = ? WHERE name = ?");

		if (!stmt)
			return;
		bind_text(stmt, 1, r->id);
		bind_text(stmt, 2, r->folder[i]);
		finish(index, stmt);
	}
}

void index_put_record(struct index *index, const struct record *r, const char *smallest)
{
	char *text;

	if (!index)
		return;
	text = record_print(r);
	if (text && !is_known(index, r, text, smallest)) {
		put_row(index, r, text, smallest);
		put_signatures(index, r);
		put_members(index, r);
	}
	free(text);
}

void index_keep_records(struct index *index, struct record *const *records, u32 count)
{
	sqlite3_stmt *stmt = prepare(index, "SELECT id FROM bug");

	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *id = (const char *)sqlite3_column_text(stmt, 0);
		bool kept = false;

		for (u32 i = 0; i < count && id && !kept; i++)
			kept = !records[i]->gone && strcmp(records[i]->id, id) == 0;
		if (!id || kept)
			continue;
		delete_row(index, "signature", "bug", id);
		delete_row(index, "bug", "id", id);
	}
	sqlite3_finalize(stmt);
}
#else
struct index *index_open(const char *dir, char *message, size_t size)
{
	(void)dir;
	snprintf(message, size, "this build has no SQLite");
	return NULL;
}

bool index_close(struct index *index, char *message, size_t size)
{
	(void)index;
	(void)message;
	(void)size;
	return true;
}

bool index_find_folder(struct index *index, const char *name, u64 stamp, struct crash_facts *facts)
{
	(void)index;
	(void)name;
	(void)stamp;
	(void)facts;
	return false;
}

void index_put_folder(struct index *index, const struct crash_facts *facts)
{
	(void)index;
	(void)facts;
}

void index_keep_folders(struct index *index, const char *const *names, u32 count)
{
	(void)index;
	(void)names;
	(void)count;
}

void index_put_record(struct index *index, const struct record *r, const char *smallest)
{
	(void)index;
	(void)r;
	(void)smallest;
}

void index_keep_records(struct index *index, struct record *const *records, u32 count)
{
	(void)index;
	(void)records;
	(void)count;
}
#endif
