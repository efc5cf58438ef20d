/* SPDX-License-Identifier: MIT */
/*
 * Broken memory: pages that must not be used any more (mm/memory-failure.c, drivers/base/memory.c, 6.1).
 *
 * Numbers of pages, not pages: any may be given. Task context, no lock held; mf_mutex and, unless 6.1 is followed to
 * the letter, mem_hotplug_lock (read) are taken inside.
 */
#ifndef PFNSTORM_HOTPLUG_MEMORY_FAILURE_H
#define PFNSTORM_HOTPLUG_MEMORY_FAILURE_H

#include "core/rt/types.h"

#define MF_COUNT_INCREASED BIT(0) /* the caller's reference on the page becomes the function's */
#define MF_SW_SIMULATED BIT(1)    /* by hand, not by the hardware: may be undone */
#define MF_SOFT_OFFLINE BIT(2)    /* the page is to move, not to be taken */

/*
 * The page is broken: takes it from whoever has it, whose entry says so from then on, or off the free lists. 0; or with
 * the page marked all the same: -EBUSY: it is of a kind that cannot be handled, or still in use. -ENXIO: not online;
 * -EHWPOISON: it was so already. (6.1; hard_offline_page of sysfs with MF_SW_SIMULATED)
 */
int memory_failure(u64 pfn, u32 flags);
/*
 * The page will break: takes it out of use, its content moves elsewhere. 0, also if it was poisoned already; -ENXIO:
 * not valid; -EIO: not online, or of a kind that does not move; -EBUSY: it is in use, or changed hands; -ENOMEM: no
 * room. (6.1; soft_offline_page of sysfs)
 */
int soft_offline_page(u64 pfn, u32 flags);
/*
 * Puts a poisoned page into use again. 0; -ENXIO: not valid; -EBUSY: not poisoned, or somebody holds it; -EOPNOTSUPP:
 * hardware has reported errors, so nobody knows which are real. (6.1; unpoison-pfn of hwpoison-inject)
 */
int unpoison_memory(u64 pfn);

#endif
