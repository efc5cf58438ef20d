/* SPDX-License-Identifier: MIT */
/*
 * The core against every recording of a real kernel: what is replayed, how much of it is equal, and that no difference
 * is there but those that reasons.def names.
 */
#include <json-c/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "oracle/boot.h"
#include "oracle/report.h"

static const char *corpus_path(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/corpus/kernel-6.1/%s.json.gz", getenv("PFNSTORM_SOURCE_DIR"), name);
	return path;
}

static struct oracle_result result;

/* @assignment: a switch that the recorded kernel has not so; NULL: none. */
static void replay_with(const char *name, const char *assignment)
{
	struct switches sw;
	char error[512];

	oracle_switches(&sw);
	if (assignment && switches_set(&sw, assignment, error, sizeof(error)))
		fail_msg("%s", error);
	if (oracle_replay(corpus_path(name), &sw, &result, error, sizeof(error)))
		fail_msg("%s", error);
}

static void replay(const char *name)
{
	replay_with(name, NULL);
}

/* Of all recordings so far. */
static u32 changing, changing_replayed, recordings;

/* @fields: at least so many were compared, so that a comparison that lost its way does not pass. */
static void agrees(const char *name, u32 replayed, u32 fields)
{
	replay(name);
	report_row(&result);
	changing += result.changing;
	changing_replayed += result.changing_replayed;
	recordings++;
	if (result.verdict.kind != VERDICT_ok)
		fail_msg("%s: %s", result.verdict.signature, result.verdict.detail);
	if (result_different(&result)) {
		report_differences(&result, 20, false);
		fail_msg("%s differs from the kernel", name);
	}
	assert_int_equal(result.changing_replayed, replayed);
	assert_true(result.comparison.compared >= fields);
}

#define AGREES(name, replayed, fields)                                                                                 \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		agrees(#name, replayed, fields);                                                                       \
	}
#include "oracle/recordings.def"
#undef AGREES

/* Behind all of them: every step that changes the machine. */
static void test_all_is_replayed(void **state)
{
	(void)state;
	assert_int_equal(recordings, 31);
	assert_true(changing > 900);
	assert_int_equal(changing_replayed, changing);
}

/* A machine that is not the kernel's is seen: the recording of one against the steps of another. */
static void test_other_machine_differs(void **state)
{
	struct recording r;
	struct comparison c = {.recording = "other"};
	struct oracle_machine m;
	char error[512];

	(void)state;
	replay("05_span_shrink");
	assert_int_equal(recording_load(corpus_path("10_cycles"), &r, error, sizeof(error)), 0);
	assert_int_equal(oracle_machine_init(&r, &m, error, sizeof(error)), 0);
	/* The machine as the first recording left it. */
	compare_snapshot(&c, r.snapshot);
	assert_true(c.compared > 100);
	assert_true(c.equal < c.compared);
	recording_free(&r);
}

/* What 6.1 does not have, or has and should not be without, is seen: the recordings tell such machines from the kernel.
 */
static void test_switches_are_seen(void **state)
{
	static const struct {
		const char *recording, *assignment;
	} others[] = {
		{"01_online_policies", "online_type_sticks=off"},
		{"05_span_shrink", "zone_shrunk_at_removal=on"},
		{"05_span_shrink", "node_offline=walk_span"},
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
		replay_with(others[i].recording, others[i].assignment);
		if (!result_different(&result))
			fail_msg("%s does not tell %s", others[i].recording, others[i].assignment);
	}
}

/* The first step "online …" that changed a snapshot; its text becomes one that nobody understands. */
static void garble_a_step(struct json_object *root)
{
	struct json_object *steps = json_object_object_get(root, "steps");

	for (size_t i = 0; i < json_object_array_length(steps); i++) {
		struct json_object *step = json_object_array_get_idx(steps, i);

		if (strncmp(json_text(step, "step", ""), "online ", 7) != 0 || !json_at(step, "delta", "zones", NULL))
			continue;
		json_object_object_add(step, "step", json_object_new_string("frobnicate memory32"));
		json_object_object_del(step, "resolved");
		return;
	}
	fail_msg("no such step");
}

/* What is not understood is not replayed; the machine goes where the recording is, and agrees from there on. */
static void test_behind_and_back(void **state)
{
	char path[] = "/tmp/pfnstorm-recording-XXXXXX", error[512];
	struct switches sw;
	struct recording r;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(recording_load(corpus_path("05_span_shrink"), &r, error, sizeof(error)), 0);
	garble_a_step(r.root);
	assert_int_equal(json_object_to_file(path, r.root), 0);
	recording_free(&r);
	oracle_switches(&sw);
	assert_int_equal(oracle_replay(path, &sw, &result, error, sizeof(error)), 0);
	unlink(path);
	report_differences(&result, 20, false);
	assert_int_equal(result_different(&result), 0);
	assert_int_equal(result.replayed, result.steps - 1);
	assert_int_equal(result.resynchronised, 1);
	assert_true(result.comparison.compared > 5000);
}

static void test_not_a_recording(void **state)
{
	char path[4096], error[512];
	struct recording r;

	(void)state;
	snprintf(path, sizeof(path), "%s/README.md", getenv("PFNSTORM_SOURCE_DIR"));
	assert_int_equal(recording_load(path, &r, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "expected a recording"));
	assert_int_equal(recording_load("/nonexistent", &r, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define AGREES(name, replayed, fields) cmocka_unit_test(test_##name),
#include "oracle/recordings.def"
#undef AGREES
		cmocka_unit_test(test_all_is_replayed),       cmocka_unit_test(test_switches_are_seen),
		cmocka_unit_test(test_other_machine_differs), cmocka_unit_test(test_behind_and_back),
		cmocka_unit_test(test_not_a_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
