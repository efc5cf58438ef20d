/* SPDX-License-Identifier: MIT */
#include "api/pfnstorm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const walks[] = {"walk block=4 blocks=1", "synchronize", NULL};
static const char *const removes[] = {"offline block=4", "remove block=4", NULL};
static const struct pfnstorm_task tasks[] = {{"walker", 0, walks}, {"re-mover", 1, removes}, {NULL, 0, NULL}};
static const char *const switches[] = {"pfn_walk=unsynchronised", NULL};
static const char *const early[] = {"start re-mover", "switch re-mover -> walker at offline.begin #1", NULL};
static const char *const late[] = {"switch walker -> re-mover at walk.section_checked #1", NULL};

static struct pfnstorm_scenario scenario(const char *const *schedule)
{
	return (struct pfnstorm_scenario){
		.name = "a walk",
		.machine = "geometry=tiny cpus=2 nodes=1 blocks=5 online=0-4",
		.switches = switches,
		.tasks = tasks,
		.schedule = schedule,
	};
}

static struct pfnstorm *opened(const char *const *schedule)
{
	struct pfnstorm_scenario s = scenario(schedule);
	char error[256] = "";
	struct pfnstorm *p = pfnstorm_open(&s, error, sizeof(error));

	assert_string_equal(error, "");
	assert_non_null(p);
	return p;
}

static void who_runs_is_told(void **state)
{
	struct pfnstorm *p = opened(early);
	struct pfnstorm_result r;
	const struct pfnstorm_switch *s;

	(void)state;
	assert_int_equal(pfnstorm_run(p, &r), 0);
	assert_string_equal(r.drift, "");
	assert_string_equal(r.verdict, "ok");
	assert_string_equal(r.signature, "");
	assert_true(r.nr_switches >= 3);
	s = r.switches;
	assert_int_equal(s[0].why, PFNSTORM_STARTS);
	assert_string_equal(s[0].from, "");
	assert_string_equal(s[0].place, "");
	assert_string_equal(s[0].to, "re-mover");
	assert_string_equal(s[0].to_op, "offline block=4");
	assert_int_equal(s[0].to_cpu, 1);
	assert_int_equal(s[1].why, PFNSTORM_PREEMPTED);
	assert_string_equal(s[1].from, "re-mover");
	assert_string_equal(s[1].place, "offline.begin 256 #1");
	assert_string_equal(s[1].from_op, "offline block=4");
	assert_string_equal(s[1].to, "walker");
	assert_string_equal(s[1].to_op, walks[0]);
	assert_int_equal(s[1].to_cpu, 0);
	assert_true(s[2].step >= s[1].step);
	assert_string_equal(pfnstorm_outcome(p, 1), "walker: synchronize -> 0");
	assert_string_equal(pfnstorm_outcome(p, 2), "re-mover: offline block=4 -> 0");
	assert_non_null(pfnstorm_outcome(p, 3));
	assert_null(pfnstorm_outcome(p, 4));
	pfnstorm_close(p);
}

static void every_run_is_the_same(void **state)
{
	struct pfnstorm *p = opened(late), *q;
	struct pfnstorm_result r;
	char signature[192];
	unsigned long long hash;
	size_t switched;

	(void)state;
	assert_int_equal(pfnstorm_run(p, &r), 0);
	assert_string_equal(r.verdict, "oops");
	assert_string_equal(r.signature, "oops use-after-free memmap {sparse.mem_map_cleared, walk.page}");
	assert_non_null(strstr(r.detail, "walker"));
	assert_int_equal(r.preemptions, 1);
	snprintf(signature, sizeof(signature), "%s", r.signature);
	hash = r.hash;
	switched = r.nr_switches;
	assert_string_equal(pfnstorm_outcome(p, 0), "walker: walk block=4 blocks=1: under way");
	assert_string_equal(pfnstorm_outcome(p, 1), "walker: synchronize: not begun");
	q = opened(early);
	assert_int_equal(pfnstorm_run(q, &r), 0);
	assert_true(r.hash != hash);
	pfnstorm_close(q);
	assert_int_equal(pfnstorm_run(p, &r), 0);
	assert_true(r.hash == hash);
	assert_string_equal(r.signature, signature);
	assert_int_equal(r.nr_switches, switched);
	pfnstorm_close(p);
}

static void another_design_holds(void **state)
{
	struct pfnstorm *p = opened(late);
	struct pfnstorm_result r;
	char error[256] = "";

	(void)state;
	assert_int_equal(pfnstorm_set(p, "pfn_walk=nothing", error, sizeof(error)), -1);
	assert_non_null(strstr(error, "'pfn_walk=nothing': "));
	assert_int_equal(pfnstorm_set(p, "pfn_walk=rcu", error, sizeof(error)), 0);
	assert_int_equal(pfnstorm_run(p, &r), 0);
	assert_string_equal(r.verdict, "ok");
	pfnstorm_close(p);
}

