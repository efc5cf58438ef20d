/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/command.h"
#include "cli/json.h"

static const char *const eras[] = {"5.4", "5.10", "6.1", "6.12"};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	if (key == ARGP_KEY_ARG)
		argp_error(state, "unexpected argument '%s'", arg);
	if (key != KEY_JSON)
		return ARGP_ERR_UNKNOWN;
	*json = true;
	return 0;
}

static const struct argp_option options[] = {
#if PFNSTORM_PARTS
	{"json", KEY_JSON, NULL, 0, "print JSON", 0},
#endif
	{0},
};

int cmd_bugs(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "The bug switches: --set NAME=on re-creates a bug. x: that kernel has it (6.1: Debian 12's, "
		       "with "
		       "its fixes from stable); planted ones are ours and prove a detector.",
	};
	bool json = false;

	command_parse(&argp, argc, argv, &json);
	if (json) {
		json_print_bugs();
		return EXIT_HELD;
	}
	printf("%-32s", "bug");
	for (u32 e = 0; e < ARRAY_SIZE(eras); e++)
		printf(" %5s", eras[e]);
	puts("  what it does");
	for (u32 b = 0; b < NR_BUGS; b++) {
		printf("%-32s", bug_infos[b].name);
		for (u32 e = 0; e < ARRAY_SIZE(eras); e++)
			printf(" %5s", bug_in_kernel(&bug_infos[b], eras[e]) ? "x" : ".");
		printf("  %s%s\n", strcmp(bug_infos[b].since, "planted") == 0 ? "(planted) " : "",
		       bug_infos[b].summary);
	}
	return EXIT_HELD;
}
