/* SPDX-License-Identifier: MIT */
/* Allocation when memory is short (mm/page_alloc.c, 6.1). */
#include "core/mm/page_alloc_slow.h"

#include "core/mm/buddy.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/mm/vmscan.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

#define MAX_COMPACT_RETRIES 16
#define COSTLY(order) ((order) > geometry.costly_order)

const struct oom_law *oom_law;

/* One call of the slow path. */
struct slowpath {
	gfp_t gfp;
	u32 order, alloc_flags;
	struct alloc_context *ac;
	u32 zonelist_seq;
	u32 no_progress_loops, compaction_retries;
	enum compact_priority compact_priority;
	enum compact_result compact_result;
	u64 did_some_progress; /* pages */
};

/* ---- how far the request may go -------------------------------------------------------------------------------- */

static u32 gfp_to_alloc_flags(gfp_t gfp, u32 order)
{
	u32 flags = ALLOC_WMARK_MIN;

	if (gfp & __GFP_HIGH)
		flags |= ALLOC_MIN_RESERVE;
	if (gfp & __GFP_KSWAPD_RECLAIM)
		flags |= ALLOC_KSWAPD;
	if (!(gfp & __GFP_DIRECT_RECLAIM) && !(gfp & __GFP_NOMEMALLOC)) {
		flags |= ALLOC_NON_BLOCK;
		if (order)
			flags |= ALLOC_HIGHATOMIC;
	}
	return gfp_migratetype(gfp) == MIGRATE_MOVABLE ? flags | ALLOC_CMA : flags;
}

bool gfp_pfmemalloc_allowed(gfp_t gfp)
{
	if (gfp & __GFP_NOMEMALLOC)
		return false;
	return (gfp & __GFP_MEMALLOC) || (!in_interrupt() && (current_flags & PF_MEMALLOC));
}

/* ---- the means ------------------------------------------------------------------------------------------------- */

static struct page *search(struct slowpath *s)
{
	return get_page_from_freelist(s->gfp, s->order, s->alloc_flags, s->ac);
}

/* Every node that has a zone in the list, once; (wake_all_kswapds, 6.1) */
static void wake_all_kswapds(struct slowpath *s)
{
	struct alloc_context *ac = s->ac;
	struct zoneref *z = first_zones_zonelist(ac->zonelist, ac->highest_zoneidx, ac->nodemask);
	nodemask_t woken = 0;

	for (struct zone *zone; (zone = zonelist_zone(z)) != NULL;
	     z = next_zones_zonelist(z + 1, ac->highest_zoneidx, ac->nodemask)) {
		if (!managed_zone(zone) || (woken & BIT(zone->node)))
			continue;
		wakeup_kswapd(zone, s->gfp, s->order, ac->highest_zoneidx);
		woken |= BIT(zone->node);
	}
}

static struct page *direct_reclaim(struct slowpath *s)
{
	struct page *page;
	bool drained = false;

	point(alloc, direct_reclaim, s->order);
	s->did_some_progress = try_to_free_pages(s->ac->zonelist, s->order, s->gfp, s->ac->nodemask);
	if (!s->did_some_progress)
		return NULL;
	for (;;) {
		page = search(s);
		if (page || drained)
			return page;
		/* What was freed may rest on per-CPU lists or in reserved pageblocks. */
		unreserve_highatomic_pageblock(s->ac->zonelist, s->ac->highest_zoneidx, s->ac->nodemask,
					       s->ac->migratetype, false);
		drain_all_pages(NULL);
		drained = true;
	}
}

/* The captured page, or whatever a search finds after a run. (__alloc_pages_direct_compact, 6.1) */
static struct page *direct_compact(struct slowpath *s, enum compact_priority prio)
{
	struct page *page = NULL, *captured = NULL;
	u64 flags = current_flags;

