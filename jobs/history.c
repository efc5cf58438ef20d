/* SPDX-License-Identifier: MIT */
#include "jobs/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crashes/database.h"
#include "crashes/grow.h"
#include "jobs/history_read.h"
#include "jobs/history_rows.h"

struct history {
	char dir[PATH_MAX - 64];
	struct database db;
	char **complaint;
	u32 complaints;
};

/* Each brings a database of the version before to the next; the first makes one. */
static const char *const migrations[HISTORY_VERSION] = {
	"CREATE TABLE night(id TEXT PRIMARY KEY, job TEXT, revision TEXT, seed TEXT, shards INTEGER, host TEXT,"
	" started INTEGER, ended INTEGER, budget REAL, outcome TEXT, exit INTEGER, folder INTEGER, stamp INTEGER);"
	"CREATE TABLE unit(night TEXT, name TEXT, shard INTEGER, kind TEXT, attempt INTEGER, started INTEGER,"
	" command TEXT, seed TEXT, exit INTEGER, signal INTEGER, outcome TEXT, log TEXT, message TEXT, seconds REAL,"
	" cpu REAL, budget REAL, executions REAL, rate REAL, edges REAL, interleavings REAL, corpus REAL,"
	" found_after REAL, upper_bound REAL, PRIMARY KEY(night, name, shard));"
	"CREATE TABLE crash(night TEXT, unit TEXT, shard INTEGER, record TEXT, signature TEXT, news TEXT);"
	"CREATE INDEX crash_night ON crash(night);",
	"CREATE TABLE operation(night TEXT, unit TEXT, shard INTEGER, name TEXT, attempts INTEGER, ok INTEGER, p50 "
	"REAL,"
	" p99 REAL, max REAL, PRIMARY KEY(night, unit, shard, name));"
	"CREATE TABLE refusal(night TEXT, unit TEXT, shard INTEGER, operation TEXT, errno TEXT, count INTEGER);"
	"CREATE INDEX refusal_unit ON refusal(night, unit, shard);"
	"ALTER TABLE crash ADD COLUMN quarantined INTEGER DEFAULT 0;",
};

/* ---- complaints -------------------------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3))) complain(struct history *h, const char *fmt, ...)
{
	char *text;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	h->complaint = grow_array(h->complaint, h->complaints, sizeof(*h->complaint));
	h->complaint[h->complaints++] = text;
}

const char *history_complaint(const struct history *h, u32 index)
{
	return index < h->complaints ? h->complaint[index] : NULL;
}

/* ---- bringing up to date ----------------------------------------------------------------------------------------- */

static bool is_up_to_date(struct history *h, const char *id, u64 stamp)
{
	sqlite3_stmt *stmt = database_prepare(&h->db, "SELECT 1 FROM night WHERE id = ? AND stamp = ? AND folder = 1");
	bool found;

	database_bind_text(stmt, 1, id);
	database_bind_number(stmt, 2, (s64)stamp);
	found = database_step(&h->db, stmt);
	database_finish(stmt);
	return found;
}

/* A night that cannot be read stays what it was in the history; a unit that cannot be read is left out. */
static void read_night(struct history *h, const char *id, char **files, u32 count, u64 stamp)
{
	struct history_unit *units = calloc(count + 1, sizeof(*units));
	struct history_night night;
	char message[PATH_MAX + 512];
	u32 read = 0;

	if (!units)
		abort();
	if (history_read_night(h->dir, id, &night, message, sizeof(message))) {
		complain(h, "%s", message);
		free(units);
		return;
	}
	for (u32 i = 0; i < count; i++) {
		if (history_read_unit(h->dir, id, files[i], &units[read], message, sizeof(message)) == 0) {
			read++;
			continue;
		}
		complain(h, "%s", message);
		history_unit_free(&units[read]);
		/* It is looked at again the next time. */
		stamp = 0;
	}
	history_forget_night(&h->db, id);
	history_put_night(&h->db, &night, stamp);
	for (u32 i = 0; i < read; i++)
		history_put_unit(&h->db, id, &units[i]);
	history_units_free(units, read);
}

static int is_night(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strlen(entry->d_name) < HISTORY_ID;
}

