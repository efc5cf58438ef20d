/* SPDX-License-Identifier: MIT */
/* Mixes and how a pass is undone: neither needs a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "stress/machine.h"
#include "stress/mix.h"
#include "stress/undo.h"

static u32 id_of(const char *name)
{
	return op_info_by_name(name)->id;
}

static void test_parse(void **state)
{
	struct mix mix;
	char error[256];

	(void)state;
	assert_int_equal(mix_parse("compact:4,offline-remove:2,walk", &mix, error, sizeof(error)), 0);
	assert_int_equal(mix.count, 3);
	assert_int_equal(mix.weights, 7);
	assert_int_equal(mix.item[1].count, 2);
	assert_int_equal(mix.item[1].op[0], id_of("offline"));
	assert_int_equal(mix.item[1].op[1], id_of("remove"));
	assert_int_equal(mix.item[2].weight, 1);
}

static void test_all_is_every_operation(void **state)
{
	struct mix mix;
	char error[256];
	u32 weights = 0;

	(void)state;
	assert_int_equal(mix_parse("offline-remove:7,all:3", &mix, error, sizeof(error)), 0);
	assert_int_equal(mix.count, nr_op_infos + 1);
	for (u32 i = 0; i < nr_op_infos; i++) {
		assert_int_equal(mix.item[i + 1].op[0], op_infos[i].id);
		weights += op_infos[i].weight;
	}
	assert_int_equal(mix.weights, 7 + 3 * weights);
}

static void test_bad_mix_names_the_place(void **state)
{
	static const struct {
		const char *text, *at;
	} bad[] = {
		{"", "character 1:"},
		{"compact:4,", "character 11:"},
		{"compact:4,wolk:1", "character 11:"},
		{"compact:0", "character 9:"},
		{"compact:x", "character 9:"},
		{"compact:-1", "character 9:"},
		{"compact:2000000", "character 9:"},
		{"offline-:1", "character 9:"},
		{"compact:1;walk", "character 10:"},
		{"all-add", "character 4:"},
		{"all,all,all", "character 9:"},
		{"add-add-add-add-add-add-add", "character 25:"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mix mix;
		char error[256] = "";

		assert_int_equal(mix_parse(bad[i].text, &mix, error, sizeof(error)), -EINVAL);
		if (!strstr(error, bad[i].at))
			print_error("'%s': %s\n", bad[i].text, error);
		assert_non_null(strstr(error, bad[i].at));
	}
}

/* Each row of mixes.def is a mix, and on the machine it asks for gives scenarios that can be run. */
static void test_named_mixes_run_on_their_machines(void **state)
{
	static const char *const names[] = {
#define MIX(id, ...) #id,
#include "stress/mixes.def"
#undef MIX
	};
	static struct scenario s;
	static struct mix mix;
	char message[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct options o = {.mix = names[i]};
		struct rt_random random;

		rt_random_seed(&random, i);
		assert_int_equal(mix_parse(names[i], &mix, message, sizeof(message)), 0);
		assert_true(mix.weights || mix.readers);
		assert_int_equal(machine_prepare(&o, &mix, &s, message, sizeof(message)), 0);
		mix_draw(&mix, &random, &s);
		assert_null(scenario_error(&s));
		assert_int_equal(s.task[0].nr_ops != 0, mix.weights != 0);
	}
}

static void test_mixes_add_what_they_need(void **state)
{
	struct options o = {.mix = "contig:2,cpus:1,tiers"};
	static struct scenario s;
	static struct mix mix;
	char message[256];

	(void)state;
	assert_int_equal(mix_parse(o.mix, &mix, message, sizeof(message)), 0);
	assert_int_equal(machine_prepare(&o, &mix, &s, message, sizeof(message)), 0);
	assert_int_equal(s.machine.boot_params, BIT(BOOT_PARAM_cma) | BIT(BOOT_PARAM_memory_tiers));
	assert_int_equal(s.machine.nodes, 2);
	o.machine = "cpus=2 blocks=8 online=0-5";
	assert_int_equal(machine_prepare(&o, &mix, &s, message, sizeof(message)), -EINVAL);
	assert_non_null(strstr(message, "mix tiers needs cpus=1 nodes=2"));
	o.machine = "cpus=1 nodes=2 blocks=8 online=0-5";
	assert_int_equal(machine_prepare(&o, &mix, &s, message, sizeof(message)), -EINVAL);
	assert_non_null(strstr(message, "mix cpus needs cpus=2"));
}

