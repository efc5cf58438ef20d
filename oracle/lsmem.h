/* SPDX-License-Identifier: MIT */
/* lsmem(1) of util-linux: what blocks' files say, as a table. */
#ifndef PFNSTORM_ORACLE_LSMEM_H
#define PFNSTORM_ORACLE_LSMEM_H

#include "oracle/output.h"

/* A command line of lsmem, without a pipe: prints what it prints. False: it is none, or has an unknown option. */
bool lsmem_perform(const char *command, struct output *o);

#endif
