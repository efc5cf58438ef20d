/* SPDX-License-Identifier: MIT */
/* From the post-mortem of a dead child to a crash folder. */
#ifndef PFNSTORM_STRESS_COLLECT_H
#define PFNSTORM_STRESS_COLLECT_H

#include "stress/round.h"

/*
 * Writes the folder below @dir. 0 with its path, or -errno with a message. @command: how it was found, for people.
 * *@known: an equal folder was there already.
 */
int collect_crash(const struct round *r, const struct scenario *s, const char *dir, const char *command, char *path,
		  size_t path_size, bool *known, char *message, size_t message_size);

#endif
