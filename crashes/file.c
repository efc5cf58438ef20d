/* SPDX-License-Identifier: MIT */
#include "crashes/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/rt/types.h"

static int write_all(int fd, const char *text, size_t left)
{
	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

int file_write_synced(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd, ret;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, text, strlen(text));
	if (!ret && fsync(fd))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

int file_sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd))
		ret = -errno;
	close(fd);
	return ret;
}

int file_make_dirs(const char *path)
{
	char part[PATH_MAX];
	struct stat st;

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			return -errno;
	}
	if (stat(path, &st))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

void file_remove_dir(const char *dir)
{
	char path[PATH_MAX];
	DIR *d = opendir(dir);

	if (!d)
		return;
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) < sizeof(path))
			unlink(path);
	}
	closedir(d);
	rmdir(dir);
}

int file_replace(const char *path, const char *text)
{
	char dir[PATH_MAX], aside[64];
	char from[PATH_MAX + sizeof(aside)];
	struct timespec now;
	const char *slash;
	int ret;

	slash = strrchr(path, '/');
	if (!slash)
		snprintf(dir, sizeof(dir), ".");
	else if ((size_t)snprintf(dir, sizeof(dir), "%.*s", (int)max(slash - path, 1L), path) >= sizeof(dir))
		return -ENAMETOOLONG;
	/* In a container every process may be number 1: one that was killed here must not be in the way of the next. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(aside, sizeof(aside), ".pfnstorm-%ld-%lx%08lx.tmp", (long)getpid(), now.tv_sec, now.tv_nsec);
	snprintf(from, sizeof(from), "%s/%s", dir, aside);
	ret = file_write_synced(dir, aside, text);
	if (!ret && rename(from, path))
		ret = -errno;
	if (ret && ret != -EEXIST)
		unlink(from);
	return ret ? ret : file_sync_dir(dir);
}

int file_put(const char *aside, const char *path, const void *bytes, size_t size)
{
	int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), ret;

	if (fd < 0)
		return -errno;
	ret = write_all(fd, bytes, size);
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(aside, path))
		ret = -errno;
	if (ret)
		unlink(aside);
	return ret;
}

char *file_read(const char *path, size_t *size)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t len = 0, room = 0;

	if (!f)
		return NULL;
	for (;;) {
		if (room - len < 2) {
			char *more = realloc(text, room = room ? room * 2 : 4096);

			if (!more)
				goto err_read;
			text = more;
		}
		len += fread(text + len, 1, room - len - 1, f);
		if (ferror(f))
			goto err_read;
		if (feof(f))
			break;
	}
	fclose(f);
	text[len] = '\0';
	if (size)
		*size = len;
	return text;
err_read:
	fclose(f);
	free(text);
	errno = EIO;
	return NULL;
}
