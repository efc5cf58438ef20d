/* SPDX-License-Identifier: MIT */
/* Generated seeds name what they are about; migrated inputs mean what they meant. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/rt/random.h"
#include "crashes/file.h"
#include "fuzz/token.h"
#include "jobs/corpus.h"

static char scratch[] = "/tmp/corpus-test-XXXXXX";
static struct scenario a, b;
static struct switches sw;

static int set_up(void **state)
{
	(void)state;
	switches_default(&sw);
	return mkdtemp(scratch) ? 0 : -1;
}

static int tear_down(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/seeds", scratch);
	file_remove_dir(path);
	file_remove_dir(scratch);
	return 0;
}

static bool has_op(const struct scenario *s, const char *name)
{
	for (u32 i = 0; i < s->nr_tasks; i++)
		for (u32 j = 0; j < s->task[i].nr_ops; j++)
			if (strcmp(op_info_by_id(s->task[i].op[j].id)->name, name) == 0)
				return true;
	return false;
}

/* The seed of that name; its operations must be among @one and @other. */
static void check_seed(const char *dir, const char *name, const char *one, const char *other)
{
	char path[PATH_MAX];
	size_t size;
	char *bytes;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	bytes = file_read(path, &size);
	if (!bytes)
		fail_msg("%s: there is no such seed", name);
	assert_int_equal(size % SCENARIO_RECORD, 0);
	scenario_decode((const u8 *)bytes, size, &sw, &a);
	free(bytes);
	if (scenario_error(&a) || !has_op(&a, one) || !has_op(&a, other))
		fail_msg("%s: not about %s and %s", name, one, other);
}

static void generate(const char *name, const char *dir, struct corpus_target *target, struct corpus_writer *w)
{
	char message[512];
	u32 ops, succeed;

	assert_true(corpus_target_find(name, target, message, sizeof(message)));
	*w = (struct corpus_writer){.dir = dir, .target = target};
	assert_int_equal(corpus_open(w, message, sizeof(message)), 0);
	assert_int_equal(corpus_generate(w, &ops, &succeed, message, sizeof(message)), 0);
	assert_int_equal(corpus_close(w), 0);
	/* What no set-up makes succeed is a defect of the search, not of the operation. */
	assert_true(succeed + 1 >= ops);
}

static void seeds_name_each_operation_and_pair(void **state)
{
	struct corpus_target target;
	struct corpus_writer w;
	char dir[64], name[128];
	u32 seeds = 0;

	(void)state;
	snprintf(dir, sizeof(dir), "%s/seeds", scratch);
	generate("isolation", dir, &target, &w);
	for (u32 i = 0; i < nr_op_infos; i++) {
		const char *one = op_infos[i].name;

		if (!corpus_target_names(&target, op_infos[i].id))
			continue;
		snprintf(name, sizeof(name), "op-%s", one);
		check_seed(dir, name, one, one);
		seeds++;
		for (u32 j = i; j < nr_op_infos; j++) {
			if (!corpus_target_names(&target, op_infos[j].id))
				continue;
			snprintf(name, sizeof(name), "pair-%s-%s", one, op_infos[j].name);
			check_seed(dir, name, one, op_infos[j].name);
			seeds++;
		}
	}
	assert_int_equal(w.written, seeds);
	assert_true(seeds > 100);
	/* Once more: the same bytes, so nothing is written. */
	generate("isolation", dir, &target, &w);
	assert_int_equal(w.written, 0);
	assert_int_equal(w.there, seeds);
}

static void targets_name_their_operations(void **state)
{
	struct corpus_target target;
	char message[512];

	(void)state;
	assert_true(corpus_target_find("race", &target, message, sizeof(message)));
	for (u32 i = 0; i < nr_op_infos; i++)
		assert_true(corpus_target_names(&target, op_infos[i].id));
	assert_true(corpus_target_find("isolation", &target, message, sizeof(message)));
	assert_true(corpus_target_names(&target, op_info_by_name("contig")->id));
	assert_false(corpus_target_names(&target, op_info_by_name("ksm")->id));
	assert_true(corpus_target_find("blocks", &target, message, sizeof(message)));
	assert_false(corpus_target_names(&target, op_info_by_name("add")->id));
	assert_false(corpus_target_find("rice", &target, message, sizeof(message)));
	assert_non_null(strstr(message, "expected one of race, sequence"));
}

/* Any bytes at all, then once more: it is in the newest format. */
static void migrated_inputs_decode_equal(void **state)
{
	static u8 data[64 * SCENARIO_RECORD], to[SCENARIO_BYTES_MAX], again[SCENARIO_BYTES_MAX];
	struct rt_random random;
	u32 migrated = 0;

	(void)state;
	rt_random_seed(&random, 1);
	for (u32 n = 0; n < 2000; n++) {
		size_t size = rt_random_below(&random, sizeof(data));
		ssize_t len;

		for (size_t i = 0; i < size; i++)
			data[i] = (u8)rt_random_u64(&random);
		/* Mostly records of operations and tasks, under an old header. */
		for (size_t i = 0; i < size; i += SCENARIO_RECORD)
			if (rt_random_below(&random, 4))
				data[i] &= 0x5f;
		data[0] = (u8)rt_random_below(&random, 2);
		len = corpus_migrate_input(data, size, to, sizeof(to));
		if (len < 0)
			continue;
		migrated++;
		assert_int_equal(to[0], SCENARIO_BYTES_SEARCH);
		scenario_decode(data, size, &sw, &a);
		scenario_decode(to, (size_t)len, &sw, &b);
		assert_true(scenario_equal(&a, &b));
		assert_int_equal(corpus_migrate_input(to, (size_t)len, again, sizeof(again)), 0);
	}
	assert_int_equal(migrated, 2000);
}

static void text_and_tokens_become_bytes(void **state)
{
	static const char text[] = "pfnstorm 1\nname     x\n"
				   "machine  geometry=tiny cpus=2 nodes=1 blocks=8 online=0-5\n"
				   "task walker on cpu1\n         offline block=4\n";
	static char token[TOKEN_MAX];
	static u8 to[SCENARIO_BYTES_MAX];
	struct text_error error;
	ssize_t len, other;

	(void)state;
	len = corpus_migrate_input((const u8 *)text, sizeof(text) - 1, to, sizeof(to));
	assert_int_equal(len, 3 * SCENARIO_RECORD);
	scenario_decode(to, (size_t)len, &sw, &a);
	assert_true(has_op(&a, "offline"));
	assert_int_equal(a.task[0].cpu, 1);
	assert_int_equal(scenario_parse(text, sizeof(text) - 1, &a, &error), 0);
	other = token_encode(&a, token, sizeof(token));
	assert_int_equal(corpus_migrate_input((const u8 *)token, (size_t)other, to, sizeof(to)), len);
	/* A machine that bytes have no number for stays as it is. */
	a.machine.cpus = 7;
	other = token_encode(&a, token, sizeof(token));
	assert_int_equal(corpus_migrate_input((const u8 *)token, (size_t)other, to, sizeof(to)), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_name_their_operations),
		cmocka_unit_test(seeds_name_each_operation_and_pair),
		cmocka_unit_test(migrated_inputs_decode_equal),
		cmocka_unit_test(text_and_tokens_become_bytes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
