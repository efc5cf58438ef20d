/* SPDX-License-Identifier: MIT */
#include "fuzz/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rt/random.h"

static const char example[] = "pfnstorm 1\n"
			      "# from: linux-mm, 2022-11-25\n"
			      "name     compaction against offline and remove\n"
			      "machine  geometry=tiny cpus=2 nodes=1 blocks=8 online=0-5\n"
			      "design   pfn_walk=unsynchronised\n"
			      "boot     alloc movable order=0 count=40 as filler\n"
			      "task walker on cpu0\n"
			      "         compact zone=Normal\n"
			      "task remover on cpu1\n"
			      "         offline block=4\n"
			      "         remove block=4\n"
			      "expect   oops use-after-free memmap\n"
			      "schedule switch walker -> remover at op.begin #1\n"
			      "schedule switch remover -> walker at lock zone.lock #1 after op.begin #2\n"
			      "schedule switch walker -> remover at +17 after op.end #3 build=ab12cd34\n"
			      "schedule switch remover -> task/9 at block #1 after task.start #1\n"
			      "schedule choose fault kmalloc #2 = 1\n"
			      "schedule choose callback #1 = 3\n";

static struct scenario a, b;

static void parse(const char *text, struct scenario *s)
{
	struct text_error error = {0};

	if (scenario_parse(text, strlen(text), s, &error))
		fail_msg("%u:%u: %s in:\n%s", error.line, error.column, error.message, text);
}

static void check_text_round_trip(const char *text)
{
	static char printed[SCENARIO_TEXT_MAX];

	parse(text, &a);
	assert_null(scenario_error(&a));
	assert_true(scenario_print(&a, printed, sizeof(printed)) < sizeof(printed));
	assert_string_equal(printed, text);
	parse(printed, &b);
	assert_true(scenario_equal(&a, &b));
}

static void canonical_text_prints_as_itself(void **state)
{
	(void)state;
	check_text_round_trip(example);
	check_text_round_trip("pfnstorm 1\n"
			      "machine  geometry=tiny memory=tso cpus=2 nodes=1 blocks=8 online=0-3\n"
			      "task t0 on cpu0\n"
			      "schedule choose drain switch #1 = 1\n"
			      "schedule choose drain load #12 = 1\n"
			      "schedule choose drain store #3 = 1\n");
	check_text_round_trip("pfnstorm 1\n"
			      "machine  geometry=tiny cpus=2 nodes=1 blocks=8 online=0-3 normal=4 movable=5 offline=6\n"
			      "seed     18446744073709551615\n"
			      "task a on cpu0\n"
			      "         alloc movable order=0 count=1 as s3\n"
			      "         alloc movable order=0 count=1 as mine\n"
			      "         signal b\n"
			      "task b on cpu1\n"
			      "expect   ok\n"
			      "schedule start b\n"
			      "schedule switch a -> b at read_once mem section usage #2 after op.begin #1\n");
	check_text_round_trip("pfnstorm 1\n"
			      "machine  geometry=tiny cpus=2 nodes=1 blocks=8 online=0-5\n"
			      "slots    second=0 first=7\n"
			      "task a on cpu0\n"
			      "         free first\n"
			      "         free second\n");
}

static void worked_example_means_what_it_says(void **state)
{
	(void)state;
	parse(example, &a);
	assert_string_equal(a.name, "compaction against offline and remove");
	assert_int_equal(a.machine.sw.design[DESIGN_pfn_walk], ALT_pfn_walk_unsynchronised);
	assert_int_equal(a.nr_tasks, 2);
	assert_int_equal(a.nr_boot_ops, 1);
	assert_int_equal(a.boot_op[0].arg[2], 40);
	assert_string_equal(a.slot[a.boot_op[0].arg[3]], "filler");
	assert_int_equal(a.task[1].nr_ops, 2);
	assert_int_equal(a.task[1].op[1].arg[0], 4);
	assert_int_equal(a.schedule.count, 6);
	assert_int_equal(schedule_preemptions(&a.schedule), 3);
	assert_int_equal(schedule_raw_entries(&a.schedule), 1);
	assert_int_equal(a.schedule.entry[3].target, 9);
}

