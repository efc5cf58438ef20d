/* SPDX-License-Identifier: MIT */
/* Reclaim of memory that cannot be dropped: its pages move to slower nodes (mm/vmscan.c, 6.1). */
#ifndef PFNSTORM_RANGE_DEMOTE_H
#define PFNSTORM_RANGE_DEMOTE_H

#include "core/rt/types.h"

/*
 * Up to @nr pages of anonymous memory of a node, those not used for longest, go to a lower tier; a compound page counts
 * once. Pages used lately become active instead, others stay if there is no room. Number of base pages moved; 0 too if
 * there is no lower tier. Task context. (demote_folio_list, 6.1)
 */
s64 demote_pages(u32 nid, u32 nr);

#endif
