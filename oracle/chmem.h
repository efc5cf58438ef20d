/* SPDX-License-Identifier: MIT */
/* chmem(8) of util-linux: switches memory on and off through the blocks' files. */
#ifndef PFNSTORM_ORACLE_CHMEM_H
#define PFNSTORM_ORACLE_CHMEM_H

#include "oracle/output.h"

/*
 * A command line of chmem: does what it says, prints what it prints, @status is what it exits with. False: it is none,
 * or has an option that is not known, and then nothing was done.
 */
bool chmem_perform(const char *command, struct output *o, int *status);

#endif
