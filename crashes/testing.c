/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/testing.h"

const char testing_large[] = "pfnstorm 1\n"
			     "name     large\n"
			     "machine  geometry=tiny cpus=3 nodes=1 blocks=8 online=0-5\n"
			     "design   pfn_walk=unsynchronised\n"
			     "boot     alloc movable order=0 count=40 as filler\n"
			     "boot     alloc unmovable order=1 count=2 as kernel\n"
			     "task walker on cpu0\n"
			     "         walk block=0 blocks=2\n"
			     "         compact zone=Normal\n"
			     "         walk block=1 blocks=2\n"
			     "task remover on cpu1\n"
			     "         isolate block=2\n"
			     "         offline block=4\n"
			     "         remove block=4\n"
			     "         add block=4\n"
			     "task bystander on cpu2\n"
			     "         alloc movable order=0 count=4 as mine\n"
			     "         free mine\n"
			     "expect   oops use-after-free memmap\n";

const char testing_small[] = "pfnstorm 1\n"
			     "name     small\n"
			     "machine  geometry=tiny cpus=2 nodes=1 blocks=5 online=0-4\n"
			     "design   pfn_walk=unsynchronised\n"
			     "boot     alloc movable order=0 count=1 as filler\n"
			     "task walker on cpu0\n"
			     "         compact zone=Normal\n"
			     "task remover on cpu1\n"
			     "         offline block=4\n"
			     "         remove block=4\n"
			     "expect   oops use-after-free memmap\n"
			     "schedule switch walker -> remover at compaction.freepage_checked #1\n";

void testing_parse(const char *text, struct scenario *s)
{
	struct text_error error = {0};

	if (scenario_parse(text, strlen(text), s, &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.message);
}

void testing_make_dir(char *path, size_t size)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, size, "%s/pfnstorm-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(path));
}

void testing_remove(const char *path)
{
	char inner[4096];
	DIR *d = opendir(path);

	assert_non_null(d);
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		file_remove_dir(inner);
		unlink(inner);
	}
	closedir(d);
	assert_int_equal(rmdir(path), 0);
}
