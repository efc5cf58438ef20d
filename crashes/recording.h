/* SPDX-License-Identifier: MIT */
/* The order in which real threads passed semantic points before they failed, as a schedule to begin a search with. */
#ifndef PFNSTORM_CRASHES_RECORDING_H
#define PFNSTORM_CRASHES_RECORDING_H

#include "fuzz/scenario.h"

/*
 * Reads @folder/trace.txt of a crash of real threads. @hints becomes the switches between the tasks of @recent (of the
 * same folder) in the order recorded: all of the last ones, earlier ones where an operation begins; empty if the
 * recorder had forgotten where the operations began. Meant for lenient replays. 0, or -errno with "file:line:column: …"
 * in @message.
 */
int recording_read(const char *folder, const struct scenario *recent, struct schedule *hints, char *message,
		   size_t size);

#endif
