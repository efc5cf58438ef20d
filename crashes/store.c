/* SPDX-License-Identifier: MIT */
#include "crashes/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes/facts.h"
#include "crashes/file.h"
#include "crashes/grow.h"
#include "crashes/retain.h"
#include "crashes/utc.h"

/* ---- looking up ------------------------------------------------------------------------------------------------- */

static int compare_name(const void *name, const void *facts)
{
	return strcmp(name, ((const struct crash_facts *)facts)->folder);
}

const struct crash_facts *store_facts(const struct store *s, const char *folder)
{
	return !s->nr_facts ? NULL : bsearch(folder, s->facts, s->nr_facts, sizeof(*s->facts), compare_name);
}

const struct crash_facts *store_smallest(const struct store *s, const struct record *r)
{
	const struct crash_facts *smallest = NULL;

	for (u32 i = 0; i < r->nr_folders; i++) {
		const struct crash_facts *f = store_facts(s, r->folder[i]);

		if (f && (!smallest || crash_facts_compare(f, smallest) < 0))
			smallest = f;
	}
	return smallest;
}

static struct record *with_key(const struct store *s, const char *cause, const char *signature)
{
	for (u32 i = 0; i < s->nr_records; i++)
		if (!s->record[i]->gone && record_has_key(s->record[i], cause, signature))
			return s->record[i];
	return NULL;
}

/* The only record that has met this signature; NULL if there are several, or none. */
static struct record *with_signature(const struct store *s, const char *signature)
{
	struct record *only = NULL;

	for (u32 i = 0; i < s->nr_records; i++) {
		if (s->record[i]->gone || !record_find_signature(s->record[i], signature))
			continue;
		if (only)
			return NULL;
		only = s->record[i];
	}
	return only;
}

/* A crash that needs no switch has no cause that could tell it from others: its signature must do. */
static bool cause_tells(const struct crash_facts *facts)
{
	return facts->cause[0] && strcmp(facts->cause, "none") != 0;
}

struct record *store_record_of(const struct store *s, const struct crash_facts *facts)
{
	char cause[FOLDER_CAUSE_MAX];
	struct record *r;

	record_key_of_cause(facts->cause, cause);
	r = with_key(s, cause, facts->signature);
	if (!r && cause_tells(facts))
		r = with_key(s, cause, "");
	if (!r && !facts->cause[0])
		r = with_signature(s, facts->signature);
	return r;
}

static int record_path(const struct store *s, const char *id, char *path, size_t size)
{
	return (size_t)snprintf(path, size, "%s/records/%s.txt", s->dir, id) < size ? 0 : -ENAMETOOLONG;
}

/* By a record that was read, or by a file that could not be read and must not be overwritten. */
static bool id_is_taken(const struct store *s, const char *id)
{
	char path[PATH_MAX];

	for (u32 i = 0; i < s->nr_records; i++)
		if (strcmp(s->record[i]->id, id) == 0)
			return true;
	return s->unreadable && record_path(s, id, path, sizeof(path)) == 0 && access(path, F_OK) == 0;
}

static struct record *add_record(struct store *s, struct record *r)
{
	/* Two keys with one hash: the later one takes the next free number. */
	while (id_is_taken(s, r->id))
		snprintf(r->id, sizeof(r->id), "%08x", (u32)strtoul(r->id, NULL, 16) + 1);
	s->record = grow_array(s->record, s->nr_records, sizeof(*s->record));
	return s->record[s->nr_records++] = r;
}

static struct record *new_record(struct store *s, const struct crash_facts *facts)
{
	struct record_key key = {0};

	record_key_of_cause(facts->cause, key.cause);
	if (!cause_tells(facts))
		snprintf(key.signature, sizeof(key.signature), "%s", facts->signature);
	return add_record(s, record_new(&key));
}

struct record *store_count(struct store *s, const struct crash_facts *facts)
{
	struct record *r = store_record_of(s, facts), *nameless;

	if (!r)
		r = new_record(s, facts);
	record_count(r, facts);
	nameless = facts->cause[0] ? with_key(s, "", facts->signature) : NULL;
	if (nameless && nameless != r)
		record_merge(r, nameless);
	return r;
}

/* ---- reconciling ------------------------------------------------------------------------------------------------ */

static void complain(struct store *s, const char *message)
{
	if (!s->unreadable++)
		snprintf(s->complaint, sizeof(s->complaint), "%s", message);
}

