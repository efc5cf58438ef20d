/* SPDX-License-Identifier: MIT */
/*
 * Pages that the recorded kernel had for itself in hotplugged memory. Which ones, no model can know; but where one of
 * them kept a block from going offline, the kernel said so, and then the machine gets one there too.
 */
#ifndef PFNSTORM_ORACLE_KERNEL_PAGES_H
#define PFNSTORM_ORACLE_KERNEL_PAGES_H

#include "oracle/recording.h"

#define KERNEL_PAGES_MAX 32

struct kernel_pages {
	u64 pfn[KERNEL_PAGES_MAX]; /* held in the machine */
	u32 nr;
	u32 held; /* how many were held in all */
};

/*
 * Before a step that may take blocks @first to @last offline: the machine holds those pages there that the step's
 * messages call unmovable, and no others. Task context.
 */
void kernel_pages_set(struct kernel_pages *k, struct json_object *step, u64 first, u64 last);

#endif
