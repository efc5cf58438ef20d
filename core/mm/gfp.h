/* SPDX-License-Identifier: MIT */
/*
 * Allocation flags (include/linux/gfp_types.h, 6.1): which zones an allocation may use, how hard it may try.
 *
 * Bits are numbered for this project; names and combinations are the kernel's.
 */
#ifndef PFNSTORM_MM_GFP_H
#define PFNSTORM_MM_GFP_H

#include "core/mm/section.h"
#include "core/rt/types.h"

typedef u32 gfp_t;

#define __GFP_DMA ((gfp_t)BIT(0))
#define __GFP_HIGHMEM ((gfp_t)BIT(1))
#define __GFP_DMA32 ((gfp_t)BIT(2))
#define __GFP_MOVABLE ((gfp_t)BIT(3)) /* with __GFP_HIGHMEM: ZONE_MOVABLE allowed; also a migratetype */
#define __GFP_RECLAIMABLE ((gfp_t)BIT(4))
#define __GFP_HIGH ((gfp_t)BIT(5)) /* half of the minimum watermark may be used */
#define __GFP_IO ((gfp_t)BIT(6))
#define __GFP_FS ((gfp_t)BIT(7))
#define __GFP_ATOMIC ((gfp_t)BIT(8))         /* another quarter; high-order reserves */
#define __GFP_DIRECT_RECLAIM ((gfp_t)BIT(9)) /* may sleep: reclaim and compact itself */
#define __GFP_KSWAPD_RECLAIM ((gfp_t)BIT(10))
#define __GFP_RETRY_MAYFAIL ((gfp_t)BIT(11))
#define __GFP_NOFAIL ((gfp_t)BIT(12))
#define __GFP_NORETRY ((gfp_t)BIT(13))
#define __GFP_COMP ((gfp_t)BIT(14)) /* pages of order > 0 are one compound page */
#define __GFP_NOMEMALLOC ((gfp_t)BIT(15))
#define __GFP_MEMALLOC ((gfp_t)BIT(16)) /* watermarks do not apply */
#define __GFP_THISNODE ((gfp_t)BIT(17))

#define __GFP_RECLAIM (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)

#define GFP_ATOMIC (__GFP_HIGH | __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT __GFP_KSWAPD_RECLAIM
#define GFP_NOIO __GFP_RECLAIM
#define GFP_NOFS (__GFP_RECLAIM | __GFP_IO)
#define GFP_KERNEL (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_USER GFP_KERNEL
#define GFP_HIGHUSER (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
/* For huge pages: no reclaim on its own (LIGHT), or direct reclaim where asked for. */
#define GFP_TRANSHUGE_LIGHT ((GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOMEMALLOC) & ~__GFP_RECLAIM)
#define GFP_TRANSHUGE (GFP_TRANSHUGE_LIGHT | __GFP_DIRECT_RECLAIM)

/* The migratetype a request is served from: movable, reclaimable or neither. (gfp_migratetype(), 6.1) */
static inline enum migratetype gfp_migratetype(gfp_t gfp)
{
	if (gfp & __GFP_MOVABLE)
		return MIGRATE_MOVABLE;
	return gfp & __GFP_RECLAIMABLE ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
}

#endif
