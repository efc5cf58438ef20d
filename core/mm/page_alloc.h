/* SPDX-License-Identifier: MIT */
/*
 * Page allocation and freeing as the rest of the kernel uses it (mm/page_alloc.c, include/linux/gfp.h, 6.1): zonelists,
 * watermarks, per-CPU lists, the slow path. What happens inside one zone is in buddy.h.
 */
#ifndef PFNSTORM_MM_PAGE_ALLOC_H
#define PFNSTORM_MM_PAGE_ALLOC_H

#include "core/mm/gfp.h"
#include "core/mm/node.h"
#include "core/rt/task.h"

/* Which mark, and how far below it (values of 6.1). */
#define ALLOC_WMARK_MIN WMARK_MIN
#define ALLOC_WMARK_LOW WMARK_LOW
#define ALLOC_WMARK_HIGH WMARK_HIGH
#define ALLOC_NO_WATERMARKS 0x04u
#define ALLOC_WMARK_MASK (ALLOC_NO_WATERMARKS - 1)
#define ALLOC_NON_BLOCK 0x10u   /* the caller cannot wait: another quarter of the mark */
#define ALLOC_MIN_RESERVE 0x20u /* __GFP_HIGH: half of the mark */
#define ALLOC_CMA 0x80u         /* CMA pageblocks allowed */
#define ALLOC_NOFRAGMENT 0x100u /* rather another zone than mixing types in a pageblock */
#define ALLOC_HIGHATOMIC 0x200u /* high-order reserves allowed */
#define ALLOC_KSWAPD 0x800u     /* kswapd may be woken */
#define ALLOC_RESERVES (ALLOC_NON_BLOCK | ALLOC_MIN_RESERVE | ALLOC_HIGHATOMIC)

/* current->flags: words 0 of a task. */
#define PF_MEMALLOC BIT(0) /* frees memory itself: watermarks do not apply, no reclaim inside reclaim */
#define PF_MIGRATES BIT(1) /* has isolated pages on a list of its own, and allocates where they shall go */
#define current_flags (rt_task_words()[0])
/* A direct compactor waits for a block of its order: whoever frees one in its name hands it over. (6.1) */
struct capture_control {
	struct zone *zone;
	u32 order;
	struct page *page; /* NULL: none yet */
};
#define current_capture ((struct capture_control *)rt_task_words()[1])
#define set_current_capture(capc) ((void)(rt_task_words()[1] = (u64)(capc)))

/* An allocation on its way through zones. */
struct alloc_context {
	struct zonelist *zonelist;
	const nodemask_t *nodemask; /* NULL: any node */
	struct zoneref *preferred_zoneref;
	enum migratetype migratetype;
	u32 highest_zoneidx;
};

/*
 * 2^order pages, the first with reference count 1; compound if __GFP_COMP. Preferably from @nid, only from @nodemask
 * unless that is NULL. NULL if there is no room: whoever may wait (__GFP_DIRECT_RECLAIM) reclaims and compacts before
 * it gives up; where the kernel would kill a process, the caller is the one. Task context if it may wait, else any.
 */
struct page *__alloc_pages(gfp_t gfp, u32 order, u32 nid, const nodemask_t *nodemask);
/* From the calling CPU's node on. */
struct page *alloc_pages(gfp_t gfp, u32 order);

/* Drops one reference and frees 2^order pages when it was the last. Any context. */
void __free_pages(struct page *page, u32 order);
/* Frees 2^order pages whose last reference is gone and which are on no list: per-CPU lists first. Any context. */
void free_unref_page(struct page *page, u32 order);

/* Is a free block of @order to be had while @mark pages stay? (zone_watermark_ok, 6.1) Lock-free: a hint. */
bool zone_watermark_ok(struct zone *zone, u32 order, u64 mark, u32 highest_zoneidx, u32 alloc_flags);
/* With the CPUs' differences counted when they could matter. */
bool zone_watermark_ok_safe(struct zone *zone, u32 order, u64 mark, u32 highest_zoneidx);
/* Does an allocation of @gfp ignore watermarks: a reclaimer, or __GFP_MEMALLOC? (gfp_pfmemalloc_allowed, 6.1) */
bool gfp_pfmemalloc_allowed(gfp_t gfp);

/* ---- compaction, a floor above ---------------------------------------------------------------------------------- */

/* How a run of compaction ended; the kernel's order. */
enum compact_result {
	COMPACT_NOT_SUITABLE_ZONE,
	COMPACT_SKIPPED,         /* zone not populated, or compaction cannot help */
	COMPACT_DEFERRED,        /* it failed too often lately */
	COMPACT_CONTINUE,        /* not ended; or: compaction is worth trying */
	COMPACT_COMPLETE,        /* the scanners met, all of the zone was scanned */
	COMPACT_PARTIAL_SKIPPED, /* the scanners met, a part was skipped by cached positions */
	COMPACT_CONTENDED,       /* given up: lock contention, no free pages, or a fatal signal */
	COMPACT_SUCCESS,         /* a free block of the wanted order exists */
};

/* How hard direct compaction tries; lower is harder. */
enum compact_priority {
	COMPACT_PRIO_SYNC_FULL,
	COMPACT_PRIO_SYNC_LIGHT,
	COMPACT_PRIO_ASYNC,
};
#define MIN_COMPACT_PRIORITY COMPACT_PRIO_SYNC_FULL
#define MIN_COMPACT_COSTLY_PRIORITY COMPACT_PRIO_SYNC_LIGHT
#define DEF_COMPACT_PRIORITY COMPACT_PRIO_SYNC_LIGHT
#define INIT_COMPACT_PRIORITY COMPACT_PRIO_ASYNC

/* What the slow path and kswapd want of compaction (linux/compaction.h, 6.1). */
struct compaction_ops {
	enum compact_result (*try_to_compact_pages)(gfp_t gfp, u32 order, u32 alloc_flags,
						    const struct alloc_context *ac, enum compact_priority prio,
						    struct page **capture);
	bool (*compaction_zonelist_suitable)(const struct alloc_context *ac, u32 order, u32 alloc_flags);
	bool (*compaction_suitable)(struct zone *zone, u32 order, u32 alloc_flags, u32 highest_zoneidx);
	void (*compaction_defer_reset)(struct zone *zone, u32 order, bool alloc_success);
	void (*reset_isolation_suitable)(pg_data_t *pgdat);
	void (*wakeup_kcompactd)(pg_data_t *pgdat, u32 order, u32 highest_zoneidx);
};
/* Set once before the first boot; constant, so kept outside of the arena. NULL: nobody compacts. */
extern const struct compaction_ops *compaction_ops;

#endif