static void omitted_arguments_have_their_defaults(void **state)
{
	(void)state;
	parse("pfnstorm 1\n\n#comment\ntask t on cpu0\n\tcompact\n\tonline block=6\n\talloc movable as x\n", &a);
	assert_int_equal(a.task[0].op[0].arg[0], 0);
	assert_int_equal(a.task[0].op[1].arg[1], 0);
	assert_int_equal(a.task[0].op[2].arg[2], 1);
}

static void expectation_needs_kind_and_every_word(void **state)
{
	struct rt_verdict verdict = {.kind = VERDICT_oops, .signature = "use-after-free memmap: x + y"};

	(void)state;
	parse(example, &a);
	assert_true(scenario_expected(&a, &verdict));
	strcpy(verdict.signature, "use-after-free pageset");
	assert_false(scenario_expected(&a, &verdict));
	verdict.kind = VERDICT_ok;
	assert_false(scenario_expected(&a, &verdict));
	a.expect.set = 0;
	assert_true(scenario_expected(&a, &verdict));
}

#define TASK "pfnstorm 1\ntask t on cpu0\n"
#define TWO "pfnstorm 1\ntask t on cpu0\ntask u on cpu1\n"

static const struct {
	const char *text;
	u32 line, column;
	const char *part;
} bad_texts[] = {
	{"", 1, 1, "expected 'pfnstorm 1'"},
	{"pfnstrom 1\n", 1, 1, "expected 'pfnstorm 1' (the header of a scenario), found 'pfnstrom'"},
	{"pfnstorm 2\n", 1, 10, "expected format version 1, found '2'"},
	{"pfnstorm 1 x\n", 1, 12, "expected the end of the line, found 'x'"},
	{"pfnstorm 1\nmachin cpus=2\n", 2, 1, "did you mean 'machine'?"},
	{"pfnstorm 1\nname\n", 2, 5, "expected a name"},
	{"pfnstorm 1\nname a\177\n", 2, 7, "expected printable text, found byte 0x7f"},
	{"pfnstorm 1\nname a\nname b\n", 3, 1, "only once"},
	{"pfnstorm 1\nmachine cpus=9\n", 2, 14, "expected cpus as a number from 1 to 8, found '9'"},
	{"pfnstorm 1\nmachine cpu=2\n", 2, 9, "did you mean 'cpus'?"},
	{"pfnstorm 1\nmachine cpus\n", 2, 9, "expected key=value, found 'cpus'"},
	{"pfnstorm 1\nmachine geometry=tiney\n", 2, 18, "did you mean 'tiny'?"},
	{"pfnstorm 1\nmachine online=0-\n", 2, 18, "expected the last block of a range"},
	{"pfnstorm 1\nmachine online=0,3-2\n", 2, 18, "expected ascending block ids"},
	{"pfnstorm 1\nmachine online=0,\n", 2, 17, "expected ','"},
	{"pfnstorm 1\nmachine online=1\n", 2, 9, "0"},
	{"pfnstorm 1\ndesign pfn_walk\n", 2, 8, "expected design=alternative, found 'pfn_walk'"},
	{"pfnstorm 1\ndesign nothing=x\n", 2, 8, "nothing"},
	{"pfnstorm 1\nbug nothing\n", 2, 5, "expected bug=on"},
	{"pfnstorm 1\nera 7.7\n", 2, 5, "expected an era like 6.1"},
	{"pfnstorm 1\nseed -1\n", 2, 6, "expected a seed"},
	{"pfnstorm 1\nseed 18446744073709551616\n", 2, 6, "below 2^64"},
	{"pfnstorm 1\nslots x=16\n", 2, 9, "expected a slot number from 0 to 15"},
	{"pfnstorm 1\nboot freee x\n", 2, 6, "expected an operation, found 'freee'; did you mean 'free'?"},
	{"pfnstorm 1\nboot\n", 2, 5, "expected an operation, found the end of the line"},
	{"pfnstorm 1\n", 1, 11, "expected a task, found the end of the text"},
	{"pfnstorm 1\n offline block=1\n", 2, 2, "no task has begun"},
	{"pfnstorm 1\ntask a/b on cpu0\n", 2, 6, "expected a task name"},
	{"pfnstorm 1\ntask t in cpu0\n", 2, 8, "expected 'on' and a cpu"},
	{"pfnstorm 1\ntask t on cpu2\n", 2, 11, "expected a cpu of this machine, cpu0 to cpu1, found 'cpu2'"},
	{TASK "task t on cpu0\n", 3, 6, "there is a task 't' already"},
	{TASK "boot free x\n", 3, 1, "before the first task"},
	{TASK "machine cpus=2\n", 3, 1, "before boot operations and tasks"},
	{TASK " ofline block=1\n", 3, 2, "did you mean 'offline'?"},
	{TASK " offline\n", 3, 9, "expected 'block=…', found the end of the line"},
	{TASK " offline blok=1\n", 3, 10, "expected 'block=…', found 'blok=1'"},
	{TASK " offline block=8\n", 3, 16, "expected block as a number from 0 to 7, found '8'"},
	{TASK " offline block=x\n", 3, 16, "expected block as a number from 0 to 7, found 'x'"},
	{TASK " offline block=1 block=2\n", 3, 18, "expected the end of the line"},
	{TASK " online block=1 type=onlin\n", 3, 22, "did you mean 'online'?"},
	{TASK " alloc movable order=5 as x\n", 3, 22, "expected order as a number from 0 to 4"},
	{TASK " alloc movable is x\n", 3, 16, "expected 'as', found 'is'"},
	{TASK " alloc movable as\n", 3, 18, "expected slot, found the end of the line"},
	{TASK " free s16\n", 3, 7, "expected a slot from s0 to s15"},
	{TASK " free x\n free s0\n", 4, 7, "slot 0 is called 'x'"},
	{TASK " signal u\n", 3, 9, "expected a task of this scenario"},
	{TASK "expect oop\n", 3, 8, "did you mean 'oops'?"},
	{TASK "expect ok\nexpect ok\n", 4, 1, "only once"},
	{TASK "schedule swich\n", 3, 10, "did you mean 'switch'?"},
	{TASK "schedule start u\n", 3, 16, "expected a task of this scenario"},
	{TASK "schedule start task/0\n", 3, 16, "task 0 has a name"},
	{TWO "schedule switch t to u\n", 4, 19, "expected '->', found 'to'"},
	{TWO "schedule switch t -> t at op.begin\n", 4, 22, "expected another task"},
	{TWO "schedule switch t -> u on op.begin\n", 4, 24, "expected 'at' and a place"},
	{TWO "schedule switch t -> u at\n", 4, 26, "expected a place"},
	{TWO "schedule switch t -> u at op.begun\n", 4, 27, "did you mean 'op.begin'?"},
	{TWO "schedule switch t -> u at op.begin 3\n", 4, 36, "expected the end of the line"},
	{TWO "schedule switch t -> u at op.begin #0\n", 4, 36, "expected an occurrence like #1, counted from 1"},
	{TWO "schedule switch t -> u at lock zone.lock after op.begin\n", 4, 56, "expected an occurrence like #1"},
	{TWO "schedule switch t -> u at lock zone.lock #1 op.begin\n", 4, 45, "expected 'after'"},
	{TWO "schedule switch t -> u at +0 after op.begin\n", 4, 27, "expected a number of points like +17"},
	{TWO "schedule switch t -> u at +1 after op.begin build=12\n", 4, 51, "8 hexadecimal digits"},
	{TWO "schedule choose drain bath #1 = 1\n", 4, 23, "expected 'switch', 'load' or 'store'"},
	{TWO "schedule choose drain load #1 = 2\n", 4, 33, "expected 1"},
	{TWO "schedule choose weather\n", 4, 17, "expected 'fault', 'callback', 'work', 'timer' or 'drain'"},
	{TWO "schedule choose fault kmaloc\n", 4, 23, "did you mean 'kmalloc'?"},
	{TWO "schedule choose fault kmalloc #1 = 2\n", 4, 36, "expected 1"},
	{TWO "schedule choose callback #1 1\n", 4, 29, "expected '=' and a value"},
};

