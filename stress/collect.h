/* SPDX-License-Identifier: MIT */
/* From the post-mortem of a dead child to a crash folder. */
#ifndef PFNSTORM_STRESS_COLLECT_H
#define PFNSTORM_STRESS_COLLECT_H

#include "stress/round.h"

/*
 * Files it in the store @dir. 0 with the folder's path, or -errno with a message. @command: how it was found, for
 * people.
 */
int collect_crash(const struct round *r, const struct scenario *s, const char *dir, const char *command, char *path,
		  size_t path_size, char *message, size_t message_size);

#endif
