/* SPDX-License-Identifier: MIT */
/*
 * A new row in core/ops.def, and all corpora mean what they meant. This program has one more operation, in front of all
 * others (jobs/CMakeLists.txt); the tool, which has not, writes the inputs that are read here.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crashes/file.h"
#include "crashes/process.h"
#include "fuzz/scenario.h"

static char scratch[] = "/tmp/corpus-ids-XXXXXX";
static struct scenario text, bytes;
static struct switches sw;

static int set_up(void **state)
{
	(void)state;
	switches_default(&sw);
	return mkdtemp(scratch) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	file_remove_dir(scratch);
	return 0;
}

static void drop_names(struct scenario *s)
{
	s->name[0] = s->from[0] = '\0';
	s->machine.sw = sw;
	s->expect.set = 0;
	memset(s->expect.words, 0, sizeof(s->expect.words));
	s->seed = 0;
	memset(s->slot, 0, sizeof(s->slot));
	for (u32 i = 0; i < s->nr_tasks; i++)
		snprintf(s->task[i].name, sizeof(s->task[i].name), "t%u", i);
}

static void the_table_has_one_more_row(void **state)
{
	(void)state;
	assert_string_equal(op_infos[0].name, "nap");
	assert_int_equal(op_infos[0].id, 63);
	assert_int_equal(op_info_by_name("add")->id, 1);
}

static void check_seed(const char *folder, const char *name)
{
	char path[PATH_MAX], message[512], *data;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s.pfn", folder, name);
	if (scenario_load(path, &text, message, sizeof(message)))
		fail_msg("%s", message);
	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	data = file_read(path, &size);
	assert_non_null(data);
	scenario_decode((const u8 *)data, size, &sw, &bytes);
	free(data);
	drop_names(&text);
	drop_names(&bytes);
	if (!scenario_equal(&text, &bytes))
		fail_msg("%s means something else", name);
}

static void inputs_mean_what_they_meant(void **state)
{
	const char *root = getenv("PFNSTORM_SOURCE_DIR"), *bin = getenv("PFNSTORM_BIN_DIR");
	char tool[PATH_MAX], folder[PATH_MAX];
	const char *const argv[] = {tool, "corpus", "export", folder, scratch, NULL};
	struct process p = {.argv = argv};
	struct dirent *entry;
	u32 seeds = 0;
	DIR *d;

	(void)state;
	if (!root || !bin)
		skip();
	snprintf(tool, sizeof(tool), "%s/pfnstorm", bin);
	snprintf(folder, sizeof(folder), "%s/corpus/race", root);
	process_guard();
	assert_int_equal(process_run(&p), 0);
	process_unguard();
	assert_int_equal(p.status, 0);
	process_free(&p);
	d = opendir(scratch);
	assert_non_null(d);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		check_seed(folder, entry->d_name);
		seeds++;
	}
	closedir(d);
	assert_true(seeds >= 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_has_one_more_row),
		cmocka_unit_test(inputs_mean_what_they_meant),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