static void errors_have_place_and_expectation(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_texts); i++) {
		struct text_error error = {0};

		if (scenario_parse(bad_texts[i].text, strlen(bad_texts[i].text), &a, &error) != -EINVAL)
			fail_msg("accepted: %s", bad_texts[i].text);
		if (error.line != bad_texts[i].line || error.column != bad_texts[i].column ||
		    !strstr(error.message, bad_texts[i].part))
			fail_msg("in:\n%s\nexpected %u:%u: %s\ngot      %u:%u: %s", bad_texts[i].text,
				 bad_texts[i].line, bad_texts[i].column, bad_texts[i].part, error.line, error.column,
				 error.message);
	}
}

static void limits_are_errors(void **state)
{
	static char text[SCENARIO_TEXT_MAX];
	struct text_out out = {text, sizeof(text), 0};
	struct text_error error = {0};

	(void)state;
	text_put(&out, "pfnstorm 1\ntask t on cpu0\n");
	for (u32 i = 0; i < SCENARIO_OPS; i++)
		text_put(&out, " synchronize\n");
	assert_int_equal(scenario_parse(text, out.len, &a, &error), 0);
	text_put(&out, " synchronize\n");
	assert_int_equal(scenario_parse(text, out.len, &a, &error), -EINVAL);
	assert_int_equal(error.line, 3 + SCENARIO_OPS);
	out.len = 0;
	text_put(&out, "pfnstorm 1\n");
	for (u32 i = 0; i <= SCENARIO_TASKS; i++)
		text_put(&out, "task t%u on cpu0\n", i);
	assert_int_equal(scenario_parse(text, out.len, &a, &error), -EINVAL);
	assert_int_equal(error.line, 2 + SCENARIO_TASKS);
}

