/* SPDX-License-Identifier: MIT */
#include "crashes/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crashes/file.h"
#include "crashes/save.h"
#include "crashes/store.h"
#include "crashes/testing.h"

static char dir[256], folder[512];

static int make_dir(void **state)
{
	static struct scenario s;
	char message[256];

	(void)state;
	testing_make_dir(dir, sizeof(dir));
	testing_parse(testing_small, &s);
	return save_crash(&s, dir, "test", folder, sizeof(folder), message, sizeof(message));
}

static int remove_dir(void **state)
{
	(void)state;
	testing_remove(dir);
	return 0;
}

static struct verify_result verify(u64 near_runs)
{
	const struct verify_options options = {.near_runs = near_runs};
	struct verify_result result;
	char message[512];

	if (verify_store(dir, &options, &result, message, sizeof(message)))
		fail_msg("%s", message);
	assert_int_equal(result.done, result.reproducers);
	return result;
}

/* The only record's status; sets it first, if @status is one. */
static enum record_status status(enum record_status to)
{
	static struct store s;
	enum record_status is;
	char message[512];

	if (store_open(&s, dir, message, sizeof(message)))
		fail_msg("%s", message);
	assert_int_equal(s.nr_records, 1);
	if (to != NR_RECORD_STATUSES)
		record_set_status(s.record[0], to);
	is = s.record[0]->status;
	assert_int_equal(store_close(&s, message, sizeof(message)), 0);
	return is;
}

/* Replaces a word in the folder's scenario. */
static void edit(const char *word, const char *by)
{
	char path[600], *text, *at, *edited;

	snprintf(path, sizeof(path), "%s/scenario.pfn", folder);
	text = file_read(path, NULL);
	assert_non_null(text);
	at = strstr(text, word);
	assert_non_null(at);
	assert_true(asprintf(&edited, "%.*s%s%s", (int)(at - text), text, by, at + strlen(word)) > 0);
	assert_int_equal(file_replace(path, edited), 0);
	free(edited);
	free(text);
}

static void what_fires_is_reproduced_or_has_regressed(void **state)
{
	struct verify_result r;

	(void)state;
	r = verify(0);
	assert_int_equal(r.outcomes[VERIFY_FIRES], 1);
	assert_int_equal(status(RECORD_fixed), RECORD_fixed);
	r = verify(0);
	assert_int_equal(r.regressed, 1);
	assert_int_equal(status(RECORD_wontfix), RECORD_wontfix);
	verify(0);
	assert_int_equal(status(RECORD_minimised), RECORD_minimised);
	verify(0);
	assert_int_equal(status(NR_RECORD_STATUSES), RECORD_minimised);
}

/* As if somebody had fixed it: the scenario's switch is another, under which it does not fail. */
static void what_is_silent_is_fixed(void **state)
{
	struct verify_result r;

	(void)state;
	edit("unsynchronised", "rcu");
	r = verify(100);
	assert_int_equal(r.outcomes[VERIFY_SILENT], 1);
	assert_int_equal(r.fixed, 1);
	assert_int_equal(status(RECORD_wontfix), RECORD_wontfix);
	r = verify(0);
	assert_int_equal(r.fixed, 0);
	assert_int_equal(status(NR_RECORD_STATUSES), RECORD_wontfix);
}

/* As if the code had changed: the schedule names a place that is not reached, but one near it is. */
static void what_fires_near_its_schedule_is_not_fixed(void **state)
{
	struct verify_result r;

	(void)state;
	edit("freepage_checked #1", "freepage_checked #999");
	r = verify(0);
	assert_int_equal(r.outcomes[VERIFY_SILENT], 1);
	assert_int_equal(r.fixed, 1);
	r = verify(VERIFY_NEAR_RUNS);
	assert_int_equal(r.outcomes[VERIFY_NEAR], 1);
	assert_int_equal(r.regressed, 1);
}

static void what_cannot_be_run_proves_nothing(void **state)
{
	struct verify_result r;

	(void)state;
	verify(0);
	edit("compact", "compost");
	r = verify(0);
	assert_int_equal(r.fixed + r.regressed, 0);
	assert_int_equal(status(NR_RECORD_STATUSES), RECORD_reproduced);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(what_fires_is_reproduced_or_has_regressed),
		WITH_DIR(what_is_silent_is_fixed),
		WITH_DIR(what_fires_near_its_schedule_is_not_fixed),
		WITH_DIR(what_cannot_be_run_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
