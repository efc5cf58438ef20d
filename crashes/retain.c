/* SPDX-License-Identifier: MIT */
#include "crashes/retain.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static u64 bytes_of(const struct store *s, const char *folder)
{
	char path[PATH_MAX];
	u64 bytes = 0;
	DIR *d;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", s->dir, folder) >= sizeof(path))
		return 0;
	d = opendir(path);
	if (!d)
		return 0;
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		struct stat st;

		if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			bytes += (u64)st.st_blocks * 512;
	}
	closedir(d);
	return bytes;
}

static void remove_folder(struct store *s, struct record *r, u32 at, struct retained *gone)
{
	char folder[NAME_MAX + 1];
	u64 bytes;

	snprintf(folder, sizeof(folder), "%s", r->folder[at]);
	bytes = bytes_of(s, folder);
	if (store_remove_folder(s, folder))
		return;
	gone->folders++;
	gone->bytes += bytes;
}

/* The first and the smallest always stay. */
static bool may_go(const struct store *s, const struct record *r, u32 at)
{
	const struct crash_facts *smallest = store_smallest(s, r);

	return at && smallest && strcmp(r->folder[at], smallest->folder) != 0;
}

struct retained retain_newest(struct store *s, u32 keep)
{
	struct retained gone = {0};

	for (u32 i = 0; i < s->nr_records; i++) {
		struct record *r = s->record[i];

		/* From the oldest on, as long as there are too many behind it. */
		for (u32 at = 1; !r->gone && at + keep < r->nr_folders;) {
			u32 before = r->nr_folders;

			if (may_go(s, r, at))
				remove_folder(s, r, at, &gone);
			if (r->nr_folders == before)
				at++;
		}
	}
	return gone;
}
