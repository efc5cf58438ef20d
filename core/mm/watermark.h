/* SPDX-License-Identifier: MIT */
/*
 * Watermarks and what follows from the amount of memory (mm/page_alloc.c, 6.1): min_free_kbytes, marks of each zone,
 * pages kept from higher requests, thresholds of statistics.
 */
#ifndef PFNSTORM_MM_WATERMARK_H
#define PFNSTORM_MM_WATERMARK_H

#include "core/rt/types.h"

/* Tunables below /proc/sys/vm; marked accesses, written under no common lock as in the kernel. */
struct vm_sysctl {
	u32 min_free_kbytes;
	s32 user_min_free_kbytes; /* what the administrator wrote; -1: nothing */
	u32 watermark_scale_factor;
	u32 watermark_boost_factor;
	u32 lowmem_reserve_ratio[4]; /* of DMA, DMA32, Normal, Movable; 0: none */
	u32 percpu_pagelist_high_fraction;
	u32 page_group_by_mobility_disabled;
	u32 compaction_proactiveness; /* 0 .. 100 */
	u32 pad;
};

/* Pages above the high marks of the zones up to @highest that the calling CPU's node can use. (nr_free_zone_pages, 6.1)
 */
u64 nr_free_zone_pages(u32 highest);

/* The defaults of 6.1; boot. */
void vm_sysctl_init(void);
/*
 * Everything that depends on the amount of memory: min_free_kbytes, watermarks (and with them the length of per-CPU
 * lists: waits for pcp_batch_high_lock), thresholds, reserves. Task context or boot. (init_per_zone_wmark_min, 6.1)
 */
void init_per_zone_wmark_min(void);
/* Watermarks and per-CPU lists from min_free_kbytes as it is. (setup_per_zone_wmarks, 6.1) */
void setup_per_zone_wmarks(void);
void setup_per_zone_lowmem_reserve(void);

/* Writers of the files in /proc/sys/vm: 0 or -EINVAL. */
int min_free_kbytes_set(s64 kbytes);
int watermark_scale_factor_set(s64 factor);
int lowmem_reserve_ratio_set(u32 zone, u32 ratio);

#endif
