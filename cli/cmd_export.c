/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "crashes/export.h"
#include "crashes/file.h"

struct export_arguments {
	struct command_input input;
	const char *output;
	bool c;
};

enum { KEY_OUTPUT = 'o', KEY_C = 'c' };

static const struct argp_option options[] = {
	{"c", KEY_C, NULL, 0, "as C: the only form there is", 0},
	{"output", KEY_OUTPUT, "FILE", 0, "write the program here (default: standard output)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct export_arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->input;
		return 0;
	case KEY_OUTPUT:
		a->output = arg;
		return 0;
	case KEY_C:
		a->c = true;
		return 0;
	case ARGP_KEY_END:
		if (!a->c)
			argp_error(state, "expected --c: what to export to");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int write_program(const char *text, const char *output)
{
	int ret;

	if (!output)
		return fputs(text, stdout) < 0 ? command_fail(EXIT_BROKEN, "standard output: %m") : 0;
	ret = file_replace(output, text);
	return ret ? command_fail(EXIT_BROKEN, "%s: %s", output, strerror(-ret)) : 0;
}

static const char doc[] =
	"Write a failure as a program: one C file that repeats it.\v"
	"It has the scenario and the schedule as tables, the interleaving as a picture, needs nothing but the "
	"installed "
	"library (cmake --install build/release), prints who ran when, and ends with 1 if it fails with the same "
	"signature, with 0 if it does not fail:\n\n"
	"  pfnstorm export --c crashes/known/compaction-oops -o repro.c\n"
	"  cc repro.c $(pkg-config --cflags --libs pfnstorm) -o repro && ./repro\n"
	"  ./repro pfn_walk=rcu\n\n"
	"Minimise before: pfnstorm minimize INPUT | pfnstorm export --c -\n\n"
	"Exit status: 0 written, 2 if nothing fails, 3 if the schedule does not fit this build.";

int cmd_export(int argc, char **argv)
{
	static const struct argp_child children[] = {{&command_input_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = "INPUT",
		.doc = doc,
	};
	struct export_arguments a = {0};
	struct rt_verdict verdict;
	struct scenario *s;
	char message[512], *text;
	int ret;

	command_parse(&argp, argc, argv, &a);
	if (a.input.json)
		return command_fail(EXIT_USAGE, "export prints a program, not JSON");
	s = command_load(&a.input);
	ret = export_c(s, a.output ? a.output : "repro.c", &text, &verdict, message, sizeof(message));
	if (ret)
		return command_fail(ret == -ESTALE   ? EXIT_DRIFT
				    : ret == -ENOENT ? EXIT_USAGE
						     : EXIT_BROKEN,
				    "%s: %s", a.input.source, message);
	if (schedule_raw_entries(&s->schedule))
		fprintf(stderr, "pfnstorm: warning: %u entries of the schedule count points of this build\n",
			schedule_raw_entries(&s->schedule));
	ret = write_program(text, a.output);
	free(text);
	if (ret)
		return ret;
	terminal_verdict(stderr, &verdict);
	return EXIT_HELD;
}
