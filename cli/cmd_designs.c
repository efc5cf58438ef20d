/* SPDX-License-Identifier: MIT */
#include "cli/command.h"
#include "cli/json.h"

int cmd_designs(int argc, char **argv)
{
	if (command_parse_listing("The designs that --set chooses between.", argc, argv)) {
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
