/* SPDX-License-Identifier: MIT */
/* pfnstorm crashes: finds the subcommand in its table and runs it. */
#include <stdlib.h>
#include <string.h>

#include "cli/crashes.h"

static const struct {
	const char *name, *arguments, *help;
	u32 min, max;
	int (*run)(int argc, char **argv);
} commands[] = {
#define CRASHES_COMMAND(name, arguments, min, max, help) {#name, arguments, help, min, max, crashes_##name},
#include "cli/crashes.def"
#undef CRASHES_COMMAND
};

static const struct argp_option input_options[] = {
	{"store", KEY_STORE, "DIR", 0, "the crash store (default crashes/found)", 1},
#if PFNSTORM_PARTS
	{"json", KEY_JSON, NULL, 0, "print JSON", 1},
#endif
	{0},
};

static error_t parse_input(int key, char *arg, struct argp_state *state)
{
	struct crashes_input *input = state->input;

	switch (key) {
	case KEY_STORE:
		input->dir = arg;
		return 0;
	case KEY_JSON:
		input->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (input->words == input->max)
			argp_error(state, "unexpected argument '%s'", arg);
		input->word[input->words++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (input->words < input->min)
			argp_error(state, "%s: expected more arguments", input->command);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp crashes_input_argp = {.options = input_options, .parser = parse_input};

/* What the two parsers get. */
struct crashes_inputs {
	struct crashes_input *input;
	void *options_input;
	argp_parser_t parser;
};

static error_t parse_both(int key, char *arg, struct argp_state *state)
{
	struct crashes_inputs *inputs = state->input;
	error_t ret;

	if (key == ARGP_KEY_INIT) {
		state->child_inputs[0] = inputs->input;
		return 0;
	}
	if (!inputs->parser)
		return ARGP_ERR_UNKNOWN;
	state->input = inputs->options_input;
	ret = inputs->parser(key, arg, state);
	state->input = inputs;
	return ret;
}

void crashes_parse(const char *command, const struct argp_option *options, argp_parser_t parser, void *options_input,
		   int argc, char **argv, struct crashes_input *input)
{
	static const struct argp_child children[] = {{&crashes_input_argp, 0, NULL, 0}, {0}};
	struct crashes_inputs inputs = {input, options_input, parser};
	struct argp argp = {.options = options, .parser = parse_both, .children = children};
	char doc[1024];
	u32 i = 0;

	while (strcmp(commands[i].name, command) != 0)
		i++;
	snprintf(doc, sizeof(doc),
		 "%c%s.\vBUG is an id or the beginning of one, as `list` shows it, a crash folder, or a signature.",
		 commands[i].help[0] - 'a' + 'A', commands[i].help + 1);
	argp.doc = doc;
	argp.args_doc = commands[i].arguments;
	input->command = command;
	input->min = commands[i].min;
	input->max = commands[i].max;
	if (!input->dir)
		input->dir = "crashes/found";
	command_parse(&argp, argc, argv, &inputs);
}

struct store *crashes_open(const struct crashes_input *input)
{
	static struct store store;
	char message[512];

	if (store_open(&store, input->dir, message, sizeof(message)))
		exit(command_fail(EXIT_USAGE, "%s: expected a directory of crash folders", message));
	return &store;
}

int crashes_close(struct store *s, int status)
{
	char message[512];
	int ret = store_close(s, message, sizeof(message));

	return ret ? command_fail(EXIT_BROKEN, "%s", message) : status;
}

struct record *crashes_find(struct store *s, const char *bug)
{
	char message[1024];
	struct record *r = store_find(s, bug, message, sizeof(message));

	if (!r) {
		crashes_close(s, 0);
		exit(command_fail(EXIT_USAGE, "%s", message));
	}
	return r;
}

bool crashes_path(const struct store *s, const struct record *r, const char *file, char *path, size_t size)
{
	const struct crash_facts *f = store_smallest(s, r);

	return f && (size_t)snprintf(path, size, "%s/%s%s%s", s->dir, f->folder, file[0] ? "/" : "", file) < size;
}

int crashes_print(char *text)
{
	int ret = text ? EXIT_HELD : command_fail(EXIT_BROKEN, "out of memory");

	if (text)
		puts(text);
	free(text);
	return ret;
}

static void usage(FILE *f)
{
	fputs("Usage: pfnstorm crashes COMMAND [OPTION...] [ARGUMENT...]\n"
	      "The crash store: one record for each bug, whoever found it, and the smallest way to see it again.\n\n",
	      f);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(f, "  %-9s %-14s %s\n", commands[i].name, commands[i].arguments, commands[i].help);
	fputs("\n"
	      "A store is a directory of crash folders (--store DIR, default crashes/found): explore, minimize and\n"
	      "stress write there; import takes in what fuzzers keep. A bug is one set of switches that is needed to\n"
	      "see it (pfnstorm bugs, designs), whatever it looks like; without such a set, one signature.\n"
	      "BUG is an id or the beginning of one, as list shows it, a crash folder, or a signature.\n\n"
	      "  pfnstorm crashes list                  what was found so far\n"
	      "  pfnstorm crashes explain 3f2a          what happens in one of them\n"
	      "  pfnstorm crashes minimize 3f2a         a smaller way to see it\n"
	      "  pfnstorm crashes verify                after a change: is any of them gone, or back?\n"
	      "  pfnstorm crashes import crashes/found  tokens that fuzz targets have kept there\n\n"
	      "pfnstorm crashes COMMAND --help lists the options of a command; docs/CRASHES.md tells the rest.\n",
	      f);
}

int cmd_crashes(int argc, char **argv)
{
	static char name[64];

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)) {
		usage(stdout);
		return EXIT_HELD;
	}
	if (argc < 2) {
		usage(stderr);
		return command_fail(EXIT_USAGE, "crashes: expected a command");
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		snprintf(name, sizeof(name), "pfnstorm crashes %s", commands[i].name);
		argv[1] = name;
		return commands[i].run(argc - 1, argv + 1);
	}
	if (argv[1][0] == '-')
		return command_fail(EXIT_USAGE, "crashes: unrecognized option '%s': expected a command", argv[1]);
	return command_fail(EXIT_USAGE, "crashes: unknown command '%s' (pfnstorm crashes --help lists them)", argv[1]);
}