/* Any cut and any changed byte of a good text is either accepted or refused with a place inside the text. */
static void damaged_text_never_confuses_the_parser(void **state)
{
	static char text[sizeof(example)];
	struct rt_random random;

	(void)state;
	rt_random_seed(&random, 1);
	for (u32 i = 0; i < 20000; i++) {
		struct text_error error = {0};
		size_t size = 1 + rt_random_below(&random, sizeof(example) - 1);

		memcpy(text, example, sizeof(example));
		for (u32 j = rt_random_below(&random, 4); j; j--)
			text[rt_random_below(&random, (u32)size)] = (char)(32 + rt_random_below(&random, 96));
		if (scenario_parse(text, size, &a, &error) == 0) {
			assert_null(scenario_error(&a));
			continue;
		}
		assert_in_range(error.line, 1, 20);
		assert_in_range(error.column, 1, 200);
		assert_true(strlen(error.message) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_text_prints_as_itself),
		cmocka_unit_test(worked_example_means_what_it_says),
		cmocka_unit_test(omitted_arguments_have_their_defaults),
		cmocka_unit_test(expectation_needs_kind_and_every_word),
		cmocka_unit_test(errors_have_place_and_expectation),
		cmocka_unit_test(limits_are_errors),
		cmocka_unit_test(damaged_text_never_confuses_the_parser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
