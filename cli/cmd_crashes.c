/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "crashes/file.h"
#include "crashes/folder.h"

struct crashes_arguments {
	const char *word[2];
	u32 words;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct crashes_arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (a->words == ARRAY_SIZE(a->word))
			argp_error(state, "unexpected argument '%s'", arg);
		a->word[a->words++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->words || (strcmp(a->word[0], "list") != 0 && strcmp(a->word[0], "show") != 0))
			argp_error(state, "expected 'list' or 'show'%s%s%s", a->words ? ", found '" : "",
				   a->words ? a->word[0] : "", a->words ? "'" : "");
		if (strcmp(a->word[0], "show") == 0 && a->words < 2)
			argp_error(state, "show: expected a crash folder");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int list_folder(const char *path, void *arg)
{
	struct folder_verdict v;
	char message[512];

	if (folder_read_verdict(path, &v, message, sizeof(message)))
		return command_fail(EXIT_USAGE, "%s", message);
	printf("%-10s %s\n           %s\n", v.kind, v.signature, path);
	++*(u32 *)arg;
	return 0;
}

static int list(const char *dir)
{
	char message[512];
	u32 count = 0;
	int ret = folder_for_each(dir, list_folder, &count, message, sizeof(message));

	if (ret < 0)
		return command_fail(EXIT_USAGE, "%s", message);
	if (ret)
		return ret;
	printf("%u crash folder%s in %s\n", count, count == 1 ? "" : "s", dir);
	return EXIT_HELD;
}

static int show(const char *folder)
{
	static const char *const parts[] = {"verdict.txt", "diagram.txt", "scenario.pfn", "token"};
	struct folder_verdict v;
	char path[PATH_MAX], message[512];

	if (folder_read_verdict(folder, &v, message, sizeof(message)))
		return command_fail(EXIT_USAGE, "%s", message);
	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		char *text;

		snprintf(path, sizeof(path), "%s/%s", folder, parts[i]);
		text = file_read(path, NULL);
		if (text)
			printf("%s%s", i ? "\n" : "", text);
		free(text);
	}
	return EXIT_HELD;
}

int cmd_crashes(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "list [DIR]\nshow FOLDER",
		.doc = "List the crash folders in DIR (default crashes/found), or show one.",
	};
	struct crashes_arguments a = {0};

	command_parse(&argp, argc, argv, &a);
	if (strcmp(a.word[0], "list") == 0)
		return list(a.words > 1 ? a.word[1] : "crashes/found");
	return show(a.word[1]);
}
