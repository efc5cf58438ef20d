/* SPDX-License-Identifier: MIT */
/* Which zone memory goes to when it is onlined (mm/memory_hotplug.c, 6.1). */
#ifndef PFNSTORM_HOTPLUG_POLICY_H
#define PFNSTORM_HOTPLUG_POLICY_H

#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_group.h"
#include "core/mm/node.h"

enum online_policy { ONLINE_POLICY_CONTIG_ZONES, ONLINE_POLICY_AUTO_MOVABLE, NR_ONLINE_POLICIES };

/*
 * The zone for a whole block at @pfn, by type of onlining and policy. No lock: spans are read as they are (6.1 calls it
 * before mem_hotplug_begin()). @online_type: enum mmop, not MMOP_OFFLINE. @group may be NULL.
 */
struct zone *zone_for_pfn_range(enum mmop online_type, u32 nid, struct memory_group *group, u64 pfn, u64 nr_pages);

#endif
