/* SPDX-License-Identifier: MIT */
#include "crashes/retain.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crashes/file.h"
#include "crashes/utc.h"

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

static bool remove_folder(struct store *s, const char *name, struct retained *gone)
{
	char folder[NAME_MAX + 1];
	u64 bytes;

	/* The name may be in what is about to change. */
	snprintf(folder, sizeof(folder), "%s", name);
	bytes = bytes_of(s, folder);
	if (store_remove_folder(s, folder))
		return false;
	gone->folders++;
	gone->bytes += bytes;
	return true;
}

static bool is_smallest(const struct store *s, const struct record *r, const char *folder)
{
	const struct crash_facts *smallest = store_smallest(s, r);

	return !smallest || strcmp(folder, smallest->folder) == 0;
}

struct retained retain_record(struct store *s, struct record *r, u32 keep)
{
	struct retained gone = {0};

	/* From the oldest but the first on, as long as there are enough behind it. */
	for (u32 at = 1; !r->gone && at + keep < r->nr_folders;)
		if (is_smallest(s, r, r->folder[at]) || !remove_folder(s, r->folder[at], &gone))
			at++;
	return gone;
}

struct retained retain_newest(struct store *s, u32 keep)
{
	struct retained gone = {0};

	for (u32 i = 0; i < s->nr_records; i++) {
		struct retained more = retain_record(s, s->record[i], keep);

		gone.folders += more.folders;
		gone.bytes += more.bytes;
	}
	return gone;
}

/* May it go by a rule that does not count? */
static bool may_go(const struct store *s, const struct record *r, const char *folder)
{
	return r->status == RECORD_fixed || !is_smallest(s, r, folder);
}

struct retained retain_since(struct store *s, u64 before)
{
	struct retained gone = {0};

	for (u32 i = 0; i < s->nr_records; i++) {
		struct record *r = s->record[i];

		for (u32 at = 0; !r->gone && at < r->nr_folders;) {
			const struct crash_facts *f = store_facts(s, r->folder[at]);

			if (!f || f->seen >= before || !may_go(s, r, r->folder[at]) ||
			    !remove_folder(s, r->folder[at], &gone))
				at++;
		}
	}
	return gone;
}

/* The oldest folder that may go; NULL: none may. */
static const struct crash_facts *oldest(const struct store *s)
{
	const struct crash_facts *found = NULL;

	for (u32 i = 0; i < s->nr_records; i++) {
		const struct record *r = s->record[i];

		for (u32 at = 0; !r->gone && at < r->nr_folders; at++) {
			const struct crash_facts *f = store_facts(s, r->folder[at]);

			if (f && (!found || f->seen < found->seen) && may_go(s, r, r->folder[at]))
				found = f;
		}
	}
	return found;
}

struct retained retain_bytes(struct store *s, u64 bytes)
{
	struct retained gone = {0};
	u64 total = 0;

	for (u32 i = 0; i < s->nr_facts; i++)
		total += bytes_of(s, s->facts[i].folder);
	while (total - gone.bytes > bytes) {
		const struct crash_facts *f = oldest(s);

		if (!f || !remove_folder(s, f->folder, &gone))
			break;
	}
	return gone;
}

/* Those being written are made without the store's lock, so only old ones are surely nobody's. */
static bool is_leftover(const char *path, const char *name)
{
	struct stat st;

	if (strncmp(name, ".old-", 5) == 0)
		return true;
	return strncmp(name, ".new-", 5) == 0 && stat(path, &st) == 0 && (u64)st.st_mtime + 3600 < utc_now();
}

u32 retain_leftovers(struct store *s)
{
	DIR *d = opendir(s->dir);
	u32 count = 0;

	if (!d)
		return 0;
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		char path[PATH_MAX];

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", s->dir, entry->d_name) >= sizeof(path) ||
		    !is_leftover(path, entry->d_name))
			continue;
		file_remove_dir(path);
		count++;
	}
	closedir(d);
	return count;
}