/* The law fails as soon as it may be asked, not when the run is over. */
static void laws_end_a_run_where_they_fail(void **state)
{
	static const char *const add[] = {"add block=4", NULL}, *const unlinked[] = {"planted_linked_early=on", NULL};
	static const char *const law[] = {"node_links", NULL};
	static const struct pfnstorm_task adds[] = {{"adder", 0, add}, {NULL, 0, NULL}};
	struct pfnstorm_scenario s = {
		.machine = "geometry=tiny cpus=1 nodes=1 blocks=5 online=0-3",
		.switches = unlinked,
		.tasks = adds,
	};
	unsigned long long steps[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		char error[256] = "";
		struct pfnstorm *p = pfnstorm_open(&s, error, sizeof(error));
		struct pfnstorm_result r;

		assert_non_null(p);
		assert_int_equal(pfnstorm_run(p, &r), 0);
		assert_string_equal(r.drift, "");
		assert_string_equal(r.signature, "law node_links");
		steps[i] = r.steps;
		pfnstorm_close(p);
		s.laws = law;
	}
	assert_true(steps[1] < steps[0]);
}

static void drift_is_told(void **state)
{
	static const char *const never[] = {"switch walker -> re-mover at walk.section_checked #1000", NULL};
	struct pfnstorm *p = opened(never);
	struct pfnstorm_result r;

	(void)state;
	assert_int_equal(pfnstorm_run(p, &r), 0);
	assert_non_null(strstr(r.drift, "entry 1"));
	pfnstorm_close(p);
}

static void refused(struct pfnstorm_scenario s, const char *message)
{
	char error[256] = "";

	assert_null(pfnstorm_open(&s, error, sizeof(error)));
	if (!strstr(error, message))
		fail_msg("expected '%s' in '%s'", message, error);
}

static void bad_tables_name_the_line(void **state)
{
	static const char *const schedule[] = {"start walker", "switch walker -> nobody at op.begin #1", NULL};
	static const char *const wrong_switch[] = {"pfn_walk=none", NULL};
	static const struct pfnstorm_task wrong_op[] = {{"walker", 0, wrong_switch}, {NULL, 0, NULL}};
	static const struct pfnstorm_task wrong_cpu[] = {{"walker", 7, walks}, {NULL, 0, NULL}};
	struct pfnstorm_scenario s;

	(void)state;
	s = scenario(schedule);
	refused(s, "'schedule switch walker -> nobody at op.begin #1': ");
	s = scenario(NULL);
	s.switches = wrong_switch;
	refused(s, "'pfn_walk=none': ");
	s = scenario(NULL);
	s.tasks = wrong_op;
	refused(s, "'pfn_walk=none': ");
	s = scenario(NULL);
	s.tasks = wrong_cpu;
	refused(s, "cpu");
	s = scenario(NULL);
	s.machine = "geometry=huge";
	refused(s, "'machine geometry=huge': ");
}

static void texts_and_tokens_are_read(void **state)
{
	static const char text[] = "pfnstorm 1\nmachine geometry=tiny cpus=1 nodes=1 blocks=2 online=0-1\n"
				   "task a on cpu0\n\twalk block=0 blocks=1\n";
	char error[256] = "";
	struct pfnstorm *p = pfnstorm_open_text(text, error, sizeof(error));
	struct pfnstorm_result r;

	(void)state;
	assert_non_null(p);
	assert_int_equal(pfnstorm_run(p, &r), 0);
	assert_string_equal(r.verdict, "ok");
	assert_int_equal(r.nr_switches, 1);
	pfnstorm_close(p);
	assert_null(pfnstorm_open_text("pfnstorm 1\nmachin x\n", error, sizeof(error)));
	assert_int_equal(strncmp(error, "2:1: ", 5), 0);
	assert_null(pfnstorm_open_text("pfn1:abc", error, sizeof(error)));
	assert_int_equal(strncmp(error, "1:", 2), 0);
	pfnstorm_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_runs_is_told),
		cmocka_unit_test(every_run_is_the_same),
		cmocka_unit_test(another_design_holds),
		cmocka_unit_test(drift_is_told),
		cmocka_unit_test(laws_end_a_run_where_they_fail),
		cmocka_unit_test(bad_tables_name_the_line),
		cmocka_unit_test(texts_and_tokens_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
