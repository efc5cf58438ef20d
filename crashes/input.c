/* SPDX-License-Identifier: MIT */
#include "crashes/input.h"

#include <stdio.h>
#include <sys/stat.h>

#include "fuzz/token.h"

int input_load(const char *source, struct scenario *s, char *message, size_t size)
{
	char path[4096];
	struct stat st;

	if (token_is(source) || stat(source, &st) || !S_ISDIR(st.st_mode))
		return scenario_load(source, s, message, size);
	if ((size_t)snprintf(path, sizeof(path), "%s/scenario.pfn", source) >= sizeof(path)) {
		snprintf(message, size, "%.64s…: path too long", source);
		return -ENAMETOOLONG;
	}
	if (stat(path, &st)) {
		snprintf(message, size, "%s: expected a crash folder, found a directory without scenario.pfn", source);
		return -ENOENT;
	}
	return scenario_load(path, s, message, size);
}
