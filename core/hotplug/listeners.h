/* SPDX-License-Identifier: MIT */
/*
 * What in the kernel listens to memory events, with the priorities of 6.1 (include/linux/memory.h and the listeners'
 * own files). What they do is theirs; here they are registered. Each is there from boot on.
 */
#ifndef PFNSTORM_HOTPLUG_LISTENERS_H
#define PFNSTORM_HOTPLUG_LISTENERS_H

#include "core/hotplug/notifier.h"

#define DEFAULT_CALLBACK_PRI 0
#define SLAB_CALLBACK_PRI 1
#define KSM_CALLBACK_PRI 100
#define MEMTIER_HOTPLUG_PRI 100
/* Ours: before anybody else waits for something. */
#define WALKERS_CALLBACK_PRI 1000

/* Boot: a listener in the arena, registered. */
void listener_add(int (*call)(struct notifier_block *nb, unsigned long action, void *data), s32 priority);

/* Caches get their data of a node before its first normal memory, and give slabs back before memory goes (mm/slub.c).
 */
void slab_listener_init(void);

/* Design pfn_walk=notifier_pause: walkers stay out while memory goes offline. Else there is no such listener. */
void walkers_listener_init(void);

/* Sections get their page_ext before they go online, and lose it once they are offline (mm/page_ext.c). */
void page_ext_listener_init(void);
/* Whoever reads all memory learns that some came or went (fs/proc/kcore.c). */
void kcore_listener_init(void);

/* ksmd waits while memory goes offline, and forgets what was on it (mm/ksm.c). */
void ksm_listener_init(void);

/* A node that gets its first memory gets a tier, one that loses its last leaves it (mm/memory-tiers.c). Only with boot
 * parameter memory_tiers. */
void memory_tiers_listener_init(void);

#endif