static void test_memory_is_blocks(void **state)
{
	static const struct {
		const char *memory, *geometry;
		u32 blocks;
	} sizes[] = {
		{"1GiB", NULL, 8},    {"1TiB", NULL, 8192}, {"512MiB", "x86-64", 4},
		{"4MiB", "tiny", 16}, {"2TiB", NULL, 0},    {"100MiB", NULL, 0},
		{"128MiB", NULL, 0},  {"1GB", NULL, 0},     {"GiB", NULL, 0},
	};
	static struct scenario s;
	static struct mix mix;
	char message[256];

	(void)state;
	assert_int_equal(mix_parse("churn", &mix, message, sizeof(message)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct options o = {
			.mix = "churn", .memory = sizes[i].memory, .geometry = sizes[i].geometry, .threads = 8};

		assert_int_equal(machine_prepare(&o, &mix, &s, message, sizeof(message)),
				 sizes[i].blocks ? 0 : -EINVAL);
		if (!sizes[i].blocks)
			continue;
		assert_int_equal(s.machine.blocks, sizes[i].blocks);
		assert_int_equal(s.machine.cpus, 8);
		assert_null(scenario_error(&s));
	}
}

static void test_readers_have_their_share(void **state)
{
	static struct mix mix;
	char message[256];

	(void)state;
	assert_int_equal(mix_parse("churn:3,sysfs:1", &mix, message, sizeof(message)), 0);
	assert_int_equal(mix_readers(&mix, 8), 2);
	assert_int_equal(mix_readers(&mix, 2), 1);
	assert_int_equal(mix_readers(&mix, 1), 0);
	assert_int_equal(mix_parse("sysfs", &mix, message, sizeof(message)), 0);
	assert_int_equal(mix_readers(&mix, 4), 3);
	assert_int_equal(mix_parse("churn", &mix, message, sizeof(message)), 0);
	assert_int_equal(mix_readers(&mix, 4), 0);
}

static void draw(struct scenario *s, u64 seed)
{
	struct rt_random random;
	struct mix mix;
	char error[256];

	assert_int_equal(mix_parse("compact:1,offline-remove:2,alloc-free:4,signal:1,veto:1,walk:1,online:1", &mix,
				   error, sizeof(error)),
			 0);
	scenario_init(s);
	s->nr_tasks = 3;
	for (u32 i = 0; i < s->nr_tasks; i++)
		s->task[i].name[0] = (char)('a' + i);
	rt_random_seed(&random, seed);
	mix_draw(&mix, &random, s);
}

/* Whatever is drawn is a scenario that can be run, and the chains keep their block. */
static void test_drawn_scenarios_are_valid(void **state)
{
	static struct scenario s, again;

	(void)state;
	for (u64 seed = 0; seed < 200; seed++) {
		draw(&s, seed);
		assert_null(scenario_error(&s));
		draw(&again, seed);
		assert_true(scenario_equal(&s, &again));
		for (u32 t = 0; t < s.nr_tasks; t++) {
			assert_true(s.task[t].nr_ops > SCENARIO_OPS - MIX_CHAIN);
			for (u32 i = 0; i < s.task[t].nr_ops; i++) {
				if (s.task[t].op[i].id != id_of("remove"))
					continue;
				assert_true(i > 0 && s.task[t].op[i - 1].id == id_of("offline"));
				assert_int_equal(s.task[t].op[i - 1].arg[0], s.task[t].op[i].arg[0]);
			}
		}
	}
	draw(&again, 7);
	assert_false(scenario_equal(&s, &again));
}

static struct op op_on(const char *name, s32 target)
{
	struct op op = {.id = id_of(name)};

	op.arg[strcmp(name, "alloc") ? 0 : 3] = target;
	return op;
}

static void expect_next(struct undo *undo, const char *name, s32 target)
{
	struct op op;

	assert_true(undo_next(undo, &op));
	assert_string_equal(op_info_by_id(op.id)->name, name);
	assert_int_equal(op.arg[strcmp(name, "alloc") ? 0 : 3], target);
}

static void note(struct undo *undo, const char *name, s32 target)
{
	struct op op = op_on(name, target);

	undo_note(undo, &op);
}

static void test_undo_goes_back_in_order(void **state)
{
	static struct scenario s;
	struct undo undo;
	struct op op;

	(void)state;
	scenario_init(&s);
	undo_init(&undo, &s);
	note(&undo, "offline", 4);
	note(&undo, "remove", 4);
	note(&undo, "compact", 0);
	note(&undo, "alloc", 2);
	expect_next(&undo, "free", 2);
	expect_next(&undo, "add", 4);
	expect_next(&undo, "online", 4);
	assert_false(undo_next(&undo, &op));
}

static void test_undo_forgets_what_was_undone(void **state)
{
	static struct scenario s;
	struct undo undo;
	struct op op;

	(void)state;
	scenario_init(&s);
	undo_init(&undo, &s);
	note(&undo, "offline", 4);
	note(&undo, "offline", 5);
	note(&undo, "online", 4);
	expect_next(&undo, "online", 5);
	assert_false(undo_next(&undo, &op));
}

static void test_removed_block_comes_back_online(void **state)
{
	static struct scenario s;
	struct undo undo;
	struct op op;

	(void)state;
	scenario_init(&s);
	undo_init(&undo, &s);
	note(&undo, "remove", 4);
	expect_next(&undo, "add", 4);
	expect_next(&undo, "online", 4);
	assert_false(undo_next(&undo, &op));
	note(&undo, "remove", 7);
	expect_next(&undo, "add", 7);
	assert_false(undo_next(&undo, &op));
}

static void test_undo_restores_what_boot_made(void **state)
{
	static struct scenario s;
	struct undo undo;
	struct op op;

	(void)state;
	scenario_init(&s);
	s.nr_boot_ops = 1;
	s.boot_op[0] = op_on("alloc", 3);
	s.boot_op[0].arg[2] = 12;
	s.machine.movable.count = 1;
	s.machine.movable.range[0].first = s.machine.movable.range[0].last = 6;
	undo_init(&undo, &s);
	note(&undo, "free", 3);
	note(&undo, "free", 4);
	note(&undo, "offline", 6);
	assert_true(undo_next(&undo, &op));
	assert_int_equal(op.id, id_of("online"));
	assert_string_equal(op_enum_text(ARG_ONLINE_TYPE, (u32)op.arg[1]), "online_movable");
	assert_true(undo_next(&undo, &op));
	assert_int_equal(op.id, id_of("alloc"));
	assert_int_equal(op.arg[2], 12);
	assert_false(undo_next(&undo, &op));
}

static void test_debts_are_paid_or_forgotten(void **state)
{
	static struct scenario s;
	struct undo undo;
	struct op add, online, op;

	(void)state;
	scenario_init(&s);
	undo_init(&undo, &s);
	add = op_on("add", 4);
	online = op_on("online", 4);
	undo_owe(&undo, &add);
	undo_owe(&undo, &online);
	undo_owe(&undo, &add);
	assert_int_equal(undo.nr_debts, 2);
	assert_true(undo_debt(&undo, 0, &op));
	assert_int_equal(op.id, add.id);
	assert_false(undo_tried(&undo, 0, true));
	assert_true(undo_debt(&undo, 0, &op));
	assert_int_equal(op.id, online.id);
	for (u32 i = 0; i < 100 && undo_tried(&undo, 0, false); i++)
		assert_true(i < 50);
	assert_false(undo_debt(&undo, 0, &op));
	for (s32 slot = 0; slot < 2 * UNDO_DEBTS; slot++) {
		op = op_on("alloc", slot);
		undo_owe(&undo, &op);
	}
	assert_int_equal(undo.nr_debts, UNDO_DEBTS);
	assert_true(undo_debt(&undo, 0, &op));
	assert_int_equal(op.arg[3], UNDO_DEBTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_all_is_every_operation),
		cmocka_unit_test(test_bad_mix_names_the_place),
		cmocka_unit_test(test_named_mixes_run_on_their_machines),
		cmocka_unit_test(test_mixes_add_what_they_need),
		cmocka_unit_test(test_memory_is_blocks),
		cmocka_unit_test(test_readers_have_their_share),
		cmocka_unit_test(test_drawn_scenarios_are_valid),
		cmocka_unit_test(test_undo_goes_back_in_order),
		cmocka_unit_test(test_undo_forgets_what_was_undone),
		cmocka_unit_test(test_removed_block_comes_back_online),
		cmocka_unit_test(test_undo_restores_what_boot_made),
		cmocka_unit_test(test_debts_are_paid_or_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
