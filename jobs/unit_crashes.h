/* SPDX-License-Identifier: MIT */
/*
 * The crashes of a unit, from a folder of its own into the store of all nights. What is news is decided and written
 * down before the store is told, so that whoever is killed between the two does not find it known afterwards.
 */
#ifndef PFNSTORM_JOBS_UNIT_CRASHES_H
#define PFNSTORM_JOBS_UNIT_CRASHES_H

#include "jobs/unit.h"

struct harvest {
	const char *night; /* folder of the night: units/ is below it */
	const char *store, *found;
	u64 quarantine; /* times until a crash that only threads have shown is news */
};

/*
 * Looks at the crash folders in @h->found, names them in the result of @u beside those it has already, writes the unit,
 * copies them into the store and takes @h->found away. 0, also if there are none; or -errno with a message: then
 * nothing was taken away.
 */
int unit_harvest(struct unit *u, const struct harvest *h, char *message, size_t size);

/* Paths of the crash folders in @found that do not replay, NULL-terminated; the caller frees each and the array. */
char **unit_inexact_crashes(const char *found);

/*
 * Before a verification: notes the status of each record in units/STEM.before, unless an attempt that was killed has. 0
 * or -errno with a message.
 */
int unit_verify_begin(const struct unit *u, const struct harvest *h, char *message, size_t size);
/* After it: what is fixed now, what has regressed. */
int unit_verify_end(struct unit *u, const struct harvest *h, char *message, size_t size);

#endif
