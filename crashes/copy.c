/* SPDX-License-Identifier: MIT */
#include "crashes/copy.h"

#include <dirent.h>
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
		return -errno;
	ret = file_write_synced(to, name, text);
	free(text);
	return ret;
}

static int copy_files(const char *from, const char *to)
{
	DIR *d = opendir(from);
	int ret = 0;

	if (!d)
		return -errno;
	for (struct dirent *entry = readdir(d); entry && !ret; entry = readdir(d))
		if (entry->d_name[0] != '.')
			ret = copy_file(from, to, entry->d_name);
	closedir(d);
	return ret;
}

int copy_crash_folder(const char *from, const char *dir, char *path, size_t size)
{
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
	if (!mkdtemp(aside) || chmod(aside, 0777 & ~022))
		return -errno;
	ret = copy_files(real, aside);
	if (!ret)
		ret = file_sync_dir(aside);
	if (!ret && rename(aside, path))
		ret = -errno;
	/* Somebody else copied it meanwhile. */
	if (ret == -EEXIST || ret == -ENOTEMPTY)
		ret = 0;
	file_remove_dir(aside);
	return ret ? ret : file_sync_dir(dir);
}
