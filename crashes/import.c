/* SPDX-License-Identifier: MIT */
#include "crashes/import.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crashes/copy.h"
#include "crashes/file.h"
#include "crashes/input.h"
#include "crashes/save.h"
#include "crashes/store.h"
#include "fuzz/record.h"
#include "fuzz/runner.h"
#include "fuzz/token.h"

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- one of them ------------------------------------------------------------------------------------------------ */

struct import {
	const struct import_options *options;
	struct import_result *result;
};

static void report(struct import *i, const char *source, const char *path, const char *error)
{
	if (error)
		i->result->failed++;
	else
		i->result->filed++;
	if (i->options->progress)
		i->options->progress(source, path, error, i->options->progress_arg);
}

/* An artifact's schedule takes what fits; what then happened is its schedule. */
static void record_what_happens(struct scenario *s)
{
	static struct replay replay;
	static struct recorder recorder;
	static struct schedule recorded;
	static struct runner_result result;

	replay_init(&replay, &s->schedule, true);
	recorder_init(&recorder, &replay.strategy, &recorded);
	runner_run(s, &recorder.strategy, 0, &result);
	if (!recorder.overflow)
		schedule_copy(&s->schedule, &recorded);
}

static void import_scenario(struct import *i, const char *source, struct scenario *s, const struct save_source *from)
{
	char path[PATH_MAX], message[512];
	const char *wrong = scenario_error(s);

	if (!wrong && save_found(s, i->options->dir, from, path, sizeof(path), message, sizeof(message)))
		wrong = message;
	report(i, source, wrong ? NULL : path, wrong);
}

static void import_folder(struct import *i, const char *source)
{
	struct folder_verdict v = {0};
	struct save_source from = {.found_by = "import", .once = true};
	char path[PATH_MAX], message[512];
	static struct scenario s;
	int ret;

	if (input_load(source, &s, message, sizeof(message))) {
		report(i, source, NULL, message);
		return;
	}
	/* Folders of crashes/known/ have no verdict. */
	if (folder_read_verdict(source, &v, path, sizeof(path))) {
		import_scenario(i, source, &s, &from);
		return;
	}
	from = (struct save_source){
		.found_by = v.found_by, .hits = v.hits, .runs = v.runs, .seen = v.seen, .once = true};
	if (v.exact && save_found(&s, i->options->dir, &from, path, sizeof(path), message, sizeof(message)) == 0) {
		report(i, source, path, NULL);
		return;
	}
	ret = copy_crash_folder(source, i->options->dir, path, sizeof(path));
	report(i, source, path, ret ? strerror(-ret) : NULL);
}

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text + strspn(text, " \t\n"), start, strlen(start)) == 0;
}

static void import_file(struct import *i, const char *source)
{
	const struct save_source from = {.found_by = "import", .once = true};
	static struct scenario s;
	struct switches sw;
	char message[512];
	size_t size;
	char *bytes = file_read(source, &size);

	if (!bytes) {
		report(i, source, NULL, strerror(errno));
		return;
	}
	if (begins_with(bytes, TOKEN_PREFIX)) {
		struct text_error error = {0};

		if (token_decode(bytes, &s, &error)) {
			snprintf(message, sizeof(message), "%s:1:%u: %s", source, error.column, error.message);
			report(i, source, NULL, message);
		} else {
			import_scenario(i, source, &s, &from);
		}
	} else if (begins_with(bytes, "pfnstorm ")) {
		if (input_load(source, &s, message, sizeof(message)))
			report(i, source, NULL, message);
		else
			import_scenario(i, source, &s, &from);
	} else {
		switches_default(&sw);
		scenario_decode((const u8 *)bytes, size, i->options->sw ? i->options->sw : &sw, &s);
		record_what_happens(&s);
		import_scenario(i, source, &s, &from);
	}
	free(bytes);
}

static void import_token(struct import *i, const char *source)
{
	const struct save_source from = {.found_by = "import", .once = true};
	static struct scenario s;
	char message[512];

	if (input_load(source, &s, message, sizeof(message)))
		report(i, source, NULL, message);
	else
		import_scenario(i, source, &s, &from);
}

/* ---- directories ------------------------------------------------------------------------------------------------ */

static bool is_artifact(const char *name)
{
	static const char *const patterns[] = {"*.pfn", "*.token", "crash-*", "timeout-*", "id:*"};

	for (u32 i = 0; i < ARRAY_SIZE(patterns); i++)
		if (fnmatch(patterns[i], name, 0) == 0)
			return true;
	return false;
}

static bool is_same_directory(const char *a, const char *b)
{
	struct stat one, other;

	return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static int import_directory(struct import *i, const char *source)
{
	struct dirent **entries;
	int n = scandir(source, &entries, NULL, alphasort);
	/* Folders of the store itself are filed already; fuzz targets keep their tokens there. */
	bool own = is_same_directory(source, i->options->dir);

	for (int k = 0; k < n; k++) {
		char path[PATH_MAX];
		bool fits = (size_t)snprintf(path, sizeof(path), "%s/%s", source, entries[k]->d_name) < sizeof(path);

		if (!fits || entries[k]->d_name[0] == '.')
			;
		else if (is_directory(path) && copy_is_crash_folder(path) && !own)
			import_folder(i, path);
		else if (!is_directory(path) && is_artifact(entries[k]->d_name))
			import_file(i, path);
		free(entries[k]);
	}
	if (n < 0)
		return -errno;
	free(entries);
	return 0;
}

int import_from(const char *source, const struct import_options *options, struct import_result *result, char *message,
		size_t size)
{
	struct import i = {options, result};
	u32 before = result->filed + result->failed;
	struct stat st;
	int ret = 0;

	if (token_is(source))
		import_token(&i, source);
	else if (stat(source, &st))
		ret = -errno;
	else if (!S_ISDIR(st.st_mode))
		import_file(&i, source);
	else if (copy_is_crash_folder(source))
		import_folder(&i, source);
	else
		ret = import_directory(&i, source);
	if (ret) {
		snprintf(message, size, "%s: %s", source, strerror(-ret));
		return ret;
	}
	if (result->filed + result->failed > before)
		return 0;
	snprintf(message, size, "%s: expected crash folders, scenarios, tokens or artifacts of fuzzers, found none",
		 source);
	return -EINVAL;
}
