/* SPDX-License-Identifier: MIT */
/* Copies of crash folders. */
#ifndef PFNSTORM_CRASHES_COPY_H
#define PFNSTORM_CRASHES_COPY_H

#include <stdbool.h>
#include <stddef.h>

/* A directory with a scenario in it. */
bool copy_is_crash_folder(const char *path);
/*
 * Copies the crash folder @from as it is below @dir, which is made if missing: it appears complete or not at all. 0
 * with its path, also if @dir has one of that name; or -errno.
 */
int copy_crash_folder(const char *from, const char *dir, char *path, size_t size);

#endif
