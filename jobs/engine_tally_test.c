/* SPDX-License-Identifier: MIT */
/* Reports of engines: read, summed, written; half of one is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "crashes/file.h"
#include "jobs/engine_tally.h"

static const char report[] = "pfnstorm-stats 1\n"
			     "inputs 100\nruns 90\nboots 3\ninterleavings 40\n"
			     "verdict ok 88\nverdict oops 2\n"
			     "op offline 10 4\nerrno offline EBUSY 5\nerrno offline EINTR 1\n"
			     "op of_another_build 7 7\n"
			     "overlapped offline 0x6\noverlapped online 0x8\n"
			     "signature 2 17 oops use-after-free memmap {a.b, c.d}\n"
			     "end\n";

static char path[] = "/tmp/tally-test-XXXXXX";
static struct engine_tally t, sum;

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static bool read_text(const char *text, struct engine_tally *to)
{
	char aside[sizeof(path) + 4];

	snprintf(aside, sizeof(aside), "%s.new", path);
	assert_int_equal(file_put(aside, path, text, strlen(text)), 0);
	return engine_tally_add_file(to, path);
}

static void check_once(const struct engine_tally *one, u64 times)
{
	const struct engine_op *offline = &one->op[op_info_by_name("offline")->id];

	assert_int_equal(one->inputs, 100 * times);
	assert_int_equal(one->boots, 3 * times);
	assert_int_equal(one->interleavings, 40);
	assert_int_equal(one->verdict[VERDICT_oops], 2 * times);
	assert_int_equal(offline->attempts, 10 * times);
	assert_int_equal(offline->successes, 4 * times);
	assert_string_equal(offline->err[0].name, "EBUSY");
	assert_int_equal(offline->err[0].count, 5 * times);
	assert_string_equal(offline->err[1].name, "EINTR");
	assert_int_equal(one->nr_signatures, 1);
	assert_string_equal(one->signature[0].text, "oops use-after-free memmap {a.b, c.d}");
	assert_int_equal(one->signature[0].count, 2 * times);
}

static void reports_are_read_and_summed(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	memset(&sum, 0, sizeof(sum));
	assert_true(read_text(report, &t));
	check_once(&t, 1);
	assert_true(read_text(report, &sum));
	engine_tally_add(&sum, &t);
	check_once(&sum, 2);
	/* Offline met add (1) and online (2), online met offline (3): two pairs, one of them seen from both sides. */
	assert_int_equal(engine_tally_pairs(&t), 2);
	assert_true(engine_tally_all_pairs() >= 1000);
}

static void what_is_written_reads_back(void **state)
{
	char *text;

	(void)state;
	memset(&t, 0, sizeof(t));
	memset(&sum, 0, sizeof(sum));
	assert_true(read_text(report, &t));
	text = engine_tally_print(&t);
	assert_non_null(text);
	assert_true(read_text(text, &sum));
	free(text);
	assert_memory_equal(&t, &sum, sizeof(t));
}

static void half_a_report_is_none(void **state)
{
	static const struct engine_tally nothing;
	char text[sizeof(report)];

	(void)state;
	memset(&t, 0, sizeof(t));
	for (size_t len = 0; len + 1 < sizeof(report); len++) {
		snprintf(text, len + 1, "%s", report);
		assert_false(read_text(text, &t));
	}
	assert_false(read_text("pfnstorm-stats 2\nend\n", &t));
	assert_false(engine_tally_add_file(&t, "/nowhere/at/all"));
	assert_memory_equal(&t, &nothing, sizeof(t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_are_read_and_summed),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(half_a_report_is_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
