/* SPDX-License-Identifier: MIT */
/*
 * A balloon: pages a guest gives back to its host, and may move (mm/balloon_compaction.c, virtio_balloon.c, 6.1).
 *
 * Its pages are logically offline (PageOffline) and do not count as managed. An area of kind AREA_BALLOON is the list
 * of its pages: area->lock is the driver's balloon_lock, area->ptl its pages_lock; an entry is PTE_PRESENT while the
 * page is in the balloon's list, PTE_MIGRATION while it is isolated.
 */
#ifndef PFNSTORM_RANGE_BALLOON_H
#define PFNSTORM_RANGE_BALLOON_H

#include "core/range/movable.h"

/* Number of pages allocated into the balloon; -ENOMEM none; -EINVAL the area is of another kind. (fill_balloon, 6.1) */
s64 balloon_inflate(struct area *area, u32 count);
/*
 * Gives up to @count pages back, from the first on; those that are isolated or locked just now are passed over. Number
 * of pages; -EINVAL the area is of another kind. (leak_balloon, balloon_page_list_dequeue, 6.1)
 */
s64 balloon_deflate(struct area *area, u32 count);

extern const struct movable_operations balloon_mops;

#endif
