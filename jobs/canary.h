/* SPDX-License-Identifier: MIT */
/*
 * Canaries: a planted bug for each detector, that is each kind of verdict and each law of which a folder of scenarios
 * has one (corpus/planted/, where each row of bugs.def has its scenario). Nothing is listed here: a new law comes with
 * its planted bug, and so with its canary.
 */
#ifndef PFNSTORM_JOBS_CANARY_H
#define PFNSTORM_JOBS_CANARY_H

#include "core/rt/types.h"

#define CANARY_DETECTOR_MAX 48

struct canary {
	char detector[CANARY_DETECTOR_MAX]; /* "race", or "invariant-node_links": letters, digits, '-' and '_' */
	char *scenario;                     /* path */
};

/*
 * The canaries of @folder, sorted by detector: of several scenarios the one with the fewest operations. A scenario
 * whose bug can be seen in two ways proves neither, and is none. The number of them, and the caller frees each scenario
 * and the array; or -errno with a message.
 */
int canaries_of(const char *folder, struct canary **list, char *message, size_t size);

/* The folder that comes with the tool: beside an installed @tool, or of the tree it was built in. -ENOENT: neither. */
int canary_folder(const char *tool, char *folder, size_t size);

#endif
