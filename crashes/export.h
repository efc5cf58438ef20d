/* SPDX-License-Identifier: MIT */
/* A failure as a program of its own: one C file against pfnstorm.h that repeats the run and says whether it still
 * fails. */
#ifndef PFNSTORM_CRASHES_EXPORT_H
#define PFNSTORM_CRASHES_EXPORT_H

#include "fuzz/scenario.h"

/*
 * Replays @s with its schedule and writes the file: the story as `explain --mail` tells it, the scenario as tables, a
 * main(). @file: the name it will have, for the command in its head. The text goes to *@text, which the caller frees,
 * the verdict to @verdict. 0, or with a message in @error: -ESTALE (drift), -ENOENT (nothing fails), -ENOMEM.
 */
int export_c(const struct scenario *s, const char *file, char **text, struct rt_verdict *verdict, char *error,
	     size_t size);

#endif
