/* SPDX-License-Identifier: MIT */
/* Programs that run beside us until they end or are ended. None outlives us, however we end. */
#ifndef PFNSTORM_JOBS_CHILD_H
#define PFNSTORM_JOBS_CHILD_H

#include <sys/types.h>

struct child_options {
	const char *const *argv; /* argv[0] is a path; ends with NULL */
	const char *const *env;  /* "NAME=VALUE" beside ours, "NAME" to leave one out; ends with NULL */
	const char *out;         /* file to which it appends what it prints; NULL: nobody reads it */
};

/*
 * Starts it in a process group of its own, with an empty standard input, no signal blocked and no core files. The
 * kernel kills it if we die. Its pid, or -errno of what could not be done, execve() included. One thread only.
 */
pid_t child_start(const struct child_options *options);

#endif
