/* SPDX-License-Identifier: MIT */
#include "crashes/known.h"

/* Made of crashes/known/NAME/token when the build is configured. */
const struct known_bug known_bugs[] = {
#define KNOWN_BUG(name, token) {name, token},
#include "crashes/known_bugs.def"
#undef KNOWN_BUG
};
const u32 nr_known_bugs = ARRAY_SIZE(known_bugs);
