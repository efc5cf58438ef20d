/* SPDX-License-Identifier: MIT */
#include "fuzz/generate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/family.h"
#include "fuzz/runner.h"
#include "fuzz/token.h"

#define MACHINES 1500
#define MACHINES_RUN 800
#define STEP_LIMIT 100000

static struct scenario scenario;

static void every_operation_has_a_family(void **state)
{
	(void)state;
	for (u32 i = 0; i < nr_op_infos; i++) {
		u32 families = 0;

		for (u32 family = 0; family < nr_families; family++)
			families += family_ops(family) >> op_infos[i].id & 1;
		if (!families)
			fail_msg("%s is in no family", op_infos[i].name);
	}
}

static void families_name_operations(void **state)
{
	static const char *const lists[] = {
#define FAMILY(id, params, topology, makers, users) makers, users,
#include "fuzz/families.def"
#undef FAMILY
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(lists); i++) {
		char words[256], *rest = NULL;

		snprintf(words, sizeof(words), "%s", lists[i]);
		for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
			if (!op_info_by_name(word))
				fail_msg("'%s' is no operation", word);
	}
}

static u64 hash_of(u64 seed)
{
	static char text[SCENARIO_TEXT_MAX];
	struct generator g;
	u64 hash = 0;

	generator_init(&g, seed, 0);
	switches_default(&scenario.machine.sw);
	for (u32 i = 0; i < 50; i++) {
		generate_machine(&g, &scenario);
		generate_tasks(&g, &scenario);
		for (size_t n = scenario_print(&scenario, text, sizeof(text)); n; n--)
			hash = (hash ^ (u8)text[n - 1]) * 0x100000001b3ULL;
	}
	return hash;
}

static void a_seed_fixes_all(void **state)
{
	(void)state;
	assert_true(hash_of(1) == hash_of(1));
	assert_true(hash_of(1) != hash_of(2));
}

static void all_can_be_run(void **state)
{
	static char token[TOKEN_MAX];
	static struct scenario decoded;
	struct text_error error;
	u64 at_boot = 0, in_tasks = 0, params = 0;
	struct generator g;

	(void)state;
	generator_init(&g, 1, 0);
	switches_default(&scenario.machine.sw);
	for (u32 i = 0; i < MACHINES; i++) {
		generate_machine(&g, &scenario);
		generate_tasks(&g, &scenario);
		if (scenario_error(&scenario))
			fail_msg("machine %u: %s", i, scenario_error(&scenario));
		assert_true(token_encode(&scenario, token, sizeof(token)) > 0);
		assert_int_equal(token_decode(token, &decoded, &error), 0);
		assert_true(scenario_equal(&decoded, &scenario));
		params |= scenario.machine.boot_params;
		for (u32 j = 0; j < scenario.nr_boot_ops; j++)
			at_boot |= BIT(scenario.boot_op[j].id);
		for (u32 t = 0; t < scenario.nr_tasks; t++)
			for (u32 j = 0; j < scenario.task[t].nr_ops; j++)
				in_tasks |= BIT(scenario.task[t].op[j].id);
	}
	assert_true(params == BIT(NR_BOOT_PARAMS) - 1);
	for (u32 i = 0; i < nr_op_infos; i++)
		if (!(in_tasks & BIT(op_infos[i].id)))
			fail_msg("%s was never chosen", op_infos[i].name);
	assert_true(__builtin_popcountll(at_boot) > 20);
}

static void families_can_be_chosen(void **state)
{
	u64 wanted, seen = 0;
	char message[400];
	struct generator g;

	(void)state;
	assert_int_equal(families_from("devices,walkers", &wanted, message, sizeof(message)), 0);
	assert_int_equal(__builtin_popcountll(wanted), 2);
	generator_init(&g, 1, wanted);
	switches_default(&scenario.machine.sw);
	for (u32 i = 0; i < 50; i++) {
		generate_machine(&g, &scenario);
		seen |= g.families;
	}
	assert_int_equal(seen, wanted | BIT(0));
	assert_int_equal(families_from("devices,walker", &wanted, message, sizeof(message)), -EINVAL);
	assert_non_null(strstr(message, " walkers "));
	assert_int_equal(families_from("", &wanted, message, sizeof(message)), -EINVAL);
	assert_int_equal(families_from("devices,", &wanted, message, sizeof(message)), -EINVAL);
}

/* Operations that need something to be there find it often enough: each succeeds, and so do half of all. */
static void operations_find_what_they_need(void **state)
{
	static struct runner_result result;
	u64 succeeded = 0;
	u32 good = 0, total = 0;
	struct generator g;

	(void)state;
	runner_set_step_limit(STEP_LIMIT);
	generator_init(&g, 2, 0);
	switches_default(&scenario.machine.sw);
	for (u32 i = 0; i < MACHINES_RUN; i++) {
		generate_machine(&g, &scenario);
		for (u32 set = 0; set < 3; set++) {
			generate_tasks(&g, &scenario);
			runner_run(&scenario, NULL, 0, &result);
			for (u32 t = 0; t < scenario.nr_tasks; t++) {
				for (u32 j = 0; j < scenario.task[t].nr_ops; j++) {
					const struct runner_op_result *op = &result.op[t][j];

					total += op->state == RUNNER_OP_DONE;
					if (op->state != RUNNER_OP_DONE || op->value < 0)
						continue;
					good++;
					succeeded |= BIT(scenario.task[t].op[j].id);
				}
			}
		}
	}
	print_message("%u of %u operations succeeded\n", good, total);
	assert_true(good * 2 > total);
	for (u32 i = 0; i < nr_op_infos; i++)
		if (!(succeeded & BIT(op_infos[i].id)))
			fail_msg("%s never succeeded", op_infos[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_has_a_family),
		cmocka_unit_test(families_name_operations),
		cmocka_unit_test(a_seed_fixes_all),
		cmocka_unit_test(all_can_be_run),
		cmocka_unit_test(families_can_be_chosen),
		cmocka_unit_test(operations_find_what_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