static void bring_up_to_date(struct history *h)
{
	char path[PATH_MAX];
	struct dirent **entries;
	int n;

	snprintf(path, sizeof(path), "%s/nights", h->dir);
	n = scandir(path, &entries, is_night, alphasort);
	database_run(&h->db, "CREATE TEMP TABLE present(id TEXT PRIMARY KEY)");
	for (int i = 0; i < n; i++) {
		const char *id = entries[i]->d_name;
		char **files;
		u32 count;
		u64 stamp = history_stamp(h->dir, id, &files, &count);
		sqlite3_stmt *stmt = database_prepare(&h->db, "INSERT INTO present VALUES(?)");

		database_bind_text(stmt, 1, id);
		database_do(&h->db, stmt);
		/* A folder without anything is a night that is about to begin. */
		if (!stamp && count)
			complain(h, "%s/%s: found no night.json beside the units", path, id);
		else if (stamp && !is_up_to_date(h, id, stamp))
			read_night(h, id, files, count, stamp);
		for (u32 k = 0; k < count; k++)
			free(files[k]);
		free(files);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	database_run(&h->db, "UPDATE night SET folder = 0 WHERE folder = 1 AND id NOT IN (SELECT id FROM present);"
			     "DROP TABLE present;");
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* To the version of this build. */
static void migrate(struct database *d, s64 version)
{
	char sql[64];

	if (version == HISTORY_VERSION)
		return;
	for (s64 i = version; i < HISTORY_VERSION; i++)
		database_run(d, migrations[i]);
	/* Nights are read once more: there may be new columns. */
	database_run(d, "UPDATE night SET stamp = 0");
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", HISTORY_VERSION);
	database_run(d, sql);
}

/* In one transaction: a process killed in it has changed nothing. 0; -EPROTO: of a newer version; -EIO. */
static int update(struct history *h)
{
	u32 complaints = h->complaints;
	s64 version;

	database_run(&h->db, "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");
	version = database_number_of(&h->db, "PRAGMA user_version", 0);
	if (!h->db.error && version > HISTORY_VERSION)
		return -EPROTO;
	if (!h->db.error && (version < 0 || !database_is_whole(&h->db)))
		h->db.error = SQLITE_CORRUPT;
	if (!h->db.error)
		migrate(&h->db, version);
	if (!h->db.error)
		bring_up_to_date(h);
	database_run(&h->db, "COMMIT");
	if (!h->db.error)
		return 0;
	while (h->complaints > complaints)
		free(h->complaint[--h->complaints]);
	return -EIO;
}

static int open_file(struct history *h, const char *path)
{
	int ret = -EIO;

	if (database_open(&h->db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE))
		ret = update(h);
	if (ret)
		database_close(&h->db);
	return ret;
}

/* With what the file has, if it can be read: it may know of nights that have no folder any more. */
static int open_memory(struct history *h, const char *path)
{
	struct database file;
	bool known = database_open(&file, path, SQLITE_OPEN_READONLY);
	int ret = -EIO;

	if (!database_open(&h->db, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE))
		goto out;
	if (known)
		database_copy(&h->db, &file);
	ret = h->db.error ? -EIO : update(h);
	if (ret != -EIO)
		goto out;
	/* What the file has is no use. */
	database_close(&h->db);
	if (database_open(&h->db, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE))
		ret = update(h);
out:
	if (ret)
		database_close(&h->db);
	database_close(&file);
	return ret;
}

static bool is_damaged(const struct database *d)
{
	return d->error == SQLITE_CORRUPT || d->error == SQLITE_NOTADB || d->error == SQLITE_ERROR;
}

/* Moves it aside, to a name that is free. */
static bool move_aside(struct history *h, const char *path)
{
	char aside[PATH_MAX + 16], journal[PATH_MAX + 16];

	for (u32 i = 1; i < 1000; i++) {
		snprintf(aside, sizeof(aside), "%s.damaged-%u", path, i);
		if (access(aside, F_OK) == 0)
			continue;
		if (rename(path, aside))
			return false;
		snprintf(journal, sizeof(journal), "%s-journal", path);
		unlink(journal);
		complain(h,
			 "%s: it was damaged (%s): moved to %s and made anew from nights/; nights without a folder"
			 " are only there",
			 path, h->db.message[0] ? h->db.message : "its check failed", aside);
		return true;
	}
	return false;
}

/* The lock, or -1 where nothing can be written. */
static int take_lock(const struct history *h)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/.history.lock", h->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	while (fd >= 0 && flock(fd, LOCK_EX) && errno == EINTR)
		;
	return fd;
}

static int open_locked(struct history *h, const char *path, bool writable)
{
	int ret = writable ? open_file(h, path) : -EROFS;

	if (ret == -EIO && is_damaged(&h->db) && move_aside(h, path))
		ret = open_file(h, path);
	if (ret == 0 || ret == -EPROTO)
		return ret;
	if (writable)
		complain(h, "%s: %s: this time everything is read from nights/", path, h->db.message);
	return open_memory(h, path);
}

int history_open(struct history **history, const char *dir, char *message, size_t size)
{
	struct history *h = calloc(1, sizeof(*h));
	char path[PATH_MAX];
	struct stat st;
	int lock, ret;

	if (!h)
		abort();
	ret = stat(dir, &st) ? -errno : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	if (!ret && (size_t)snprintf(h->dir, sizeof(h->dir), "%s", dir) >= sizeof(h->dir))
		ret = -ENAMETOOLONG;
	if (ret) {
		snprintf(message, size, "%s: %s: expected the directory of a nightly", dir, strerror(-ret));
		free(h);
		return ret;
	}
	snprintf(path, sizeof(path), "%s/history.sqlite", h->dir);
	lock = take_lock(h);
	ret = open_locked(h, path, lock >= 0);
	if (lock >= 0)
		close(lock);
	if (ret == 0) {
		/* From now on one state of it is seen. */
		database_run(&h->db, "BEGIN");
		*history = h;
		return 0;
	}
	snprintf(message, size,
		 ret == -EPROTO ? "%s: a newer pfnstorm wrote it: use that one, or move it away: it is made"
				  " anew from nights/"
				: "%s: it cannot be read",
		 path);
	history_close(h);
	return ret;
}

void history_close(struct history *h)
{
	if (!h)
		return;
	database_close(&h->db);
	for (u32 i = 0; i < h->complaints; i++)
		free(h->complaint[i]);
	free(h->complaint);
	free(h);
}

int history_nights(struct history *h, const char *job, struct history_night **nights, u32 *count, char *message,
		   size_t size)
{
	history_load_nights(&h->db, job, nights, count);
	if (!h->db.error)
		return 0;
	snprintf(message, size, "%s/history.sqlite: %s", h->dir, h->db.message);
	free(*nights);
	return -EIO;
}

int history_units(struct history *h, const char *night, struct history_unit **units, u32 *count, char *message,
		  size_t size)
{
	history_load_units(&h->db, night, units, count);
	if (!h->db.error)
		return 0;
	snprintf(message, size, "%s/history.sqlite: %s", h->dir, h->db.message);
	history_units_free(*units, *count);
	return -EIO;
}

void history_units_free(struct history_unit *units, u32 count)
{
	for (u32 i = 0; i < count; i++)
		history_unit_free(&units[i]);
	free(units);
}
