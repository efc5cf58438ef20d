/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/core.h"

static void test_table(void **state)
{
	(void)state;
	assert_true(nr_op_infos >= 16);
	for (u32 i = 0; i < nr_op_infos; i++) {
		const struct op_info *op = &op_infos[i];

		assert_true(i == 0 || op->id > op_infos[i - 1].id);
		assert_in_range(op->id, 1, 63);
		assert_true(op->weight > 0 && strlen(op->help) > 0 && strlen(op->name) > 0);
		assert_ptr_equal(op_info_by_id(op->id), op);
		assert_ptr_equal(op_info_by_name(op->name), op);
	}
	assert_null(op_info_by_id(0));
	assert_null(op_info_by_id(63));
	assert_null(op_info_by_id(UINT32_MAX));
	assert_null(op_info_by_name("nothing"));
	assert_null(op_info_by_name(""));
}

static u32 count_words(const char *text, const char *word)
{
	u32 count = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

/* Each argument is written exactly once, those with a default as key={key}, and nothing else is in braces. */
static void test_syntax(void **state)
{
	char braced[64], keyed[64];

	(void)state;
	for (u32 i = 0; i < nr_op_infos; i++) {
		const struct op_info *op = &op_infos[i];

		assert_int_equal(count_words(op->syntax, "{"), op->nr_args);
		for (u32 a = 0; a < op->nr_args; a++) {
			const struct op_arg_info *arg = &op->arg[a];

			snprintf(braced, sizeof(braced), "{%s}", arg->name);
			if (count_words(op->syntax, braced) != 1)
				fail_msg("%s: '%s' is not in its syntax once", op->name, braced);
			snprintf(keyed, sizeof(keyed), "%s={%s}", arg->name, arg->name);
			if (arg->default_value >= 0 && !strstr(op->syntax, keyed))
				fail_msg("%s: %s has a default, but no key", op->name, arg->name);
		}
	}
}

static void test_arguments(void **state)
{
	(void)state;
	for (u32 i = 0; i < nr_op_infos; i++) {
		assert_true(op_infos[i].nr_args <= OP_ARGS_MAX);
		for (u32 a = 0; a < op_infos[i].nr_args; a++) {
			const struct op_arg_info *arg = &op_infos[i].arg[a];

			assert_non_null(arg->name);
			if (arg->type != ARG_INT)
				continue;
			assert_true(arg->min >= 0 && arg->min <= arg->max);
			if (arg->default_value >= 0)
				assert_in_range(arg->default_value, arg->min, arg->max);
		}
		for (u32 a = op_infos[i].nr_args; a < OP_ARGS_MAX; a++)
			assert_null(op_infos[i].arg[a].name);
	}
}

static void test_alloc(void **state)
{
	const struct op_info *op = op_info_by_name("alloc");

	(void)state;
	assert_int_equal(op->id, 5);
	assert_int_equal(op->nr_args, 4);
	assert_string_equal(op->arg[0].name, "type");
	assert_int_equal(op->arg[0].type, ARG_MIGRATETYPE);
	assert_string_equal(op->arg[3].name, "slot");
	assert_int_equal(op->arg[2].max, 64);
}

static void test_enums(void **state)
{
	(void)state;
	assert_string_equal(op_enum_text(ARG_ONLINE_TYPE, 2), "online_movable");
	assert_string_equal(op_enum_text(ARG_MIGRATETYPE, 0), "unmovable");
	assert_string_equal(op_enum_text(ARG_ZONE, 1), "Movable");
	assert_string_equal(op_enum_text(ARG_NOTIFY_EVENT, 1), "going-offline");
	assert_null(op_enum_text(ARG_ZONE, 2));
	assert_null(op_enum_text(ARG_INT, 0));
}

static void run_two(void *arg)
{
	const struct op ok = {.id = 16}, failing = {.id = 11, .arg = {3}};

	(void)arg;
	core_run_op(&ok);
	core_run_op(&failing);
	core_run_op(&failing);
}

static void test_stats(void **state)
{
	struct machine_config config = {.cpus = 1, .nodes = 1, .blocks = 2, .online = {1, {{0, 1}}}};
	struct rt_config rt = {.cpus = 1};
	const struct op_stats *stats;

	(void)state;
	switches_default(&config.sw);
	core_op_stats_reset();
	core_boot(&config, &rt, run_two, NULL);
	stats = core_op_stats(16);
	assert_int_equal(stats->attempts, 1);
	assert_int_equal(stats->successes, 1);
	stats = core_op_stats(11);
	assert_int_equal(stats->attempts, 2);
	assert_int_equal(stats->successes, 0);
	assert_int_equal(stats->errnos[0].err, EINVAL);
	assert_int_equal(stats->errnos[0].count, 2);
	assert_int_equal(stats->errnos[1].count, 0);
	assert_null(core_op_stats(64));
	core_op_stats_reset();
	assert_int_equal(core_op_stats(11)->attempts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_syntax), cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_alloc), cmocka_unit_test(test_enums),  cmocka_unit_test(test_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
