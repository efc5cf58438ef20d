/* SPDX-License-Identifier: MIT */
/* /proc/kcore: the content of all memory for debuggers (fs/proc/kcore.c, 6.1). */
#ifndef PFNSTORM_HOTPLUG_KCORE_H
#define PFNSTORM_HOTPLUG_KCORE_H

#include "core/hotplug/notifier.h"
#include "core/rt/lock.h"

#define KCORE_RANGES_MAX 64

struct kcore {
	struct rw_semaphore lock; /* kclist_lock: read while content is read */
	u32 need_update;          /* memory came or went since the list was made. Marked accesses */
	u32 count;                /* ranges: lock */
	struct {
		u64 start_pfn, end_pfn;
	} range[KCORE_RANGES_MAX];
};

/* Boot: the list is made by the first reader. */
void kcore_init(void);
/* Judges a read of content about to be made; NULL: nobody does. */
extern void (*content_read_hook)(u64 pfn);
/* Pages of [start_pfn, end_pfn) whose content could be read. Task context, may sleep. (read_kcore, 6.1) */
s64 kcore_read(u64 start_pfn, u64 end_pfn);
/* The list is out of date. (kcore_callback, 6.1) */
void kcore_memory_changed(void);

#endif
