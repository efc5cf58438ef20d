/* SPDX-License-Identifier: MIT */
/* Between scenarios as text, which last, and as bytes, which fuzzers mutate. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "crashes/file.h"
#include "crashes/input.h"

struct corpus_arguments {
	const char *word[3];
	u32 words;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct corpus_arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (a->words == ARRAY_SIZE(a->word))
			argp_error(state, "unexpected argument '%s'", arg);
		a->word[a->words++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->words == 2 && strcmp(a->word[0], "show") == 0)
			return 0;
		if (a->words == 3 && strcmp(a->word[0], "export") == 0)
			return 0;
		argp_error(state, "expected 'show FILE' or 'export DIR TO'");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int show(const char *path)
{
	static struct scenario s;
	static char text[SCENARIO_TEXT_MAX];
	struct switches sw;
	size_t size;
	char *bytes = file_read(path, &size);

	if (!bytes)
		return command_fail(EXIT_USAGE, "%s: %s", path, strerror(errno));
	switches_default(&sw);
	scenario_decode((const u8 *)bytes, size, &sw, &s);
	free(bytes);
	scenario_print(&s, text, sizeof(text));
	fputs(text, stdout);
	return EXIT_HELD;
}

static int is_scenario(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && strcmp(entry->d_name + len - 4, ".pfn") == 0;
}

/* Writes the bytes of one scenario file as @to/<name without .pfn>. */
static int export_one(const char *from, const char *name, const char *to)
{
	static struct scenario s;
	static u8 bytes[SCENARIO_BYTES_MAX];
	char path[PATH_MAX], message[512];
	ssize_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", from, name);
	if (input_load(path, &s, message, sizeof(message)))
		return command_fail(EXIT_USAGE, "%s", message);
	size = scenario_encode(&s, bytes, sizeof(bytes), message, sizeof(message));
	if (size < 0)
		return command_fail(EXIT_USAGE, "%s: outside of what fuzzers can express: %s", path, message);
	snprintf(path, sizeof(path), "%s/%.*s", to, (int)strlen(name) - 4, name);
	f = fopen(path, "we");
	if (!f || fwrite(bytes, 1, (size_t)size, f) != (size_t)size || fclose(f))
		return command_fail(EXIT_BROKEN, "%s: %s", path, strerror(errno));
	return 0;
}

static int export_all(const char *from, const char *to)
{
	struct dirent **entries;
	int n = scandir(from, &entries, is_scenario, alphasort), ret;

	if (n < 0)
		return command_fail(EXIT_USAGE, "%s: %s", from, strerror(errno));
	ret = file_make_dirs(to);
	if (ret)
		ret = command_fail(EXIT_BROKEN, "%s: %s", to, strerror(-ret));
	for (int i = 0; i < n; i++) {
		if (!ret)
			ret = export_one(from, entries[i]->d_name, to);
		free(entries[i]);
	}
	free(entries);
	if (!ret)
		printf("%d scenario%s from %s in %s\n", n, n == 1 ? "" : "s", from, to);
	return ret;
}

int cmd_corpus(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "show FILE\nexport DIR TO",
		.doc = "Show a fuzzer's input FILE as a scenario, or write the scenarios DIR/*.pfn as fuzzer inputs "
		       "into the folder TO.",
	};
	struct corpus_arguments a = {0};

	command_parse(&argp, argc, argv, &a);
	if (strcmp(a.word[0], "show") == 0)
		return show(a.word[1]);
	return export_all(a.word[1], a.word[2]);
}
