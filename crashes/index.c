/* SPDX-License-Identifier: MIT */
#include "crashes/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if PFNSTORM_PARTS
#include <unistd.h>

#include "crashes/database.h"

struct index {
	struct database db;
};

static const char schema[] =
	"CREATE TABLE bug(id TEXT PRIMARY KEY, cause TEXT, verdict TEXT, signature TEXT, status TEXT, note TEXT,"
	" count INTEGER, hits INTEGER, runs INTEGER, first INTEGER, last INTEGER, smallest TEXT, text TEXT);"
	"CREATE TABLE signature(bug TEXT, verdict TEXT, signature TEXT, count INTEGER, PRIMARY KEY(bug, signature));"
	"CREATE TABLE folder(name TEXT PRIMARY KEY, bug TEXT, verdict TEXT, signature TEXT, cause TEXT, seen INTEGER,"
	" hits INTEGER, runs INTEGER, ops INTEGER, preemptions INTEGER, token INTEGER, exact INTEGER, minimal INTEGER,"
	" stamp INTEGER);"
	"CREATE INDEX folder_bug ON folder(bug);";

/* NULL after a failure, and without an index. */
static sqlite3_stmt *prepare(struct index *index, const char *sql)
{
	return index ? database_prepare(&index->db, sql) : NULL;
}

/* Begins the transaction; true if the tables of this version are in it, made now if there were none. */
static bool begin(struct database *d)
{
	char version[64];
	s64 found;

	/* Lost power may damage it, a killed process does not: it is made anew from what was synced. */
	database_run(d, "PRAGMA synchronous = OFF");
	database_run(d, "BEGIN IMMEDIATE");
	found = database_number_of(d, "PRAGMA user_version", -1);
	if (found == INDEX_VERSION)
		return database_is_whole(d);
	if (found != 0)
		return false;
	database_run(d, schema);
	snprintf(version, sizeof(version), "PRAGMA user_version = %d", INDEX_VERSION);
	database_run(d, version);
	return !d->error;
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
	database_close(&index->db);
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
		if (database_open(&index->db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) && begin(&index->db))
			return index;
		error = index->db.error;
		snprintf(message, size, "index.sqlite: %s",
			 error ? index->db.message : "damaged, or of another version");
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
	database_run(&index->db, "COMMIT");
	good = !index->db.error;
	if (!good)
		snprintf(message, size, "index.sqlite: %s", index->db.message);
	drop(index);
	return good;
}

bool index_find_folder(struct index *index, const char *name, u64 stamp, struct crash_facts *f)
{
	sqlite3_stmt *stmt = prepare(index, "SELECT verdict, signature, cause, seen, hits, runs, ops, preemptions,"
					    " token, exact, minimal FROM folder WHERE name = ? AND stamp = ?");
	bool found;

	if (!stmt)
		return false;
	memset(f, 0, sizeof(*f));
	database_bind_text(stmt, 1, name);
	database_bind_number(stmt, 2, (s64)stamp);
	found = database_step(&index->db, stmt);
	if (found) {
		snprintf(f->folder, sizeof(f->folder), "%s", name);
		database_text(stmt, 0, f->kind, sizeof(f->kind));
		database_text(stmt, 1, f->signature, sizeof(f->signature));
		database_text(stmt, 2, f->cause, sizeof(f->cause));
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
	database_finish(stmt);
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
	database_bind_text(stmt, 1, f->folder);
	database_bind_text(stmt, 2, f->kind);
	database_bind_text(stmt, 3, f->signature);
	database_bind_text(stmt, 4, f->cause);
	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++)
		database_bind_number(stmt, 5 + (int)i, (s64)numbers[i]);
	database_do(&index->db, stmt);
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
	database_bind_text(stmt, 1, value);
	database_do(&index->db, stmt);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void index_keep_folders(struct index *index, const char *const *names, u32 count)
{
	sqlite3_stmt *stmt = prepare(index, "SELECT name FROM folder");

	while (stmt && database_step(&index->db, stmt)) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);

		if (name && !bsearch(&name, names, count, sizeof(*names), compare_names))
			delete_row(index, "folder", "name", name);
	}
	database_finish(stmt);
}

/* Is @text what the index has of that record, and @smallest its smallest reproducer? */
static bool is_known(struct index *index, const struct record *r, const char *text, const char *smallest)
{
	sqlite3_stmt *stmt = prepare(index, "SELECT 1 FROM bug WHERE id = ? AND text = ? AND smallest = ?");
	bool known;

	if (!stmt)
		return true;
	database_bind_text(stmt, 1, r->id);
	database_bind_text(stmt, 2, text);
	database_bind_text(stmt, 3, smallest);
	known = database_step(&index->db, stmt);
	database_finish(stmt);
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
		database_bind_text(stmt, 1 + (int)i, texts[i]);
	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++)
		database_bind_number(stmt, 7 + (int)i, (s64)numbers[i]);
	database_bind_text(stmt, 12, smallest);
	database_bind_text(stmt, 13, text);
	database_do(&index->db, stmt);
}

static void put_signatures(struct index *index, const struct record *r)
{
	delete_row(index, "signature", "bug", r->id);
	for (u32 i = 0; i < r->nr_signatures; i++) {
		sqlite3_stmt *stmt = prepare(index, "INSERT INTO signature VALUES(?, ?, ?, ?)");

		if (!stmt)
			return;
		database_bind_text(stmt, 1, r->id);
		database_bind_text(stmt, 2, r->signature[i].kind);
		database_bind_text(stmt, 3, r->signature[i].text);
		database_bind_number(stmt, 4, (s64)r->signature[i].count);
		database_do(&index->db, stmt);
	}
}

static void put_members(struct index *index, const struct record *r)
{
	for (u32 i = 0; i < r->nr_folders; i++) {
		sqlite3_stmt *stmt = prepare(index, "UPDATE folder SET bug = ? WHERE name = ?");

		if (!stmt)
			return;
		database_bind_text(stmt, 1, r->id);
		database_bind_text(stmt, 2, r->folder[i]);
		database_do(&index->db, stmt);
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

	while (stmt && database_step(&index->db, stmt)) {
		const char *id = (const char *)sqlite3_column_text(stmt, 0);
		bool kept = false;

		for (u32 i = 0; i < count && id && !kept; i++)
			kept = !records[i]->gone && strcmp(records[i]->id, id) == 0;
		if (!id || kept)
			continue;
		delete_row(index, "signature", "bug", id);
		delete_row(index, "bug", "id", id);
	}
	database_finish(stmt);
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
