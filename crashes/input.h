/* SPDX-License-Identifier: MIT */
/* What people hand to the tools: a scenario file, a crash folder, or a token. */
#ifndef PFNSTORM_CRASHES_INPUT_H
#define PFNSTORM_CRASHES_INPUT_H

#include "fuzz/scenario.h"

/*
 * Reads @source, "-" (standard input) included, into @s, its schedule with it. 0, or -errno with a message for people,
 * "file:line:column: what was expected" wherever there is a place, in @message.
 */
int input_load(const char *source, struct scenario *s, char *message, size_t size);

#endif
