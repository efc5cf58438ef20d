/* SPDX-License-Identifier: MIT */
#include "fuzz/mutate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/rt/random.h"
#include "fuzz/narrow.h"
#include "fuzz/scenario.h"

static const struct mutate_options race = {.mode = MUTATE_RACE}, sequence = {.mode = MUTATE_SEQUENCE};

static struct places places;
static struct switches sw;
static struct scenario s;

/* Canonical: decoding and encoding again gives the same bytes. */
static void check_canonical(const u8 *data, size_t size)
{
	static u8 again[SCENARIO_BYTES_MAX];

	scenario_decode(data, size, &sw, &s);
	assert_null(scenario_error(&s));
	assert_int_equal(scenario_encode(&s, again, sizeof(again), NULL, 0), size);
	assert_memory_equal(again, data, size);
}

static void any_input_gives_canonical_bytes(void **state)
{
	u8 data[SCENARIO_BYTES_MAX];
	struct rt_random random;
	size_t size = 0;

	(void)state;
	switches_default(&sw);
	rt_random_seed(&random, 1);
	for (u32 i = 0; i < 20000; i++) {
		size_t max_size = 16 + rt_random_below(&random, i % 2 ? 256 : sizeof(data) - 15);

		if (i % 50 == 0) {
			size = rt_random_below(&random, 128);
			for (size_t j = 0; j < size; j++)
				data[j] = (u8)rt_random_u64(&random);
		}
		size = min(size, max_size);
		size = mutate_scenario(data, size, max_size, rt_random_u64(&random), i % 3 ? &race : &sequence,
				       &places);
		assert_in_range(size, 16, max_size);
		check_canonical(data, size);
	}
}

static void same_seed_same_mutation(void **state)
{
	u8 a[SCENARIO_BYTES_MAX] = {1}, b[SCENARIO_BYTES_MAX] = {1};
	size_t a_size = 8, b_size = 8;

	(void)state;
	for (u32 i = 0; i < 2000; i++) {
		a_size = mutate_scenario(a, a_size, sizeof(a), i, &race, &places);
		b_size = mutate_scenario(b, b_size, sizeof(b), i, &race, &places);
		assert_int_equal(a_size, b_size);
		assert_memory_equal(a, b, a_size);
	}
}

/* From nothing, every operation, several tasks and every form of entry appear. */
static void mutators_reach_everything(void **state)
{
	u64 ops = 0;
	u32 forms = 0, tasks = 0;
	struct rt_random random;

	(void)state;
	switches_default(&sw);
	rt_random_seed(&random, 9);
	for (u32 i = 0; i < 400; i++) {
		u8 data[SCENARIO_BYTES_MAX] = {1};
		size_t size = 8;

		for (u32 j = 0; j < 20; j++)
			size = mutate_scenario(data, size, sizeof(data), rt_random_u64(&random), &race, &places);
		scenario_decode(data, size, &sw, &s);
		tasks = max(tasks, s.nr_tasks);
		for (u32 t = 0; t < s.nr_tasks; t++) {
			for (u32 o = 0; o < s.task[t].nr_ops; o++)
				ops |= BIT(s.task[t].op[o].id);
		}
		for (u32 e = 0; e < s.schedule.count; e++)
			forms |= 1u << s.schedule.entry[e].form;
	}
	for (u32 i = 0; i < nr_op_infos; i++)
		assert_true(ops & BIT(op_infos[i].id));
	assert_int_equal(forms, (1u << (SCHEDULE_CHOICE + 1)) - 1);
	assert_int_equal(tasks, 4);
}

