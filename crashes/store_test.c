/* SPDX-License-Identifier: MIT */
#include "crashes/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/retain.h"
#include "crashes/testing.h"

#define UAF "oops use-after-free memmap {compaction.page_checked, sparse.mem_map_cleared}"
#define UNINITIALISED "oops uninitialised page.flags {compaction.page_checked}"
#define LEAK "law free_pages_count"

static char dir[256];

static int make_dir(void **state)
{
	(void)state;
	testing_make_dir(dir, sizeof(dir));
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	testing_remove(dir);
	return 0;
}

/* Files a crash; folders of different @number are different. Returns the folder's name. */
static const char *add(u32 number, const char *signature, const char *cause, u64 seen)
{
	static struct scenario s;
	static char path[512];
	static struct rt_verdict verdict;
	struct crash crash = {.scenario = &s,
			      .verdict = &verdict,
			      .found_by = "test",
			      .exact = cause,
			      .cause = cause,
			      .hits = 1,
			      .runs = 100,
			      .seen = seen};
	char message[256];

	testing_parse(testing_small, &s);
	snprintf(s.name, sizeof(s.name), "number %u", number);
	memset(&verdict, 0, sizeof(verdict));
	verdict.kind = strstr(signature, "law") ? VERDICT_invariant : VERDICT_oops;
	snprintf(verdict.signature, sizeof(verdict.signature), "%s", signature);
	if (store_add(dir, &crash, path, sizeof(path), message, sizeof(message)))
		fail_msg("%s", message);
	return strrchr(path, '/') + 1;
}

static void open_store(struct store *s)
{
	char message[512];

	if (store_open(s, dir, message, sizeof(message)))
		fail_msg("%s", message);
}

static void close_store(struct store *s)
{
	char message[512];

	if (store_close(s, message, sizeof(message)))
		fail_msg("%s", message);
}

static struct record *find(struct store *s, const char *bug)
{
	char message[1024];
	struct record *r = store_find(s, bug, message, sizeof(message));

	if (!r)
		fail_msg("%s", message);
	return r;
}

/* All records as text, in the order of their ids. */
static char *all_records(void)
{
	static struct store s;
	char *all = strdup("");

	open_store(&s);
	for (u32 i = 0; i < s.nr_records; i++) {
		char *text = record_print(s.record[i]), *more = NULL;

		assert_true(asprintf(&more, "%s%s\n%s", all, s.record[i]->id, text) > 0);
		free(text);
		free(all);
		all = more;
	}
	close_store(&s);
	return all;
}

static void inside(const char *name, char path[512])
{
	snprintf(path, 512, "%s/%s", dir, name);
}

/* ---- one record per bug ----------------------------------------------------------------------------------------- */

static void one_cause_is_one_bug_whatever_it_looks_like(void **state)
{
	static struct store s;
	const struct record *r;

	(void)state;
	add(1, UAF, "pfn_walk=unsynchronised", 1000);
	add(2, UNINITIALISED, "pfn_walk=unsynchronised", 900);
	add(3, UAF, "pfn_walk=unsynchronised", 1100);
	add(4, UAF, "usage_not_tested=on", 1000);
	open_store(&s);
	assert_int_equal(s.nr_records, 2);
	r = find(&s, UNINITIALISED);
	assert_int_equal(r->count, 3);
	assert_int_equal(r->first, 900);
	assert_int_equal(r->last, 1100);
	assert_int_equal(r->hits, 3);
	assert_int_equal(r->runs, 300);
	assert_int_equal(r->nr_signatures, 2);
	assert_int_equal(record_find_signature(r, UAF)->count, 2);
	assert_int_equal(r->nr_folders, 3);
	assert_int_equal(r->status, RECORD_new);
	close_store(&s);
}

