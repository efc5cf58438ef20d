/* SPDX-License-Identifier: MIT */
/* What the store knows of a crash, read from its folder. */
#ifndef PFNSTORM_CRASHES_FACTS_H
#define PFNSTORM_CRASHES_FACTS_H

#include "crashes/record.h"

/* Did `minimize` make it, as the folder says who found it? */
bool facts_is_minimal(const char *found_by);
/* Reads folder @name of @dir. 0, or -errno with "file:line:column: …" in @message. */
int facts_read(const char *dir, const char *name, struct crash_facts *facts, char *message, size_t size);

#endif
