/* SPDX-License-Identifier: MIT */
/* Between scenarios as text, which last, and as bytes, which fuzzers mutate. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "crashes/file.h"
#include "crashes/input.h"
#include "jobs/corpus.h"

#define WORDS 64
struct corpus_arguments {
	const char *word[WORDS];
	u32 words;
};

/* Targets take scenarios and tokens, too. */
static bool is_text(const char *input, size_t size)
{
	return (size > 9 && memcmp(input, "pfnstorm ", 9) == 0) || (size > 5 && memcmp(input, "pfn1:", 5) == 0);
}

static int show(const char *path)
{
	static struct scenario s;
	static char text[SCENARIO_TEXT_MAX];
	char message[512] = "";
	struct switches sw;
	size_t size;
	char *bytes = file_read(path, &size);

	if (!bytes)
		return command_fail(EXIT_USAGE, "%s: %s", path, strerror(errno));
	switches_default(&sw);
	if (!is_text(bytes, size))
		scenario_decode((const u8 *)bytes, size, &sw, &s);
	else if (input_load(path, &s, message, sizeof(message)) && !message[0])
		snprintf(message, sizeof(message), "%s: expected a scenario", path);
	free(bytes);
	if (message[0])
		return command_fail(EXIT_USAGE, "%s", message);
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

static int cmd_show(const struct corpus_arguments *a)
{
	return show(a->word[1]);
}

static int cmd_export_all(const struct corpus_arguments *a)
{
	return export_all(a->word[1], a->word[2]);
}

#if PFNSTORM_PARTS
/* Opens the folder for the target; an exit status. */
static int open_corpus(struct corpus_writer *w, struct corpus_target *target, const char *name, const char *dir)
{
	char message[512];

	if (!corpus_target_find(name, target, message, sizeof(message)))
		return command_fail(EXIT_USAGE, "%s", message);
	*w = (struct corpus_writer){.dir = dir, .target = target};
	return corpus_open(w, message, sizeof(message)) ? command_fail(EXIT_USAGE, "%s", message) : 0;
}

static int close_corpus(struct corpus_writer *w)
{
	int ret = corpus_close(w);

	return ret ? command_fail(EXIT_BROKEN, "%s.from.txt: %s", w->dir, strerror(-ret)) : 0;
}

static int cmd_generate(const struct corpus_arguments *a)
{
	struct corpus_target target;
	struct corpus_writer w;
	u32 ops = 0, succeed = 0;
	char message[512];
	int ret = open_corpus(&w, &target, a->word[1], a->word[2]), status;

	if (ret)
		return ret;
	ret = corpus_generate(&w, &ops, &succeed, message, sizeof(message));
	status = ret ? command_fail(ret == -EINVAL ? EXIT_USAGE : EXIT_BROKEN, "%s", message) : 0;
	status = close_corpus(&w) ?: status;
	if (!status)
		printf("%u operations, of which %u succeed alone: %u inputs written to %s, %u were there\n", ops,
		       succeed, w.written, w.dir, w.there);
	return status;
}

static int cmd_import(const struct corpus_arguments *a)
{
	struct corpus_target target;
	struct corpus_writer w;
	char message[512];
	u32 failed = 0;
	int ret = open_corpus(&w, &target, a->word[1], a->word[a->words - 1]);

	if (ret)
		return ret;
	for (u32 i = 2; i + 1 < a->words; i++)
		if (corpus_import(&w, a->word[i], &failed, message, sizeof(message)))
			ret = command_fail(EXIT_USAGE, "%s", message);
	ret = close_corpus(&w) ?: ret;
	printf("%u inputs written to %s, %u were there, %u of no use\n", w.written, w.dir, w.there, failed);
	return ret;
}

static int cmd_migrate(const struct corpus_arguments *a)
{
	struct corpus_migration m = {0};
	char message[512];

	if (corpus_migrate(a->word[1], &m, message, sizeof(message)))
		return command_fail(EXIT_USAGE, "%s", message);
	printf("%u files in %s: %u brought to format %d, %u were in it, %u kept as they are (bytes cannot say them)\n",
	       m.files, a->word[1], m.changed, SCENARIO_BYTES_SEARCH, m.files - m.changed - m.kept, m.kept);
	return EXIT_HELD;
}
#endif

static const struct corpus_command {
	const char *name, *arguments;
	u32 least, most; /* words after the name */
	int (*run)(const struct corpus_arguments *a);
} corpus_commands[] = {
	{"show", "FILE", 1, 1, cmd_show},
	{"export", "DIR TO", 2, 2, cmd_export_all},
#if PFNSTORM_PARTS
	{"generate", "TARGET TO", 2, 2, cmd_generate},
	{"import", "TARGET SOURCE... TO", 3, WORDS - 1, cmd_import},
	{"migrate", "DIR", 1, 1, cmd_migrate},
#endif
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct corpus_arguments *a = state->input;
	char all[256] = "";

	switch (key) {
	case ARGP_KEY_ARG:
		if (a->words == WORDS)
			argp_error(state, "more than %d arguments", WORDS);
		a->word[a->words++] = arg;
		return 0;
	case ARGP_KEY_END:
		for (u32 i = 0; i < ARRAY_SIZE(corpus_commands); i++) {
			const struct corpus_command *c = &corpus_commands[i];
			size_t len = strlen(all);

			if (a->words && strcmp(a->word[0], c->name) == 0 && a->words > c->least &&
			    a->words <= c->most + 1)
				return 0;
			snprintf(all + len, sizeof(all) - len, "%s'%s %s'", i ? ", " : "", c->name, c->arguments);
		}
		argp_error(state, "expected one of %s", all);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_corpus(int argc, char **argv)
{
	static const struct argp argp =
	{.parser = parse,
	 .args_doc = "show FILE\nexport DIR TO"
#if PFNSTORM_PARTS
		     "\ngenerate TARGET TO\nimport TARGET SOURCE... TO\nmigrate DIR"
#endif
	 ,
	 .doc = "Inputs of fuzz targets.\v"
		"show      an input as a scenario\n"
		"export    the scenarios DIR/*.pfn as inputs, into the folder TO\n"
#if PFNSTORM_PARTS
		"generate  seeds for each operation the target can name, and each pair of them\n"
		"import    scenarios, tokens, crash folders, crash stores, inputs of other corpora\n"
		"migrate   the inputs of a folder to the newest format of bytes\n\n"
		"TARGET is one of `pfnstorm fuzz --help`. Where an input comes from stands in TO.from.txt, beside the "
		"folder, since engines read everything in it."
#endif
	 ,
	};
	struct corpus_arguments a = {0};

	command_parse(&argp, argc, argv, &a);
	for (u32 i = 0; i < ARRAY_SIZE(corpus_commands); i++)
		if (strcmp(a.word[0], corpus_commands[i].name) == 0)
			return corpus_commands[i].run(&a);
	return EXIT_USAGE;
}
