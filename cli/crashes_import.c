/* SPDX-License-Identifier: MIT */
/* pfnstorm crashes import */
#include "cli/crashes.h"
#include "crashes/import.h"

struct import_arguments {
	struct switches sw;
};

static const struct argp_option options[] = {
	{"set", KEY_SET, "SWITCH=VALUE", 0, "a switch of the campaign that kept artifacts: they do not hold them", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct import_arguments *a = state->input;
	char message[512];

	if (key != KEY_SET)
		return ARGP_ERR_UNKNOWN;
	if (scenario_switches_from(arg, &a->sw, message, sizeof(message)))
		argp_error(state, "--set %s: %s", arg, message);
	return 0;
}

static void show(const char *source, const char *path, const char *error, void *arg)
{
	(void)arg;
	if (error)
		command_fail(EXIT_USAGE, "%.80s: %s", source, error);
	else
		printf("%s\n", path);
	fflush(stdout);
}

int crashes_import(int argc, char **argv)
{
	struct crashes_input input = {0};
	struct import_arguments a;
	struct import_options o = {.sw = &a.sw, .progress = show};
	struct import_result result = {0};
	char message[512];
	int ret = EXIT_HELD;

	switches_default(&a.sw);
	crashes_parse("import", options, parse, &a, argc, argv, &input);
	o.dir = input.dir;
	for (u32 i = 0; i < input.words; i++)
		if (import_from(input.word[i], &o, &result, message, sizeof(message)))
			ret = command_fail(EXIT_USAGE, "%s", message);
	printf("%u filed, %u not\n", result.filed, result.failed);
	return result.failed ? EXIT_USAGE : ret;
}