	s->compact_result = COMPACT_SKIPPED;
	if (!s->order || !compaction_ops)
		return NULL;
	point(alloc, direct_compact, s->order);
	/* Compaction allocates nothing that it could not do without. */
	current_flags = flags | PF_MEMALLOC;
	s->compact_result =
		compaction_ops->try_to_compact_pages(s->gfp, s->order, s->alloc_flags, s->ac, prio, &captured);
	current_flags = flags;
	if (captured)
		prep_new_page(captured, s->order, s->gfp);
	page = captured ? captured : search(s);
	if (page && compaction_ops)
		compaction_ops->compaction_defer_reset(page_zone(page), s->order, true);
	if (!page)
		cond_resched();
	return page;
}

/* ---- whether to try again -------------------------------------------------------------------------------------- */

/* Would the request be met if all that could be reclaimed were? (should_reclaim_retry, 6.1) */
static bool should_reclaim_retry(struct slowpath *s)
{
	struct alloc_context *ac = s->ac;
	struct zoneref *z;

	/* Costly orders: progress of order 0 is none. */
	if (s->did_some_progress && !COSTLY(s->order))
		s->no_progress_loops = 0;
	else
		s->no_progress_loops++;
	if (s->no_progress_loops > MAX_RECLAIM_RETRIES)
		return unreserve_highatomic_pageblock(ac->zonelist, ac->highest_zoneidx, ac->nodemask, ac->migratetype,
						      true);
	z = first_zones_zonelist(ac->zonelist, ac->highest_zoneidx, ac->nodemask);
	for (struct zone *zone; (zone = zonelist_zone(z)) != NULL;
	     z = next_zones_zonelist(z + 1, ac->highest_zoneidx, ac->nodemask)) {
		u64 available;

		rcu_read_lock();
		available = zone_reclaimable_pages(zone) + zone_page_state_snapshot(zone, NR_FREE_PAGES);
		rcu_read_unlock();
		if (__zone_watermark_ok(zone, s->order, READ_ONCE(zone->_watermark[WMARK_MIN]), ac->highest_zoneidx,
					s->alloc_flags, available)) {
			/* Let kswapd, or whoever holds the pages, get on. */
			cond_resched();
			return true;
		}
	}
	return false;
}

/* Compaction failed, or could not run: harder, or for want of order-0 pages once more after reclaim. (6.1) */
static bool should_compact_retry(struct slowpath *s)
{
	u32 max_retries = MAX_COMPACT_RETRIES;
	enum compact_priority hardest = COSTLY(s->order) ? MIN_COMPACT_COSTLY_PRIORITY : MIN_COMPACT_PRIORITY;

	if (!s->order || !compaction_ops)
		return false;
	if (s->compact_result == COMPACT_SKIPPED)
		return compaction_ops->compaction_zonelist_suitable(s->ac, s->order, s->alloc_flags);
	if (s->compact_result != COMPACT_COMPLETE) {
		if (COSTLY(s->order))
			max_retries /= 4;
		if (++s->compaction_retries <= max_retries)
			return true;
	}
	if (s->compact_priority > hardest) {
		s->compact_priority--;
		s->compaction_retries = 0;
		return true;
	}
	return false;
}

/*
 * Where the kernel would choose a process to kill, the caller is the one, and its allocation fails. A last look at the
 * high mark comes first: somebody may have freed plenty meanwhile. (__alloc_pages_may_oom, 6.1)
 */
static struct page *alloc_pages_may_oom(struct slowpath *s)
{
	struct page *page = get_page_from_freelist(s->gfp, s->order, ALLOC_WMARK_HIGH, s->ac);

	if (!page)
		point(alloc, out_of_memory, s->order);
	return page;
}

/* ---- the path -------------------------------------------------------------------------------------------------- */

/*
 * What depends on the zonelist as it is now. The sequence is sampled before the list is looked at: a rebuild since then
 * may have moved what preferred_zoneref points at. Who may not wait looks at nothing twice, so it need not wait for an
 * even sequence either; 6.1 samples for all.
 */