static void read_record(struct store *s, const char *name)
{
	char path[PATH_MAX], what[256], message[PATH_MAX + 300], *text;
	struct record *r;
	u32 line = 1;

	if ((size_t)snprintf(path, sizeof(path), "%s/records/%s", s->dir, name) >= sizeof(path))
		return;
	text = file_read(path, NULL);
	r = text ? record_parse(text, &line, what, sizeof(what)) : NULL;
	if (r) {
		snprintf(r->id, sizeof(r->id), "%.8s", name);
		s->record = grow_array(s->record, s->nr_records, sizeof(*s->record));
		s->record[s->nr_records++] = r;
	} else {
		snprintf(message, sizeof(message), "%s:%u:1: %s", path, line, text ? what : strerror(errno));
		complain(s, message);
	}
	free(text);
}

static int is_record(const struct dirent *entry)
{
	const char *name = entry->d_name;

	return strlen(name) == RECORD_ID_LEN + 4 && strspn(name, "0123456789abcdef") == RECORD_ID_LEN &&
	       strcmp(name + RECORD_ID_LEN, ".txt") == 0;
}

static void read_records(struct store *s)
{
	char path[PATH_MAX];
	struct dirent **entries;
	int n;

	if ((size_t)snprintf(path, sizeof(path), "%s/records", s->dir) >= sizeof(path))
		return;
	n = scandir(path, &entries, is_record, alphasort);
	for (int i = 0; i < n; i++) {
		read_record(s, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static int is_folder(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "records") != 0;
}

/* When the scenario in the directory of this name was written, in ns; 0: there is none. */
static u64 stamp_of(const struct store *s, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s/scenario.pfn", s->dir, name) >= sizeof(path) || stat(path, &st))
		return 0;
	return (u64)st.st_mtim.tv_sec * 1000000000 + (u64)st.st_mtim.tv_nsec;
}

/* From the index, or else from the folder. */
static void read_facts(struct store *s, const char *name)
{
	u64 stamp = stamp_of(s, name);
	struct crash_facts facts;
	char message[512];

	if (!stamp)
		return;
	if (!index_find_folder(s->index, name, stamp, &facts)) {
		if (facts_read(s->dir, name, &facts, message, sizeof(message))) {
			complain(s, message);
			return;
		}
		facts.stamp = stamp;
		index_put_folder(s->index, &facts);
	}
	s->facts = grow_array(s->facts, s->nr_facts, sizeof(*s->facts));
	s->facts[s->nr_facts++] = facts; /* names come sorted */
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folders(struct store *s)
{
	struct dirent **entries;
	int n = scandir(s->dir, &entries, is_folder, compare_names);

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		read_facts(s, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

/* What a killed process left half done: the record that has taken another, or a signature, is written first. */
static void finish_merges(struct store *s)
{
	for (u32 i = 0; i < s->nr_records; i++)
		for (u32 j = 0; j < s->record[i]->nr_merged; j++)
			for (u32 k = 0; k < s->nr_records; k++)
				if (k != i && strcmp(s->record[k]->id, s->record[i]->merged[j]) == 0)
					s->record[k]->gone = true;
}

static void finish_split(struct store *s, struct record *split)
{
	const struct record_key *key = &split->key[0];
	struct record *from = key->cause[0] && key->signature[0] ? with_key(s, key->cause, "") : NULL;

	if (!from || from == split || !record_find_signature(from, key->signature))
		return;
	record_split(from, split, key->signature);
	for (u32 i = 0; i < split->nr_folders; i++)
		record_drop_folder(from, split->folder[i]);
}

static int compare_seen(const void *a, const void *b)
{
	const struct crash_facts *const *f = a, *const *g = b;

	if ((*f)->seen != (*g)->seen)
		return (*f)->seen < (*g)->seen ? -1 : 1;
	return strcmp((*f)->folder, (*g)->folder);
}

static bool is_member(const struct store *s, const char *folder)
{
	for (u32 i = 0; i < s->nr_records; i++)
		if (!s->record[i]->gone && record_has_folder(s->record[i], folder))
			return true;
	return false;
}

/* In the order in which they were seen, so that records do not depend on names, nor on who looks when. */
static void count_new_folders(struct store *s)
{
	const struct crash_facts **unknown = calloc(s->nr_facts + 1, sizeof(*unknown));
	u32 count = 0;

	if (!unknown)
		abort();
	for (u32 i = 0; i < s->nr_facts; i++)
		if (!is_member(s, s->facts[i].folder))
			unknown[count++] = &s->facts[i];
	qsort(unknown, count, sizeof(*unknown), compare_seen);
	for (u32 i = 0; i < count; i++)
		store_count(s, unknown[i]);
	free(unknown);
}

/* A folder that cannot be read is there all the same. */
static void forget_vanished_folders(struct store *s)
{
	for (u32 i = 0; i < s->nr_records; i++) {
		struct record *r = s->record[i];

		for (u32 j = r->nr_folders; j-- > 0;)
			if (!store_facts(s, r->folder[j]) && !stamp_of(s, r->folder[j]))
				record_drop_folder(r, r->folder[j]);
	}
}

static int reconcile(struct store *s)
{
	int ret;

	read_records(s);
	ret = read_folders(s);
	if (ret)
		return ret;
	finish_merges(s);
	for (u32 i = 0; i < s->nr_records; i++)
		finish_split(s, s->record[i]);
	forget_vanished_folders(s);
	count_new_folders(s);
	return 0;
}

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

static void free_all(struct store *s)
{
	for (u32 i = 0; i < s->nr_records; i++)
		record_free(s->record[i]);
	free(s->record);
	free(s->facts);
	if (s->lock >= 0)
		close(s->lock);
}

int store_open(struct store *s, const char *dir, char *message, size_t size)
{
	int ret;

	memset(s, 0, sizeof(*s));
	s->lock = -1;
	if ((size_t)snprintf(s->dir, sizeof(s->dir), "%s", dir) >= sizeof(s->dir)) {
		snprintf(message, size, "%.64s…: path too long", dir);
		return -ENAMETOOLONG;
	}
	s->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ret = s->lock < 0 ? -errno : 0;
	while (!ret && flock(s->lock, LOCK_EX))
		ret = errno == EINTR ? 0 : -errno;
	if (!ret) {
		s->writable = access(dir, W_OK) == 0;
		/* Without an index everything is read from the files. */
		s->index = s->writable ? index_open(dir, message, size) : NULL;
		ret = reconcile(s);
	}
	if (ret) {
		index_close(s->index, message, size);
		snprintf(message, size, "%s: %s", dir, strerror(-ret));
		free_all(s);
	}
	return ret;
}

static int write_record(struct store *s, struct record *r)
{
	char path[PATH_MAX], *text;
	int ret = record_path(s, r->id, path, sizeof(path));

	if (ret)
		return ret;
	if (r->gone)
		return unlink(path) && errno != ENOENT ? -errno : 0;
	if (!r->dirty)
		return 0;
	text = record_print(r);
	ret = text ? file_replace(path, text) : -ENOMEM;
	free(text);
	if (!ret)
		r->dirty = false;
	return ret;
}

/* Those that took something are written before those that it was taken from: see finish_merges(), finish_split(). */
static int write_records(struct store *s)
{
	char path[PATH_MAX];
	int ret;

	if ((size_t)snprintf(path, sizeof(path), "%s/records", s->dir) >= sizeof(path))
		return -ENAMETOOLONG;
	ret = file_make_dirs(path);
	/* The newest are last; what was split off is newer than what it was split off. */
	for (u32 i = s->nr_records; i-- > 0 && !ret;)
		if (!s->record[i]->gone)
			ret = write_record(s, s->record[i]);
	for (u32 i = 0; i < s->nr_records && !ret; i++)
		if (s->record[i]->gone)
			ret = write_record(s, s->record[i]);
	return ret;
}

static void write_index(struct store *s)
{
	const char **names = calloc(s->nr_facts + 1, sizeof(*names));
	char message[256];

	if (!names)
		abort();
	for (u32 i = 0; i < s->nr_facts; i++)
		names[i] = s->facts[i].folder;
	index_keep_folders(s->index, names, s->nr_facts);
	index_keep_records(s->index, s->record, s->nr_records);
	for (u32 i = 0; i < s->nr_records; i++) {
		const struct crash_facts *smallest = store_smallest(s, s->record[i]);

		if (!s->record[i]->gone)
			index_put_record(s->index, s->record[i], smallest ? smallest->folder : "");
	}
	free(names);
	/* If it cannot be written the next one finds it as it was, and makes up for it. */
	index_close(s->index, message, sizeof(message));
}

static bool any_dirty(const struct store *s)
{
	for (u32 i = 0; i < s->nr_records; i++)
		if (s->record[i]->dirty || s->record[i]->gone)
			return true;
	return false;
}

int store_close(struct store *s, char *message, size_t size)
{
	int ret = 0;

	if (s->writable) {
		if (any_dirty(s))
			ret = write_records(s);
		if (ret)
			snprintf(message, size, "%s/records: %s", s->dir, strerror(-ret));
		write_index(s);
	}
	free_all(s);
	return ret;
}

/* ---- changing --------------------------------------------------------------------------------------------------- */

/* Once more, with what is new about it. */
static void count_again(struct store *s, const struct crash_facts *facts, const struct crash *crash)
{
	struct crash_facts again = *facts;

	again.seen = crash->seen ? crash->seen : utc_now();
	again.hits = crash->hits;
	again.runs = crash->runs;
	again.minimal = crash->found_by && facts_is_minimal(crash->found_by);
	store_count(s, &again);
}

int store_add(const char *dir, const struct crash *crash, char *path, size_t path_size, char *message, size_t size)
{
	static struct store s;
	const char *folder;
	char later[256];
	bool known;
	int ret = folder_write(dir, crash, path, path_size, &known, message, size);

	if (ret || store_open(&s, dir, later, sizeof(later)))
		return ret;
	folder = strrchr(path, '/') + 1;
	if (known && !crash->once && store_facts(&s, folder))
		count_again(&s, store_facts(&s, folder), crash);
	for (u32 i = 0; i < s.nr_records; i++)
		if (record_has_folder(s.record[i], folder))
			retain_record(&s, s.record[i], STORE_KEEP);
	store_close(&s, later, sizeof(later));
	return 0;
}

void store_merge(struct store *s, struct record *a, struct record *b)
{
	(void)s;
	record_merge(a, b);
}

struct record *store_split(struct store *s, struct record *r, const char *signature, char *message, size_t size)
{
	struct record_key key = {0};
	struct record *to;

	if (r->nr_signatures < 2 || !record_find_signature(r, signature)) {
		snprintf(message, size, "%s has %s", r->id,
			 r->nr_signatures < 2 ? "no other signature" : "no such signature");
		return NULL;
	}
	snprintf(key.cause, sizeof(key.cause), "%s", r->key[0].cause);
	snprintf(key.signature, sizeof(key.signature), "%s", signature);
	to = add_record(s, record_new(&key));
	record_split(r, to, signature);
	record_set_status(to, r->status);
	for (u32 i = r->nr_folders; i-- > 0;) {
		const struct crash_facts *f = store_facts(s, r->folder[i]);

		if (!f || strcmp(f->signature, signature) != 0)
			continue;
		record_add_folder(to, r->folder[i]);
		record_drop_folder(r, r->folder[i]);
	}
	return to;
}

int store_remove_folder(struct store *s, const char *folder)
{
	char path[PATH_MAX], aside[PATH_MAX];
	struct crash_facts *facts;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", s->dir, folder) >= sizeof(path) ||
	    (size_t)snprintf(aside, sizeof(aside), "%s/.old-%d", s->dir, (int)getpid()) >= sizeof(aside))
		return -ENAMETOOLONG;
	/* At once, so that there is never half a folder. Its record is written later: until then it names one too many.
	 */
	if (rename(path, aside))
		return -errno;
	file_remove_dir(aside);
	facts = (struct crash_facts *)store_facts(s, folder);
	if (facts) {
		s->nr_facts--;
		memmove(facts, facts + 1, (size_t)(s->facts + s->nr_facts - facts) * sizeof(*facts));
	}
	for (u32 i = 0; i < s->nr_records; i++)
		record_drop_folder(s->record[i], folder);
	return 0;
}

/* ---- finding ---------------------------------------------------------------------------------------------------- */

static bool names_folder(const struct record *r, const char *bug)
{
	char name[NAME_MAX + 1];
	size_t len = strlen(bug), start;

	while (len && bug[len - 1] == '/')
		len--;
	for (start = len; start && bug[start - 1] != '/';)
		start--;
	if (len - start >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(len - start), bug + start);
	return record_has_folder(r, name);
}

static bool is_named(const struct record *r, const char *bug)
{
	size_t len = strlen(bug);

	if (len >= 2 && len <= RECORD_ID_LEN && strncmp(r->id, bug, len) == 0)
		return true;
	for (u32 i = 0; i < r->nr_merged; i++)
		if (strcmp(r->merged[i], bug) == 0)
			return true;
	return names_folder(r, bug) || record_find_signature(r, bug);
}

struct record *store_find(const struct store *s, const char *bug, char *message, size_t size)
{
	struct record *found = NULL;

	for (u32 i = 0; i < s->nr_records; i++) {
		if (s->record[i]->gone || !is_named(s->record[i], bug))
			continue;
		if (found) {
			snprintf(message, size, "'%s' is %s and %s: expected the id of one bug", bug, found->id,
				 s->record[i]->id);
			return NULL;
		}
		found = s->record[i];
	}
	if (!found)
		snprintf(message, size, "%s has no bug '%s': expected an id, a crash folder or a signature", s->dir,
			 bug);
	return found;
}
