/* SPDX-License-Identifier: MIT */
/* Commands of the job file for the outcomes of a night: mail, a web hook, a lamp. */
#ifndef PFNSTORM_JOBS_HOOK_H
#define PFNSTORM_JOBS_HOOK_H

#include "jobs/night.h"

/*
 * Runs the hook of this night's outcome, then hook.always, by /bin/sh in the job file's folder, each with the night's
 * facts in its environment (docs/NIGHTLY.md). Output goes to hooks.log of the night. The number of hooks that failed,
 * with what there is to say of the last of them in @message; it changes nothing else.
 */
u32 hooks_run(const struct night *n, char *message, size_t size);

#endif
