/* SPDX-License-Identifier: MIT */
/*
 * Readers of the whole memmap besides /proc/kpageflags: each walks PFNs in its own way, by the rules of walk.h. Only
 * pfns of [start_pfn, end_pfn) are looked at. Task context, may sleep. Numbers of what was found, or -errno.
 */
#ifndef PFNSTORM_RANGE_SCAN_H
#define PFNSTORM_RANGE_SCAN_H

#include "core/rt/types.h"

/* Pageblocks of populated zones by type, zone->lock held: /proc/pagetypeinfo. (pagetypeinfo_showblockcount_print, 6.1)
 */
s64 scan_pagetypeinfo(u64 start_pfn, u64 end_pfn);
/* Allocations: /sys/kernel/debug/page_owner. -ENOENT without boot parameter page_owner. (read_page_owner, 6.1) */
s64 scan_page_owner(u64 start_pfn, u64 end_pfn);
/* Struct pages in use, looked at word by word for pointers, no memory comes or goes meanwhile. (kmemleak_scan, 6.1) */
s64 scan_kmemleak(u64 start_pfn, u64 end_pfn);

#endif
