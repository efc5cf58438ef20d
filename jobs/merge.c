/* SPDX-License-Identifier: MIT */
#include "jobs/merge.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes/copy.h"
#include "crashes/file.h"
#include "crashes/grow.h"
#include "crashes/store.h"
#include "jobs/history.h"

int merge_fail(struct merge *m, const char *what, int error)
{
	snprintf(m->message, m->size, "%s: %s", what, strerror(error));
	return -error;
}

static void note_id(struct merge *m, const char *id)
{
	for (u32 i = 0; i < m->nr_ids; i++)
		if (strcmp(m->id[i], id) == 0)
			return;
	m->id = grow_array(m->id, m->nr_ids, sizeof(*m->id));
	snprintf(m->id[m->nr_ids++], NIGHT_ID_MAX, "%s", id);
}

static int is_id(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strlen(entry->d_name) < NIGHT_ID_MAX;
}

typedef int part_fn(struct merge *m, const char *source, const char *id);

/* Calls @part for each night of @source that is of interest. */
static int for_each_night(struct merge *m, const char *source, part_fn *part)
{
	char path[PATH_MAX];
	struct dirent **entries;
	int n, ret = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/nights", source) >= sizeof(path))
		return merge_fail(m, source, ENAMETOOLONG);
	n = scandir(path, &entries, is_id, alphasort);
	/* A shard that never began has none. */
	if (n < 0)
		return errno == ENOENT ? 0 : merge_fail(m, path, errno);
	for (int i = 0; i < n; i++) {
		const char *id = entries[i]->d_name;

		if (!ret && (!m->o->night || strcmp(m->o->night, id) == 0)) {
			note_id(m, id);
			ret = part(m, source, id);
		}
		free(entries[i]);
	}
	free(entries);
	return ret;
}

/* Crash folders that the store does not have. Opening it counts them. */
static int merge_crashes(struct merge *m, const char *source)
{
	char from[PATH_MAX], to[PATH_MAX], path[PATH_MAX];
	DIR *d;
	int ret = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/crashes", source) >= sizeof(path))
		return merge_fail(m, source, ENAMETOOLONG);
	d = opendir(path);
	if (!d)
		return errno == ENOENT ? 0 : merge_fail(m, path, errno);
	for (struct dirent *entry = readdir(d); entry && !ret; entry = readdir(d)) {
		if (entry->d_name[0] == '.' ||
		    (size_t)snprintf(from, sizeof(from), "%s/%s", path, entry->d_name) >= sizeof(from) ||
		    (size_t)snprintf(to, sizeof(to), "%s/%s", m->night.store, entry->d_name) >= sizeof(to) ||
		    !copy_is_crash_folder(from) || access(to, F_OK) == 0)
			continue;
		ret = copy_crash_folder(from, m->night.store, to, sizeof(to));
		m->result->crashes += !ret;
		if (ret)
			merge_fail(m, from, -ret);
	}
	closedir(d);
	return ret;
}

static int with_store(struct merge *m, const char *source, part_fn *part)
{
	static struct store store;
	char later[512];
	int ret = file_make_dirs(m->night.store);

	if (ret)
		return merge_fail(m, m->night.store, -ret);
	ret = store_open(&store, m->night.store, m->message, m->size);
	if (ret)
		return ret;
	m->store = &store;
	ret = for_each_night(m, source, part);
	m->store = NULL;
	if (store_close(&store, ret ? later : m->message, ret ? sizeof(later) : m->size) && !ret)
		ret = -EIO;
	return ret;
}

/* In this order: who is killed between two of them finds the rest to do. */
static int merge_source(struct merge *m, const char *source)
{
	int ret = with_store(m, source, merge_units);

	if (!ret)
		ret = merge_crashes(m, source);
	if (!ret)
		ret = with_store(m, source, merge_records);
	return ret ? ret : merge_corpus(m, source);
}

/* It is made now, if it is not there. */
static int check_source(struct merge *m, const char *source)
{
	struct stat st, own;

	if (stat(source, &st))
		return merge_fail(m, source, errno);
	if (!S_ISDIR(st.st_mode))
		return merge_fail(m, source, ENOTDIR);
	if (stat(m->night.dir, &own) == 0 && own.st_dev == st.st_dev && own.st_ino == st.st_ino) {
		snprintf(m->message, m->size, "%s: expected the folder of a shard, found that of all nights", source);
		return -EINVAL;
	}
	return 0;
}

static int merge_all(struct merge *m)
{
	int ret = 0;

	for (u32 i = 0; i < m->o->sources && !ret; i++)
		ret = check_source(m, m->o->source[i]);
	for (u32 i = 0; i < m->o->sources && !ret; i++)
		ret = merge_source(m, m->o->source[i]);
	if (ret)
		return ret;
	/* No shard of it has begun: a night that nobody knows of would be missed by nobody. */
	if (m->o->night)
		note_id(m, m->o->night);
	if (!m->nr_ids) {
		snprintf(m->message, m->size, "found no night, expected folders of `pfnstorm nightly --shard`");
		return -ENOENT;
	}
	m->result->outcome = NIGHT_green;
	for (u32 i = 0; i < m->nr_ids && !ret; i++)
		ret = merge_head(m, m->id[i]);
	m->result->nights = m->nr_ids;
	m->result->exit = night_outcome_exit(m->result->outcome);
	return ret;
}

int merge_nights(const struct merge_options *o, struct merge_result *result, char *message, size_t size)
{
	const struct night_options as_night = {.dir = o->dir, .shards = 1};
	struct merge *m = calloc(1, sizeof(*m));
	struct history *history;
	char later[512];
	int ret;

	if (!m)
		abort();
	memset(result, 0, sizeof(*result));
	m->o = o;
	m->result = result;
	m->message = message;
	m->size = size;
	m->night.options = &as_night;
	m->night.lock = m->night.shard_lock = -1;
	gethostname(m->night.host, sizeof(m->night.host) - 1);
	ret = night_lock(&m->night, message, size);
	if (!ret)
		ret = merge_all(m);
	night_unlock(&m->night);
	/* For who asks in SQL; a report would do it too. */
	if (!ret && history_open(&history, o->dir, later, sizeof(later)) == 0)
		history_close(history);
	free(m->id);
	free(m);
	return ret;
}
