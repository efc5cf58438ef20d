/* SPDX-License-Identifier: MIT */
/* Threads that read the files of sysfs that tell of blocks and nodes, one after the other (mix `sysfs`). */
#ifndef PFNSTORM_STRESS_READERS_H
#define PFNSTORM_STRESS_READERS_H

#include "core/core.h"

/*
 * Reads all files of a block, one of a node and one of the machine in turn until @stopping() says so. Counts in @read
 * and, of those that were not there or said no, @failed. Which blocks follows from @number. Task context.
 */
void readers_main(const struct machine_config *machine, u32 number, bool (*stopping)(void), u64 *read, u64 *failed);

#endif
