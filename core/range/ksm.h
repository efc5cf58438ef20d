/* SPDX-License-Identifier: MIT */
/*
 * ksmd, as far as memory hotplug is concerned (mm/ksm.c, 6.1): it remembers pages by pfn, without references, and comes
 * back to them. Nothing but the listener below keeps it from pfns whose memory has gone. Pages are not merged.
 */
#ifndef PFNSTORM_RANGE_KSM_H
#define PFNSTORM_RANGE_KSM_H

#include "core/mm/area.h"
#include "core/rt/lock.h"
#include "core/rt/wait.h"

#define KSM_NODES_MAX 64
#define KSM_RUN_OFFLINE BIT(2)

/* A page that was seen: stale once the page says that it is somebody else's. */
struct stable_node {
	u64 kpfn;
	u64 mapping;
};

struct ksm {
	struct mutex thread_mutex; /* ksm_thread_mutex: one scan at a time, and nodes */
	u32 run;                   /* KSM_RUN_OFFLINE: scans wait. Changed under thread_mutex; marked accesses */
	u32 nr_nodes;
	wait_queue_head_t wait;
	struct stable_node node[KSM_NODES_MAX];
};

/* Boot: nothing is remembered. */
void ksm_init(void);
/*
 * One round of ksmd: the pages of an area are remembered, and all that is remembered is looked at; what is stale is
 * forgotten. Waits while memory goes offline. Number of pages that still are what they were. Task context.
 * (ksm_scan_thread, 6.1)
 */
s64 ksm_scan(struct area *area);

/* The listener's side (ksm_memory_callback, 6.1). mem_hotplug_lock write. */
void ksm_going_offline(void);
/* @nr_pages of memory are gone, 0: the offline was cancelled. Also without ksm_going_offline() before. */
void ksm_offline_ended(u64 start_pfn, u64 nr_pages);

#endif
