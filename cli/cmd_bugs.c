/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/command.h"
#include "cli/json.h"

static const char *const eras[] = {"5.4", "5.10", "6.1", "6.12"};

int cmd_bugs(int argc, char **argv)
{
	if (command_parse_listing("The bug switches: --set NAME=on re-creates a bug. x: that kernel has it (6.1: "
				  "Debian 12's, with its "
				  "fixes from stable); planted ones are ours and prove a detector.",
				  argc, argv)) {
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
