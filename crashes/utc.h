/* SPDX-License-Identifier: MIT */
/* Times as files have them: seconds since 1970, "2026-11-28T12:34:56Z" in text. */
#ifndef PFNSTORM_CRASHES_UTC_H
#define PFNSTORM_CRASHES_UTC_H

#include "core/rt/types.h"

#define UTC_LEN 24 /* terminator included */

u64 utc_now(void);
void utc_print(u64 seconds, char buf[UTC_LEN]);
/* The time that @text begins with; 0 if it does not. */
u64 utc_parse(const char *text);

#endif
