/* SPDX-License-Identifier: MIT */
#include "jobs/merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "crashes/file.h"

/* Inputs are small, and the same ones as long as their names are. */
static bool is_same(const char *path, const char *bytes, size_t size)
{
	size_t other_size;
	char *other = file_read(path, &other_size);
	bool same = other && other_size == size && memcmp(other, bytes, size) == 0;

	free(other);
	return same;
}

static int write_bytes(const char *path, const char *bytes, size_t size)
{
	char aside[PATH_MAX + 32];
	FILE *f;
	int ret;

	snprintf(aside, sizeof(aside), "%.*s/.merge-%ld", (int)(strrchr(path, '/') - path), path, (long)getpid());
	f = fopen(aside, "we");
	if (!f)
		return -errno;
	ret = fwrite(bytes, 1, size, f) == size ? 0 : -EIO;
	if (fclose(f) && !ret)
		ret = -errno;
	if (!ret && rename(aside, path))
		ret = -errno;
	if (ret)
		unlink(aside);
	return ret;
}

/* Two inputs of one name that differ: the second one has its hash in the name. */
static int merge_input(struct merge *m, const char *from, const char *to_dir, const char *name)
{
	char to[PATH_MAX];
	size_t size;
	char *bytes = file_read(from, &size);
	int ret = 0;

	if (!bytes)
		return errno == ENOENT ? 0 : merge_fail(m, from, errno);
	if ((size_t)snprintf(to, sizeof(to) - 20, "%s/%s", to_dir, name) >= sizeof(to) - 20)
		ret = -ENAMETOOLONG;
	else if (access(to, F_OK) == 0 && !is_same(to, bytes, size))
		snprintf(to + strlen(to), 20, "-%016llx", (unsigned long long)XXH3_64bits(bytes, size));
	if (!ret && access(to, F_OK)) {
		ret = write_bytes(to, bytes, size);
		m->result->inputs += !ret;
	}
	free(bytes);
	return ret ? merge_fail(m, to, -ret) : 0;
}

static int merge_target(struct merge *m, const char *from_dir, const char *to_dir)
{
	char from[PATH_MAX];
	struct stat st;
	DIR *d = opendir(from_dir);
	int ret = 0;

	if (!d)
		return errno == ENOTDIR ? 0 : merge_fail(m, from_dir, errno);
	ret = file_make_dirs(to_dir);
	if (ret)
		merge_fail(m, to_dir, -ret);
	for (struct dirent *entry = readdir(d); entry && !ret; entry = readdir(d))
		if (entry->d_name[0] != '.' &&
		    (size_t)snprintf(from, sizeof(from), "%s/%s", from_dir, entry->d_name) < sizeof(from) &&
		    stat(from, &st) == 0 && S_ISREG(st.st_mode))
			ret = merge_input(m, from, to_dir, entry->d_name);
	closedir(d);
	return ret;
}

int merge_corpus(struct merge *m, const char *source)
{
	char path[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
	DIR *d;
	int ret = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/corpus", source) >= sizeof(path))
		return merge_fail(m, source, ENAMETOOLONG);
	d = opendir(path);
	if (!d)
		return errno == ENOENT ? 0 : merge_fail(m, path, errno);
	for (struct dirent *entry = readdir(d); entry && !ret; entry = readdir(d))
		if (entry->d_name[0] != '.' &&
		    (size_t)snprintf(from, sizeof(from), "%s/%s", path, entry->d_name) < sizeof(from) &&
		    (size_t)snprintf(to, sizeof(to), "%s/corpus/%s", m->night.dir, entry->d_name) < sizeof(to))
			ret = merge_target(m, from, to);
	closedir(d);
	return ret;
}
