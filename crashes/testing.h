/* SPDX-License-Identifier: MIT */
/* For tests of this folder: the scenario of the compaction oops, and a temporary folder. */
#ifndef PFNSTORM_CRASHES_TESTING_H
#define PFNSTORM_CRASHES_TESTING_H

#include "fuzz/scenario.h"

/* The oops as a campaign would find it: large, with boot operations and tasks that it does not need. */
extern const char testing_large[];
/* The same, small, with its schedule. */
extern const char testing_small[];

/* Parses; the test fails with the message if it cannot. */
void testing_parse(const char *text, struct scenario *s);
/* A new folder below the temporary one; removed by testing_remove(). */
void testing_make_dir(char *path, size_t size);
/* With everything in it, one level of folders deep. */
void testing_remove(const char *path);

#endif
