/* SPDX-License-Identifier: MIT */
/* Freeing to, allocating from and draining per-CPU lists; their life and size is in pcp_setup.c. */
#include "core/mm/pcp.h"

#include "core/mm/buddy.h"
#include "core/mm/cpu.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/report.h"

/* ---- which list ------------------------------------------------------------------------------------------------ */

/* Three lists for each order up to the costly one, then one for huge pages that do not move and one for those that do.
 */
static u32 nr_pcp_lists(void)
{
	return MIGRATE_PCPTYPES * (geometry.costly_order + 1) + 2;
}

static u32 order_to_pindex(enum migratetype mt, u32 order)
{
	u32 huge = nr_pcp_lists() - 2;

	if (order > geometry.costly_order)
		return huge + (mt == MIGRATE_MOVABLE);
	return MIGRATE_PCPTYPES * order + mt;
}

static u32 pindex_to_order(u32 pindex)
{
	return pindex >= nr_pcp_lists() - 2 ? pageblock_order : pindex / MIGRATE_PCPTYPES;
}

bool pcp_allowed_order(u32 order)
{
	return order <= geometry.costly_order || order == pageblock_order;
}

/* ---- the lists of this CPU ------------------------------------------------------------------------------------- */

/*
 * The lists of the calling task's CPU, locked, or NULL if they are busy: an interrupt, or somebody drains them. Pins
 * the task to its CPU, and is what zone_pcp_reset() may have to wait for: the read section covers all use of the lists.
 */
static struct per_cpu_pages *pcp_spin_trylock(struct zone *zone)
{
	struct per_cpu_pages *pcp;

	rcu_read_lock_sched();
	pcp = this_cpu_ptr(smp_load_acquire(&zone->per_cpu_pageset));
	if (spin_trylock(&pcp->lock))
		return pcp;
	rcu_read_unlock_sched();
	return NULL;
}

static void pcp_spin_unlock(struct per_cpu_pages *pcp)
{
	spin_unlock(&pcp->lock);
	rcu_read_unlock_sched();
}

/* ---- giving pages back ----------------------------------------------------------------------------------------- */

/*
 * Frees @count pages to the buddy lists, oldest first, going round the lists from @pindex on. pcp->lock held.
 * (free_pcppages_bulk, 6.1)
 */
