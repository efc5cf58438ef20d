/* SPDX-License-Identifier: MIT */
/* Text that user space writes, as the kernel reads it (lib/kstrtox.c, lib/string_helpers.c, 6.1). */
#ifndef PFNSTORM_HOTPLUG_KSTRTOX_H
#define PFNSTORM_HOTPLUG_KSTRTOX_H

#include "core/rt/types.h"

/* Is @text @word, or @word and one newline? (sysfs_streq, for a @word without newline) */
bool sysfs_streq(const char *text, const char *word);
/* Index of the word that @text is, in a table that ends with NULL; -EINVAL. (sysfs_match_string) */
int sysfs_match_string(const char *const words[], const char *text);
/* Only the first letter counts, after "o" the second: 0 and *@value, or -EINVAL. */
int kstrtobool(const char *text, bool *value);
/*
 * A number of @base, 0: as it is written (0x…: 16, 0…: 8, else 10); one "+" before it and one newline behind it at
 * most: 0; -EINVAL anything else; -ERANGE too large.
 */
int kstrtoull(const char *text, u32 base, u64 *value);
int kstrtouint(const char *text, u32 base, u32 *value);

#endif
