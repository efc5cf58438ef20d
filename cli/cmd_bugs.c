/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/json.h"

static const char *const eras[] = { "5.4", "5.10", "6.1", "6.12" };

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
	{ "json", KEY_JSON, NULL, 0, "print JSON", 0 },
#endif
	{ 0 },
};

/* "6.1" < "6.12". */
static int compare_versions(const char *a, const char *b)
{
	char *a_end, *b_end;
	unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);

	if (x != y)
		return x < y ? -1 : 1;
	x = *a_end == '.' ? strtoul(a_end + 1, NULL, 10) : 0;
	y = *b_end == '.' ? strtoul(b_end + 1, NULL, 10) : 0;
	return (x > y) - (x < y);
}

/* Had that kernel release the bug? By the table's versions of mainline; backports are not known to it. */
static bool had_bug(const struct bug_info *bug, const char *era)
{
	if (strcmp(bug->since, "planted") == 0 || strcmp(bug->since, "-") == 0)
		return false;
	return compare_versions(bug->since, era) <= 0 &&
	       (strcmp(bug->fixed, "-") == 0 || compare_versions(era, bug->fixed) < 0);
}

int cmd_bugs(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "The bug switches: --set NAME=on re-creates a bug. x: that mainline release had it; planted "
		       "ones are ours and prove a detector.",
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
			printf(" %5s", had_bug(&bug_infos[b], eras[e]) ? "x" : ".");
		printf("  %s%s\n", strcmp(bug_infos[b].since, "planted") == 0 ? "(planted) " : "", bug_infos[b].summary);
	}
	return EXIT_HELD;
}
