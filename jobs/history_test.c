/* SPDX-License-Identifier: MIT */
#include "jobs/history.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crashes/database.h"
#include "crashes/file.h"
#include "jobs/history_read.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/pfnstorm-history.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "chmod -R u+w %s; rm -rf %s", dir, dir);
	return system(command);
}

static char *at(const char *name)
{
	static char path[2][PATH_MAX];
	static u32 turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void put(const char *name, const char *text)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", at(name));
	*strrchr(folder, '/') = '\0';
	assert_int_equal(file_make_dirs(folder), 0);
	assert_int_equal(file_replace(at(name), text), 0);
}

/* A night with the units "fuzz", of two shards, and "canary". */
static void put_night(const char *id, u32 day)
{
	char name[128], text[512];

	snprintf(name, sizeof(name), "nights/%s/night.json", id);
	snprintf(text, sizeof(text),
		 "{\"schema\":1,\"night\":\"%s\",\"job\":\"small\",\"started\":\"2026-11-%02uT01:02:03Z\","
		 "\"ended\":null,\"outcome\":\"green\",\"exit\":0,\"shards\":2}",
		 id, day);
	put(name, text);
	for (u32 shard = 0; shard < 2; shard++) {
		snprintf(name, sizeof(name), "nights/%s/units/fuzz.%u.json", id, shard);
		snprintf(text, sizeof(text),
			 "{\"schema\":1,\"unit\":\"fuzz\",\"kind\":\"fuzz\",\"shard\":%u,\"outcome\":\"%s\","
			 "\"executions\":%u,\"edges\":%u,\"upper_bound\":0.03,"
			 "\"crashes\":[{\"record\":\"0badcafe\",\"signature\":\"law x\",\"news\":\"new\"}]}",
			 shard, shard ? "found" : "held", 100 + shard, 70 - shard);
		put(name, text);
	}
	snprintf(name, sizeof(name), "nights/%s/units/canary.json", id);
	put(name, "{\"schema\":1,\"unit\":\"canary\",\"kind\":\"canary\",\"outcome\":\"held\",\"found_after\":7}");
}

static struct history *open_history(void)
{
	struct history *h;
	char message[512];

	if (history_open(&h, dir, message, sizeof(message)))
		fail_msg("%s", message);
	return h;
}

static u32 count_nights(struct history *h)
{
	struct history_night *nights;
	char message[512];
	u32 count;

	assert_int_equal(history_nights(h, NULL, &nights, &count, message, sizeof(message)), 0);
	free(nights);
	return count;
}

static void shards_of_a_unit_become_one(void **state)
{
	struct history_unit *units;
	struct history *h;
	char message[512];
	u32 count;

	(void)state;
	put_night("a", 1);
	h = open_history();
	assert_int_equal(count_nights(h), 1);
	assert_null(history_complaint(h, 0));
	assert_int_equal(history_units(h, "a", &units, &count, message, sizeof(message)), 0);
	assert_int_equal(count, 2);
	assert_string_equal(units[0].name, "canary");
	assert_true(units[0].value[VALUE_found_after] == 7);
	assert_false(history_is(units[0].value[VALUE_edges]));
	assert_string_equal(units[1].name, "fuzz");
	assert_string_equal(units[1].outcome, "found");
	assert_int_equal(units[1].shards, 2);
	assert_true(units[1].value[VALUE_executions] == 201);
	assert_true(units[1].value[VALUE_edges] == 70);
	/* 3/n: 100 runs and 100 runs. */
	assert_true(fabs(units[1].value[VALUE_upper_bound] - 0.015) < 1e-9);
	assert_int_equal(units[1].nr_crashes, 2);
	history_units_free(units, count);
	history_close(h);
}

static void changes_are_seen_and_nights_without_folder_stay(void **state)
{
	struct history_night *nights;
	struct history *h;
	char message[512], command[128];
	u32 count;

	(void)state;
	put_night("a", 1);
	put_night("b", 2);
	history_close(open_history());
	put("nights/b/night.json", "{\"schema\":1,\"job\":\"small\",\"started\":\"2026-11-02T01:02:03Z\","
				   "\"outcome\":\"found\",\"exit\":1}");
	snprintf(command, sizeof(command), "rm -r %s/nights/a", dir);
	assert_int_equal(system(command), 0);
	h = open_history();
	assert_int_equal(history_nights(h, "small", &nights, &count, message, sizeof(message)), 0);
	assert_int_equal(count, 2);
	assert_string_equal(nights[0].id, "a");
	assert_false(nights[0].folder);
	assert_string_equal(nights[1].outcome, "found");
	assert_true(nights[1].folder);
	free(nights);
	history_close(h);
}

