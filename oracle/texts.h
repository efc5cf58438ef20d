/* SPDX-License-Identifier: MIT */
/*
 * Texts of files that show all of memory: the machine has some of the kernel's lines, and of some of those only the
 * beginning, since numbers of free and used pages differ from boot to boot.
 */
#ifndef PFNSTORM_ORACLE_TEXTS_H
#define PFNSTORM_ORACLE_TEXTS_H

#include "oracle/compare.h"

#define TEXTS_MAX 65536

/* Is the path that of such a file? */
bool texts_known(const char *path);
/*
 * Each line of @model against the next line of @kernel that begins alike; @path says what can be compared of it.
 * @kernel_ends: it may be a part only, so that lines behind its end are not missed. Cuts both texts into lines.
 */
void texts_compare(struct comparison *c, const char *path, char *kernel, char *model, bool kernel_ends);

/* System RAM of iomem lines, whole pages: "1000-9efff System RAM", one a line, into @buf. */
void texts_system_ram(const char *lines, char *buf, size_t size);

#endif