static void preemptions_go_where_runs_went(void **state)
{
	u8 data[SCENARIO_BYTES_MAX] = {1, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x41};
	u32 hits = 0, entries = 0;

	(void)state;
	switches_default(&sw);
	memset(&places, 0, sizeof(places));
	for (u32 i = 0; i < 10; i++)
		places_add(&places, 1, 3, POINT_offline_begin, 7)->length = 20;
	for (u32 i = 0; i < 2000; i++) {
		u8 copy[SCENARIO_BYTES_MAX];
		size_t size;

		memcpy(copy, data, 24);
		size = mutate_scenario(copy, 24, sizeof(copy), i, &race, &places);
		scenario_decode(copy, size, &sw, &s);
		for (u32 e = 0; e < s.schedule.count; e++) {
			const struct schedule_entry *entry = &s.schedule.entry[e];

			if (entry->form != SCHEDULE_SEMANTIC && entry->form != SCHEDULE_RAW)
				continue;
			entries++;
			hits += entry->task == 1 && entry->anchor == POINT_offline_begin && entry->target == 0;
		}
	}
	memset(&places, 0, sizeof(places));
	assert_true(entries > 300);
	assert_true(hits * 10 > entries * 6);
}

static void crossover_mixes_parents(void **state)
{
	/* compact | offline 4, against online 2 | remove 4 with a preemption */
	static const u8 a[] = {1, 0, 0, 0, 0,    0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0,
			       0, 0, 0, 0, 0x41, 0, 0, 0, 0,    0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0};
	static const u8 b[] = {1,    0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 2,    2, 0, 0, 0, 0, 0, 0,
			       0x41, 0, 0, 0, 0, 0, 0, 0, 4,    4, 0, 0, 0, 0, 0, 0, 0x80, 1, 1, 0, 1, 0, 0, 0};
	u32 from_a = 0, from_b = 0, schedules = 0;

	(void)state;
	switches_default(&sw);
	for (u32 i = 0; i < 500; i++) {
		u8 out[SCENARIO_BYTES_MAX];
		size_t size = mutate_crossover(a, sizeof(a), b, sizeof(b), out, sizeof(out), i);

		check_canonical(out, size);
		schedules += s.schedule.count;
		for (u32 t = 0; t < s.nr_tasks; t++) {
			for (u32 o = 0; o < s.task[t].nr_ops; o++) {
				from_a += s.task[t].op[o].id == 7 || s.task[t].op[o].id == 3;
				from_b += s.task[t].op[o].id == 2 || s.task[t].op[o].id == 4;
			}
		}
	}
	assert_true(from_a > 300);
	assert_true(from_b > 100);
	assert_true(schedules > 50);
}

/* What a narrow target puts in is of its kind; what was there may stay. */
static void narrow_targets_stay_narrow(void **state)
{
	(void)state;
	assert_null(narrow_target("race", &(struct mutate_options){.mode = MUTATE_RACE}));
	for (u32 i = 0; i < nr_narrow; i++) {
		struct mutate_options options = {.mode = MUTATE_RACE};
		u8 data[SCENARIO_BYTES_MAX] = {1};
		u32 ops = 0, machine_bits = 0;
		size_t size = SCENARIO_RECORD;

		assert_ptr_equal(narrow_target(narrow_infos[i].name, &options), &narrow_infos[i]);
		assert_true(options.ops && ~options.ops);
		for (u32 n = 0; n < 300; n++) {
			size = mutate_scenario(data, size, sizeof(data), n, &options, &places);
			machine_bits |= 1u << data[1];
			for (size_t at = SCENARIO_RECORD; at < size; at += SCENARIO_RECORD) {
				if (data[at] == 0 || data[at] >= 0x40)
					continue;
				assert_true(options.ops >> data[at] & 1);
				ops++;
			}
		}
		assert_true(ops > 300);
		assert_int_equal(options.machines ? machine_bits & ~options.machines : 0, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_input_gives_canonical_bytes), cmocka_unit_test(same_seed_same_mutation),
		cmocka_unit_test(mutators_reach_everything),       cmocka_unit_test(preemptions_go_where_runs_went),
		cmocka_unit_test(crossover_mixes_parents),         cmocka_unit_test(narrow_targets_stay_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