static void a_design_only_opens_the_way(void **state)
{
	static struct store s;
	char key[FOLDER_CAUSE_MAX];

	(void)state;
	record_key_of_cause("a=b,c=on,d=e,f=on", key);
	assert_string_equal(key, "c=on,f=on");
	record_key_of_cause("a=b,d=e", key);
	assert_string_equal(key, "a=b,d=e");
	record_key_of_cause("none", key);
	assert_string_equal(key, "none");
	add(1, UAF, "pfn_walk=unsynchronised,usage_not_tested=on", 1000);
	add(2, UNINITIALISED, "usage_not_tested=on", 1001);
	add(3, UAF, "pfn_walk=unsynchronised", 1002);
	open_store(&s);
	assert_int_equal(s.nr_records, 2);
	assert_int_equal(find(&s, UNINITIALISED)->count, 2);
	close_store(&s);
}

static void without_a_switch_a_signature_is_a_bug(void **state)
{
	static struct store s;

	(void)state;
	add(1, UAF, "none", 1000);
	add(2, UNINITIALISED, "none", 1000);
	add(3, UAF, "none", 1000);
	open_store(&s);
	assert_int_equal(s.nr_records, 2);
	assert_int_equal(find(&s, UAF)->count, 2);
	close_store(&s);
}

static void who_does_not_know_the_cause_joins_who_does(void **state)
{
	static struct store s;
	const struct record *r;

	(void)state;
	/* Real threads, before and after. */
	add(1, UAF, NULL, 1000);
	add(2, UAF, "pfn_walk=unsynchronised", 1001);
	add(3, UAF, NULL, 1002);
	add(4, UNINITIALISED, NULL, 1003);
	open_store(&s);
	assert_int_equal(s.nr_records, 2);
	r = find(&s, UAF);
	assert_int_equal(r->count, 3);
	assert_string_equal(r->key[0].cause, "pfn_walk=unsynchronised");
	/* The smallest is one that can be replayed. */
	assert_true(store_smallest(&s, r)->exact);
	assert_int_equal(find(&s, UNINITIALISED)->count, 1);
	close_store(&s);
}

static void the_same_folder_again_is_counted(void **state)
{
	static struct store s;
	const struct record *r;

	(void)state;
	add(1, UAF, "none", 1000);
	add(1, UAF, "none", 2000);
	open_store(&s);
	r = find(&s, UAF);
	assert_int_equal(r->count, 2);
	assert_int_equal(r->nr_folders, 1);
	assert_int_equal(r->first, 1000);
	assert_int_equal(r->last, 2000);
	close_store(&s);
}

static void what_was_fixed_has_regressed(void **state)
{
	static struct store s;

	(void)state;
	add(1, UAF, "none", 1000);
	open_store(&s);
	record_set_status(find(&s, UAF), RECORD_fixed);
	close_store(&s);
	add(2, UAF, "none", 2000);
	open_store(&s);
	assert_int_equal(find(&s, UAF)->status, RECORD_regressed);
	close_store(&s);
}

/* ---- rebuilding ------------------------------------------------------------------------------------------------- */

static void fill(void)
{
	static struct store s;

	add(1, UAF, "pfn_walk=unsynchronised", 1000);
	add(2, UNINITIALISED, "pfn_walk=unsynchronised", 1010);
	add(3, LEAK, "zonestat_not_folded=on", 1020);
	add(3, LEAK, "zonestat_not_folded=on", 1030);
	add(4, UAF, NULL, 1040);
	open_store(&s);
	record_set_status(find(&s, LEAK), RECORD_wontfix);
	record_set_note(find(&s, LEAK), "two\nlines");
	close_store(&s);
}

static void records_outlive_the_index(void **state)
{
	char *before, *after, path[512];

	(void)state;
	fill();
	before = all_records();
	assert_non_null(strstr(before, "note       two lines"));
	inside("index.sqlite", path);
	unlink(path);
	after = all_records();
	assert_string_equal(before, after);
	free(after);
	/* No database at all. */
	assert_int_equal(file_replace(path, "this is no database, and longer than the head of one would have to be"),
			 0);
	after = all_records();
	assert_string_equal(before, after);
	free(after);
	free(before);
}

/* What a query of the index gives: one number. */
static s64 ask(const char *sql)
{
	sqlite3_stmt *stmt;
	char path[512];
	sqlite3 *db;
	s64 number = -1;

	inside("index.sqlite", path);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return number;
}

