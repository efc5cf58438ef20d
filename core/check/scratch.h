/* SPDX-License-Identifier: MIT */
/*
 * Arrays that checks keep for themselves: they lie outside the machine's memory, so that its snapshots neither copy nor
 * restore them, and looking at the machine changes nothing of it.
 */
#ifndef PFNSTORM_CHECK_SCRATCH_H
#define PFNSTORM_CHECK_SCRATCH_H

#include "core/rt/types.h"

struct scratch {
	void *data; /* NULL: no memory yet */
	u64 bytes;
};

/*
 * Makes room for @bytes; what was there stays, what is new is zero. Grows by doubling, never shrinks. Called while no
 * task runs. A host without memory ends the process.
 */
void *scratch_reserve(struct scratch *s, u64 bytes);

#endif
