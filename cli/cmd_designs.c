/* SPDX-License-Identifier: MIT */
#include "cli/command.h"
#include "cli/json.h"

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

int cmd_designs(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "The designs that --set chooses between.",
	};
	bool json = false;

	command_parse(&argp, argc, argv, &json);
	if (json) {
		json_print_designs();
		return EXIT_HELD;
	}
	for (u32 d = 0; d < NR_DESIGNS; d++) {
		const struct design_info *info = &design_infos[d];

		printf("%s: %s\n", info->name, info->question);
		for (u32 a = info->first; a < (u32)info->first + info->count; a++)
			printf("  %-16s %-9s %-7s %s\n", alternative_infos[a].name,
			       a == info->default_alternative ? "default" : "", a == info->in_6_1 ? "6.1" : "",
			       alternative_infos[a].text);
	}
	return EXIT_HELD;
}
