/* SPDX-License-Identifier: MIT */
/* Commands of the guest that only print what files say. */
#ifndef PFNSTORM_ORACLE_LOOK_H
#define PFNSTORM_ORACLE_LOOK_H

#include "oracle/output.h"

/* One command, with "| head -N" or "| tail -N" behind it or not: prints what it prints. False: it is another one. */
bool look_print(const char *command, struct output *o);
/* A command line of such commands, compared; STEP_UNKNOWN: some of it is another one, and nothing was compared. */
enum step_effect look_perform(struct oracle_state *s, const char *command);

#endif