static void what_is_half_written_is_said_and_left_out(void **state)
{
	struct history_unit *units;
	struct history *h;
	char message[512];
	u32 count;

	(void)state;
	put_night("a", 1);
	put("nights/a/units/cut.json", "{\"schema\":1,\n \"unit\":\"cu");
	put("nights/a/units/wrong.json", "{\"schema\":1,\"unit\":\"wrong\",\"kind\":\"fuzz\",\n\"outcome\":3}");
	put("nights/empty/units/x.json", "{}");
	put("nights/bad/night.json", "{\"schema\":1,\"job\":\"x\",\n  \"started\":\"yesterday\",\"outcome\":\"y\"}");
	h = open_history();
	assert_int_equal(count_nights(h), 1);
	assert_int_equal(history_units(h, "a", &units, &count, message, sizeof(message)), 0);
	assert_int_equal(count, 2);
	history_units_free(units, count);
	assert_non_null(strstr(history_complaint(h, 0), "units/cut.json:2:12: found the end of the file"));
	assert_non_null(strstr(history_complaint(h, 1), "units/wrong.json:2:1: found int as 'outcome', expected"));
	assert_non_null(strstr(history_complaint(h, 2), "nights/bad/night.json:2:3: found 'yesterday' as 'started'"));
	assert_non_null(strstr(history_complaint(h, 3), "nights/empty: found no night.json"));
	assert_null(history_complaint(h, 4));
	history_close(h);
	/* They are looked at again. */
	put("nights/a/units/cut.json", "{\"schema\":1,\"unit\":\"cut\",\"kind\":\"fuzz\",\"outcome\":\"held\"}");
	h = open_history();
	assert_int_equal(history_units(h, "a", &units, &count, message, sizeof(message)), 0);
	assert_int_equal(count, 3);
	history_units_free(units, count);
	history_close(h);
}

/* As version 1 had it: a night that has no folder any more, and one that has. */
static const char version_1[] =
	"CREATE TABLE night(id TEXT PRIMARY KEY, job TEXT, revision TEXT, seed TEXT, shards INTEGER, host TEXT,"
	" started INTEGER, ended INTEGER, budget REAL, outcome TEXT, exit INTEGER, folder INTEGER, stamp INTEGER);"
	"CREATE TABLE unit(night TEXT, name TEXT, shard INTEGER, kind TEXT, attempt INTEGER, started INTEGER,"
	" command TEXT, seed TEXT, exit INTEGER, signal INTEGER, outcome TEXT, log TEXT, message TEXT, seconds REAL,"
	" cpu REAL, budget REAL, executions REAL, rate REAL, edges REAL, interleavings REAL, corpus REAL,"
	" found_after REAL, upper_bound REAL, PRIMARY KEY(night, name, shard));"
	"CREATE TABLE crash(night TEXT, unit TEXT, shard INTEGER, record TEXT, signature TEXT, news TEXT);"
	"CREATE INDEX crash_night ON crash(night);"
	"INSERT INTO night VALUES('old', 'small', 'v0', '0x1', 1, 'h', 1000, 2000, 60.0, 'green', 0, 0, 0);"
	"INSERT INTO unit(night, name, shard, kind, outcome, edges) VALUES('old', 'fuzz', 0, 'fuzz', 'held', 50);"
	"INSERT INTO crash VALUES('old', 'fuzz', 0, '0badcafe', 'law x', 'known');"
	"PRAGMA user_version = 1;";