static bool begin_iteration(struct slowpath *s)
{
	struct alloc_context *ac = s->ac;

	s->no_progress_loops = s->compaction_retries = 0;
	s->compact_priority = DEF_COMPACT_PRIORITY;
	s->zonelist_seq = zonelist_iter_begin();
	s->alloc_flags = gfp_to_alloc_flags(s->gfp, s->order);
	ac->preferred_zoneref = first_zones_zonelist(ac->zonelist, ac->highest_zoneidx, ac->nodemask);
	point(alloc, slowpath, s->order);
	return zonelist_zone(ac->preferred_zoneref) != NULL;
}

static struct page *first_attempts(struct slowpath *s)
{
	bool costly = COSTLY(s->order);
	struct page *page;

	if (s->alloc_flags & ALLOC_KSWAPD)
		wake_all_kswapds(s);
	page = search(s);
	if (page || !(s->gfp & __GFP_DIRECT_RECLAIM) || gfp_pfmemalloc_allowed(s->gfp))
		return page;
	/* For many pages in a row the free ones are there more often than not: only scattered. */
	if (costly || (s->order && s->ac->migratetype != MIGRATE_MOVABLE)) {
		page = direct_compact(s, INIT_COMPACT_PRIORITY);
		if (!page && costly && (s->gfp & __GFP_NORETRY))
			s->compact_priority = INIT_COMPACT_PRIORITY;
	}
	return page;
}

/* A round of reclaim and compaction; *@again says whether another may help. */
static struct page *reclaim_and_compact(struct slowpath *s, bool *again)
{
	struct page *page;

	*again = false;
	if (s->alloc_flags & ALLOC_KSWAPD)
		wake_all_kswapds(s);
	if (gfp_pfmemalloc_allowed(s->gfp)) {
		s->alloc_flags |= ALLOC_NO_WATERMARKS;
		s->ac->nodemask = NULL;
		s->ac->preferred_zoneref = first_zones_zonelist(s->ac->zonelist, s->ac->highest_zoneidx, NULL);
	}
	page = search(s);
	/* A reclaimer that cannot get a page must not wait for itself. */
	if (page || !(s->gfp & __GFP_DIRECT_RECLAIM) || (current_flags & PF_MEMALLOC))
		return page;
	page = direct_reclaim(s);
	if (!page)
		page = direct_compact(s, s->compact_priority);
	if (page || (s->gfp & __GFP_NORETRY) || (COSTLY(s->order) && !(s->gfp & __GFP_RETRY_MAYFAIL)))
		return page;
	*again = should_reclaim_retry(s) || (s->did_some_progress && should_compact_retry(s));
	return NULL;
}

static bool may_oom(const struct slowpath *s)
{
	return (s->gfp & __GFP_DIRECT_RECLAIM) && !(current_flags & PF_MEMALLOC) && !(s->gfp & __GFP_NORETRY) &&
	       !(COSTLY(s->order) && !(s->gfp & __GFP_RETRY_MAYFAIL));
}

struct page *__alloc_pages_slowpath(gfp_t gfp, u32 order, struct alloc_context *ac)
{
	struct slowpath s = {.gfp = gfp, .order = order, .ac = ac};
	struct oom_search *search = oom_law ? oom_law->opens() : NULL;
	const nodemask_t *nodemask = ac->nodemask;
	struct page *page = NULL;
	bool begun, again;

	do {
		ac->nodemask = nodemask;
		begun = again = begin_iteration(&s);
		if (search)
			oom_law->begins(search, ac, order);
		if (begun)
			page = first_attempts(&s);
		while (!page && again)
			page = reclaim_and_compact(&s, &again);
		if (!page && begun && !check_retry_zonelist(s.zonelist_seq) && may_oom(&s))
			page = alloc_pages_may_oom(&s);
	} while (!page && (check_retry_zonelist(s.zonelist_seq) || (gfp & __GFP_NOFAIL)));
	if (search && !page)
		oom_law->failed(search);
	if (search)
		oom_law->closes(search);
	return page;
}
