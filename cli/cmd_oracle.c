/* SPDX-License-Identifier: MIT */
/* Recordings of a real kernel against the core. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"

#if PFNSTORM_PARTS
#include "oracle/report.h"

#define RECORDINGS_MAX 128

enum { KEY_DIFF = KEY_COMMAND, KEY_ALL };

struct oracle_arguments {
	const char *word;
	char *path[RECORDINGS_MAX];
	u32 paths;
	u32 differences; /* to print of each recording */
	bool json, all;
	struct switches sw;
};

static int is_recording(const struct dirent *entry)
{
	return strstr(entry->d_name, ".json") != NULL;
}

static void add_path(struct oracle_arguments *a, struct argp_state *state, const char *path)
{
	if (a->paths == RECORDINGS_MAX)
		argp_error(state, "more than %d recordings", RECORDINGS_MAX);
	a->path[a->paths] = strdup(path);
	if (!a->path[a->paths++])
		abort();
}

/* A file, or all recordings of a folder. */
static void add_paths(struct oracle_arguments *a, struct argp_state *state, const char *path)
{
	struct dirent **entries;
	char file[PATH_MAX];
	struct stat st;
	int n;

	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		add_path(a, state, path);
		return;
	}
	n = scandir(path, &entries, is_recording, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		add_path(a, state, file);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct oracle_arguments *a = state->input;
	char error[256];

	switch (key) {
	case KEY_SET:
		if (switches_set(&a->sw, arg, error, sizeof(error)))
			argp_error(state, "--set: %s", error);
		return 0;
	case KEY_JSON:
		a->json = true;
		return 0;
	case KEY_DIFF:
		a->differences = arg ? (u32)command_number(state, "--diff", arg, 1, DIFFERENCES_MAX) : 10;
		return 0;
	case KEY_ALL:
		a->all = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!a->word)
			a->word = arg;
		else
			add_paths(a, state, arg);
		return 0;
	case ARGP_KEY_END:
		if (!a->word || strcmp(a->word, "compare") != 0 || !a->paths)
			argp_error(state, "expected 'compare' and recordings");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static enum exit_status replay_all(const struct oracle_arguments *a, struct oracle_result *results)
{
	enum exit_status status = EXIT_HELD;
	char error[512];

	if (!a->json)
		report_heading();
	for (u32 i = 0; i < a->paths; i++) {
		if (oracle_replay(a->path[i], &a->sw, &results[i], error, sizeof(error)))
			return (enum exit_status)command_fail(EXIT_USAGE, "%s", error);
		if (result_different(&results[i]) || results[i].verdict.kind != VERDICT_ok)
			status = EXIT_FOUND;
		if (a->json)
			continue;
		report_row(&results[i]);
		report_differences(&results[i], a->differences, a->all);
	}
	if (a->json)
		report_json(results, a->paths);
	else if (a->paths > 1)
		report_sum(results, a->paths);
	return status;
}

int cmd_oracle(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"set", KEY_SET, "NAME=VALUE", 0,
		 "A switch that the recorded kernel has not so (pfnstorm bugs, designs)", 0},
		{"json", KEY_JSON, NULL, 0, "One JSON value instead of text", 0},
		{"diff", KEY_DIFF, "N", OPTION_ARG_OPTIONAL, "Print the first N differences of each (10)", 0},
		{"all", KEY_ALL, NULL, 0, "With --diff: also differences that have a known reason", 0},
		{0},
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "compare FILE|DIR...",
		.doc = "Replay recordings of a real kernel's memory hotplug and compare what it answered and showed, "
		       "field by field.",
	};
	static struct oracle_arguments a;
	struct oracle_result *results;
	enum exit_status status;

	oracle_switches(&a.sw);
	command_parse(&argp, argc, argv, &a);
	results = calloc(a.paths, sizeof(*results));
	if (!results)
		return command_fail(EXIT_BROKEN, "no memory");
	status = replay_all(&a, results);
	for (u32 i = 0; i < a.paths; i++)
		free(a.path[i]);
	free(results);
	return status;
}
#endif