static void an_older_one_is_migrated(void **state)
{
	struct history_unit *units;
	struct history_night *nights;
	struct database d;
	struct history *h;
	char message[512], sql[128];
	u32 count, files;
	char **names;

	(void)state;
	put_night("new", 2);
	put("nights/new/units/stress.json",
	    "{\"schema\":1,\"unit\":\"stress\",\"kind\":\"stress\",\"outcome\":\"held\","
	    "\"ops\":{\"offline\":{\"attempts\":9,\"ok\":2,\"errno\":{\"EINVAL\":2,"
	    "\"EBUSY\":5},\"p99_us\":12.5}}}");
	assert_true(database_open(&d, at("history.sqlite"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
	database_run(&d, version_1);
	/* Version 1 has read all of the new night that it knew of. */
	snprintf(sql, sizeof(sql),
		 "INSERT INTO night(id, job, started, folder, stamp) VALUES('new', 'small', 1, 1, %llu)",
		 (unsigned long long)history_stamp(dir, "new", &names, &files));
	database_run(&d, sql);
	assert_int_equal(d.error, SQLITE_OK);
	database_close(&d);
	for (u32 i = 0; i < files; i++)
		free(names[i]);
	free(names);

	h = open_history();
	assert_null(history_complaint(h, 0));
	assert_int_equal(history_nights(h, "small", &nights, &count, message, sizeof(message)), 0);
	assert_int_equal(count, 2);
	assert_string_equal(nights[0].id, "old");
	free(nights);
	assert_int_equal(history_units(h, "old", &units, &count, message, sizeof(message)), 0);
	assert_int_equal(count, 1);
	assert_true(units[0].value[VALUE_edges] == 50);
	assert_int_equal(units[0].nr_crashes, 1);
	assert_string_equal(units[0].crash[0].record, "0badcafe");
	history_units_free(units, count);
	assert_int_equal(history_units(h, "new", &units, &count, message, sizeof(message)), 0);
	assert_int_equal(count, 3);
	assert_int_equal(units[2].nr_operations, 1);
	assert_string_equal(units[2].operation[0].refusal[0].name, "EBUSY");
	assert_true(units[2].operation[0].p99 == 12.5);
	history_units_free(units, count);
	history_close(h);
	assert_true(database_open(&d, at("history.sqlite"), SQLITE_OPEN_READONLY));
	assert_int_equal(database_number_of(&d, "PRAGMA user_version", -1), HISTORY_VERSION);
	database_close(&d);
}

static void one_from_the_future_is_refused(void **state)
{
	struct database d;
	struct history *h;
	char message[512], sql[64];

	(void)state;
	put_night("a", 1);
	history_close(open_history());
	assert_true(database_open(&d, at("history.sqlite"), SQLITE_OPEN_READWRITE));
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", HISTORY_VERSION + 1);
	database_run(&d, sql);
	assert_int_equal(d.error, SQLITE_OK);
	database_close(&d);
	assert_int_equal(history_open(&h, dir, message, sizeof(message)), -EPROTO);
	assert_non_null(strstr(message, "a newer pfnstorm wrote it: use that one, or move it away"));
	assert_int_equal(rename(at("history.sqlite"), at("away")), 0);
	history_close(open_history());
}

static void a_damaged_one_is_moved_aside(void **state)
{
	static const char *const damage[] = {"this is no database, but long enough to be taken for one", ""};
	struct history *h;

	(void)state;
	put_night("a", 1);
	for (u32 i = 0; i < 2; i++) {
		history_close(open_history());
		if (i == 0) {
			put("history.sqlite", damage[0]);
		} else {
			/* The second page: tables are there, their content is not. */
			FILE *f = fopen(at("history.sqlite"), "r+");

			assert_non_null(f);
			assert_int_equal(fseek(f, 4096, SEEK_SET), 0);
			for (u32 k = 0; k < 3 * 4096; k++)
				fputc(0x5a, f);
			fclose(f);
		}
		h = open_history();
		assert_int_equal(count_nights(h), 1);
		assert_non_null(strstr(history_complaint(h, 0), "it was damaged"));
		history_close(h);
		assert_int_equal(access(at(i ? "history.sqlite.damaged-2" : "history.sqlite.damaged-1"), F_OK), 0);
	}
}

static void nothing_can_be_written(void **state)
{
	struct history *h;

	(void)state;
	put_night("a", 1);
	put_night("b", 2);
	/* Not a file that could be opened, whoever runs the test. */
	assert_int_equal(mkdir(at("history.sqlite"), 0777), 0);
	h = open_history();
	assert_int_equal(count_nights(h), 2);
	assert_non_null(strstr(history_complaint(h, 0), "this time everything is read from nights/"));
	history_close(h);
}

/* Many processes, each with the whole of it, while one after the other brings it up to date. */
static void many_open_it_at_once(void **state)
{
	char id[16];

	(void)state;
	put_night("night-0", 1);
	for (u32 i = 0; i < 6; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid)
			continue;
		for (u32 k = 0; k < 3; k++) {
			struct history *h = open_history();

			if (count_nights(h) < k || history_complaint(h, 0))
				_exit(1);
			history_close(h);
			snprintf(id, sizeof(id), "n%u-%u", i, k);
			put_night(id, 2 + k);
		}
		_exit(0);
	}
	for (u32 i = 0; i < 6; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	history_close(open_history());
}

static void there_is_no_such_directory(void **state)
{
	struct history *h;
	char message[512];

	(void)state;
	assert_int_equal(history_open(&h, "/nowhere", message, sizeof(message)), -ENOENT);
	assert_string_equal(message, "/nowhere: No such file or directory: expected the directory of a nightly");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shards_of_a_unit_become_one, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(changes_are_seen_and_nights_without_folder_stay, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(what_is_half_written_is_said_and_left_out, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(an_older_one_is_migrated, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(one_from_the_future_is_refused, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_damaged_one_is_moved_aside, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(nothing_can_be_written, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(many_open_it_at_once, make_dir, remove_dir),
		cmocka_unit_test(there_is_no_such_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
