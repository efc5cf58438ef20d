/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crashes/copy.h"
#include "crashes/file.h"
#include "crashes/input.h"
#include "fuzz/token.h"
#include "jobs/corpus.h"

struct import {
	struct corpus_writer *w;
	u32 taken, failed;
	int ret; /* the folder could not be written */
};

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text + strspn(text, " \t\n"), start, strlen(start)) == 0;
}

static void take_scenario(struct import *i, const struct scenario *s, const char *source)
{
	char whence[PATH_MAX + SCENARIO_FROM_LEN + SCENARIO_NAME_LEN + 8], message[256];
	const char *said = s->from[0] ? s->from : s->name;
	int ret;

	snprintf(whence, sizeof(whence), "%s%s%s", source, said[0] ? ": " : "", said);
	ret = corpus_put_scenario(i->w, NULL, s, whence, message, sizeof(message));
	if (ret == -ERANGE)
		i->failed++;
	else if (ret)
		i->ret = ret;
	else
		i->taken++;
}

/* Whatever the tools read as INPUT. */
static bool take_input(struct import *i, const char *input, const char *source)
{
	static struct scenario s;
	char message[512];

	if (input_load(input, &s, message, sizeof(message)))
		return false;
	take_scenario(i, &s, source);
	return true;
}

static void take_bytes(struct import *i, const char *bytes, size_t size, const char *source)
{
	static struct scenario s;
	struct switches sw;

	switches_default(&sw);
	scenario_decode((const u8 *)bytes, size, &sw, &s);
	take_scenario(i, &s, source);
}

/* An input of a corpus, in whatever form; for targets of text it has to be text. */
static void take_file(struct import *i, const char *path)
{
	size_t size;
	char *bytes = file_read(path, &size);
	enum corpus_form form = i->w->target->form;
	bool spelled = bytes && (begins_with(bytes, TOKEN_PREFIX) || begins_with(bytes, "pfnstorm "));
	/* Text that is no scenario is an input of who reads text; bytes have zeroes in them. */
	bool as_it_is = bytes && (form == CORPUS_FILES || (form == CORPUS_TEXT && !memchr(bytes, 0, size)));

	if (spelled && form != CORPUS_FILES && take_input(i, path, path)) {
		free(bytes);
		return;
	}
	if (as_it_is) {
		i->ret = corpus_put(i->w, NULL, bytes, size, path);
		i->taken += !i->ret;
	} else if (!bytes || spelled || size < SCENARIO_RECORD) {
		i->failed++;
	} else {
		take_bytes(i, bytes, size, path);
	}
	free(bytes);
}

static void take(struct import *i, const char *path, u32 depth);

static void take_folder(struct import *i, const char *dir, u32 depth)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int n = scandir(dir, &entries, NULL, alphasort);

	for (int k = 0; k < n; k++) {
		if (entries[k]->d_name[0] != '.' && !i->ret &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s", dir, entries[k]->d_name) < sizeof(path))
			take(i, path, depth);
		free(entries[k]);
	}
	if (n >= 0)
		free(entries);
}

/* Is it what a crash store or a campaign keeps beside inputs? */
static bool is_bookkeeping(const char *path)
{
	static const char *const ends[] = {".sqlite", ".txt", ".json", ".log", "/token", "/README.md"};
	size_t len = strlen(path);

	for (u32 i = 0; i < ARRAY_SIZE(ends); i++)
		if (len > strlen(ends[i]) && strcmp(path + len - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

static void take(struct import *i, const char *path, u32 depth)
{
	char scenario[PATH_MAX];

	if (!is_directory(path)) {
		if (depth == 0 || i->w->target->form == CORPUS_FILES || !is_bookkeeping(path))
			take_file(i, path);
		return;
	}
	snprintf(scenario, sizeof(scenario), "%s/scenario.pfn", path);
	if (!is_directory(scenario) && take_input(i, path, path))
		return;
	if (depth < 2)
		take_folder(i, path, depth + 1);
}

int corpus_import(struct corpus_writer *w, const char *source, u32 *failed, char *message, size_t size)
{
	static struct scenario unused;
	struct import i = {.w = w};
	struct stat st;

	if (token_is(source)) {
		if (!take_input(&i, source, "token"))
			input_load(source, &unused, message, size);
	} else if (stat(source, &st)) {
		snprintf(message, size, "%s: %s", source, strerror(errno));
		return -ENOENT;
	} else {
		take(&i, source, 0);
	}
	*failed += i.failed;
	if (i.ret)
		snprintf(message, size, "%s: %s: make room, or choose another folder", w->dir, strerror(-i.ret));
	else if (!i.taken)
		snprintf(message, size, "%s: expected scenarios, tokens, crash folders or inputs, found none", source);
	return i.ret ? i.ret : i.taken ? 0 : -EINVAL;
}
