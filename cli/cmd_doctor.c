/* SPDX-License-Identifier: MIT */
#if PFNSTORM_PARTS
#include <stdlib.h>

#include "cli/command.h"
#include "jobs/doctor.h"

enum { KEY_ENGINES = KEY_COMMAND, KEY_DIR, KEY_ROOT };

static const struct argp_option options[] = {
	{"json", KEY_JSON, NULL, 0, "print JSON", 0},
	{"engines", KEY_ENGINES, "DIR", 0, "where fuzz_TARGET and afl_TARGET are (default: beside this tool)", 0},
	{"dir", KEY_DIR, "DIR", 0, "where the campaign will write (default: here)", 0},
	{"root", KEY_ROOT, "DIR", 0, "read /proc, /sys and /dev below DIR", 0},
	{0},
};

struct doctor_arguments {
	struct doctor_options options;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct doctor_arguments *a = state->input;

	switch (key) {
	case KEY_JSON:
		a->json = true;
		return 0;
	case KEY_ENGINES:
		a->options.engines = arg;
		return 0;
	case KEY_DIR:
		a->options.dir = arg;
		return 0;
	case KEY_ROOT:
		a->options.root = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print(const struct doctor_report *report)
{
	static const char *const colors[] = {"\033[1;32m", "\033[1;33m", "\033[1;31m"};
	bool colored = terminal_colors(stdout);

	for (u32 i = 0; i < report->nr; i++) {
		const struct doctor_line *line = &report->line[i];

		printf("%s%-4s%s  %-18s %s\n", colored ? colors[line->level] : "", doctor_level_name(line->level),
		       colored ? "\033[0m" : "", line->what, line->found);
		if (line->advice[0])
			printf("      %-18s %s\n", "", line->advice);
	}
}

int cmd_doctor(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Is this machine ready for a campaign? ok, warn or bad for each thing, and what to do.\v"
		       "bad: engines will not run, or what they find would be lost. warn: they run worse than they "
		       "could. Exit status: 0 nothing is bad, 1 something is.",
	};
	static struct doctor_report report;
	struct doctor_arguments a = {.options = {.root = "", .dir = ".", .path = getenv("PATH")}};
	enum doctor_level worst;
	char *text;

	command_parse(&argp, argc, argv, &a);
	worst = doctor_look(&a.options, &report);
	if (a.json) {
		text = doctor_json(&report);
		if (!text)
			return command_fail(EXIT_BROKEN, "out of memory");
		puts(text);
		free(text);
	} else {
		print(&report);
	}
	return worst == DOCTOR_BAD ? EXIT_FOUND : EXIT_HELD;
}
#endif
