/* SPDX-License-Identifier: MIT */
#include "jobs/night.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "crashes/retain.h"
#include "fuzz/seconds.h"

#define FREE_MIN (8ULL << 20) /* a disk with less is full: the next crash folder might not fit */
#define WEIGHED_SECONDS 60
#define KEEP_WHEN_FULL 4 /* crash folders of each bug that stay when there is no room */

static u64 walked;

static int add_size(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	(void)type;
	(void)ftw;
	walked += (u64)st->st_blocks * 512;
	return 0;
}

/* Measuring reads every directory: a minute ago is as good as now. What is free is known at once. */
static bool has_room(struct night *n)
{
	u64 limit = job_size(n->settings, JOB_KEY_night_disk);
	struct statvfs fs;

	if (statvfs(n->dir, &fs) == 0 && (u64)fs.f_bavail * fs.f_frsize < FREE_MIN)
		return false;
	if (!limit || (n->weighed > 0 && walked <= limit && seconds_now() - n->weighed < WEIGHED_SECONDS))
		return true;
	n->weighed = seconds_now();
	walked = 0;
	return nftw(n->dir, add_size, 16, FTW_PHYS | FTW_MOUNT) == 0 && walked <= limit;
}

static int is_night(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* What a campaign needs to go on, and its logs. Corpus and crashes are elsewhere; what is not filed stays. */
static void drop_campaign(const char *campaign)
{
	static const char *const parts[] = {"afl", "counters", "logs"};
	char path[PATH_MAX + 16];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		snprintf(path, sizeof(path), "%s/%s", campaign, parts[i]);
		nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
}

static u32 drop_logs_of(const char *units)
{
	char path[PATH_MAX];
	DIR *d = opendir(units);
	u32 gone = 0;

	if (!d)
		return 0;
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		size_t len = strlen(entry->d_name);

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", units, entry->d_name) >= sizeof(path))
			continue;
		if (len > 9 && strcmp(entry->d_name + len - 9, ".campaign") == 0)
			drop_campaign(path);
		else if (len > 4 && strcmp(entry->d_name + len - 4, ".log") == 0)
			gone += unlink(path) == 0;
	}
	closedir(d);
	return gone;
}

u32 night_drop_logs(const struct night *n, u64 keep)
{
	char nights[PATH_MAX], units[PATH_MAX];
	struct dirent **entries = NULL;
	int count;
	u32 gone = 0;

	if (snprintf(nights, sizeof(nights), "%s/nights", n->dir) >= PATH_MAX)
		return 0;
	count = scandir(nights, &entries, is_night, alphasort);
	for (int i = 0; i < count; i++) {
		/* By name, whose order is that of time unless a clock jumped; this night's stay in any case. */
		if ((u64)(count - i) > keep && strcmp(entries[i]->d_name, n->id) != 0 &&
		    snprintf(units, sizeof(units), "%s/%s/units", nights, entries[i]->d_name) < PATH_MAX)
			gone += drop_logs_of(units);
		free(entries[i]);
	}
	free(entries);
	return gone;
}

static u32 drop_folders(const struct night *n)
{
	static struct store s;
	struct retained gone = {0};
	char message[512];

	if (store_open(&s, n->store, message, sizeof(message)))
		return 0;
	gone = retain_newest(&s, KEEP_WHEN_FULL);
	retain_leftovers(&s);
	store_close(&s, message, sizeof(message));
	return gone.folders;
}

bool night_make_room(struct night *n)
{
	char text[256];
	u32 logs = 0, folders = 0;

	if (has_room(n))
		return true;
	logs = night_drop_logs(n, job_number(n->settings, JOB_KEY_night_keep));
	if (!has_room(n))
		folders = drop_folders(n);
	if (!has_room(n))
		logs += night_drop_logs(n, 1);
	if (logs || folders) {
		snprintf(text, sizeof(text),
			 "the disk budget was used up: %u logs of old nights and %u crash folders removed", logs,
			 folders);
		n->options->say(text, n->options->arg);
	}
	if (has_room(n))
		return true;
	snprintf(n->stop, sizeof(n->stop),
		 "no room in %.160s: make some, or give more by 'disk' in [night], then --resume", n->dir);
	return false;
}
