/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes/file.h"
#include "fuzz/token.h"
#include "jobs/corpus.h"

/* As fuzz targets read it; false: text or a token that they would refuse, and read as bytes. */
static void decode(const u8 *data, size_t size, struct scenario *s)
{
	static const char header[] = "pfnstorm 1\n";
	static char token[TOKEN_MAX];
	struct text_error error;
	struct switches sw;

	switches_default(&sw);
	if (size >= sizeof(header) - 1 && memcmp(data, header, sizeof(header) - 1) == 0 &&
	    scenario_parse((const char *)data, size, s, &error) == 0)
		return;
	if (size >= sizeof(TOKEN_PREFIX) && size < sizeof(token) && memcmp(data, TOKEN_PREFIX, 5) == 0) {
		memcpy(token, data, size);
		token[size] = '\0';
		if (token_decode(token, s, &error) == 0)
			return;
	}
	scenario_decode(data, size, &sw, s);
}

/* Bytes hold no names, no switches and no expectation: for a target they are nothing. */
static void drop_words(struct scenario *s)
{
	s->name[0] = s->from[0] = '\0';
	switches_default(&s->machine.sw);
	memset(&s->laws, 0, sizeof(s->laws));
	s->expect.set = 0;
	memset(s->expect.words, 0, sizeof(s->expect.words));
	s->seed = 0;
	for (u32 i = 0; i < s->nr_tasks; i++)
		snprintf(s->task[i].name, sizeof(s->task[i].name), "t%u", i);
	memset(s->slot, 0, sizeof(s->slot));
}

static bool is_same(struct scenario *a, struct scenario *b)
{
	drop_words(a);
	drop_words(b);
	return scenario_equal(a, b) && a->search.strategy == b->search.strategy && a->search.seed == b->search.seed;
}

ssize_t corpus_migrate_input(const u8 *data, size_t size, u8 *to, size_t to_size)
{
	static struct scenario before, after;
	struct switches sw;
	ssize_t len;

	if (size >= SCENARIO_RECORD && data[0] == SCENARIO_BYTES_SEARCH)
		return 0;
	switches_default(&sw);
	decode(data, size, &before);
	len = scenario_encode(&before, to, to_size, NULL, 0);
	if (len < 0)
		return -ERANGE;
	to[0] = SCENARIO_BYTES_SEARCH;
	scenario_decode(to, (size_t)len, &sw, &after);
	return is_same(&before, &after) ? len : -ERANGE;
}

static int migrate_file(const char *path, struct corpus_migration *m)
{
	static u8 bytes[SCENARIO_BYTES_MAX];
	char aside[PATH_MAX];
	size_t size;
	char *data = file_read(path, &size);
	ssize_t len;
	int ret = 0;

	if (!data)
		return -errno;
	m->files++;
	len = corpus_migrate_input((const u8 *)data, size, bytes, sizeof(bytes));
	free(data);
	if (len > 0 && (size_t)snprintf(aside, sizeof(aside), "%s.new-%d", path, (int)getpid()) < sizeof(aside))
		ret = file_put(aside, path, bytes, (size_t)len);
	m->changed += len > 0 && !ret;
	m->kept += len < 0;
	return ret;
}

int corpus_migrate(const char *dir, struct corpus_migration *m, char *message, size_t size)
{
	struct dirent **entries;
	char path[PATH_MAX];
	struct stat st;
	int n = scandir(dir, &entries, NULL, alphasort), ret = n < 0 ? -errno : 0;

	for (int i = 0; i < n; i++) {
		if (!ret && entries[i]->d_name[0] != '.' &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name) < sizeof(path) &&
		    stat(path, &st) == 0 && S_ISREG(st.st_mode))
			ret = migrate_file(path, m);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (ret)
		snprintf(message, size, "%s: %s", n < 0 ? dir : path, strerror(-ret));
	return ret;
}
