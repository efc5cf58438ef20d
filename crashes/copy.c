/* SPDX-License-Identifier: MIT */
#include "crashes/copy.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/rt/types.h"
#include "crashes/file.h"

bool copy_is_crash_folder(const char *path)
{
	char scenario[PATH_MAX];
	struct stat st;

	return (size_t)snprintf(scenario, sizeof(scenario), "%s/scenario.pfn", path) < sizeof(scenario) &&
	       stat(scenario, &st) == 0;
}

static int copy_file(const char *from, const char *to, const char *name)
{
	char path[PATH_MAX], *text;
	int ret;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", from, name) >= sizeof(path))
		return -ENAMETOOLONG;
	text = file_read(path, NULL);
	if (!text)
		return errno == ENOENT ? 0 : -errno;
	ret = file_write_synced(to, name, text);
	free(text);
	return ret;
}

int copy_crash_folder(const char *from, const char *dir, char *path, size_t size)
{
	static const char *const parts[] = {"scenario.pfn", "token",   "verdict.txt", "verdict.json",
					    "diagram.txt",  "log.txt", "trace.txt",   "README"};
	char aside[PATH_MAX], real[PATH_MAX];
	const char *name;
	int ret;

	if (!realpath(from, real))
		return -errno;
	name = strrchr(real, '/') + 1;
	if ((size_t)snprintf(path, size, "%s/%s", dir, name) >= size ||
	    (size_t)snprintf(aside, sizeof(aside), "%s/.new-XXXXXX", dir) >= sizeof(aside))
		return -ENAMETOOLONG;
	ret = file_make_dirs(dir);
	if (ret || copy_is_crash_folder(path))
		return ret;
	if (!mkdtemp(aside))
		return -errno;
	for (u32 i = 0; i < ARRAY_SIZE(parts) && !ret; i++)
		ret = copy_file(real, aside, parts[i]);
	if (!ret)
		ret = file_sync_dir(aside);
	if (!ret && rename(aside, path))
		ret = -errno;
	if (ret)
		file_remove_dir(aside);
	return ret ? ret : file_sync_dir(dir);
}
