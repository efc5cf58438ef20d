/* SPDX-License-Identifier: MIT */
/*
 * Crashes that others found, taken into a store: crash folders, scenario files, tokens or files with one, and artifacts
 * of fuzzers (bytes). What replays is filed as if it had just been found, with its cause; a crash folder that does not
 * replay here is copied as it is. What the store has already is not counted again.
 */
#ifndef PFNSTORM_CRASHES_IMPORT_H
#define PFNSTORM_CRASHES_IMPORT_H

#include "core/core.h"

struct import_options {
	const char *dir;           /* the store */
	const struct switches *sw; /* of artifacts, which do not hold them; NULL: every one at its default */
	/* After each of them. @error NULL: it is in folder @path. */
	void (*progress)(const char *source, const char *path, const char *error, void *arg);
	void *progress_arg;
};

struct import_result {
	u32 filed, failed;
};

/*
 * Takes @source in; a directory that is no crash folder is looked through, not deeper: crash folders, and files called
 * *.pfn, *.token, crash-*, timeout-*, id:*. Of the others nothing is said. 0; -ENOENT, -EINVAL with a message if there
 * is nothing of that kind.
 */
int import_from(const char *source, const struct import_options *options, struct import_result *result, char *message,
		size_t size);

#endif