static void free_pcppages_bulk(struct zone *zone, s32 count, struct per_cpu_pages *pcp, u32 pindex)
{
	u32 empty = 0, nr_lists = nr_pcp_lists();
	unsigned long flags;
	bool isolated;

	count = min(pcp->count, count);
	point(pcp, bulk_free, zone->idx);
	spin_lock_irqsave(&zone->lock, flags);
	/* Pageblocks are isolated under zone->lock: sampled once, it holds for all pages of this round. */
	isolated = zone->nr_isolate_pageblock != 0;
	while (count > 0 && empty < nr_lists) {
		struct list_head *list = &pcp->lists[pindex];
		u32 order = pindex_to_order(pindex);

		if (list_empty(list)) {
			empty++;
		} else {
			struct page *page = list_last_entry(list, struct page, lru);
			enum migratetype mt = (enum migratetype)READ_ONCE(page->index);

			empty = 0;
			list_del_init(&page->lru);
			count -= (s32)BIT(order);
			pcp->count -= (s32)BIT(order);
			BUG_ON(is_migrate_isolate(mt));
			if (isolated && !bug(planted_type_not_rechecked))
				mt = get_pageblock_migratetype(page);
			free_one_page_locked(zone, page, page_to_pfn(page), order, mt);
		}
		pindex = (pindex + 1) % nr_lists;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* How many pages leave at once: the longer a task only frees, the more. */
static s32 nr_pcp_free(struct per_cpu_pages *pcp, s32 high, s32 batch, bool free_high)
{
	s32 most, nr;

	if (free_high)
		return pcp->count;
	/* Disabled, or the boot lists: one at a time, so that nothing stays. */
	if (high < batch)
		return 1;
	most = high - batch;
	nr = batch << pcp->free_factor;
	if (nr < most && pcp->free_factor < PCP_BATCH_SCALE_MAX)
		pcp->free_factor++;
	nr = min(nr, most);
	return max(nr, batch);
}

static s32 nr_pcp_high(const struct per_cpu_pages *pcp, const struct zone *zone, bool free_high)
{
	s32 high = READ_ONCE(pcp->high);

	if (!high || free_high)
		return 0;
	if (!test_bit(ZONE_RECLAIM_ACTIVE, &zone->flags))
		return high;
	/* While kswapd works for free pages, they should not gather here. */
	return min(READ_ONCE(pcp->batch) << 2, high);
}

static void add_page(struct zone *zone, struct per_cpu_pages *pcp, struct page *page, u32 order, enum migratetype mt)
{
	u32 pindex = order_to_pindex(mt, order);
	bool free_high;
	s32 high;

	list_add(&page->lru, &pcp->lists[pindex]);
	pcp->count += (s32)BIT(order);
	/* High orders that are only freed go back in one piece, to merge. */
	free_high = pcp->free_factor && order && order <= geometry.costly_order;
	high = nr_pcp_high(pcp, zone, free_high);
	if (pcp->count >= high)
		free_pcppages_bulk(zone, nr_pcp_free(pcp, high, READ_ONCE(pcp->batch), free_high), pcp, pindex);
}

bool pcp_free_page(struct zone *zone, struct page *page, u32 order, enum migratetype mt)
{
	struct per_cpu_pages *pcp;

	/* Pages of isolated pageblocks go straight to the isolate list. */
	if (is_migrate_isolate(mt))
		return false;
	pcp = pcp_spin_trylock(zone);
	if (!pcp)
		return false;
	/* What is special about its pageblock is remembered with the page; listed it is as movable. */
	WRITE_ONCE(page->index, (u64)mt);
	add_page(zone, pcp, page, order, mt < MIGRATE_PCPTYPES ? mt : MIGRATE_MOVABLE);
	point(pcp, freed, page_to_pfn(page));
	pcp_spin_unlock(pcp);
	return true;
}

/* ---- allocating ------------------------------------------------------------------------------------------------ */

static void refill(struct zone *zone, struct per_cpu_pages *pcp, u32 order, enum migratetype mt, u32 alloc_flags)
{
	s32 batch = READ_ONCE(pcp->batch);

	/* Larger pages, fewer of them; but two, so that a pair of allocations takes zone->lock once. */
	if (batch > 1)
		batch = max(batch >> order, 2);
	pcp->count +=
		(s32)rmqueue_bulk(zone, order, (u32)batch, &pcp->lists[order_to_pindex(mt, order)], mt, alloc_flags)
		<< order;
}

struct page *rmqueue_pcplist(struct zone *zone, u32 order, enum migratetype mt, u32 alloc_flags)
{
	struct per_cpu_pages *pcp = pcp_spin_trylock(zone);
	struct page *page = NULL;
	struct list_head *list;

	if (!pcp)
		return NULL;
	pcp->free_factor >>= 1;
	list = &pcp->lists[order_to_pindex(mt, order)];
	if (list_empty(list))
		refill(zone, pcp, order, mt, alloc_flags);
	if (!list_empty(list)) {
		page = list_first_entry(list, struct page, lru);
		list_del_init(&page->lru);
		pcp->count -= (s32)BIT(order);
		point(pcp, allocated, page_to_pfn(page));
	}
	pcp_spin_unlock(pcp);
	return page;
}

/* ---- draining -------------------------------------------------------------------------------------------------- */

void drain_pages_zone(unsigned int cpu, struct zone *zone)
{
	s32 count;

	do {
		struct per_cpu_pages *pcp;

		rcu_read_lock_sched();
		pcp = per_cpu_ptr(smp_load_acquire(&zone->per_cpu_pageset), cpu);
		point(pcp, drain, zone->idx);
		spin_lock(&pcp->lock);
		count = pcp->count;
		/* In pieces: interrupts on this CPU find the lock taken meanwhile and go to zone->lock. */
		if (count)
			free_pcppages_bulk(zone, READ_ONCE(pcp->batch) << PCP_BATCH_SCALE_MAX, pcp, 0);
		spin_unlock(&pcp->lock);
		rcu_read_unlock_sched();
	} while (count);
}

void drain_pages(unsigned int cpu)
{
	struct zone *zone;

	for_each_populated_zone (zone)
		drain_pages_zone(cpu, zone);
}

void drain_local_pages(struct zone *zone)
{
	if (zone)
		drain_pages_zone(raw_smp_processor_id(), zone);
	else
		drain_pages(raw_smp_processor_id());
}

/* A look without the lock: a freer that has not counted its page yet is missed. */
static bool zone_has_pages(struct zone *zone, unsigned int cpu)
{
	bool has;

	rcu_read_lock_sched();
	has = data_race(per_cpu_ptr(smp_load_acquire(&zone->per_cpu_pageset), cpu)->count,
			"whether to drain at all; zone_pcp_disable() does not ask") != 0;
	rcu_read_unlock_sched();
	return has;
}

static bool cpu_has_pages(unsigned int cpu)
{
	struct zone *zone;

	for_each_populated_zone (zone)
		if (zone_has_pages(zone, cpu))
			return true;
	return false;
}

void drain_all_cpus(struct zone *zone, bool force)
{
	u32 cpus = 0;
	unsigned int cpu;

	if (bug(drain_takes_cpu_lock) && current)
		cpus_read_lock();
	/* One drainer at a time; who wants all zones drained is served by the one at work. */
	if (!mutex_trylock(&machine.pcpu_drain_mutex)) {
		if (!zone)
			goto done;
		mutex_lock(&machine.pcpu_drain_mutex);
	}
	for_each_online_cpu (cpu)
		if (force || (zone ? zone_has_pages(zone, cpu) : cpu_has_pages(cpu)))
			cpus |= (u32)BIT(cpu);
	point(pcp, drain_all, cpus);
	for_each_possible_cpu (cpu) {
		if (!(cpus & BIT(cpu)))
			continue;
		if (zone)
			drain_pages_zone(cpu, zone);
		else
			drain_pages(cpu);
	}
	mutex_unlock(&machine.pcpu_drain_mutex);
done:
	if (bug(drain_takes_cpu_lock) && current)
		cpus_read_unlock();
}

void drain_all_pages(struct zone *zone)
{
	drain_all_cpus(zone, false);
}

#define REMOTE_TICKS 3

/* A batch at a time, and only if nobody is at the lists just now. */
static void drain_zone_pages(struct zone *zone)
{
	struct per_cpu_pages *pcp = pcp_spin_trylock(zone);

	if (!pcp)
		return;
	if (pcp->count)
		free_pcppages_bulk(zone, min(pcp->count, READ_ONCE(pcp->batch)), pcp, 0);
	pcp_spin_unlock(pcp);
}

void refresh_pageset(struct zone *zone, bool active)
{
	struct per_cpu_pages *pcp;
	bool idle;

	rcu_read_lock_sched();
	pcp = this_cpu_ptr(smp_load_acquire(&zone->per_cpu_pageset));
	if (active)
		WRITE_ONCE(pcp->expire, REMOTE_TICKS);
	/* A CPU's own node is near: its lists are worth keeping. */
	idle = READ_ONCE(pcp->expire) && cpu_to_node(smp_processor_id()) != zone->node;
	if (idle) {
		WRITE_ONCE(pcp->expire, READ_ONCE(pcp->expire) - 1);
		idle = READ_ONCE(pcp->expire) == 0;
	} else {
		WRITE_ONCE(pcp->expire, 0);
	}
	rcu_read_unlock_sched();
	if (idle)
		drain_zone_pages(zone);
}
