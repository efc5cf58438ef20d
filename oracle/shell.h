/* SPDX-License-Identifier: MIT */
/*
 * What programs in the guest did: commands that write state files, in the foreground, in the background or in a loop,
 * and commands that change nothing here.
 */
#ifndef PFNSTORM_ORACLE_SHELL_H
#define PFNSTORM_ORACLE_SHELL_H

#include "oracle/step.h"

/* The command line of an "sh" step. STEP_UNKNOWN: some of it is not understood, and nothing was done. */
enum step_effect shell_perform(struct oracle_state *s, const char *command);

#endif
