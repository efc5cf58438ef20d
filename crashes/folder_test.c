/* SPDX-License-Identifier: MIT */
#include "crashes/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/input.h"
#include "crashes/save.h"
#include "crashes/testing.h"
#include "fuzz/token.h"

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

static void slugs_are_plain_words(void **state)
{
	char slug[16];

	(void)state;
	folder_slug("oops use-after-free {a.b, c}", slug, sizeof(slug));
	assert_string_equal(slug, "oops-use-after");
	folder_slug("--A  B--", slug, sizeof(slug));
	assert_string_equal(slug, "a-b");
	folder_slug("", slug, sizeof(slug));
	assert_string_equal(slug, "");
}

static int count_folder(const char *path, void *arg)
{
	(void)path;
	++*(u32 *)arg;
	return 0;
}

static void is_written_whole_and_read_back(void **state)
{
	static const char *const parts[] = {"scenario.pfn", "token",   "verdict.txt", "diagram.txt",
					    "trace.txt",    "log.txt", "README"};
	static struct scenario s, back;
	struct folder_verdict v;
	char path[512], file[600], message[256];
	u32 count = 0;

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(save_crash(&s, dir, "test", path, sizeof(path), message, sizeof(message)), 0);
	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		struct stat st;

		snprintf(file, sizeof(file), "%s/%s", path, parts[i]);
		assert_int_equal(stat(file, &st), 0);
	}
	assert_int_equal(input_load(path, &back, message, sizeof(message)), 0);
	assert_true(scenario_equal(&s, &back));
	assert_int_equal(folder_read_verdict(path, &v, message, sizeof(message)), 0);
	assert_string_equal(v.kind, "oops");
	assert_string_equal(v.found_by, "test");
	assert_non_null(strstr(v.signature, "use-after-free memmap"));
	assert_true(v.steps > 100 && v.hash);
	assert_int_equal(folder_for_each(dir, count_folder, &count, message, sizeof(message)), 0);
	assert_int_equal(count, 1);
}

static void token_in_the_folder_is_the_scenario(void **state)
{
	static struct scenario s, back;
	struct text_error error;
	char path[512], file[600], message[256], *token;

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(save_crash(&s, dir, "test", path, sizeof(path), message, sizeof(message)), 0);
	snprintf(file, sizeof(file), "%s/token", path);
	token = file_read(file, NULL);
	assert_non_null(token);
	assert_int_equal(token[strlen(token) - 1], '\n');
	token[strlen(token) - 1] = '\0';
	assert_int_equal(token_decode(token, &back, &error), 0);
	assert_true(scenario_equal(&s, &back));
	/* The folder is named after the token's checksum. */
	assert_string_equal(path + strlen(path) - 8, token + strlen(token) - 8);
	free(token);
}

static void is_never_overwritten(void **state)
{
	static struct scenario s;
	char path[512], again[512], file[600], message[256], *text;

	(void)state;
	testing_parse(testing_small, &s);
	assert_int_equal(save_crash(&s, dir, "first", path, sizeof(path), message, sizeof(message)), 0);
	assert_int_equal(save_crash(&s, dir, "second", again, sizeof(again), message, sizeof(message)), 0);
	assert_string_equal(path, again);
	snprintf(file, sizeof(file), "%s/verdict.txt", path);
	text = file_read(file, NULL);
	assert_non_null(strstr(text, "found by   first"));
	free(text);
}

static void an_ok_run_leaves_nothing(void **state)
{
	static struct scenario s;
	char path[512], message[256];
	u32 count = 0;

	(void)state;
	testing_parse(testing_small, &s);
	schedule_init(&s.schedule);
	assert_int_equal(save_crash(&s, dir, "test", path, sizeof(path), message, sizeof(message)), -ENOENT);
	assert_int_equal(folder_for_each(dir, count_folder, &count, message, sizeof(message)), 0);
	assert_int_equal(count, 0);
}

static void a_directory_that_cannot_be_is_an_error(void **state)
{
	static struct scenario s;
	char path[512], message[256], blocked[300];

	(void)state;
	assert_int_equal(file_write_synced(dir, "file", "x"), 0);
	snprintf(blocked, sizeof(blocked), "%s/file/crashes", dir);
	testing_parse(testing_small, &s);
	assert_true(save_crash(&s, blocked, "test", path, sizeof(path), message, sizeof(message)) < 0);
	assert_non_null(strstr(message, "file/crashes"));
}

static void broken_folders_are_located(void **state)
{
	struct folder_verdict v;
	static struct scenario s;
	char message[512];

	(void)state;
	assert_int_equal(input_load(dir, &s, message, sizeof(message)), -ENOENT);
	assert_non_null(strstr(message, "expected a crash folder"));
	assert_int_equal(file_write_synced(dir, "verdict.txt", "verdict    oops\nnonsense\n"), 0);
	assert_int_equal(folder_read_verdict(dir, &v, message, sizeof(message)), -EINVAL);
	assert_non_null(strstr(message, "verdict.txt:2:1: expected 'signature'"));
	assert_int_equal(file_write_synced(dir, "scenario.pfn", "pfnstorm 1\nnonsense\n"), 0);
	assert_true(input_load(dir, &s, message, sizeof(message)) < 0);
	assert_non_null(strstr(message, "scenario.pfn:2:1: "));
}

static void a_file_is_replaced_at_once(void **state)
{
	char path[300], *text;

	(void)state;
	snprintf(path, sizeof(path), "%s/out", dir);
	assert_int_equal(file_replace(path, "one"), 0);
	assert_int_equal(file_replace(path, "two"), 0);
	text = file_read(path, NULL);
	assert_string_equal(text, "two");
	free(text);
	snprintf(path, sizeof(path), "%s/missing/out", dir);
	assert_int_equal(file_replace(path, "one"), -ENOENT);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slugs_are_plain_words),
		WITH_DIR(is_written_whole_and_read_back),
		WITH_DIR(token_in_the_folder_is_the_scenario),
		WITH_DIR(is_never_overwritten),
		WITH_DIR(an_ok_run_leaves_nothing),
		WITH_DIR(a_directory_that_cannot_be_is_an_error),
		WITH_DIR(broken_folders_are_located),
		WITH_DIR(a_file_is_replaced_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
