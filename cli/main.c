/* SPDX-License-Identifier: MIT */
/* pfnstorm: finds the subcommand in its table and runs it. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

static const struct command {
	const char *name, *arguments, *help;
	int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND(name, function, arguments, help) {#name, arguments, help, function},
#include "cli/commands.def"
#undef COMMAND
};

static void usage(FILE *f)
{
	fputs("Usage: pfnstorm COMMAND [OPTION...] [ARGUMENT...]\n"
	      "Hunts races in the Linux memory-hotplug core.\n\n",
	      f);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(f, "  %-9s %-26s %s\n", commands[i].name, commands[i].arguments, commands[i].help);
	fputs("\n"
	      "INPUT is a scenario file, a crash folder, a token (pfn1:...), or - for standard input.\n"
	      "pfnstorm COMMAND --help lists the options of a command.\n\n"
	      "Exit status: 0 held (with `expect`: it occurred), 1 a verdict was found (replay: reproduced),\n"
	      "2 bad usage or input, 3 drift (a schedule does not fit this build), 4 the tool itself failed.\n",
	      f);
}

static const char *nearest(const char *name)
{
	const char *names[ARRAY_SIZE(commands) + 1] = {0};
	struct text_word word = {name, strlen(name)};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		names[i] = commands[i].name;
	return text_nearest(&word, names);
}

int main(int argc, char **argv)
{
	const char *near;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("pfnstorm " PFNSTORM_VERSION);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		static char name[32];

		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		/* The name that argp shows in usage and errors. */
		snprintf(name, sizeof(name), "pfnstorm %s", commands[i].name);
		argv[1] = name;
		return commands[i].run(argc - 1, argv + 1);
	}
	near = nearest(argv[1]);
	return command_fail(EXIT_USAGE, "unknown command '%s'%s%s%s (pfnstorm --help lists them)", argv[1],
			    near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}
