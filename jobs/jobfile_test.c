/* SPDX-License-Identifier: MIT */
/* Job files: what is read, what is taken where nothing was given, and where an error is said to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/jobfile.h"

static struct jobfile job, again;
static struct text_error error;

static void parse(const char *text)
{
	if (jobfile_parse(text, strlen(text), &job, &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.message);
}

static void refuse(const char *text, u32 line, const char *message)
{
	assert_int_not_equal(jobfile_parse(text, strlen(text), &job, &error), 0);
	if (error.line != line || !strstr(error.message, message))
		fail_msg("expected %u: …%s…, got %u: %s", line, message, error.line, error.message);
	assert_int_equal(job.nr_sections, 0);
}

static void values_are_read(void **state)
{
	const struct job_section *s;
	const char *at;
	char word[JOB_WORD_MAX];

	(void)state;
	parse("; a comment\n[night]\ntime = 90m ; and another\ndisk = 2G\nseed = 0xffffffffffffffff\n"
	      "hook.found = mail -s \"a; b\" me\n\n[hunt x]\nswitches = one\n  two ; too\n\tthree\n");
	s = jobfile_section(&job, JOB_night);
	assert_true(job_seconds(s, JOB_KEY_night_time) == 5400);
	assert_int_equal(job_size(s, JOB_KEY_night_disk), 2ULL << 30);
	assert_int_equal(job_number(s, JOB_KEY_night_seed), UINT64_MAX);
	assert_string_equal(job_text(s, JOB_KEY_night_hook_found), "mail -s \"a; b\" me");
	s = jobfile_section(&job, JOB_hunt);
	assert_string_equal(s->name, "x");
	assert_int_equal(s->line, 8);
	at = job_text(s, JOB_KEY_hunt_switches);
	assert_true(job_next_word(&at, word) && strcmp(word, "one") == 0);
	assert_true(job_next_word(&at, word) && strcmp(word, "two") == 0);
	assert_true(job_next_word(&at, word) && strcmp(word, "three") == 0);
	assert_false(job_next_word(&at, word));
	jobfile_free(&job);
}

/* A default that is no value of its type would be found by nobody but who relies on it. */
static void defaults_are_values(void **state)
{
	char text[512];

	(void)state;
	for (u32 k = 0; k < NR_JOB_KEYS; k++) {
		const struct job_key_info *key = &job_keys[k];
		const struct job_kind_info *kind = &job_kinds[key->section];

		if (!*key->fallback)
			continue;
		snprintf(text, sizeof(text), "[%s%s]\n%s%s = %s\n", kind->name, kind->named ? " x" : "",
			 key->section == JOB_fuzz      ? "targets = race\n"
			 : key->section == JOB_explore ? "input = x\n"
			 : key->section == JOB_stress  ? "input = x\n"
			 : key->section == JOB_bisect  ? "repo = x\n"
						       : "",
			 key->key, key->fallback);
		parse(text);
		assert_string_equal(job_text(jobfile_section(&job, key->section), (enum job_key)k), key->fallback);
		assert_string_equal(job_text(NULL, (enum job_key)k), key->fallback);
		jobfile_free(&job);
	}
}

static void nothing_is_a_night(void **state)
{
	(void)state;
	parse("");
	assert_int_equal(job.nr_sections, 1);
	assert_true(job_seconds(jobfile_section(&job, JOB_night), JOB_KEY_night_time) == 8 * 3600);
	assert_null(jobfile_section(&job, JOB_canary));
	assert_false(job_has(jobfile_section(&job, JOB_night), JOB_KEY_night_seed));
	jobfile_free(&job);
}

static void what_is_printed_reads_back(void **state)
{
	static const char words[] = " a-long-word-that-comes-again-and-again";
	char text[4096] = "[night]\nname = x\n[stress y]\noptions =", printed[8192];
	size_t len;

	(void)state;
	for (u32 i = 0; i < 40; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i % 3 ? "" : "\n ", words);
	parse(text);
	len = jobfile_print(&job, printed, sizeof(printed));
	assert_true(len < sizeof(printed));
	assert_int_equal(jobfile_parse(printed, len, &again, &error), 0);
	assert_true(jobfile_equal(&job, &again));
	assert_int_equal(strlen(job_text(jobfile_section(&job, JOB_stress), JOB_KEY_stress_options)),
			 40 * (sizeof(words) - 1) - 1);
	jobfile_free(&job);
	jobfile_free(&again);
}

static void errors_have_a_place(void **state)
{
	char text[512] = "[night]\nname = ";

	(void)state;
	refuse("[night]\n\ntime = 0\n", 3, "[night] time: expected a time like 90, 30s, 5m or 2h, found '0'");
	refuse("[night]\nkeep = 0\n", 2, "expected a number within 1 100000, found '0'");
	refuse("[night]\ndisk = 5X\n", 2, "expected a size like 500M or 20G");
	refuse("[night]\nreport = maybe\n", 2, "expected yes or no");
	refuse("[fuzz x]\ntargets = race\nengine = steam\n", 3, "expected one of libfuzzer afl both");
	refuse("[explore]\n", 1, "expected [explore NAME]");
	refuse("[night x]\n", 1, "expected [night]");
	refuse("[night] x\n", 1, "expected nothing behind the section");
	refuse("[night]\n\n [verify]\nnear = 5\n", 4, "expected [verify] at the beginning of its line");
	refuse("[night]\nname\n", 2, "expected [SECTION] or KEY = VALUE");
	memset(text + strlen(text), 'x', 300);
	refuse(text, 2, "expected lines of at most 190 characters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),     cmocka_unit_test(defaults_are_values),
		cmocka_unit_test(nothing_is_a_night),  cmocka_unit_test(what_is_printed_reads_back),
		cmocka_unit_test(errors_have_a_place),
	};

	return cmocka_run_group_tests_name("jobfile", tests, NULL, NULL);
}
