/* SPDX-License-Identifier: MIT */
/* The known bugs of crashes/known/, as the program carries them: what it shows of them needs no file. */
#ifndef PFNSTORM_CRASHES_KNOWN_H
#define PFNSTORM_CRASHES_KNOWN_H

#include "core/rt/types.h"

struct known_bug {
	const char *name;  /* of its folder */
	const char *token; /* the run that shows it */
};
/* Sorted by name. */
extern const struct known_bug known_bugs[];
extern const u32 nr_known_bugs;

#endif