static void the_index_tells_what_files_tell(void **state)
{
	static struct store s;

	(void)state;
	fill();
	for (u32 again = 0; again < 2; again++) {
		assert_int_equal(ask("SELECT count(*) FROM bug"), 2);
		assert_int_equal(ask("SELECT sum(count) FROM bug"), 5);
		assert_int_equal(ask("SELECT count(*) FROM signature"), 3);
		assert_int_equal(ask("SELECT count(*) FROM folder JOIN bug ON folder.bug = bug.id"), 4);
		assert_int_equal(ask("SELECT count FROM bug WHERE status = 'wontfix' AND note = 'two lines'"), 2);
		assert_int_equal(ask("PRAGMA user_version"), INDEX_VERSION);
		/* One of another version, and with nothing in it, is made anew. */
		ask("PRAGMA user_version = 99");
		ask("DELETE FROM folder");
		open_store(&s);
		close_store(&s);
	}
}

/* No file may grow beyond 4 KiB, so there is no index; then no record can be written either. */
static void a_full_disk_loses_nothing(void **state)
{
	struct rlimit old, small;
	static struct store s;
	char path[512];

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){4096, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	add(1, UAF, "none", 1000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	open_store(&s);
	assert_int_equal(find(&s, UAF)->count, 1);
	close_store(&s);
	inside("records", path);
	file_remove_dir(path);
	assert_int_equal(file_replace(path, "in the way"), 0);
	add(2, UAF, "none", 1001);
	unlink(path);
	open_store(&s);
	assert_int_equal(find(&s, UAF)->count, 2);
	close_store(&s);
	assert_int_equal(ask("SELECT sum(count) FROM bug"), 2);
}

static void folders_alone_give_the_same_bugs(void **state)
{
	static struct store s;
	char path[512];

	(void)state;
	fill();
	inside("index.sqlite", path);
	unlink(path);
	inside("records", path);
	file_remove_dir(path);
	open_store(&s);
	assert_int_equal(s.nr_records, 2);
	assert_int_equal(find(&s, UAF)->count, 3);
	assert_int_equal(find(&s, UAF)->nr_signatures, 2);
	assert_string_equal(find(&s, UAF)->signature[0].text, UAF);
	/* What only the records told is lost: a second time, a status. */
	assert_int_equal(find(&s, LEAK)->count, 1);
	assert_int_equal(find(&s, LEAK)->status, RECORD_new);
	close_store(&s);
}

static void folders_come_and_go(void **state)
{
	static struct store s;
	char path[512], name[256];

	(void)state;
	snprintf(name, sizeof(name), "%s", add(1, UAF, "none", 1000));
	add(2, UAF, "none", 1001);
	inside(name, path);
	file_remove_dir(path);
	open_store(&s);
	assert_int_equal(find(&s, UAF)->nr_folders, 1);
	assert_int_equal(find(&s, UAF)->count, 2);
	assert_false(record_has_folder(find(&s, UAF), name));
	close_store(&s);
	add(1, UAF, "none", 1002);
	open_store(&s);
	assert_int_equal(find(&s, UAF)->nr_folders, 2);
	assert_int_equal(find(&s, UAF)->count, 3);
	close_store(&s);
}

static void damage_is_told_and_left_alone(void **state)
{
	static struct store s;
	char path[512], *text;
	struct stat st;

	(void)state;
	add(1, UAF, "none", 1000);
	snprintf(path, sizeof(path), "%s/%s/verdict.txt", dir, add(2, LEAK, "none", 1000));
	assert_int_equal(file_replace(path, "verdict    oops\nnonsense\n"), 0);
	open_store(&s);
	close_store(&s);
	/* The index still knows it; without, the file must be read. */
	inside("index.sqlite", path);
	unlink(path);
	inside("records/0123abcd.txt", path);
	assert_int_equal(file_replace(path, "pfnstorm-record 1\nkey        none *\nstatus     odd\n"), 0);
	open_store(&s);
	assert_int_equal(s.unreadable, 2);
	assert_non_null(strstr(s.complaint, "records/0123abcd.txt:3:1: expected new, reproduced"));
	assert_int_equal(find(&s, LEAK)->nr_folders, 1);
	close_store(&s);
	assert_int_equal(stat(path, &st), 0);
	assert_non_null(text = file_read(path, NULL));
	assert_non_null(strstr(text, "status     odd"));
	free(text);
}

/* ---- people's decisions ----------------------------------------------------------------------------------------- */

static void merged_bugs_stay_one(void **state)
{
	static struct store s;
	struct record *a, *b;
	char id[16];

	(void)state;
	add(1, UAF, "none", 1000);
	add(2, LEAK, "none", 1001);
	open_store(&s);
	a = find(&s, UAF);
	b = find(&s, LEAK);
	snprintf(id, sizeof(id), "%s", b->id);
	store_merge(&s, a, b);
	close_store(&s);
	add(3, LEAK, "none", 1002);
	open_store(&s);
	assert_int_equal(s.nr_records, 1);
	assert_int_equal(find(&s, id)->count, 3);
	assert_int_equal(find(&s, id)->nr_signatures, 2);
	assert_int_equal(find(&s, id)->nr_folders, 3);
	close_store(&s);
}

static void a_split_signature_is_a_bug_of_its_own(void **state)
{
	static struct store s;
	struct record *to;
	char message[256];

	(void)state;
	add(1, UAF, "pfn_walk=unsynchronised", 1000);
	add(2, UNINITIALISED, "pfn_walk=unsynchronised", 1001);
	open_store(&s);
	to = store_split(&s, find(&s, UAF), UNINITIALISED, message, sizeof(message));
	assert_non_null(to);
	close_store(&s);
	add(3, UNINITIALISED, "pfn_walk=unsynchronised", 1002);
	add(4, UAF, "pfn_walk=unsynchronised", 1003);
	open_store(&s);
	assert_int_equal(s.nr_records, 2);
	assert_int_equal(find(&s, UAF)->count, 2);
	assert_int_equal(find(&s, UNINITIALISED)->count, 2);
	assert_int_equal(find(&s, UNINITIALISED)->nr_folders, 2);
	assert_null(store_split(&s, find(&s, UAF), UAF, message, sizeof(message)));
	assert_non_null(strstr(message, "no other signature"));
	close_store(&s);
}

/* A process was killed after it had written the record that takes, before it wrote the one that gives. */
static void half_done_merges_and_splits_are_finished(void **state)
{
	static struct store s;
	char path[512], giver[512], message[256], *old;

	(void)state;
	add(1, UAF, "pfn_walk=unsynchronised", 1000);
	add(2, UNINITIALISED, "pfn_walk=unsynchronised", 1001);
	open_store(&s);
	snprintf(path, sizeof(path), "%s/records/%s.txt", dir, find(&s, UAF)->id);
	close_store(&s);
	old = file_read(path, NULL);
	open_store(&s);
	assert_non_null(store_split(&s, find(&s, UAF), UNINITIALISED, message, sizeof(message)));
	close_store(&s);
	assert_int_equal(file_replace(path, old), 0);
	free(old);
	open_store(&s);
	assert_int_equal(s.nr_records, 2);
	assert_int_equal(find(&s, UAF)->count, 1);
	assert_int_equal(find(&s, UNINITIALISED)->nr_folders, 1);
	snprintf(giver, sizeof(giver), "%s/records/%s.txt", dir, find(&s, UNINITIALISED)->id);
	close_store(&s);
	old = file_read(giver, NULL);
	open_store(&s);
	store_merge(&s, find(&s, UAF), find(&s, UNINITIALISED));
	close_store(&s);
	assert_int_equal(file_replace(giver, old), 0);
	free(old);
	open_store(&s);
	assert_int_equal(find(&s, UNINITIALISED)->count, 2);
	assert_string_equal(find(&s, UNINITIALISED)->id, find(&s, UAF)->id);
	close_store(&s);
	assert_int_equal(access(giver, F_OK), -1);
}

static void the_first_the_smallest_and_the_newest_stay(void **state)
{
	static struct store s;
	const struct record *r;
	char name[6][256];

	(void)state;
	for (u32 i = 0; i < 6; i++)
		snprintf(name[i], sizeof(name[i]), "%s", add(i == 2 ? 7 : 10 + i, UAF, "none", 1000 + i));
	open_store(&s);
	/* Its scenario has the shortest name, so the shortest token. */
	assert_string_equal(store_smallest(&s, find(&s, UAF))->folder, name[2]);
	assert_int_equal(retain_newest(&s, 2).folders, 2);
	close_store(&s);
	open_store(&s);
	r = find(&s, UAF);
	assert_int_equal(r->count, 6);
	assert_int_equal(s.nr_facts, 4);
	assert_int_equal(r->nr_folders, 4);
	for (u32 i = 0; i < 6; i++)
		assert_int_equal(record_has_folder(r, name[i]), i != 1 && i != 3);
	close_store(&s);
}

static void bugs_are_found_by_what_names_them(void **state)
{
	static struct store s;
	char name[256], path[512], message[1024];
	const struct record *r;

	(void)state;
	snprintf(name, sizeof(name), "%s", add(1, UAF, "none", 1000));
	add(2, LEAK, "none", 1000);
	open_store(&s);
	r = find(&s, UAF);
	assert_ptr_equal(find(&s, r->id), r);
	snprintf(path, sizeof(path), "%.5s", r->id);
	assert_ptr_equal(find(&s, path), r);
	assert_ptr_equal(find(&s, name), r);
	snprintf(path, sizeof(path), "%s/%s/", dir, name);
	assert_ptr_equal(find(&s, path), r);
	assert_null(store_find(&s, "nothing", message, sizeof(message)));
	assert_non_null(strstr(message, "has no bug 'nothing': expected an id"));
	close_store(&s);
}

static void no_directory_is_an_error(void **state)
{
	static struct store s;
	char path[512], message[512];

	(void)state;
	inside("missing", path);
	assert_int_equal(store_open(&s, path, message, sizeof(message)), -ENOENT);
	assert_non_null(strstr(message, "missing: No such file"));
}

static void rates_have_intervals(void **state)
{
	double low, high;

	(void)state;
	record_rate_interval(0, 0, &low, &high);
	assert_true(low == 0 && high == 1);
	record_rate_interval(0, 100, &low, &high);
	assert_true(low == 0 && high > 0.0369 && high < 0.0371);
	record_rate_interval(50, 100, &low, &high);
	assert_true(low > 0.4037 && low < 0.4039 && high > 0.5961 && high < 0.5963);
	record_rate_interval(100, 100, &low, &high);
	assert_true(low > 0.9629 && low < 0.9631 && high == 1);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(one_cause_is_one_bug_whatever_it_looks_like),
		WITH_DIR(a_design_only_opens_the_way),
		WITH_DIR(without_a_switch_a_signature_is_a_bug),
		WITH_DIR(who_does_not_know_the_cause_joins_who_does),
		WITH_DIR(the_same_folder_again_is_counted),
		WITH_DIR(what_was_fixed_has_regressed),
		WITH_DIR(records_outlive_the_index),
		WITH_DIR(the_index_tells_what_files_tell),
		WITH_DIR(a_full_disk_loses_nothing),
		WITH_DIR(folders_alone_give_the_same_bugs),
		WITH_DIR(folders_come_and_go),
		WITH_DIR(damage_is_told_and_left_alone),
		WITH_DIR(merged_bugs_stay_one),
		WITH_DIR(a_split_signature_is_a_bug_of_its_own),
		WITH_DIR(half_done_merges_and_splits_are_finished),
		WITH_DIR(the_first_the_smallest_and_the_newest_stay),
		WITH_DIR(bugs_are_found_by_what_names_them),
		WITH_DIR(no_directory_is_an_error),
		cmocka_unit_test(rates_have_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
